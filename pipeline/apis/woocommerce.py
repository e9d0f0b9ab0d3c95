"""WooCommerce's REST API: the key, pages that shrink where a host is weak, what refusals mean."""

import base64
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from pipeline.http import HttpClient, Parameters, Patience
from pipeline.http_answers import Answer, HttpError

PAGE, SMALLEST_PAGE = 100, 10
PATIENCE = Patience(silence_seconds=90, attempts=5)
TOTAL_HEADER = "X-WP-Total"
KEY_PAGE = "WooCommerce → Settings → Advanced → REST API"
MEANINGS = {
    "woocommerce_rest_authentication_error": (
        f"the key is not known there: make one under {KEY_PAGE}"
    ),
    "woocommerce_rest_cannot_view": (
        "the key needs the permission Read, and its user has to be a shop manager or "
        f"administrator: look under {KEY_PAGE}"
    ),
    "rest_invalid_param": "the shop's WooCommerce is too old: bring it up to 5.8 or newer",
    "rest_no_route": (
        "there is no WooCommerce API at this address: check WINBACK_WOOCOMMERCE_URL, that the "
        "plugin is active, and that Settings → Permalinks is not on Plain"
    ),
}
NO_KEY_SEEN = (
    f"the shop saw no valid key. Make one with the permission Read under {KEY_PAGE}; if it is "
    "right, the host takes the Authorization header away: ask it to pass that on"
)

Record = dict[str, Any]
Pages = Iterator[list[Record]]


def shop_address(url: str) -> str:
    """Return the address of a shop's API; raise ``ValueError`` where a key would travel openly."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        raise ValueError("WINBACK_WOOCOMMERCE_URL has to begin with https://: the key goes with it")
    if not parts.hostname or parts.username:
        raise ValueError("WINBACK_WOOCOMMERCE_URL has to be the shop's address, without a key")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/wp-json/wc/v3"


class WooCommerceApi:
    """Calls of one shop, one at a time."""

    def __init__(
        self,
        url: str,
        key: str,
        secret: str,
        *,
        patience: Patience = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raise ``ValueError`` where the address is none or not https."""
        credentials = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self.http = HttpClient(
            shop_address(url),
            headers={"Authorization": f"Basic {credentials}"},
            secrets=(key, secret, credentials),
            patience=patience,
            sleep=sleep,
            clock=clock,
        )
        self.page_size = PAGE

    def page(self, path: str, parameters: Parameters) -> tuple[list[Record], int]:
        """Return a page of records, and how many there are on all pages.

        Where a host gives up over a page, smaller ones are asked for from then on: then the page
        is the first one of that size, so only a ``parameters`` without a page may meet this.
        """
        while True:
            try:
                answer = self._answer(path, {**parameters, "per_page": self.page_size})
            except HttpError as error:
                is_weak = error.is_unknown and self.page_size > SMALLEST_PAGE
                if not is_weak or "page" in parameters:
                    raise
                self.page_size = max(self.page_size // 2, SMALLEST_PAGE)
                continue
            return answer.json(), int(answer.headers.get(TOTAL_HEADER) or 0)

    def numbered_pages(self, path: str, parameters: Parameters) -> Pages:
        """Yield page after page by number, only fit for what does not move meanwhile."""
        number = 1
        while True:
            records, _ = self.page(path, {**parameters, "page": number})
            if records:
                yield records
            if len(records) < self.page_size:
                return
            number += 1

    def exists(self, path: str) -> Record | None:
        """Return what stands at ``path``, None where there is nothing any more."""
        try:
            record: Record = self._answer(path, {}).json()
        except HttpError as error:
            if error.status == 404 and error.code != "rest_no_route":
                return None
            raise
        return record

    def _answer(self, path: str, parameters: Parameters) -> Answer:
        # The header Link names the next page with the key in it, so it is neither read nor shown.
        try:
            answer = self.http.call("GET", path, parameters=parameters)
        except HttpError as error:
            meaning = MEANINGS.get(error.code) or (NO_KEY_SEEN if error.status == 401 else "")
            raise HttpError(
                f"WooCommerce: {error.sentence}" + (f": {meaning}" if meaning else ""),
                status=error.status,
                code=error.code,
                is_unknown=error.is_unknown,
            ) from error
        if not answer.is_json:
            raise HttpError(
                f"WooCommerce: GET {path} was answered with a page instead of records: a security "
                "or maintenance plugin is in the way; let it pass /wp-json/wc/",
                status=answer.status,
            )
        return answer
