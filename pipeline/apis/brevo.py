"""Brevo's API: key, limits by the hour, pages by offset, exports by processes."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.apis.writes import Writes, checked
from pipeline.http import HttpClient, Parameters, Patience
from pipeline.http_answers import HttpError
from pipeline.pacing import Limit, Pacer

BASE_URL = "https://api.brevo.com/v3"
HOUR = 3600
PATIENCE = Patience(longest_wait_seconds=HOUR + 60)
"""Where an hour's calls are used up, waiting for the next hour is all there is to do."""
POLL_SECONDS, LONGEST_POLL_SECONDS, LONGEST_PROCESS_SECONDS = 15, 240, 1800
"""Each look at a process is one of the hundred calls of the hour, so waits grow."""
RUNNING = ("queued", "in_process", "processing")

WRITES: Writes = {
    "POST /emailCampaigns/{id}/exportRecipients": ("recipientsType",),
    "POST /contacts/folders": ("name",),
    "POST /contacts/lists": ("name", "folderId"),
    "POST /contacts/attributes/normal/{name}": ("type",),
    "POST /contacts/import": (
        "jsonBody",
        "listIds",
        "updateExistingContacts",
        "emptyContactsAttributes",
        "disableNotification",
    ),
    "PUT /contacts/{id}?identifierType=contact_id": ("attributes",),
    "POST /contacts/lists/{id}/contacts/add": ("ids",),
    "POST /contacts/lists/{id}/contacts/remove": ("ids",),
}
"""All that changes anything there, and what each may be sent.

Nothing in it blocks or frees an address (emailBlacklist, emailBlacklisted) or takes everybody off a
list (all).
"""
OURS = "WINBACK_"
"""What attributes begin with that are written: to write EMAIL frees an address that is blocked."""

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

    def _at(self, path: str) -> HttpClient:
        """Return the client that keeps within the limits of an endpoint."""
        return self._contacts if path.startswith("/contacts") else self._rest

    def get(self, path: str, parameters: Parameters | None = None) -> Any:
        """Return what stands at ``path``."""
        return self._at(path).get(path, parameters)

    def pages(self, path: str, member: str, size: int, parameters: Parameters) -> Pages:
        """Yield page after page, oldest record first: what is new comes at the end.

        What is deleted on the way moves others up to where has been read: as many come again.
        """
        offset, most = 0, 0
        while True:
            wanted = {**parameters, "limit": size, "offset": offset, "sort": "asc"}
            answer = self.get(path, wanted) or {}
            # Without anything to tell Brevo leaves the list out, or answers with no body.
            page = answer.get(member) or []
            count = int(answer.get("count") or most)
            gone, most = most - count, count
            if gone > 0:
                offset = max(offset - gone, 0)
                continue
            if page:
                yield page
            if len(page) < size:
                return
            offset += size

    def write(
        self, call: str, body: dict[str, Any], *, is_repeatable: bool = True, **values: object
    ) -> Any:
        """Carry out one of ``WRITES`` and return what is answered; raise ``ValueError`` for others.

        What broke on the way is asked again unless that would do it twice.
        """
        path = checked(WRITES, call, body, values)
        for written in (body, *body.get("jsonBody", ())):
            if not all(name.startswith(OURS) for name in written.get("attributes", ())):
                raise ValueError(f"{call} must not be sent attributes that are not ours")
        method = call.partition(" ")[0]
        client = self._at(path)
        return client.call(method, path, body=body, is_repeatable=is_repeatable).json()

    def process(self, number: int) -> dict[str, Any]:
        """Return a process when it has come to an end, or as it stands after half an hour."""
        waited, wait = 0, POLL_SECONDS
        while True:
            process: dict[str, Any] = self.get(f"/processes/{number}")
            if process["status"] not in RUNNING or waited >= LONGEST_PROCESS_SECONDS:
                return process
            self._rest.sleep(wait)
            waited, wait = waited + wait, min(2 * wait, LONGEST_POLL_SECONDS)

    def export(self, call: str, body: dict[str, Any], target: Path, **values: object) -> None:
        """Start an export, wait until it is done and write its file to ``target``."""
        started = self.write(call, body, is_repeatable=False, **values)
        process = self.process(started["processId"])
        if process["status"] != "completed":
            raise HttpError(f"{call}: the export ended as {process['status']}")
        self._rest.download(process["export_url"], target)

    def sleep(self, seconds: float) -> None:
        """Wait for what shows only after a while."""
        self._rest.sleep(seconds)


def moment(at: datetime) -> str:
    """Return an instant as Brevo's filters want it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


def time_of(told: str) -> datetime:
    """Return an instant that Brevo tells, in UTC without a zone."""
    instant = datetime.fromisoformat(told)
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
