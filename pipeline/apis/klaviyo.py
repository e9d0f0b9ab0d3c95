"""Klaviyo's API: key, pinned revision, limits by endpoint, pages by cursor."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pipeline.http import PATIENCE, HttpClient, Parameters, Patience
from pipeline.http_answers import HttpError
from pipeline.pacing import Limit, Pacer

BASE_URL = "https://a.klaviyo.com"
REVISION = "2026-07-15"
"""What answers look like. A revision lives for two years; the mappings are written for this one."""

LIMITS = {"/api/metrics": (10, 150), "/api/events": (350, 3500), "/api/profiles": (75, 750)}
"""Calls per second and per minute; what is not listed here gets the least of all tiers."""
LEAST = (3, 60)
FIRST_YEAR = 1970


Pages = Iterator[list[dict[str, Any]]]


class InvalidCursorError(Exception):
    """A cursor that Klaviyo gave out and does not know any more; begin anew."""


class KlaviyoApi:
    """Calls of one account with one private key."""

    def __init__(
        self,
        key: str,
        *,
        base_url: str = BASE_URL,
        patience: Patience = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = HttpClient(
            base_url,
            headers={
                "Authorization": f"Klaviyo-API-Key {key}",
                "revision": REVISION,
                "Accept": "application/vnd.api+json",
                "Content-Type": "application/vnd.api+json",
            },
            secrets=(key,),
            patience=patience,
            sleep=sleep,
            clock=clock,
        )
        self._clients: dict[str, HttpClient] = {}

    def at(self, path: str) -> HttpClient:
        """Return the client that keeps within the limits of an endpoint."""
        if path not in self._clients:
            burst, steady = LIMITS.get(path, LEAST)
            pacer = Pacer(
                Limit(burst, 1), Limit(steady, 60), clock=self._http.clock, sleep=self._http.sleep
            )
            self._clients[path] = replace(self._http, pacer=pacer)
        return self._clients[path]

    def get(self, path: str, parameters: Parameters | None = None) -> Any:
        """Return what stands at ``path``."""
        return self.at(path).get(path, parameters)

    def pages(self, path: str, parameters: Parameters) -> Pages:
        """Yield page after page; raise ``InvalidCursorError`` where a cursor is not known any more.

        The cursor alone is taken out of the link, so that no key follows a link to another host.
        """
        cursor = ""
        while True:
            wanted = {**parameters, "page[cursor]": cursor} if cursor else parameters
            try:
                body = self.get(path, wanted)
            except HttpError as error:
                if cursor and error.status == 400 and "cursor" in error.sentence.lower():
                    raise InvalidCursorError from None
                raise
            yield body["data"]
            cursor = _cursor(body.get("links") or {})
            if not cursor:
                return


def _cursor(links: Mapping[str, Any]) -> str:
    """Return the cursor in ``links.next``, "" on the last page."""
    query = parse_qs(urlsplit(links.get("next") or "").query)
    return query.get("page[cursor]", [""])[0]


def is_beginning(since: datetime) -> bool:
    """Say whether all that there is is asked for."""
    return since.year < FIRST_YEAR


def time_of(told: str) -> datetime:
    """Return an instant that Klaviyo tells, in UTC without a zone."""
    instant = datetime.fromisoformat(told)
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


def moment(at: datetime) -> str:
    """Return an instant as filters want it, to the second, which is as exact as events are."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def within(field: str, since: datetime, until: datetime) -> str:
    """Return the filter for [since, until), without a start where it is the beginning of time."""
    end = f"less-than({field},{moment(until)})"
    return end if is_beginning(since) else f"greater-or-equal({field},{moment(since)}),{end}"
