"""Stands in for the part of listmonk that lists and changes of subscribers are.

Conditions are run as the SQL that they are, over a table of subscribers and none else.
"""

import json
from typing import Any

import duckdb
import pyarrow as pa

from tests.stand_ins.calls import Call, Reply
from tests.stand_ins.listmonk import ListmonkStandIn, Records

LONGEST_ADDRESS = 8_000
BODIES = {
    "POST /api/lists": {"name", "type", "optin", "tags", "description", "status"},
    "PATCH /api/subscribers/{id}": {
        *("email", "name", "status", "attribs", "lists", "preconfirm_subscriptions")
    },
    "PUT /api/subscribers/query/lists": {
        *("query", "search", "list_ids", "target_list_ids", "ids", "action", "status"),
        *("subscription_status", "all"),
    },
}
HARMFUL = {"email", "name", "status", "lists", "preconfirm_subscriptions", "all", "search", "ids"}


class ListmonkListsStandIn(ListmonkStandIn):
    """Keeps ``lists`` beside all else.

    ``mails`` lists to whom it wrote to have something confirmed, ``odd`` whose address it would not
    take any more, ``knows_patch`` whether it is new enough. ``harm`` lists what was sent of that
    which must never be.
    """

    def __init__(self) -> None:
        super().__init__()
        self._database = duckdb.connect(config={"threads": 1})
        self.lists: Records = []
        self.mails: list[str] = []
        self.odd: set[str] = set()
        self.knows_patch = True
        self.harm: list[str] = []
        self.permissions |= {"lists:get_all", "lists:manage_all", "subscribers:manage"}
        self.route("GET", "/api/lists", self._get_lists)
        self.route("POST", "/api/lists", self._make_list)
        self.route("PATCH", "/api/subscribers/{id}", self._patch)
        self.route("PUT", "/api/subscribers/query/lists", self._change_lists)

    def subscriber(self, email: str) -> dict[str, Any]:
        """Return the subscriber that has an address."""
        [found] = [one for one in self.subscribers if one["email"] == email]
        return found

    def words(self, name: str) -> dict[str, str]:
        """Return by address the status of everybody who has one on a list."""
        return {
            one["email"]: word["subscription_status"]
            for one in self.subscribers
            for word in one["lists"]
            if word["name"] == name
        }

    def add_list(self, name: str, optin: str = "single", kind: str = "private") -> dict[str, Any]:
        """Add a list."""
        number = max((one["id"] for one in self.lists), default=20) + 1
        made = {"id": number, "uuid": f"list-{number}", "name": name, "type": kind, "optin": optin}
        self.lists.append({**made, "tags": ["winback"], "status": "active"})
        return made

    def _body(self, call: Call, route: str) -> dict[str, Any]:
        body: dict[str, Any] = call.json()
        assert set(body) <= BODIES[route], f"listmonk does not know {set(body) - BODIES[route]}"
        if route != "POST /api/lists":
            self.harm += sorted(set(body) & HARMFUL)
        return body

    def _refused(self, permission: str) -> Reply | None:
        if permission in self.permissions:
            return None
        return Reply(403, {"message": f"permission denied: {permission}"})

    def _get_lists(self, call: Call) -> Reply:
        assert call.one("minimal") == "true", "all else is counted, and comes by pages"
        if not self.lists:
            return self._refused("lists:get_all") or Reply(body={"data": []})
        told = {"results": self.lists, "total": len(self.lists), "page": 1}
        return self._refused("lists:get_all") or Reply(body={"data": told})

    def _make_list(self, call: Call) -> Reply:
        body = self._body(call, "POST /api/lists")
        refused = self._refused("lists:manage_all")
        return refused or Reply(
            body={"data": self.add_list(body["name"], body["optin"], body["type"])}
        )

    def _matching(self, condition: str) -> set[int]:
        columns = {
            name: pa.array([one[name] for one in self.subscribers], kind)
            for name, kind in (("id", pa.int64()), ("email", pa.string()), ("status", pa.string()))
        }
        self._database.register("subscribers", pa.table(columns))
        asked = f"select id from subscribers where {condition}"
        found = self._database.execute(asked).fetchall()
        return {number for (number,) in found}

    def _get_subscribers(self, call: Call) -> Reply:
        refused = self._refused("subscribers:get_all") or self._refused("subscribers:sql_query")
        if refused:
            return refused
        if len(call.one("query")) > LONGEST_ADDRESS:
            return Reply(414, b"Request-URI Too Large", {"Content-Type": "text/html"})
        numbers = self._matching(call.one("query", "true"))
        found = [one for one in self.subscribers if one["id"] in numbers]
        wanted, status = call.one("list_id"), call.one("subscription_status")
        if wanted:
            found = [one for one in found if _has(one, {int(wanted)}, status)]
        found.sort(key=lambda one: one["id"], reverse=call.one("order", "desc") != "asc")
        return self._page(call, json.loads(json.dumps(found)))

    def _patch(self, call: Call) -> Reply:
        if not self.knows_patch:
            return Reply(405, {"message": "Method Not Allowed"})
        body = self._body(call, "PATCH /api/subscribers/{id}")
        refused = self._refused("subscribers:manage")
        found = [one for one in self.subscribers if one["id"] == int(call.found["id"])]
        if refused or not found or found[0]["email"] in self.odd:
            return refused or Reply(400, {"message": "Subscriber not found"})
        found[0]["attribs"] |= body.get("attribs", {})
        self.harm += [name for name in body.get("attribs", {}) if not name.startswith("winback_")]
        # With every change it asks again for what has not been confirmed.
        if any(
            one["optin"] == "double" and one["subscription_status"] == "unconfirmed"
            for one in found[0]["lists"]
        ):
            self.mails.append(found[0]["email"])
        return Reply(body={"data": found[0]})

    def _change_lists(self, call: Call) -> Reply:
        body = self._body(call, "PUT /api/subscribers/query/lists")
        if not body.get("query"):
            self.harm.append("everybody")
        refused = self._refused("subscribers:manage") or self._refused("subscribers:sql_query")
        if refused:
            return refused
        # Lists that the user may not manage are left out without a word.
        may = "lists:manage_all" in self.permissions
        targets = [one for one in self.lists if may and one["id"] in body["target_list_ids"]]
        numbers = self._matching(body.get("query") or "true")
        sources, status = set(body.get("list_ids", [])), body.get("subscription_status", "")
        for one in self.subscribers:
            if one["id"] in numbers and (not sources or _has(one, sources, status)):
                self._change(one, body["action"], targets)
        return Reply(body={"data": True})

    def _change(self, subscriber: dict[str, Any], action: str, targets: Records) -> None:
        there = {one["id"] for one in subscriber["lists"]}
        at = "2026-11-20T00:00:00.000000+00:00"
        if action == "remove":
            gone = {one["id"] for one in targets}
            subscriber["lists"] = [one for one in subscriber["lists"] if one["id"] not in gone]
        elif action == "add":
            subscriber["lists"] += [
                {
                    **one,
                    "subscription_status": "unconfirmed",
                    "subscription_created_at": at,
                    "subscription_updated_at": at,
                }
                for one in targets
                if one["id"] not in there
            ]
        else:
            self.harm.append(action)


def _has(subscriber: dict[str, Any], lists: set[int], status: str) -> bool:
    return any(
        one["id"] in lists and status in ("", one["subscription_status"])
        for one in subscriber["lists"]
    )
