"""Walks through Mailchimp's members that lose nobody who changes on the way."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.apis.mailchimp import PAGE, MailchimpApi, Pages

SECOND = timedelta(seconds=1)
FIRST_YEAR = 1970


def moment(at: datetime) -> str:
    """Return an instant as Mailchimp's filters want it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}+00:00"


def time_of(told: str) -> datetime:
    """Return an instant that Mailchimp tells, in UTC without a zone."""
    return datetime.fromisoformat(told).astimezone(UTC).replace(tzinfo=None)


def changed_members(api: MailchimpApi, list_id: str, since: datetime, until: datetime) -> Pages:
    """Yield the members of an audience that changed in [since, until), oldest change first.

    Whoever changes on the way leaves the window, and everybody after him moves up by one: by
    offset somebody would be skipped. So each page starts from the last change seen, and offsets
    serve only where one second holds more people than a page; whoever leaves that second has as
    many come again.
    """
    start, offset, most = since, 0, 0
    while True:
        wanted: dict[str, str | int] = {
            "before_last_changed": moment(until),
            "sort_field": "last_changed",
            "sort_dir": "ASC",
            "count": PAGE,
            "offset": offset,
        }
        if start.year >= FIRST_YEAR:
            # Whether the moment itself is "since" Mailchimp leaves open.
            wanted["since_last_changed"] = moment(start - SECOND)
        answer = api.get(f"/lists/{list_id}/members", wanted)
        page: list[dict[str, Any]] = answer["members"]
        gone, most = most - answer["total_items"], answer["total_items"]
        if gone > 0:
            offset = max(offset - gone, 0)
            continue
        if page:
            yield page
        if len(page) < PAGE:
            return
        reached = time_of(page[-1]["last_changed"])
        if reached > start:
            start, offset, most = reached, 0, 0
        else:
            offset += PAGE
