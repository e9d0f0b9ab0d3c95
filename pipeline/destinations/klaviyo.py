"""Keeps lists in Klaviyo, and what their people's mails need to know as properties."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from pipeline.apis.klaviyo import KlaviyoApi
from pipeline.apis.klaviyo_filters import filter_lots
from pipeline.apis.klaviyo_imports import import_profiles, wait_for_imports
from pipeline.apis.klaviyo_lists import KlaviyoLists
from pipeline.destinations.contract import (
    CONTACT_UNKNOWN,
    Changes,
    Outcome,
    on_list,
    together,
)
from pipeline.destinations.klaviyo_problems import problems
from pipeline.destinations.klaviyo_profiles import (
    askable,
    column,
    emails_of,
    profiles_of,
    refused_of,
)
from pipeline.http_answers import HttpError

VISIBLE_SECONDS = 180
"""So long who was imported is looked for on the list."""


class KlaviyoTool:
    """The lists of one account. Who is no profile there is never made one.

    A new profile would be nobody's subscriber, and Klaviyo mails those all the same.
    """

    name: str = "klaviyo"
    # Several imports at once are done sooner than one after the other.
    batch_size: int | None = 20_000

    def __init__(self, api: KlaviyoApi) -> None:
        self._api = api
        self._lists = KlaviyoLists(api)

    def apply(self, audience: str, changes: Changes) -> Outcome:
        """Carry out ``changes`` and say what came of each contact."""
        parts = (
            (self._remove, changes.removes),
            (self._update, changes.updates),
            (self._add, changes.adds),
        )
        return together(carry_out(audience, table) for carry_out, table in parts if len(table))

    def count(self, audience: str) -> int | None:
        """Return how many contacts are on the list, None where there is no such list."""
        return self._lists.count(audience)

    def members(self, audience: str) -> pa.Table:
        """Return contact_id and email of everybody on the list; no rows where there is none."""
        list_id = self._lists.find(audience)
        return on_list(self._lists.members(list_id) if list_id else ())

    def find(self, audience: str, emails: Sequence[str]) -> pa.Table:
        """Return contact_id and email of those of ``emails`` who are on the list.

        Imports into it that are under way are waited for, half an hour at most.
        """
        list_id = self._lists.find(audience)
        if list_id is None:
            return on_list(())
        wait_for_imports(self._api, list_id)
        found = self._lists.on_list(list_id, askable(emails))
        return on_list((contact, email) for email, contact in found.items())

    def problems(self) -> Iterator[str]:
        """Yield sentences on what is not right with key, scopes or lists; change nothing."""
        return problems(self._api, self._lists)

    def _remove(self, audience: str, table: pa.Table) -> Outcome:
        list_id = self._lists.find(audience)
        if list_id is None:
            return Outcome()
        contacts = column(table, "contact_id")
        self._lists.take_off(list_id, [one for one in contacts.values() if one])
        return Outcome(
            refused={one: CONTACT_UNKNOWN for one, contact in contacts.items() if not contact}
        )

    def _add(self, audience: str, table: pa.Table) -> Outcome:
        list_id = self._lists.find_or_make(audience)
        emails = emails_of(table)
        contacts = self._lists.contacts(askable(emails.values()))
        imported = import_profiles(self._api, profiles_of(table, contacts), list_id)
        self._lists.take_off(list_id, [contacts[email] for email in imported.refused])
        refused = refused_of(emails, contacts, imported)
        wanted = [email for customer, email in emails.items() if customer not in refused]
        seen = self._seen(list_id, wanted)
        return Outcome(
            refused=refused,
            contacts={one: seen[email] for one, email in emails.items() if email in seen},
            unseen=[
                one for one, email in emails.items() if one not in refused and email not in seen
            ],
        )

    def _update(self, audience: str, table: pa.Table) -> Outcome:
        emails = emails_of(table)
        before = column(table, "contact_id")
        contacts = self._lists.contacts(askable(emails.values()))
        imported = import_profiles(self._api, profiles_of(table, contacts))
        if imported.unnamed_count:
            raise HttpError(
                f"Klaviyo refused {imported.unnamed_count} profiles of an import without naming "
                "them, so nobody knows who was updated: run again"
            )
        refused = refused_of(emails, contacts, imported)
        done = {
            customer: contacts[email]
            for customer, email in emails.items()
            if customer not in refused and email not in imported.pending
        }
        unseen = {one for one in emails if one not in refused and one not in done}
        list_id = self._lists.find(audience)
        if list_id:
            kept = set(done.values())
            moves = {
                one: (before[one], new)
                for one, new in done.items()
                if before[one] and before[one] != new
            }
            unseen |= self._hand_over(list_id, moves, emails, kept=kept)
            gone = {who for one in refused for who in (before[one], contacts.get(emails[one]))}
            self._lists.take_off(list_id, {who for who in gone - kept if who})
        return Outcome(
            refused=refused,
            contacts={one: contact for one, contact in done.items() if one not in unseen},
            unseen=sorted(unseen),
        )

    def _hand_over(
        self,
        list_id: str,
        moves: Mapping[str, tuple[str, str]],
        emails: Mapping[str, str],
        *,
        kept: Collection[str],
    ) -> set[str]:
        """Let contacts take the places of others, by customer; return who does not show there.

        Where neither is on the list there is no place. First the one comes, then the other goes:
        if it ends in between, the same again ends well.
        """
        if not moves:
            return set()
        old_emails = self._lists.emails(old for old, _ in moves.values())
        asked = askable([*old_emails.values(), *(emails[one] for one in moves)])
        there = set(self._lists.on_list(list_id, asked).values())
        coming = {
            one: new for one, (old, new) in moves.items() if old in there and new not in there
        }
        self._lists.put_on(list_id, coming.values())
        leaving = {old for old, _ in moves.values()} & there
        self._lists.take_off(list_id, leaving - set(kept))
        seen = self._seen(list_id, [emails[one] for one in coming])
        return {one for one in coming if emails[one] not in seen}

    def _seen(self, list_id: str, emails: Iterable[str]) -> dict[str, str]:
        """Return by address the ids of who shows on the list before the time is over."""
        seen: dict[str, str] = {}
        lots = deque(filter_lots(emails))
        for _ in self._api.looks(VISIBLE_SECONDS):
            for _ in range(len(lots)):
                lot = lots.popleft()
                found = self._lists.on_list(list_id, lot)
                seen |= found
                missing = [email for email in lot if email not in found]
                if missing:
                    lots.append(missing)
                if not found:
                    # Where nobody of a lot shows yet, no more calls are spent on the others now.
                    break
            if not lots:
                break
        return seen
