"""Lists as tags of an audience in Mailchimp, which its API calls static segments."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.apis.mailchimp import PAGE, MailchimpApi
from pipeline.http_answers import HttpError

MOST_AT_ONCE = 500
"""So many members one call may add, and as many remove; only the prose says so."""
READINGS = 3
EVERYBODY = {
    "include_cleaned": "true",
    "include_transactional": "true",
    "include_unsubscribed": "true",
}
"""Whoever unsubscribes keeps the tag, so without these he would be on the list unseen."""


@dataclass
class Changed:
    """What Mailchimp said of a change, by addresses in lower case.

    ``errors`` are those it named as wrong, with its words. Who is in none of the three may have
    been there, or gone, before.
    """

    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)


class Tags:
    """Tags by name; the numbers of those that were found are remembered."""

    def __init__(self, api: MailchimpApi, list_id: str) -> None:
        self._api = api
        self._list_id = list_id
        self._path = f"/lists/{list_id}/segments"
        self._numbers: dict[str, int] = {}

    def find(self, name: str) -> int | None:
        """Return the number of a tag; raise ``HttpError`` where there is no such audience."""
        if name.lower() not in self._numbers:
            # Of two with one name always the older one; nothing of ours makes a second.
            wanted = {"type": "static", "fields": "segments.id,segments.name"}
            there = self._api.all_of(self._list_id, "segments", "segments", wanted)
            for one in sorted(there, key=lambda one: one["id"], reverse=True):
                self._numbers[one["name"].lower()] = one["id"]
        return self._numbers.get(name.lower())

    def find_or_make(self, name: str) -> int:
        """Return the number of a tag, which is made where there is none.

        What came of a making that was not answered is found out by name, never by a second one.
        """
        number = self.find(name)
        if number is not None:
            return number
        body: dict[str, Any] = {"name": name, "static_segment": []}
        try:
            made = self._api.write("POST", self._path, body, is_repeatable=False)
        except HttpError as error:
            number = self.find(name) if error.is_unknown or error.status == 400 else None
            if number is None:
                raise
            return number
        self._numbers[name.lower()] = made["id"]
        return int(made["id"])

    def count(self, name: str) -> int | None:
        """Return how many contacts have the tag, None where there is none."""
        number = self.find(name)
        if number is None:
            return None
        wanted = {**EVERYBODY, "fields": "member_count"}
        found = self._api.find(f"{self._path}/{number}", wanted)
        if found is None:
            # Somebody deleted it, and may have made another of that name.
            del self._numbers[name.lower()]
            number = self.find(name)
            found = None if number is None else self._api.get(f"{self._path}/{number}", wanted)
        return None if found is None else int(found["member_count"])

    def members(self, name: str) -> dict[str, dict[str, Any]]:
        """Return who has the tag by the hash of the address: id, email_address, contact_id.

        The last is there only where Mailchimp tells it, which it does not promise. Pages go by
        number, and somebody who leaves pushes another out of sight: then all are read again.
        """
        number = self.find(name)
        if number is None:
            return {}
        for _ in range(READINGS):
            pages = list(self._pages(number))
            found = {one["id"]: one for page in pages for one in page["members"]}
            if {page["total_items"] for page in pages} == {len(found)}:
                return found
        raise HttpError(f"the tag {name} in Mailchimp changes while it is read; run again")

    def change(
        self, number: int, *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> Changed:
        """Put addresses on a tag and take others off; raise ``HttpError`` where the tag is gone."""
        changed = Changed()
        for start in range(0, max(len(add), len(remove)), MOST_AT_ONCE):
            part = slice(start, start + MOST_AT_ONCE)
            body = {"members_to_add": list(add[part]), "members_to_remove": list(remove[part])}
            body = {name: emails for name, emails in body.items() if emails}
            told = self._changed(number, body)
            changed.added |= _addresses(told.get("members_added"))
            changed.removed |= _addresses(told.get("members_removed"))
            for error in told.get("errors") or []:
                for email in error.get("email_addresses") or []:
                    changed.errors[email.lower()] = str(error.get("error") or "")
        return changed

    def _changed(self, number: int, body: dict[str, Any]) -> Any:
        try:
            return self._api.write("POST", f"{self._path}/{number}", body, is_repeatable=True)
        except HttpError as error:
            if error.status == 404:
                # Somebody deleted it just now: what is known of numbers is not true any more.
                self._numbers.clear()
            raise

    def _pages(self, number: int) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            told = self._api.get(
                f"{self._path}/{number}/members",
                {
                    **EVERYBODY,
                    "fields": "total_items,members.id,members.email_address,members.contact_id",
                    "count": PAGE,
                    "offset": offset,
                },
            )
            yield told
            offset += PAGE
            if len(told["members"]) < PAGE:
                return


def _addresses(members: Any) -> set[str]:
    return {one["email_address"].lower() for one in members or []}
