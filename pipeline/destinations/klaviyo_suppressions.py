"""Whom Klaviyo does not mail: suppressed for all mail, or not subscribed to it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from pipeline.apis.klaviyo import KlaviyoApi, time_of
from pipeline.apis.klaviyo_walks import changed_profiles
from pipeline.clock import utc_now
from pipeline.destinations.suppressions import FREE, Suppression, worst

BY_SUPPRESSION = {
    "SPAM_COMPLAINT": "complained",
    "UNSUBSCRIBE": "unsubscribed",
    "HARD_BOUNCE": "hard_bounce",
    "INVALID_EMAIL": "invalid_address",
    "USER_SUPPRESSED": "suppressed",
}
BY_CONSENT = {"UNSUBSCRIBED": "unsubscribed", "NEVER_SUBSCRIBED": "never_subscribed"}
FROM_THE_START = datetime.fromisoformat("0001-01-01")


class KlaviyoSuppressions:
    """Reads profiles with what they subscribed to; 100 a page, 75,000 a minute at most."""

    is_always_whole = False

    def __init__(self, api: KlaviyoApi, *, now: Callable[[], datetime] = utc_now) -> None:
        self._api = api
        self._now = now

    def suppressions(self, since: datetime | None) -> Iterator[Suppression]:
        """Yield everybody whom Klaviyo may not mail, or what has changed since."""
        for page in changed_profiles(self._api, since or FROM_THE_START, self._now()):
            for profile in page:
                email = profile["attributes"].get("email")
                found = _against(profile["attributes"]) if email else None
                if found:
                    yield Suppression(email, *found)
                elif email and since:
                    yield Suppression(email, FREE, None)


def _against(attributes: dict[str, Any]) -> tuple[str, datetime | None] | None:
    marketing = attributes["subscriptions"]["email"]["marketing"]
    return worst(_reasons(marketing))


def _reasons(marketing: dict[str, Any]) -> Iterator[tuple[str, datetime | None]]:
    for one in marketing.get("suppression") or []:
        yield BY_SUPPRESSION.get(one["reason"], "suppressed"), _time(one["timestamp"])
    if marketing["consent"] != "SUBSCRIBED":
        # Whatever else Klaviyo may come to call it, it is no yes.
        reason = BY_CONSENT.get(marketing["consent"], "pending")
        yield reason, _time(marketing.get("last_updated"))
    # True also for those who never subscribed: alone it says nothing, but its no is one.
    if not marketing["can_receive_email_marketing"]:
        yield "suppressed", _time(marketing.get("last_updated"))


def _time(told: str | None) -> datetime | None:
    return time_of(told) if told else None
