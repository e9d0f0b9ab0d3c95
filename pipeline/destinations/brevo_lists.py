"""Lists of contacts in Brevo by their names, and the folder that ours are in."""

from collections.abc import Callable, Sequence
from typing import Any

from pipeline.apis.brevo import BrevoApi
from pipeline.http_answers import HttpError

PAGE, MEMBERS_PAGE = 50, 500
MOST_AT_ONCE = 150
READINGS = 3
FOLDER = "Winback"
NOTHING_CHANGED = ("already in list", "already removed", "does not exist")
"""What an answer of 400 says where nobody was left to be put on or taken off."""


class BrevoLists:
    """The lists of one account. Of several with one name the oldest is meant."""

    def __init__(self, api: BrevoApi) -> None:
        self._api = api
        self._ids: dict[str, int] = {}

    def find(self, name: str) -> int | None:
        """Return the number of a list, None where there is none."""
        if name not in self._ids:
            self._ids = {}
            for number, found in self.all():
                self._ids.setdefault(found, number)
        return self._ids.get(name)

    def made(self, name: str) -> int:
        """Return the number of a list, which is made where there is none."""
        found = self.find(name)
        if found is not None:
            return found
        body = {"name": name, "folderId": self._folder()}
        self._ids[name] = _made_once(
            lambda: self._api.write("POST /contacts/lists", body, is_repeatable=False),
            lambda: self.find(name),
        )
        return self._ids[name]

    def all(self) -> list[tuple[int, str]]:
        """Return number and name of every list, the oldest first."""
        pages = self._api.pages("/contacts/lists", "lists", PAGE, {})
        return [(one["id"], one["name"]) for page in pages for one in page]

    def count(self, name: str) -> int | None:
        """Return how many contacts are on a list, None where there is none."""
        number = self.find(name)
        if number is None:
            return None
        try:
            return self._count(number)
        except HttpError as error:
            if error.status != 404:
                raise
        del self._ids[name]
        return self.count(name)

    def members(self, number: int) -> list[dict[str, Any]]:
        """Return everybody on a list.

        Whoever leaves it while it is read moves others up, unseen: then it is read again.
        """
        path = f"/contacts/lists/{number}/contacts"
        found: dict[int, dict[str, Any]] = {}
        before = self._count(number)
        for _ in range(READINGS):
            pages = self._api.pages(path, "contacts", MEMBERS_PAGE, {})
            read = {one["id"]: one for page in pages for one in page}
            found |= read
            after = self._count(number)
            if before == len(read) == after:
                return list(read.values())
            before = after
        return list(found.values())

    def put_on(self, number: int, contacts: Sequence[int]) -> None:
        """Ask that contacts be put on a list. Who is there and who is unknown is no failure."""
        self._change("POST /contacts/lists/{id}/contacts/add", number, contacts)

    def take_off(self, number: int, contacts: Sequence[int]) -> None:
        """Ask that contacts be taken off a list. Who is not there is no failure."""
        self._change("POST /contacts/lists/{id}/contacts/remove", number, contacts)

    def _change(self, call: str, number: int, contacts: Sequence[int]) -> None:
        for some in _batched(contacts):
            try:
                self._api.write(call, {"ids": some}, id=number)
            except HttpError as error:
                told = error.sentence.lower()
                if error.status != 400 or not any(words in told for words in NOTHING_CHANGED):
                    raise

    def _count(self, number: int) -> int:
        path = f"/contacts/lists/{number}/contacts"
        return int(self._api.get(path, {"limit": 1, "offset": 0})["count"])

    def _folder(self) -> int:
        def find() -> int | None:
            pages = self._api.pages("/contacts/folders", "folders", PAGE, {})
            return next(
                (one["id"] for page in pages for one in page if one["name"] == FOLDER), None
            )

        found = find()
        if found is not None:
            return found
        body = {"name": FOLDER}
        return _made_once(
            lambda: self._api.write("POST /contacts/folders", body, is_repeatable=False), find
        )


def _made_once(make: Callable[[], Any], find: Callable[[], int | None]) -> int:
    """Return the number of what is made, though the answer may be lost on the way."""
    try:
        return int(make()["id"])
    except HttpError as error:
        if not error.is_unknown:
            raise
    found = find()
    return int(make()["id"]) if found is None else found


def _batched(contacts: Sequence[int]) -> list[list[int]]:
    return [list(contacts[at : at + MOST_AT_ONCE]) for at in range(0, len(contacts), MOST_AT_ONCE)]
