"""Brevo's API: key, limits by the hour, pages by offset, exports by processes."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.http import HttpClient, Parameters, Patience
from pipeline.http_answers import HttpError
from pipeline.pacing import Limit, Pacer

BASE_URL = "https://api.brevo.com/v3"
HOUR = 3600
PATIENCE = Patience(longest_wait_seconds=HOUR + 60)
"""Where an hour's calls are used up, waiting for the next hour is all there is to do."""
POLL_SECONDS, LONGEST_EXPORT_SECONDS = 15, 1800

Pages = Iterator[list[dict[str, Any]]]


class BrevoApi:
    """Calls of one account. Contacts have limits of their own, all else 100 calls an hour."""

    def __init__(
        self,
        key: str,
        *,
        base_url: str = BASE_URL,
        patience: Patience = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        def pacer(*limits: Limit) -> Pacer:
            return Pacer(*limits, clock=clock, sleep=sleep)

        self._rest = HttpClient(
            base_url,
            headers={"api-key": key},
            secrets=(key,),
            pacer=pacer(Limit(100, HOUR)),
            patience=patience,
            sleep=sleep,
            clock=clock,
        )
        contacts = pacer(Limit(10, 1), Limit(36_000, HOUR))
        self._contacts = replace(self._rest, pacer=contacts)

    def at(self, path: str) -> HttpClient:
        """Return the client that keeps within the limits of an endpoint."""
        return self._contacts if path.startswith("/contacts") else self._rest

    def get(self, path: str, parameters: Parameters | None = None) -> Any:
        """Return what stands at ``path``."""
        return self.at(path).get(path, parameters)

    def pages(self, path: str, member: str, size: int, parameters: Parameters) -> Pages:
        """Yield page after page, oldest record first: what is new comes at the end."""
        offset = 0
        while True:
            wanted = {**parameters, "limit": size, "offset": offset, "sort": "asc"}
            # Without anything to tell Brevo leaves the list out, or answers with no body.
            page = (self.get(path, wanted) or {}).get(member) or []
            if page:
                yield page
            if len(page) < size:
                return
            offset += size

    def export(self, path: str, body: dict[str, Any], target: Path) -> None:
        """Start an export, wait until it is done and write its file to ``target``."""
        started = self.at(path).call("POST", path, body=body).json()
        waited = 0
        while True:
            process = self.get(f"/processes/{started['processId']}")
            if process["status"] == "completed":
                break
            if process["status"] not in ("queued", "in_process") or waited > LONGEST_EXPORT_SECONDS:
                raise HttpError(f"POST {path}: the export ended as {process['status']}")
            self._rest.sleep(POLL_SECONDS)
            waited += POLL_SECONDS
        self._rest.download(process["export_url"], target)


def moment(at: datetime) -> str:
    """Return an instant as Brevo's filters want it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


def time_of(told: str) -> datetime:
    """Return an instant that Brevo tells, in UTC without a zone."""
    instant = datetime.fromisoformat(told)
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
