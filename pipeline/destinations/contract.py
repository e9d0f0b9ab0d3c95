"""What every destination's client offers the engine, and how a payload is told from another."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import pyarrow as pa

from pipeline.sql import literal


@dataclass(frozen=True)
class Changes:
    """What is to be done to one audience, or a batch of it.

    ``adds`` and ``updates`` are whole profiles with ``customer_id``; they have all columns of the
    payload also when they have no rows. ``removes`` has ``customer_id``. For an outside tool
    ``updates`` and ``removes`` have ``contact_id`` too, the tool's own id of who is on the list for
    that customer.
    """

    adds: pa.Table
    updates: pa.Table
    removes: pa.Table

    def __len__(self) -> int:
        return len(self.adds) + len(self.updates) + len(self.removes)

    def slices(self, size: int | None) -> Iterator["Changes"]:
        """Yield batches of one kind each, removals first; without a size all of it at once."""
        if size is None:
            yield self
            return
        none, nobody = self.adds.slice(0, 0), self.removes.slice(0, 0)
        for start in range(0, len(self.removes), size):
            yield Changes(none, none, self.removes.slice(start, size))
        for start in range(0, len(self.updates), size):
            yield Changes(none, self.updates.slice(start, size), nobody)
        for start in range(0, len(self.adds), size):
            yield Changes(self.adds.slice(start, size), none, nobody)


NOT_A_CONTACT = "not a contact"
"""Why somebody is refused whom a tool does not know: it alone can make him one."""
CONTACT_UNKNOWN = "contact unknown"
"""Why the removal of somebody is refused whose id in the tool was never told."""
STILL_THERE = "still on the list"
"""Why a removal is refused that the tool did not carry out."""


@dataclass(frozen=True)
class Outcome:
    """What came of changes, by customer_id. Who is named in none of it was taken.

    ``refused`` has the reason; who was refused is not in the audience now, whatever was there
    before, and a removal that was refused is asked for again. ``contacts`` has the outside tool's
    own ids of who was added or updated. ``unseen`` were accepted and do not show yet: what became
    of them is found out before the next push.
    """

    refused: Mapping[str, str] = field(default_factory=dict)
    contacts: Mapping[str, str] = field(default_factory=dict)
    unseen: Collection[str] = frozenset()


def together(outcomes: Iterable[Outcome]) -> Outcome:
    """Return what came of changes that were carried out one kind after the other."""
    parts = list(outcomes)
    return Outcome(
        refused={one: why for part in parts for one, why in part.refused.items()},
        contacts={one: contact for part in parts for one, contact in part.contacts.items()},
        unseen={one for part in parts for one in part.unseen},
    )


def on_list(contacts: Iterable[tuple[str, str | None]]) -> pa.Table:
    """Return ids and addresses as contact_id and email, as ``MailTool`` tells who is on a list.

    Who was told twice while pages were turned is there once; who has no address has none here.
    """
    told = dict(contacts)
    return pa.table(
        {
            "contact_id": pa.array(told, pa.string()),
            "email": pa.array([email or None for email in told.values()], pa.string()),
        }
    )


class Client(Protocol):
    """A destination. It decides nothing; repeating a call leaves what one call leaves."""

    @property
    def name(self) -> str:
        """Return the name that settings, the ledger and the exports know it by."""

    @property
    def batch_size(self) -> int | None:
        """Return how many contacts one call may carry; without one an audience is one call."""

    def apply(self, audience: str, changes: Changes) -> Outcome:
        """Carry out ``changes`` and say what came of each contact."""


@runtime_checkable
class OwnFolder(Client, Protocol):
    """A destination of our own alone: read back and mended at each push.

    An update of somebody who is missing there puts them back. It is called without changes too, and
    then puts in order what it keeps.
    """

    def audiences(self) -> Collection[str]:
        """Return every audience that is there."""

    def read_back(self, audience: str) -> pa.Table | None:
        """Return customer_id and payload_hash of who is there, or nothing if no list is there.

        The hash is ``payload_hash`` over what is there, or NULL where that cannot be told.
        """


@runtime_checkable
class MailTool(Client, Protocol):
    """An e-mail tool outside, which others change too and which knows people by ids of its own.

    People are matched by their addresses, trimmed and in lower case. ``apply`` makes the list where
    there is none and never makes a person subscribed. An update changes what the tool knows of a
    contact and puts nobody on the list, but for one: where the profile's address has come to be
    another contact's than ``contact_id``, that one takes the other's place there. A removal of
    somebody who is not there is done.
    """

    def count(self, audience: str) -> int | None:
        """Return how many contacts are on the list, None where there is no such list."""

    def members(self, audience: str) -> pa.Table:
        """Return contact_id and email of everybody on the list; no rows where there is none."""

    def find(self, audience: str, emails: Sequence[str]) -> pa.Table:
        """Return contact_id and email of those of ``emails`` who are on the list.

        Work that was accepted before and is still under way there is waited for. The cost goes by
        ``emails``, not by the list.
        """

    def problems(self) -> Iterator[str]:
        """Yield sentences on what is not right with key, scopes, limits or lists; change nothing.

        Raises ``HttpError`` where the tool does not answer.
        """


def payload_hash(texts: Mapping[str, str]) -> str:
    """Return SQL for the hash of a payload, given SQL for the text of each column.

    The order of columns does not matter and NULL counts as no column, so a property that is new
    and empty changes nobody. The key customer_id is no part of it.
    """
    cells = ", ".join(
        f"{literal(name + ':')} || {text}"
        for name, text in sorted(texts.items())
        if name != "customer_id"
    )
    # Unit separators between the cells; texts that people type do not hold them.
    return f"md5(concat_ws(chr(31), {cells}))"
