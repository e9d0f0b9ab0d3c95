"""What every destination's client offers the engine, and how a payload is told from another."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from pipeline.sql import literal


@dataclass(frozen=True)
class Changes:
    """What is to be done to one audience, or a batch of it.

    ``adds`` and ``updates`` are whole profiles with ``customer_id``; they have all columns of the
    payload also when they have no rows. ``removes`` has ``customer_id`` only.
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


class Client(Protocol):
    """A destination. It decides nothing; repeating a call leaves what one call leaves."""

    @property
    def name(self) -> str:
        """Return the name that settings, the ledger and the exports know it by."""

    @property
    def is_outside(self) -> bool:
        """Whether others keep it. What is our own alone is read back and mended at each push."""

    @property
    def batch_size(self) -> int | None:
        """Return how many contacts one call may carry; without one an audience is one call."""

    def audiences(self) -> Collection[str]:
        """Return every audience that is there. Asked of destinations of our own alone."""

    def read_back(self, audience: str) -> pa.Table | None:
        """Return customer_id and payload_hash of who is there, or nothing if no list is there.

        The hash is ``payload_hash`` over what is there, or NULL where that cannot be told.
        """

    def apply(self, audience: str, changes: Changes) -> Mapping[str, str]:
        """Carry out ``changes`` and return the reason for each customer_id that was refused.

        Who is not named was taken. Whose profile was refused is not in the audience afterwards,
        whatever was there before; a removal that was refused is asked for again next time. An
        update of somebody who is missing there puts them back. A destination of our own is called
        without changes too, and then puts in order what it keeps.
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
