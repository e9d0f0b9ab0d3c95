"""listmonk's API: a user with a token, pages from the last number seen on."""

import base64
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from pipeline.http import PATIENCE, HttpClient, Parameters, Patience

PAGE = 1000

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

    def subscribers(self) -> Pages:
        """Yield everybody, in order of numbers.

        listmonk does not tell what has changed: a bounce that blocks somebody, for one, touches
        no time of his. Pages by number would skip somebody when another is deleted on the way.
        """
        last_id = 0
        while True:
            page = self.get(
                "/subscribers",
                {
                    "query": f"subscribers.id > {last_id}",
                    "order_by": "id",
                    "order": "asc",
                    "page": 1,
                    "per_page": PAGE,
                },
            )["results"]
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
