"""Reads campaign reports and members from Mailchimp.

A report's rows do not say which kind of row they are, nor when their campaign was sent; so each
comes as ``{"report": …, "campaign": …, "row": …}``, the row as Mailchimp gives it.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from pipeline.apis.mailchimp import MailchimpApi, Pages, problem_of
from pipeline.apis.mailchimp_walks import SECOND, changed_members, moment, time_of
from pipeline.clock import utc_now
from pipeline.http_answers import HttpError
from pipeline.sources.extraction import Stream

LOOK_BACK = timedelta(days=3)
MARGIN = timedelta(minutes=5)
STREAMS = (
    Stream("reports", overlap=LOOK_BACK, margin=MARGIN),
    Stream("members", margin=MARGIN),
)
LIVELY = timedelta(days=30)
"""So long after its sending a campaign is still opened, clicked and complained of."""
REPORTS = (
    ("sent_to", "sent-to", "sent_to"),
    ("activity", "email-activity", "emails"),
    ("opens", "open-details", "members"),
    ("unsubscribes", "unsubscribed", "unsubscribes"),
    ("abuse", "abuse-reports", "abuse_reports"),
)
"""Name of the report, end of its path, member of the answer that holds the rows."""
SINCE = ("activity", "opens")
"""Reports that can be asked for what is new."""
PATHS = (("audiences", "/lists"), ("campaigns and reports", "/campaigns"))


class MailchimpClient:
    """The streams of one account, or of one audience of it."""

    def __init__(
        self,
        api: MailchimpApi,
        *,
        list_id: str | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._api = api
        self._list_id = list_id
        self._now = now

    def pages(self, stream: str, since: datetime, until: datetime) -> Pages:
        """Yield what is new in [since, until) by page, up to five minutes ago at the latest.

        Reports hold what happened to campaigns of the last 30 days, and who got those sent in the
        window. What happened earlier may come again.
        """
        until = min(until, self._now() - MARGIN)
        if since >= until:
            return
        if stream == "reports":
            yield from self._reports(since, until)
        elif stream == "members":
            for list_id in self._lists():
                for page in changed_members(self._api, list_id, since, until):
                    yield [{**member, "list_id": list_id} for member in page]
        else:
            raise ValueError(
                f"Mailchimp has no stream {stream}; it has {', '.join(one.name for one in STREAMS)}"
            )

    def problems(self) -> list[str]:
        """Return what is wrong with the key and the audience, a sentence each."""
        paths = [*PATHS, *([("the audience", f"/lists/{self._list_id}")] if self._list_id else [])]
        found = []
        for what, path in paths:
            try:
                self._api.get(path, {"count": 1})
            except HttpError as error:
                found.append(problem_of(error, f"read {what}"))
                if error.status in (None, 401):
                    break
        return found

    def _lists(self) -> list[str]:
        if self._list_id:
            return [self._list_id]
        return [one["id"] for page in self._api.pages("/lists", "lists") for one in page]

    def _reports(self, since: datetime, until: datetime) -> Pages:
        for campaign in self._campaigns(min(since, until - LIVELY), until):
            is_in_window = time_of(campaign["send_time"]) >= since
            for report, path, member in REPORTS:
                # Who got a campaign is settled when it was sent, but for bounces of the first days.
                if report == "sent_to" and not is_in_window:
                    continue
                wanted = {"since": moment(since)} if report in SINCE and not is_in_window else {}
                address = f"/reports/{campaign['id']}/{path}"
                for page in self._api.pages(address, member, wanted):
                    yield [{"report": report, "campaign": campaign, "row": row} for row in page]

    def _campaigns(self, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
        wanted = {
            "status": "sent",
            "sort_field": "send_time",
            "sort_dir": "ASC",
            "before_send_time": moment(until),
            **({"since_send_time": moment(since - SECOND)} if since.year > 1 else {}),
            **({"list_id": self._list_id} if self._list_id else {}),
        }
        for page in self._api.pages("/campaigns", "campaigns", wanted):
            for campaign in page:
                yield {
                    "id": campaign["id"],
                    "send_time": campaign["send_time"],
                    "list_id": (campaign.get("recipients") or {}).get("list_id"),
                }
