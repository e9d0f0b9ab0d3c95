"""How changes are carried out in a tool that has lists of contacts, told apart by numbers.

Whoever is put on or taken off a list is looked at afterwards, whatever the tool answered. Nobody is
made a contact here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipeline.destinations.contacts import Contact, Desk, Profile, key_of
from pipeline.destinations.contract import (
    CONTACT_UNKNOWN,
    NOT_A_CONTACT,
    STILL_THERE,
    Changes,
    Outcome,
)

WAITS_SECONDS = (2, 4, 8, 16, 30, 60)
"""What is waited between looks for a change that does not show yet."""


@dataclass
class _Person:
    """A row of what is to be added or updated, and what comes of it."""

    row: Profile
    contact: Contact | None
    before: int | None
    is_add: bool
    why: str | None = None
    is_unseen: bool = False

    @property
    def is_fine(self) -> bool:
        return self.why is None and not self.is_unseen

    @property
    def number(self) -> int:
        if self.contact is None:
            raise AssertionError("who is no contact has a reason against him")
        return self.contact.number


def carry_out(desk: Desk, audience: str, changes: Changes) -> Outcome:
    """Carry out changes of one list and say what came of each contact."""
    if not len(changes.adds) and not len(changes.updates):
        number = desk.list_number(audience)
        return Outcome(refused={} if number is None else _removed(desk, number, changes.removes))
    number = desk.made_list(audience)
    refused = _removed(desk, number, changes.removes)
    people = _people(desk, number, changes)
    _write(desk, people)
    successors = _successors(desk, number, people)
    _put_on(desk, number, people, successors)
    _take_off(desk, number, people, successors)
    named = {str(one.row["customer_id"]): one for one in people}
    return Outcome(
        refused=refused | {name: one.why for name, one in named.items() if one.why},
        contacts={name: str(one.number) for name, one in named.items() if one.is_fine},
        unseen={name for name, one in named.items() if one.is_unseen and not one.why},
    )


def _removed(desk: Desk, list_number: int, removes: pa.Table) -> dict[str, str]:
    rows = removes.to_pylist()
    known = {row["customer_id"]: int(row["contact_id"]) for row in rows if row["contact_id"]}
    there = _taken_off(desk, list_number, list(known.values()))
    unknown = {row["customer_id"]: CONTACT_UNKNOWN for row in rows if not row["contact_id"]}
    return unknown | {one: STILL_THERE for one, number in known.items() if number in there}


def _people(desk: Desk, list_number: int, changes: Changes) -> list[_Person]:
    adds, updates = changes.adds.to_pylist(), changes.updates.to_pylist()
    found = desk.by_email([row["email"] for row in [*adds, *updates] if row["email"]])
    people = []
    for row, is_add in [(row, True) for row in adds] + [(row, False) for row in updates]:
        contact = found.get(key_of(row["email"] or ""))
        before = row.get("contact_id")
        people.append(
            _Person(
                row=row,
                contact=contact,
                before=int(before) if before and not is_add else None,
                is_add=is_add,
                why=contact.why_not(list_number) if contact else NOT_A_CONTACT,
            )
        )
    return people


def _write(desk: Desk, people: Sequence[_Person]) -> None:
    written = desk.write([(one.contact, one.row) for one in people if one.is_fine and one.contact])
    for one in people:
        if one.is_fine:
            one.why = written.refused.get(one.number)
            one.is_unseen = one.number in written.unfinished


def _successors(desk: Desk, list_number: int, people: Sequence[_Person]) -> list[_Person]:
    """Return those who take the place of the contact that has been on the list for them."""
    changed = {
        one.before: one
        for one in people
        if one.is_fine and one.before is not None and one.before != one.number
    }
    before = desk.by_number(changed)
    return [changed[number] for number, contact in before.items() if list_number in contact.lists]


def _put_on(
    desk: Desk, list_number: int, people: Sequence[_Person], successors: Sequence[_Person]
) -> None:
    missing = [
        one
        for one in people
        if one.is_fine
        and one.contact
        and (one.is_add or one in successors)
        and list_number not in one.contact.lists
    ]
    if not missing:
        return
    desk.put_on(list_number, [one.number for one in missing])
    waiting = {one.number: one for one in missing}
    for number, contact in _looked_at(desk, list_number, waiting, is_on=True).items():
        one = waiting[number]
        one.why = contact.why_not(list_number) if contact else NOT_A_CONTACT
        one.is_unseen = one.why is None


def _take_off(
    desk: Desk, list_number: int, people: Sequence[_Person], successors: Sequence[_Person]
) -> None:
    """Take off whose place was taken, and who was refused though he was on the list."""
    off: dict[int, _Person] = {}
    for one in people:
        if one.why and one.contact:
            off[one.number] = one
        if one.before is not None and (one.why or (one.is_fine and one in successors)):
            off[one.before] = one
    kept = {one.number for one in people if one.is_fine}
    there = _taken_off(desk, list_number, sorted(off.keys() - kept))
    for number in there:
        off[number].why, off[number].is_unseen = None, True


def _taken_off(desk: Desk, list_number: int, numbers: Sequence[int]) -> set[int]:
    """Take contacts off and return those who are there all the same. Asks nothing of the others."""
    now = desk.by_number(numbers)
    there = [number for number, contact in now.items() if list_number in contact.lists]
    if not there:
        return set()
    desk.take_off(list_number, there)
    return set(_looked_at(desk, list_number, there, is_on=False))


def _looked_at(
    desk: Desk, list_number: int, numbers: Iterable[int], *, is_on: bool
) -> dict[int, Contact | None]:
    """Return who is not yet as asked after two minutes, or will not be: None is no contact now."""
    waiting = dict.fromkeys(numbers)
    final: dict[int, Contact | None] = {}
    for wait in (0, *WAITS_SECONDS):
        if wait:
            desk.sleep(wait)
        now = desk.by_number(waiting)
        for number in list(waiting):
            contact = now.get(number)
            waiting[number] = contact
            if (contact is not None and list_number in contact.lists) == is_on:
                del waiting[number]
            elif is_on and (contact is None or contact.why_not(list_number)):
                final[number] = waiting.pop(number)
        if not waiting:
            break
    return final | waiting
