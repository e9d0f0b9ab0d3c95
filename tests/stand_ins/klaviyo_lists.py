"""Stands in for Klaviyo's lists: found, made, read by page, filled and emptied by ids."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from tests.stand_ins.calls import Call, Reply, Window
from tests.stand_ins.clock import StillClock
from tests.stand_ins.klaviyo import KlaviyoStandIn, filtered, instant, problem
from tests.stand_ins.klaviyo_rules import conditions

EPOCH = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
LONGEST_QUERY = 8000
MOST_IDS = 1000


@dataclass
class Membership:
    """Since when somebody is on a list, and from when on that shows; in seconds of the clock."""

    joined: float
    shows: float


class KlaviyoLists(KlaviyoStandIn):
    """Keeps ``lists`` in the order of their making and ``members`` by list and profile.

    Who was put on a list shows there after ``show_seconds``, those whose addresses are in
    ``hidden`` never; a list is found by its name after ``list_seconds``.
    """

    def __init__(self, clock: StillClock | None = None) -> None:
        super().__init__(clock)
        self.scopes = {"lists:read", "lists:write", "profiles:read", "profiles:write"}
        self.lists: list[dict[str, Any]] = []
        self.members: dict[str, dict[str, Membership]] = {}
        self.show_seconds = 0.0
        self.list_seconds = 0.0
        self.hidden: set[str] = set()
        self._found_from: dict[str, float] = {}
        self._counts = [Window(1, 1, self.clock), Window(15, 60, self.clock)]
        members = "/api/lists/{id}/relationships/profiles"
        self.serve("GET", "/api/lists", self._get_lists)
        self.serve("POST", "/api/lists", self._post_list)
        self.serve("GET", "/api/lists/{id}", self._get_list)
        self.serve("GET", "/api/lists/{id}/profiles", self._get_list_profiles)
        self.serve("POST", members, self._post_members)
        self.serve("DELETE", members, self._delete_members)

    def checked(self, call: Call) -> Reply | None:
        """Refuse addresses of pages that are longer than servers take."""
        query = "".join(f"{name}={value[0]}&" for name, value in call.query.items())
        if len(quote(query, safe="=&")) > LONGEST_QUERY:
            return problem(414, "uri_too_long", "The address is too long.")
        return super().checked(call)

    def add_list(self, name: str, *emails: str) -> str:
        """Add a list with those profiles on it whose addresses are given; return its id."""
        list_id = f"L{len(self._found_from):05}"
        now = self._now()
        attributes = {"name": name, "created": now, "updated": now, "opt_in_process": None}
        self.lists.append(self._record("list", list_id, attributes))
        self.members[list_id] = {}
        self._found_from[list_id] = self.clock() + self.list_seconds
        for email in emails:
            self.join(list_id, self.by_email()[email]["id"])
        return list_id

    def join(self, list_id: str, profile_id: str) -> None:
        """Put somebody on a list; who is on it stays as he is."""
        now = self.clock()
        self.members[list_id].setdefault(profile_id, Membership(now, now + self.show_seconds))

    def emails_on(self, name: str) -> set[str]:
        """Return the addresses of everybody on the list, whether that shows yet or not."""
        (list_id,) = [one["id"] for one in self.lists if one["attributes"]["name"] == name]
        people = {one["id"]: one["attributes"]["email"] for one in self.profiles}
        return {people[profile_id] for profile_id in self.members[list_id] if profile_id in people}

    def lose(self, profile_id: str) -> None:
        """Delete a profile, as is done when somebody asks to be forgotten."""
        self.profiles = [one for one in self.profiles if one["id"] != profile_id]
        for members in self.members.values():
            members.pop(profile_id, None)

    def _now(self) -> str:
        return (EPOCH + timedelta(seconds=self.clock())).isoformat()

    def _get_lists(self, call: Call) -> Reply:
        def field(one: dict[str, Any], name: str) -> Any:
            return one["id"] if name == "id" else one["attributes"][name]

        there = [one for one in self.lists if self._found_from[one["id"]] <= self.clock()]
        order = call.one("sort", "id")
        found = filtered(there, call, field)
        return self.page(call, found, lambda one: (field(one, order), one["id"]), size=10)

    def _post_list(self, call: Call) -> Reply:
        data = call.json()["data"]
        name = data.get("attributes", {}).get("name")
        if data.get("type") != "list" or not isinstance(name, str) or not name:
            return problem(400, "invalid", "A name is required.", "/data/attributes/name")
        list_id = self.add_list(name)
        return Reply(201, {"data": self._list(list_id)})

    def _get_list(self, call: Call) -> Reply:
        found = self._list(call.found["id"])
        if found is None:
            return _no_list(call)
        if call.one("additional-fields[list]") != "profile_count":
            return Reply(body={"data": found})
        full = [one for one in self._counts if one.remaining <= 0]
        if full:
            return self.too_fast(max(full, key=lambda one: one.seconds_left))
        for window in self._counts:
            window.use()
        count = len(list(self._shown(call.found["id"])))
        attributes = {**found["attributes"], "profile_count": count}
        return Reply(body={"data": {**found, "attributes": attributes}})

    def _get_list_profiles(self, call: Call) -> Reply:
        list_id = call.found["id"]
        if self._list(list_id) is None:
            return _no_list(call)

        def field(profile: dict[str, Any], name: str) -> Any:
            value = profile["attributes"][name]
            return instant(value) if name == "joined_group_at" else value

        found = filtered(list(self._shown(list_id, _emails_asked(call))), call, field)
        order = call.one("sort", "joined_group_at")
        return self.page(call, found, lambda one: (one["attributes"][order], one["id"]), size=20)

    def _shown(self, list_id: str, emails: list[str] | None = None) -> Iterator[dict[str, Any]]:
        """Yield the profiles that show on a list, at most those of the addresses."""
        index = self.by_email()
        asked = self.profiles if emails is None else [index[e] for e in emails if e in index]
        for profile in asked:
            member = self.members[list_id].get(profile["id"])
            if (
                member
                and member.shows <= self.clock()
                and profile["attributes"]["email"] not in self.hidden
            ):
                joined = (EPOCH + timedelta(seconds=member.joined)).isoformat()
                attributes = {**profile["attributes"], "joined_group_at": joined}
                del attributes["subscriptions"]
                yield {**profile, "attributes": attributes}

    def _post_members(self, call: Call) -> Reply:
        ids, refusal = self._asked_ids(call)
        for profile_id in ids:
            self.join(call.found["id"], profile_id)
        return refusal or Reply(204)

    def _delete_members(self, call: Call) -> Reply:
        ids, refusal = self._asked_ids(call)
        for profile_id in ids:
            self.members[call.found["id"]].pop(profile_id, None)
        return refusal or Reply(204)

    def _asked_ids(self, call: Call) -> tuple[list[str], Reply | None]:
        """Return whom a call names, or the refusal of all of them for one who is not there."""
        data = call.json()["data"]
        if self._list(call.found["id"]) is None:
            return [], _no_list(call)
        if len(data) > MOST_IDS or any(
            one.get("type") != "profile" or not isinstance(one.get("id"), str) for one in data
        ):
            return [], problem(400, "invalid", f"Not 1 to {MOST_IDS} profiles with ids.")
        there = {one["id"] for one in self.profiles}
        for place, one in enumerate(data):
            if one["id"] not in there:
                detail = f"A profile with id {one['id']} does not exist."
                return [], problem(404, "not_found", detail, f"/data/{place}/id")
        return [one["id"] for one in data], None

    def _list(self, list_id: str) -> dict[str, Any] | None:
        return next((one for one in self.lists if one["id"] == list_id), None)


def _emails_asked(call: Call) -> list[str] | None:
    for how, name, wanted in conditions(call.one("filter")):
        if (how, name) == ("any", "email"):
            return list(json.loads(wanted))
    return None


def _no_list(call: Call) -> Reply:
    return problem(404, "not_found", f"A list with id {call.found['id']} does not exist.")
