"""Mailchimp's API: the data centre in the key, throttling without a word, pages by offset."""

import base64
import time
from collections.abc import Callable, Iterator
from typing import Any

from pipeline.http import HttpClient, Parameters, Patience
from pipeline.http_answers import Answer

PAGE = 1000
PATIENCE = Patience(silence_seconds=120, attempts=8)
"""Mailchimp itself gives up after 120 seconds. It never says when to come back."""

Pages = Iterator[list[dict[str, Any]]]


class MailchimpApi:
    """Calls of one account, one at a time: up to ten at once are allowed to a key."""

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
        self.http = HttpClient(
            base_url or f"https://{data_centre(key)}.api.mailchimp.com/3.0",
            headers={"Authorization": f"Basic {credentials}"},
            secrets=(key, credentials),
            throttle=throttle,
            patience=patience,
            sleep=sleep,
            clock=clock,
        )

    def get(self, path: str, parameters: Parameters | None = None) -> Any:
        """Return what stands at ``path``."""
        return self.http.get(path, parameters)

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
