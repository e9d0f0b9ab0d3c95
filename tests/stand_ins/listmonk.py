"""Stands in for listmonk: subscribers with their lists, and bounces."""

import base64
import re
from collections.abc import Callable
from typing import Any

from tests.stand_ins.calls import Call, Reply
from tests.stand_ins.server import StandIn

USER, TOKEN = "winback", "0123456789abcdefghijklmnopqrstuv"
Records = list[dict[str, Any]]


class ListmonkStandIn(StandIn):
    """Keeps ``subscribers`` and ``bounces`` as lists that tests fill and change.

    ``permissions`` is what the user may do; ``page_turned`` is called after each page.
    """

    def __init__(self) -> None:
        super().__init__()
        self.subscribers: Records = []
        self.bounces: Records = []
        self.permissions = {"subscribers:get_all", "subscribers:sql_query", "bounces:get"}
        self.page_turned: Callable[[Call], None] = lambda call: None
        self.route("GET", "/api/subscribers", self._get_subscribers)
        self.route("GET", "/api/bounces", self._get_bounces)

    def checked(self, call: Call) -> Reply | None:
        """Refuse a call without the token."""
        _, _, credentials = (call.headers.get("Authorization") or "").partition(" ")
        if base64.b64decode(credentials).decode() != f"{USER}:{TOKEN}":
            return Reply(401, {"message": "invalid API credentials"})
        return None

    def add_subscriber(
        self, email: str, *lists: dict[str, Any], status: str = "enabled", **more: Any
    ) -> None:
        """Add a subscriber to lists made by ``on_list``."""
        number = max((one["id"] for one in self.subscribers), default=0) + 1
        subscriber = {
            "id": number,
            "uuid": f"uuid-{number}",
            "email": email,
            "name": email.partition("@")[0],
            "status": status,
            "attribs": {},
            "created_at": "2020-01-01T00:00:00.000000+01:00",
            "updated_at": "2020-01-01T00:00:00.000000+01:00",
            "lists": list(lists),
        }
        self.subscribers.append({**subscriber, **more})

    def add_bounce(self, number: int, email: str, kind: str, at: str) -> None:
        """Add a bounce or a complaint."""
        self.bounces.append(
            {
                "id": number,
                "type": kind,
                "source": "api",
                "meta": {},
                "created_at": at,
                "email": email,
                "subscriber_id": 1,
                "campaign": {"id": 9, "name": "News"},
            }
        )

    def _get_subscribers(self, call: Call) -> Reply:
        query = call.one("query")
        if query and "subscribers:sql_query" not in self.permissions:
            return Reply(403, {"message": "permission denied: subscribers:sql_query"})
        wanted = re.fullmatch(r"subscribers\.id > (\d+)", query)
        assert wanted, f"the stand-in does not know the query {query}"
        found = [one for one in self.subscribers if one["id"] > int(wanted[1])]
        # What is no field to sort by is sorted by number, newest first unless told otherwise.
        found.sort(key=lambda one: one["id"], reverse=call.one("order", "desc") != "asc")
        return self._page(call, found)

    def _get_bounces(self, call: Call) -> Reply:
        if "bounces:get" not in self.permissions:
            return Reply(403, {"message": "permission denied: bounces:get"})
        is_newest_first = call.one("order", "desc") != "asc"
        found = sorted(self.bounces, key=lambda one: one["created_at"], reverse=is_newest_first)
        return self._page(call, found)

    def _page(self, call: Call, found: Records) -> Reply:
        size, number = int(call.one("per_page", "20")), int(call.one("page", "1"))
        page = found[(number - 1) * size : number * size]
        body = {"results": page, "total": len(found), "per_page": size, "page": number}
        reply = Reply(body={"data": body})
        self.page_turned(call)
        return reply


def on_list(status: str, *, created: str, updated: str, optin: str = "single") -> dict[str, Any]:
    """Return a list as it stands with a subscriber."""
    return {
        "id": 3,
        "name": "News",
        "optin": optin,
        "subscription_status": status,
        "subscription_created_at": created,
        "subscription_updated_at": updated,
    }
