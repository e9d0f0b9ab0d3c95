"""Keep lists of subscribers in listmonk, with what is known of them as attributes."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipeline.apis.listmonk import ListmonkApi
from pipeline.destinations.contact_lists import carry_out
from pipeline.destinations.contacts import Contact, Profile, Written
from pipeline.destinations.contract import Changes, Outcome, on_list
from pipeline.destinations.listmonk_subscribers import ListmonkSubscribers, in_parts, numbered
from pipeline.destinations.properties import PREFIX
from pipeline.http_answers import HttpError

BATCH = 1000
STATUSES = ("unconfirmed", "confirmed")
NO_RIGHT = (
    "listmonk said yes to a change of a list and did nothing: the role of the user lacks the"
    " permission lists:manage_all"
)


class ListmonkTool:
    """The lists of one installation. Nobody who is unknown there is made a subscriber."""

    name = "listmonk"
    batch_size: int | None = BATCH

    def __init__(self, api: ListmonkApi) -> None:
        self._desk = _Desk(api)
        self._api = api

    def apply(self, audience: str, changes: Changes) -> Outcome:
        """Carry out ``changes`` and say what came of each contact."""
        return carry_out(self._desk, audience, changes)

    def count(self, audience: str) -> int | None:
        """Return how many contacts are on the list, None where there is no such list."""
        number = self._desk.list_number(audience)
        if number is None:
            return None
        return self._api.count(number) - self._api.count(number, "unsubscribed")

    def members(self, audience: str) -> pa.Table:
        """Return contact_id and email of everybody on the list; whoever has left it is not."""
        number = self._desk.list_number(audience)
        found = self._desk.subscribers.on(number) if number is not None else ()
        return on_list((str(one.number), one.email) for one in found)

    def find(self, audience: str, emails: Sequence[str]) -> pa.Table:
        """Return contact_id and email of those of ``emails`` who are on the list.

        There is nothing to be waited for: listmonk has done what it has answered.
        """
        number = self._desk.list_number(audience)
        found = self._desk.by_email(emails).values() if number is not None else ()
        return on_list((str(one.number), one.email) for one in found if number in one.lists)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the user, and lists of ours that cannot be written to."""
        try:
            lists = self._desk.all_lists()
            self._api.get("/subscribers", {"query": "subscribers.id > 0", "page": 1, "per_page": 1})
        except HttpError as error:
            if error.status not in (401, 403):
                raise
            yield (
                "listmonk does not know the user, or his role lacks one of lists:get_all,"
                " subscribers:get_all and subscribers:sql_query: see WINBACK_LISTMONK_USER"
                " and WINBACK_LISTMONK_TOKEN"
            )
            return
        for one in lists:
            if one["name"].startswith(PREFIX) and one["optin"] == "double":
                yield double_opt_in(one["name"])
        names = [one["name"] for one in lists if one["name"].startswith(PREFIX)]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield (
                f"listmonk has several lists named {name}: keep the oldest, which is the one that"
                " is written to, and rename the others"
            )


class _Desk:
    """What can be asked of an installation."""

    def __init__(self, api: ListmonkApi) -> None:
        self._api = api
        self.subscribers = ListmonkSubscribers(api)

    def all_lists(self) -> list[dict[str, Any]]:
        # Where there is no list yet the answer has another shape.
        answer = self._api.get("/lists", {"minimal": "true", "per_page": "all"}) or {}
        found = answer.get("results") if isinstance(answer, dict) else answer
        return sorted(found or [], key=lambda one: int(one["id"]))

    def list_number(self, audience: str) -> int | None:
        for one in self.all_lists():
            if one["name"] == audience:
                if one["optin"] == "double":
                    raise HttpError(double_opt_in(audience))
                return int(one["id"])
        return None

    def made_list(self, audience: str) -> int:
        found = self.list_number(audience)
        if found is not None:
            return found
        body = {"name": audience, "type": "private", "optin": "single", "tags": ["winback"]}
        try:
            return int(self._api.write("POST /lists", body, is_repeatable=False)["id"])
        except HttpError as error:
            if not error.is_unknown:
                raise
        found = self.list_number(audience)
        if found is not None:
            return found
        return int(self._api.write("POST /lists", body, is_repeatable=False)["id"])

    def by_email(self, emails: Collection[str]) -> Mapping[str, Contact]:
        return self.subscribers.by_email(emails)

    def by_number(self, numbers: Iterable[int]) -> Mapping[int, Contact]:
        return self.subscribers.by_number(numbers)

    def write(self, profiles: Sequence[tuple[Contact, Profile]]) -> Written:
        return self.subscribers.write(profiles)

    def put_on(self, list_number: int, numbers: Sequence[int]) -> None:
        for some in in_parts(numbers):
            # Whoever has been blocked since he was looked at stays out. By a query, and without a
            # status, nobody is put on again who has left.
            body = {
                "query": f"{numbered(some)} and subscribers.status = 'enabled'",
                "action": "add",
                "target_list_ids": [list_number],
            }
            self._api.write("PUT /subscribers/query/lists", body)
        now = self.by_number(numbers).values()
        able = [one for one in now if not one.why_not(list_number)]
        if able and not any(list_number in one.lists for one in able):
            raise HttpError(NO_RIGHT)

    def take_off(self, list_number: int, numbers: Sequence[int]) -> None:
        for some in in_parts(numbers):
            # What is kept of somebody who has left is his no: to remove it would be to forget it.
            for status in STATUSES:
                body = {
                    "query": numbered(some),
                    "action": "remove",
                    "target_list_ids": [list_number],
                    "list_ids": [list_number],
                    "subscription_status": status,
                }
                self._api.write("PUT /subscribers/query/lists", body)
        now = self.by_number(numbers).values()
        if now and all(list_number in one.lists for one in now):
            raise HttpError(NO_RIGHT)

    def sleep(self, seconds: float) -> None:
        self._api.http.sleep(seconds)


def double_opt_in(name: str) -> str:
    """Return the sentence on a list of ours that nobody on it has ever confirmed."""
    return (
        f"listmonk's list {name} is one with double opt-in, so nobody on it would be mailed: make"
        " it single opt-in"
    )
