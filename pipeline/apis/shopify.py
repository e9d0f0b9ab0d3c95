"""How Shopify is asked: the token, the price of a question in points, and what refusals mean."""

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from pipeline.apis.shopify_queries import VERSION
from pipeline.http import HttpClient, Patience, default_throttle
from pipeline.http_answers import Answer, HttpError, redacted

PATH = f"/admin/api/{VERSION}/graphql.json"
PATIENCE = Patience(attempts=8)
TOKEN_HEADER = "X-Shopify-Access-Token"  # noqa: S105
VERSION_HEADER = "X-Shopify-API-Version"
SETTINGS_PAGE = "the app's settings (docs/sources/shopify.md says where)"
MEANINGS = {
    401: "the token is wrong, was withdrawn, or belongs to another shop: make a new one",
    402: "the shop is frozen until its bill is paid",
    403: "the app may not read this: check its scopes, and that it is installed",
    404: "there is no such shop or API version: check WINBACK_SHOPIFY_SHOP",
    423: "Shopify has locked the shop",
}


class TooDear(HttpError):
    """A question that costs more points than one may ever cost."""


def shop_address(shop: str) -> str:
    """Return the address of a shop given as a name, a host or, on loopback only, as plain http."""
    address = shop if "://" in shop else f"https://{shop}"
    parts = urlsplit(address.rstrip("/"))
    host = parts.hostname or ""
    if parts.scheme != "https" and host not in ("127.0.0.1", "localhost"):
        raise ValueError(f"WINBACK_SHOPIFY_SHOP={shop}: leave out http://, Shopify is https only")
    netloc = parts.netloc if "." in host or host == "localhost" else f"{host}.myshopify.com"
    return f"{parts.scheme}://{netloc}"


def throttle(answer: Answer) -> float | None:
    """Return how long to wait after a refusal for haste, which may come with status 200."""
    if answer.status != 200 or b"THROTTLED" not in answer.content:
        return default_throttle(answer)
    body = answer.json()
    if "THROTTLED" not in _codes(body):
        return None
    return max(_seconds_until_affordable(body), 1.0)


class ShopifyApi:
    """Asks one shop. ``credentials`` are a token, or id and secret of an app that get one."""

    def __init__(
        self,
        shop: str,
        *credentials: str,
        patience: Patience = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raise ``ValueError`` where the shop is not named by its host, or over plain http."""
        self._credentials = credentials
        self._token = self._credentials[0] if len(self._credentials) == 1 else ""
        self.version_served = VERSION
        self.last_cost = 0.0
        self.http = HttpClient(
            shop_address(shop),
            secrets=credentials,
            throttle=throttle,
            patience=patience,
            sleep=sleep,
            clock=clock,
        )

    def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the data that a query gives; raise ``HttpError`` for anything less."""
        body = {"query": query, "variables": dict(variables or {})}
        try:
            answer = self._call(body)
        except HttpError as error:
            meaning = MEANINGS.get(error.status or 0)
            sentence = f"Shopify: {error.sentence}" + (f": {meaning}" if meaning else "")
            raise HttpError(sentence, status=error.status, code=error.code) from error
        self.version_served = answer.headers.get(VERSION_HEADER) or VERSION
        found = answer.json()
        # Shopify gives part of the data beside errors: half an answer is none.
        if found.get("errors"):
            raise self._refusal(found)
        self.last_cost = float(_cost(found).get("requestedQueryCost") or 0)
        data: dict[str, Any] = found["data"]
        return data

    def _call(self, body: Mapping[str, Any]) -> Answer:
        try:
            return self._post(body)
        except HttpError as error:
            # Tokens of apps end after a day, which a long first load may last.
            if error.status != 401 or len(self._credentials) == 1:
                raise
            self._token = ""
            return self._post(body)

    def _post(self, body: Mapping[str, Any]) -> Answer:
        if not self._token:
            self._token = self._new_token()
            self.http.secrets = (*self._credentials, self._token)
        # A question asked twice does no harm, and a second bulk operation is only wasted.
        return self.http.call(
            "POST",
            PATH,
            body=body,
            headers={TOKEN_HEADER: self._token},
            is_repeatable=True,
        )

    def _new_token(self) -> str:
        client_id, client_secret = self._credentials
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
        }
        answer = self.http.call(
            "POST",
            "/admin/oauth/access_token",
            body=urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            is_repeatable=True,
        )
        return str(answer.json()["access_token"])

    def _refusal(self, found: Mapping[str, Any]) -> HttpError:
        errors = found["errors"]
        told = errors if isinstance(errors, str) else "; ".join(one["message"] for one in errors)
        sentence = f"Shopify refuses: {redacted(told, self.http.secrets)}"
        codes = _codes(found)
        if "MAX_COST_EXCEEDED" in codes:
            return TooDear(sentence)
        if "not approved" in told:
            return HttpError(f"{sentence}. {protected_data_sentence()}")
        if "ACCESS_DENIED" in codes:
            return HttpError(f"{sentence}. Add the scope that it names in {SETTINGS_PAGE}.")
        return HttpError(sentence)


def protected_data_sentence() -> str:
    """Return what to do where Shopify keeps addresses and names to itself."""
    return (
        "Shopify gives names and addresses only to apps that may read protected customer data: "
        f"ask for it, with name, e-mail, phone and address, in {SETTINGS_PAGE}."
    )


def _codes(body: Any) -> set[str]:
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list):
        return set()
    return {str((one.get("extensions") or {}).get("code", "")) for one in errors}


def _seconds_until_affordable(body: Mapping[str, Any]) -> float:
    """Return when a question that costs as much as this one can be asked again."""
    cost = _cost(body)
    status = cost.get("throttleStatus")
    if not status:
        return 0.0
    missing = float(cost["requestedQueryCost"]) - float(status["currentlyAvailable"])
    return max(0.0, missing / float(status["restoreRate"]))


def _cost(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return (body.get("extensions") or {}).get("cost") or {}
