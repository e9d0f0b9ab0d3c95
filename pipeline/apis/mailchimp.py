"""Mailchimp's API: the data centre in the key, throttling without a word, pages by offset."""

import base64
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

from pipeline.http import HttpClient, Parameters, Patience
from pipeline.http_answers import Answer, HttpError

PAGE = 1000
AT_ONCE = 4
"""Ten at once are allowed to a key; whatever else uses it needs some too."""
PATIENCE = Patience(silence_seconds=120, attempts=8)
"""Mailchimp itself gives up after 120 seconds. It never says when to come back."""

BODIES: Mapping[str, frozenset[str]] = {
    "POST /lists/{list_id}/segments": frozenset({"name", "static_segment"}),
    "POST /lists/{list_id}/segments/{segment_id}": frozenset(
        {"members_to_add", "members_to_remove"}
    ),
    "POST /lists/{list_id}/merge-fields": frozenset(
        {"tag", "name", "type", "required", "public", "help_text"}
    ),
    "PATCH /lists/{list_id}/members/{subscriber_hash}": frozenset({"merge_fields"}),
    "POST /lists/{list_id}/members/{subscriber_hash}/tags": frozenset({"tags"}),
}
"""Every call that changes something there, and what its body may hold: never a status."""
WRITES = frozenset(BODIES)
FIELD_PREFIX = "WB_"
"""What the tags of our merge fields begin with; no other field of a contact is written."""

Pages = Iterator[list[dict[str, Any]]]
One = TypeVar("One")
Other = TypeVar("Other")


class MailchimpApi:
    """Calls of one account."""

    def __init__(
        self,
        key: str,
        *,
        base_url: str | None = None,
        patience: Patience = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raise ``ValueError`` where the key names no data centre."""
        credentials = base64.b64encode(f"winback:{key}".encode()).decode()
        self._first = HttpClient(
            base_url or f"https://{data_centre(key)}.api.mailchimp.com/3.0",
            headers={"Authorization": f"Basic {credentials}"},
            secrets=(key, credentials),
            throttle=throttle,
            patience=patience,
            sleep=sleep,
            clock=clock,
        )
        self._of_thread = threading.local()
        self.sleep = sleep

    def get(self, path: str, parameters: Parameters | None = None) -> Any:
        """Return what stands at ``path``."""
        return self._call("GET", path, None, parameters, is_repeatable=True)

    def find(self, path: str, parameters: Parameters | None = None) -> Any:
        """Return what stands at ``path``, None where nothing does."""
        try:
            return self.get(path, parameters)
        except HttpError as error:
            if error.status == 404:
                return None
            raise

    def write(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any],
        *,
        parameters: Parameters | None = None,
        is_repeatable: bool,
    ) -> Any:
        """Return the answer to a call that changes something.

        Raises ``ValueError`` for a call or a part of a body that ``BODIES`` does not have.
        """
        allowed = _body_of(method, path)
        if not allowed >= body.keys():
            raise ValueError(f"{method} must not send {', '.join(sorted(body.keys() - allowed))}")
        for tag in body.get("merge_fields", {}):
            if not tag.startswith(FIELD_PREFIX):
                raise ValueError(f"the merge field {tag} is not ours to write")
        if any(tag["status"] != "inactive" for tag in body.get("tags", [])):
            raise ValueError("a contact's own tags are only ever taken off")
        return self._call(method, path, body, parameters, is_repeatable=is_repeatable)

    def each(self, ask: Callable[[One], Other], items: Iterable[One]) -> list[Other]:
        """Return what ``ask`` makes of each item, asking for a few of them at once.

        What one of them raises is raised once those under way are done; no other is begun then.
        """
        with ThreadPoolExecutor(AT_ONCE) as threads:
            tasks = [threads.submit(ask, item) for item in items]
            try:
                return [task.result() for task in tasks]
            finally:
                threads.shutdown(cancel_futures=True)

    def pages(self, path: str, member: str, parameters: Parameters | None = None) -> Pages:
        """Yield page after page of what the answer holds under ``member``."""
        offset = 0
        while True:
            wanted = {**(parameters or {}), "count": PAGE, "offset": offset}
            page = self.get(path, wanted)[member]
            if page:
                yield page
            if len(page) < PAGE:
                return
            offset += PAGE

    def all_of(
        self, list_id: str, what: str, member: str, parameters: Parameters
    ) -> list[dict[str, Any]]:
        """Return all that an audience keeps of a kind; say so where there is no such audience."""
        try:
            pages = list(self.pages(f"/lists/{list_id}/{what}", member, parameters))
        except HttpError as error:
            if error.status != 404:
                raise
            raise HttpError(problem_of(error, f"read {what}"), status=404) from None
        return [one for page in pages for one in page]

    @property
    def _http(self) -> HttpClient:
        # Connections are kept by a session, and a session is for one thread.
        if not hasattr(self._of_thread, "http"):
            self._of_thread.http = replace(self._first)
        client: HttpClient = self._of_thread.http
        return client

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        parameters: Parameters | None,
        *,
        is_repeatable: bool,
    ) -> Any:
        try:
            answer = self._http.call(
                method, path, body=body, parameters=parameters, is_repeatable=is_repeatable
            )
        except HttpError as error:
            if error.status not in (401, 403):
                raise
            raise HttpError(
                f"{error.sentence}: {problem_of(error, 'do this')}",
                status=error.status,
                code=error.code,
                body=error.body,
            ) from None
        return answer.json()


def data_centre(key: str) -> str:
    """Return what follows the last hyphen of a key."""
    _, hyphen, centre = key.rpartition("-")
    if not hyphen or not centre.isalnum():
        raise ValueError(
            "WINBACK_MAILCHIMP_KEY has to end with a hyphen and a data centre, like -us10"
        )
    return centre


def throttle(answer: Answer) -> float | None:
    """Return 0 for a refusal for haste: 429, or at high volume a 403 that is no JSON."""
    if answer.status == 429 or (answer.status == 403 and not answer.is_json):
        return 0
    return None


def problem_of(error: HttpError, what: str) -> str:
    """Return what a person has to mend where Mailchimp refused ``what``."""
    if error.status == 401:
        return "Mailchimp does not know the key: make one and set WINBACK_MAILCHIMP_KEY"
    if error.status == 403:
        return f"the key of Mailchimp may not {what}: its user needs the role manager or more"
    if error.status == 404:
        return "Mailchimp has no such audience: set WINBACK_MAILCHIMP_AUDIENCE to an id that it has"
    return f"Mailchimp: {error.sentence}"


def _body_of(method: str, path: str) -> frozenset[str]:
    for call, allowed in BODIES.items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(call))
        if re.fullmatch(pattern, f"{method} {path}"):
            return allowed
    raise ValueError(f"no {method} of this kind may be asked of Mailchimp")
