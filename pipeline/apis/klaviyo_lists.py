"""Klaviyo's lists: found by name or made once, who is on them, who is put on and taken off."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from pipeline.apis.klaviyo import KlaviyoApi, is_beginning, moment, time_of
from pipeline.apis.klaviyo_filters import filter_lots, normalised, values
from pipeline.apis.klaviyo_walks import PROFILE_PAGE, resumed
from pipeline.http import Parameters
from pipeline.http_answers import HttpError

MOST_IDS = 1000
"""So many may be put on a list or taken off it with one call."""
LIST_PAGE = 10
BEGINNING = datetime.fromisoformat("0001-01-01")
MADE_SECONDS = 60
"""So long a list that may have been made is looked for, before anybody asks to make it again."""


class KlaviyoLists:
    """The lists of one account. What name belongs to which list is asked once."""

    def __init__(self, api: KlaviyoApi) -> None:
        self._api = api
        self._ids: dict[str, str] = {}

    def find(self, name: str) -> str | None:
        """Return the id of the list, of several the oldest, None where there is none."""
        if name not in self._ids:
            wanted = {"filter": f"any(name,{values([name])})", "sort": "created"}
            for found in self.all(wanted):
                if found["attributes"]["name"] == name:
                    self._ids[name] = found["id"]
                    break
        return self._ids.get(name)

    def find_or_make(self, name: str) -> str:
        """Return the id of the list, which is made where there is none.

        Where nobody knows whether it was made it is looked for, and never asked for twice.
        """
        return self.find(name) or self._make(name)

    def all(self, parameters: Parameters | None = None) -> Iterator[dict[str, Any]]:
        """Yield every list of the account, or what of them is asked for."""
        wanted = {"fields[list]": "name,created", "page[size]": LIST_PAGE, **(parameters or {})}
        for page in self._api.pages("/api/lists", wanted):
            yield from page

    def count(self, name: str) -> int | None:
        """Return how many are on the list, None where there is no such list."""
        list_id = self.find(name)
        if list_id is None:
            return None
        try:
            found = self._api.get(
                "/api/lists/{id}", {"additional-fields[list]": "profile_count"}, {"id": list_id}
            )
        except HttpError as error:
            if error.status != 404:
                raise
            self._forget(list_id)
            return None
        return int(found["data"]["attributes"]["profile_count"])

    def members(self, list_id: str) -> Iterator[tuple[str, str]]:
        """Yield id and address of everybody on a list; somebody may come twice."""

        def ask(start: datetime) -> Iterator[list[dict[str, Any]]]:
            since = f"greater-or-equal(joined_group_at,{moment(start)})"
            wanted: Parameters = {
                "fields[profile]": "email,joined_group_at",
                "page[size]": PROFILE_PAGE,
                "sort": "joined_group_at",
                **({} if is_beginning(start) else {"filter": since}),
            }
            return self._api.pages("/api/lists/{id}/profiles", wanted, {"id": list_id})

        def joined(profile: dict[str, Any]) -> datetime:
            return time_of(profile["attributes"]["joined_group_at"])

        for page in resumed(ask, BEGINNING, joined):
            for profile in page:
                yield profile["id"], normalised(profile["attributes"].get("email"))

    def on_list(self, list_id: str, emails: Iterable[str]) -> dict[str, str]:
        """Return by address the ids of those of ``emails`` who are on a list."""
        found = self._matching("/api/lists/{id}/profiles", "email", emails, {"id": list_id})
        return {email: contact for contact, email in found}

    def contacts(self, emails: Iterable[str]) -> dict[str, str]:
        """Return by address the ids of those of ``emails`` whom Klaviyo knows."""
        found = self._matching("/api/profiles", "email", emails)
        return {email: contact for contact, email in found}

    def emails(self, contacts: Iterable[str]) -> dict[str, str]:
        """Return by id the addresses of those of ``contacts`` who are still there."""
        return dict(self._matching("/api/profiles", "id", contacts))

    def put_on(self, list_id: str, contacts: Collection[str]) -> None:
        """Put contacts on a list; who is on it stays there."""
        for some in _in_lots(contacts, MOST_IDS):
            self._api.call(
                "POST /api/lists/{id}/relationships/profiles",
                body=_references(some),
                is_repeatable=True,
                ids={"id": list_id},
            )

    def take_off(self, list_id: str, contacts: Collection[str]) -> None:
        """Take contacts off a list; who is not on it, or not there at all any more, is done."""
        for some in _in_lots(contacts, MOST_IDS):
            try:
                self._take_off(list_id, some)
            except HttpError as error:
                if error.status != 404:
                    raise
                # One who is gone may have stopped all the others, as may a list that is gone.
                if not self._is_there(list_id):
                    self._forget(list_id)
                    return
                self._take_off(list_id, list(self.emails(some)))

    def _take_off(self, list_id: str, contacts: Sequence[str]) -> None:
        if not contacts:
            return
        self._api.call(
            "DELETE /api/lists/{id}/relationships/profiles",
            body=_references(contacts),
            ids={"id": list_id},
        )

    def _is_there(self, list_id: str) -> bool:
        wanted = {"filter": f"any(id,{values([list_id])})"}
        return any(one["id"] == list_id for one in self.all(wanted))

    def _forget(self, list_id: str) -> None:
        self._ids = {name: one for name, one in self._ids.items() if one != list_id}

    def _make(self, name: str) -> str:
        body = {"data": {"type": "list", "attributes": {"name": name}}}
        try:
            made = self._api.call("POST /api/lists", body=body, is_repeatable=False)
        except HttpError as error:
            for _ in self._api.looks(MADE_SECONDS if error.is_unknown else 0):
                found = self.find(name)
                if found:
                    return found
            raise
        self._ids[name] = made["data"]["id"]
        return self._ids[name]

    def _matching(
        self,
        path: str,
        field: str,
        wanted_values: Iterable[str],
        ids: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[str, str]]:
        for some in filter_lots(wanted_values):
            wanted: Parameters = {
                "filter": f"any({field},{values(some)})",
                "fields[profile]": "email",
                "page[size]": PROFILE_PAGE,
            }
            for page in self._api.pages(path, wanted, ids):
                for profile in page:
                    yield profile["id"], normalised(profile["attributes"].get("email"))


def _in_lots(texts: Iterable[str], most: int) -> Iterator[list[str]]:
    left = iter(dict.fromkeys(texts))
    while lot := list(islice(left, most)):
        yield lot


def _references(contacts: Iterable[str]) -> dict[str, Any]:
    return {"data": [{"type": "profile", "id": contact} for contact in contacts]}
