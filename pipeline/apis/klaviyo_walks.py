"""Walks through Klaviyo's records that go on where a cursor was lost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from pipeline.apis.klaviyo import (
    InvalidCursorError,
    KlaviyoApi,
    Pages,
    is_beginning,
    moment,
    time_of,
    within,
)
from pipeline.http import Parameters
from pipeline.http_answers import HttpError

PROFILE_PAGE = 100
RESTARTS = 5
"""So many cursors in a row may be lost without any progress in between."""
SUPPRESSED_AT = "subscriptions.email.marketing.suppression.timestamp"


def resumed(
    ask: Callable[[datetime], Pages],
    since: datetime,
    time_told: Callable[[dict[str, Any]], datetime],
) -> Pages:
    """Yield the pages that ``ask`` gives from ``since`` on, asking anew when a cursor is lost.

    Pages come in order of ``time_told``, so all before the last record of a page has come; what is
    of the same second comes again.
    """
    start, losses = since, 0
    while True:
        try:
            for page in ask(start):
                reached = time_told(page[-1]) if page else start
                losses = losses if reached <= start else 0
                start = max(start, reached)
                yield page
            return
        except InvalidCursorError:
            losses += 1
            if losses > RESTARTS:
                raise HttpError(f"Klaviyo lost {losses} cursors in a row; run again") from None


def changed_profiles(api: KlaviyoApi, since: datetime, until: datetime) -> Pages:
    """Yield profiles that changed in [since, until), then those that were suppressed in it.

    Nothing says that a suppression counts as a change, so the same profile may come twice.
    """

    def updated(start: datetime) -> Pages:
        return api.pages("/api/profiles", _profiles(_updated_within(start, until), "updated"))

    def suppressed(start: datetime) -> Pages:
        wanted = within(SUPPRESSED_AT, start, until)
        return api.pages("/api/profiles", _profiles(wanted, SUPPRESSED_AT))

    return chain(
        resumed(updated, since, lambda profile: time_of(profile["attributes"]["updated"])),
        # By which of its times a profile with several suppressions is sorted nobody tells.
        resumed(suppressed, since, lambda _profile: since),
    )


def _updated_within(since: datetime, until: datetime) -> str:
    end = f"less-than(updated,{moment(until)})"
    if is_beginning(since):
        return end
    # There is no "or equal" for this field.
    return f"greater-than(updated,{moment(since - timedelta(seconds=1))}),{end}"


def _profiles(wanted: str, order: str) -> Parameters:
    return {
        "filter": wanted,
        "sort": order,
        "page[size]": PROFILE_PAGE,
        "additional-fields[profile]": "subscriptions",
    }
