"""Subscribers of listmonk as they stand there, and what is known of them as attributes."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

from pipeline.apis.listmonk import ListmonkApi
from pipeline.destinations.contacts import Contact, Profile, Written, key_of
from pipeline.destinations.contract import NOT_A_CONTACT
from pipeline.destinations.properties import properties_of
from pipeline.http_answers import HttpError
from pipeline.sql import literal

LONGEST_QUERY = 5_000
"""Characters of a condition in an address, which servers in front of listmonk cut at some 8,000."""
NUMBERS_AT_ONCE = 500


class ListmonkSubscribers:
    """Looks subscribers up, and writes attributes of ours."""

    def __init__(self, api: ListmonkApi) -> None:
        self._api = api

    def by_email(self, emails: Collection[str]) -> dict[str, Contact]:
        """Return by ``key_of`` their addresses those of ``emails`` that are subscribers."""
        found = {}
        for some in _fitting({key_of(email) for email in emails if email.strip()}):
            told = ", ".join(literal(email) for email in some)
            for contact in self._all(f"lower(subscribers.email) in ({told})"):
                found[contact.email] = contact
        return found

    def by_number(self, numbers: Iterable[int]) -> dict[int, Contact]:
        """Return those of ``numbers`` that are subscribers."""
        found = {}
        for some in in_parts(sorted(set(numbers))):
            for contact in self._all(numbered(some)):
                found[contact.number] = contact
        return found

    def on(self, list_number: int) -> Iterator[Contact]:
        """Yield everybody on a list but those who have left it."""
        for page in self._api.subscribers(list_number=list_number):
            for contact in map(_contact, page):
                if list_number in contact.lists:
                    yield contact

    def write(self, profiles: Sequence[tuple[Contact, Profile]]) -> Written:
        """See to it that subscribers show what is known of them; ask nothing of those who do."""
        refused: dict[int, str] = {}
        last = None
        count = 0
        for contact, profile in profiles:
            difference = _difference(contact, profile)
            if not difference:
                continue
            count += 1
            try:
                self._api.write(
                    "PATCH /subscribers/{id}", {"attribs": difference}, id=contact.number
                )
            except HttpError as error:
                if error.status in (404, 405):
                    raise HttpError(
                        "listmonk does not know how to change a part of a subscriber: it has to be"
                        " version 6 or newer",
                        status=error.status,
                    ) from None
                if error.status != 400:
                    raise
                refused[contact.number], last = "not accepted", error
        if last is not None and len(refused) == count > 1:
            raise last
        there = self.by_number(refused) if refused else {}
        return Written(
            {one: why if one in there else NOT_A_CONTACT for one, why in refused.items()}
        )

    def _all(self, condition: str) -> Iterator[Contact]:
        for page in self._api.subscribers(condition):
            yield from map(_contact, page)


def numbered(numbers: Iterable[int]) -> str:
    """Return the condition that a subscriber has one of these numbers."""
    return f"subscribers.id in ({', '.join(str(int(number)) for number in numbers)})"


def in_parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield numbers in parts that an address has room for."""
    for start in range(0, len(numbers), NUMBERS_AT_ONCE):
        yield numbers[start : start + NUMBERS_AT_ONCE]


def _contact(subscriber: Mapping[str, Any]) -> Contact:
    words = {one["id"]: one["subscription_status"] for one in subscriber["lists"] or []}
    return Contact(
        number=int(subscriber["id"]),
        email=key_of(subscriber["email"]),
        lists=frozenset(one for one, word in words.items() if word != "unsubscribed"),
        left=frozenset(one for one, word in words.items() if word == "unsubscribed"),
        obstacle=_obstacle(subscriber),
        attributes=subscriber.get("attribs") or {},
    )


def _obstacle(subscriber: Mapping[str, Any]) -> str | None:
    if subscriber["status"] != "enabled":
        return str(subscriber["status"])
    # Any change would have listmonk ask them once more to confirm.
    is_pending = any(
        one["optin"] == "double" and one["subscription_status"] == "unconfirmed"
        for one in subscriber["lists"] or []
    )
    return "awaiting confirmation" if is_pending else None


def _difference(contact: Contact, profile: Profile) -> dict[str, Any]:
    """Return what the subscriber does not show; None where it shows what is not known any more."""
    wanted = {name: _value(value) for name, value in properties_of(profile).items()}
    return {name: value for name, value in wanted.items() if contact.attributes.get(name) != value}


def _value(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _fitting(emails: Iterable[str]) -> Iterator[list[str]]:
    some: list[str] = []
    size = 0
    for email in sorted(emails):
        length = len(quote_plus(f"{literal(email)}, "))
        if some and size + length > LONGEST_QUERY:
            yield some
            some, size = [], 0
        some.append(email)
        size += length
    if some:
        yield some
