"""Contacts of Brevo as they stand there: looked up by address or by number."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from pipeline.apis.brevo import BrevoApi
from pipeline.destinations.contacts import Contact, key_of
from pipeline.http import Parameters
from pipeline.http_answers import HttpError

PAGE, NUMBERS_AT_ONCE = 1000, 20


class BrevoContacts:
    """Looks contacts up and changes nothing."""

    def __init__(self, api: BrevoApi) -> None:
        self._api = api

    def by_email(self, emails: Collection[str]) -> dict[str, Contact]:
        """Return by ``key_of`` their addresses those of ``emails`` that are contacts.

        Each costs a call at most: where all contacts are fewer pages than that, these are read
        first.
        """
        wanted = {key_of(email) for email in emails if email.strip()}
        found = self._of_all(wanted) if len(wanted) > NUMBERS_AT_ONCE else {}
        # Pages lose somebody where others are deleted on the way.
        for email in sorted(wanted - found.keys()):
            contact = self._one(email)
            if contact:
                found[email] = contact
        return found

    def by_number(self, numbers: Iterable[int]) -> dict[int, Contact]:
        """Return those of ``numbers`` that are contacts."""
        asked = sorted(set(numbers))
        found: dict[int, Contact] = {}
        for start in range(0, len(asked), NUMBERS_AT_ONCE):
            some = [str(number) for number in asked[start : start + NUMBERS_AT_ONCE]]
            wanted: Parameters = {"ids": some, "limit": NUMBERS_AT_ONCE, "offset": 0}
            answer = self._api.get("/contacts", wanted) or {}
            found |= {contact.number: contact for contact in _contacts(answer.get("contacts"))}
        return found

    def _of_all(self, wanted: Collection[str]) -> dict[str, Contact]:
        there = int(self._api.get("/contacts", {"limit": 1, "offset": 0})["count"])
        if there // PAGE + 1 >= len(wanted):
            return {}
        return {
            contact.email: contact
            for page in self._api.pages("/contacts", "contacts", PAGE, {})
            for contact in _contacts(page)
            if contact.email in wanted
        }

    def _one(self, email: str) -> Contact | None:
        path = f"/contacts/{quote(email, safe='')}"
        try:
            answer = self._api.get(path, {"identifierType": "email_id"})
        except HttpError as error:
            # What Brevo does not take for an address is no contact of its either.
            if error.status in (400, 404):
                return None
            raise
        return next(_contacts([answer]), None)


def _contacts(records: Iterable[Mapping[str, Any]] | None) -> Iterator[Contact]:
    for record in records or []:
        yield Contact(
            number=int(record["id"]),
            # Contacts that are a telephone number have none.
            email=key_of(record.get("email") or ""),
            lists=frozenset(record.get("listIds") or []),
            left=frozenset(record.get("listUnsubscribed") or []),
            obstacle="unsubscribed" if record["emailBlacklisted"] else None,
            attributes=record.get("attributes") or {},
        )
