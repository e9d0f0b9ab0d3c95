"""listmonk's API: a user with a token, pages from the last number seen on."""

import base64
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from pipeline.apis.writes import Writes, checked
from pipeline.http import PATIENCE, HttpClient, Parameters, Patience

PAGE = 1000
WRITES: Writes = {
    "POST /lists": ("name", "type", "optin", "tags"),
    "PATCH /subscribers/{id}": ("attribs",),
    "PUT /subscribers/query/lists": (
        "query",
        "action",
        "target_list_ids",
        "list_ids",
        "subscription_status",
    ),
}
"""All that changes anything there, and what each may be sent.

Never a status: it would undo that somebody has left a list. Never PUT /subscribers/{id}, which
takes people off the lists that it does not name, nor lists with PATCH.
"""
ACTIONS = ("add", "remove")
BY_NUMBER = re.compile(r"subscribers\.id in \(\d+(, \d+)*\)( and subscribers\.status = 'enabled')?")
"""Without a query it would be everybody."""
OURS = "winback_"
"""What attributes begin with that are written."""

Pages = Iterator[list[dict[str, Any]]]


class ListmonkApi:
    """Calls of one installation. It has no limits of its own."""

    def __init__(
        self,
        base_url: str,
        user: str,
        token: str,
        *,
        patience: Patience = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        credentials = base64.b64encode(f"{user}:{token}".encode()).decode()
        self.http = HttpClient(
            f"{base_url.rstrip('/')}/api",
            headers={"Authorization": f"Basic {credentials}"},
            secrets=(token, credentials),
            patience=patience,
            sleep=sleep,
        )

    def get(self, path: str, parameters: Parameters | None = None) -> Any:
        """Return what an answer holds as its data."""
        return self.http.get(path, parameters)["data"]

    def write(
        self, call: str, body: dict[str, Any], *, is_repeatable: bool = True, **values: object
    ) -> Any:
        """Carry out one of ``WRITES`` and return what is answered; raise ``ValueError`` for others.

        What broke on the way is asked again unless that would do it twice.
        """
        path = checked(WRITES, call, body, values)
        if "action" in body and (
            body["action"] not in ACTIONS or not BY_NUMBER.fullmatch(body.get("query", ""))
        ):
            raise ValueError(f"{call} must name those whom it is about and add or remove them")
        if not all(name.startswith(OURS) for name in body.get("attribs", ())):
            raise ValueError(f"{call} must not be sent attributes that are not ours")
        method = call.partition(" ")[0]
        return self.http.call(method, path, body=body, is_repeatable=is_repeatable).json()["data"]

    def count(self, list_number: int, status: str = "") -> int:
        """Return how many are on a list, or have a status there, counted now.

        Without a condition listmonk tells what it has counted some time ago.
        """
        wanted: Parameters = {
            "list_id": list_number,
            "subscription_status": status,
            "query": "subscribers.id > 0",
            "page": 1,
            "per_page": 1,
        }
        return int(self.get("/subscribers", wanted)["total"])

    def subscribers(self, condition: str = "", list_number: int | None = None) -> Pages:
        """Yield everybody, those on a list, or for whom a condition holds, in order of numbers.

        listmonk does not tell what has changed: a bounce that blocks somebody, for one, touches
        no time of his. Pages by number would skip somebody when another is deleted on the way.
        """
        last_id = 0
        while True:
            wanted: dict[str, str | int] = {
                "query": f"subscribers.id > {last_id}" + (f" and {condition}" if condition else ""),
                "order_by": "id",
                "order": "asc",
                "page": 1,
                "per_page": PAGE,
            }
            if list_number is not None:
                wanted["list_id"] = list_number
            page = self.get("/subscribers", wanted)["results"]
            if page:
                yield page
                last_id = page[-1]["id"]
            if len(page) < PAGE:
                return

    def bounces(self, since: datetime) -> Pages:
        """Yield bounces since a moment, newest first: new ones push others on, and lose none."""
        number = 1
        while True:
            page = self.get(
                "/bounces",
                {"order_by": "created_at", "order": "desc", "page": number, "per_page": PAGE},
            )["results"]
            wanted = [one for one in page if time_of(one["created_at"]) >= since]
            if wanted:
                yield wanted
            if len(page) < PAGE or len(wanted) < len(page):
                return
            number += 1


def time_of(told: str) -> datetime:
    """Return an instant that listmonk tells, in UTC without a zone."""
    return datetime.fromisoformat(told).astimezone(UTC).replace(tzinfo=None)
