"""Klaviyo's API: key, pinned revision, what may be written, limits by endpoint, pages by cursor."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from pipeline.http import PATIENCE, HttpClient, Parameters, Patience
from pipeline.http_answers import HttpError
from pipeline.pacing import Limit, Pacer

BASE_URL = "https://a.klaviyo.com"
REVISION = "2026-07-15"
"""What answers look like. A revision lives for two years; the mappings are written for this one."""

WRITES = frozenset(
    {
        "POST /api/lists",
        "POST /api/lists/{id}/relationships/profiles",
        "DELETE /api/lists/{id}/relationships/profiles",
        "POST /api/profile-bulk-import-jobs",
    }
)
"""All that may be asked for beside reading. None of it subscribes, suppresses or frees anybody."""
LIMITS = {
    "GET /api/metrics": (10, 150),
    "GET /api/events": (350, 3500),
    "GET /api/profiles": (75, 750),
    "GET /api/lists": (75, 750),
    # Fewer than for a list alone: the number of its members is asked for.
    "GET /api/lists/{id}": (1, 15),
    "GET /api/lists/{id}/profiles": (75, 750),
    "POST /api/lists": (10, 150),
    "POST /api/lists/{id}/relationships/profiles": (10, 150),
    "DELETE /api/lists/{id}/relationships/profiles": (10, 150),
    "POST /api/profile-bulk-import-jobs": (10, 150),
    "GET /api/profile-bulk-import-jobs": (10, 150),
    "GET /api/profile-bulk-import-jobs/{job_id}": (10, 150),
    "GET /api/profile-bulk-import-jobs/{id}/import-errors": (10, 150),
}
"""Calls per second and per minute; what is not listed here gets the least of all tiers."""
LEAST = (3, 60)
FIRST_YEAR = 1970
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
"""Seconds between looks at something that takes its time; each pause is twice the one before."""


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

    def call(
        self,
        operation: str,
        *,
        parameters: Parameters | None = None,
        body: Any = None,
        is_repeatable: bool | None = None,
        ids: Mapping[str, str] | None = None,
    ) -> Any:
        """Do what ``operation`` names, like "POST /api/lists", and return the JSON of the answer.

        ``ids`` stand for the names in braces. Raises ``ValueError`` for a write that is none of
        ``WRITES``; ``is_repeatable`` says whether it may be asked for again if no answer came.
        """
        method, template = operation.split(" ")
        if method != "GET" and operation not in WRITES:
            raise ValueError(
                f"{operation} is none of the calls that may change anything in Klaviyo"
            )
        path = template.format(**{name: quote(one, safe="") for name, one in (ids or {}).items()})
        answer = self._client(operation).call(
            method, path, parameters=parameters, body=body, is_repeatable=is_repeatable
        )
        return answer.json()

    def get(
        self,
        path: str,
        parameters: Parameters | None = None,
        ids: Mapping[str, str] | None = None,
    ) -> Any:
        """Return what stands at ``path``; ``ids`` stand for the names in braces in it."""
        return self.call(f"GET {path}", parameters=parameters, ids=ids)

    def pages(
        self, path: str, parameters: Parameters, ids: Mapping[str, str] | None = None
    ) -> Pages:
        """Yield page after page; raise ``InvalidCursorError`` where a cursor is not known any more.

        The cursor alone is taken out of the link, so that no key follows a link to another host.
        """
        cursor = ""
        while True:
            wanted = {**parameters, "page[cursor]": cursor} if cursor else parameters
            try:
                body = self.get(path, wanted, ids)
            except HttpError as error:
                if cursor and error.status == 400 and "cursor" in error.sentence.lower():
                    raise InvalidCursorError from None
                raise
            yield body["data"]
            cursor = _cursor(body.get("links") or {})
            if not cursor:
                return

    def looks(self, seconds: float) -> Iterator[None]:
        """Yield at once and after ever longer pauses, the last time when ``seconds`` are over."""
        pause, deadline = FIRST_PAUSE, self._http.clock() + seconds
        while True:
            yield
            left = deadline - self._http.clock()
            if left <= 0:
                return
            self._http.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _client(self, operation: str) -> HttpClient:
        """Return the client that keeps within the limits of an operation."""
        if operation not in self._clients:
            burst, steady = LIMITS.get(operation, LEAST)
            pacer = Pacer(
                Limit(burst, 1), Limit(steady, 60), clock=self._http.clock, sleep=self._http.sleep
            )
            self._clients[operation] = replace(self._http, pacer=pacer)
        return self._clients[operation]


def _cursor(links: Mapping[str, Any]) -> str:
    """Return the cursor in ``links.next``, "" on the last page."""
    query = parse_qs(urlsplit(links.get("next") or "").query)
    return query.get("page[cursor]", [""])[0]


def problem_of(error: HttpError, scope: str) -> str:
    """Return a sentence that says what to do, where a call that needs ``scope`` was refused."""
    if error.status == 401:
        return "Klaviyo does not know the key: make a private one and set WINBACK_KLAVIYO_KEY"
    if error.status == 403:
        return f"the key of Klaviyo lacks the scope {scope}: make one that has it"
    if error.status == 410:
        return "Klaviyo has retired the revision of its API that this version reads: update Winback"
    return f"Klaviyo: {error.sentence}"


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
