"""Whom listmonk does not mail."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pipeline.apis.listmonk import ListmonkApi, time_of
from pipeline.destinations.properties import PREFIX
from pipeline.destinations.suppressions import Suppression

BY_STATUS = {"blocklisted": "unsubscribed", "disabled": "suppressed"}


class ListmonkSuppressions:
    """Reads all subscribers: what has changed listmonk does not tell."""

    is_always_whole = True

    def __init__(self, api: ListmonkApi) -> None:
        self._api = api

    def suppressions(self, since: datetime | None) -> Iterator[Suppression]:  # noqa: ARG002
        """Yield everybody who is blocked, or whose last word on any list was a no."""
        for page in self._api.subscribers():
            for subscriber in page:
                reason = _reason(subscriber)
                if reason:
                    yield Suppression(subscriber["email"], reason, _last_time(subscriber))


def _reason(subscriber: dict[str, Any]) -> str | None:
    if subscriber["status"] != "enabled":
        return BY_STATUS.get(subscriber["status"], "suppressed")
    # Whom we put on a list of ours has said nothing by that; who leaves one has.
    words = [
        one
        for one in subscriber["lists"]
        if not one["name"].startswith(PREFIX) or one["subscription_status"] == "unsubscribed"
    ]
    if not words:
        return "never_subscribed"
    # Of two words of one moment the no counts.
    newest = max(
        words,
        key=lambda one: (
            time_of(one["subscription_updated_at"]),
            one["subscription_status"] == "unsubscribed",
        ),
    )
    return "unsubscribed" if newest["subscription_status"] == "unsubscribed" else None


def _last_time(subscriber: dict[str, Any]) -> datetime:
    times = [one["subscription_updated_at"] for one in subscriber["lists"]]
    return max(map(time_of, [subscriber["updated_at"], *times]))
