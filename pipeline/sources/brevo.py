"""Reads contacts and e-mail events from Brevo.

Brevo keeps events of transactional mail alone; of campaigns it tells who was among the openers,
clickers and so on, but not when. Each record of the stream ``events`` is therefore
``{"kind": "transactional", "event": …}`` as Brevo gives it, or ``{"kind": "campaign", "recipients":
…, "campaign": …, "row": …}`` with a line of the exported file. A contact has ``ownListIds``
besides: those of its lists that are ours, and say nothing of what somebody agreed to.
"""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.apis.brevo import BrevoApi, Pages, moment
from pipeline.clock import utc_now
from pipeline.http_answers import HttpError
from pipeline.sources.extraction import Stream

LOOK_BACK = timedelta(days=3)
MARGIN = timedelta(minutes=5)
STREAMS = (
    Stream("events", overlap=LOOK_BACK, margin=MARGIN),
    Stream("contacts", margin=MARGIN),
)
LONGEST_SPAN = timedelta(days=90)
FIRST_DAY = datetime.fromisoformat("2012-01-01")
"""Brevo began, as Sendinblue, in 2012; each 90 days without mail cost a call of the hundred."""
EVENT_PAGE, CONTACT_PAGE, CAMPAIGN_PAGE, LIST_PAGE = 5000, 1000, 100, 50
OWN_LISTS = "winback_"
RECIPIENTS = ("all", "hardBounces", "softBounces", "openers", "clickers", "unsubscribed")
ROWS = 5000


class BrevoClient:
    """The streams of one account.

    ``first_day`` is where a first load of events begins, ``has_campaigns`` whether campaigns are
    exported too: 18 calls and more for each, of 100 an hour.
    """

    def __init__(
        self,
        api: BrevoApi,
        *,
        has_campaigns: bool = False,
        first_day: datetime = FIRST_DAY,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._api = api
        self._has_campaigns = has_campaigns
        self._first_day = first_day
        self._now = now

    def pages(self, stream: str, since: datetime, until: datetime) -> Pages:
        """Yield what is new in [since, until) by page, up to five minutes ago at the latest.

        Events come by whole days, so those of the window's first and last day may come again.
        """
        until = min(until, self._now() - MARGIN)
        if since >= until:
            return
        if stream == "contacts":
            wanted = {"modifiedSince": moment(since)} if since.year > 1 else {}
            ours = self._own_lists()
            for page in self._api.pages("/contacts", "contacts", CONTACT_PAGE, wanted):
                yield [
                    {**one, "ownListIds": [id_ for id_ in one.get("listIds") or [] if id_ in ours]}
                    for one in page
                ]
        elif stream == "events":
            since = max(since, self._first_day)
            yield from self._transactional(since, until)
            if self._has_campaigns:
                yield from self._campaigns(since, until)
        else:
            raise ValueError(
                f"Brevo has no stream {stream}; it has {', '.join(one.name for one in STREAMS)}"
            )

    def problems(self) -> list[str]:
        """Return what is wrong with the key, a sentence each."""
        try:
            self._api.get("/account")
            self._api.get("/contacts", {"limit": 1})
        except HttpError as error:
            if error.status == 401:
                return [
                    "Brevo does not know the key, or not from this address: see WINBACK_BREVO_KEY"
                ]
            return [f"Brevo: {error.sentence}"]
        return []

    def _own_lists(self) -> set[int]:
        pages = self._api.pages("/contacts/lists", "lists", LIST_PAGE, {})
        return {one["id"] for page in pages for one in page if one["name"].startswith(OWN_LISTS)}

    def _transactional(self, since: datetime, until: datetime) -> Pages:
        start = since
        while start.date() <= until.date():
            # Both days are within the span.
            end = min(start + LONGEST_SPAN - timedelta(days=1), until)
            wanted = {"startDate": f"{start:%Y-%m-%d}", "endDate": f"{end:%Y-%m-%d}"}
            path = "/smtp/statistics/events"
            for page in self._api.pages(path, "events", EVENT_PAGE, wanted):
                yield [{"kind": "transactional", "event": event} for event in page]
            start = end + timedelta(days=1)

    def _campaigns(self, since: datetime, until: datetime) -> Pages:
        wanted = {
            "status": "sent",
            "startDate": moment(since),
            "endDate": moment(until),
            "excludeHtmlContent": "true",
        }
        for page in self._api.pages("/emailCampaigns", "campaigns", CAMPAIGN_PAGE, wanted):
            for campaign in page:
                for recipients in RECIPIENTS:
                    yield from self._recipients(campaign, recipients)

    def _recipients(self, campaign: dict[str, Any], recipients: str) -> Pages:
        told = {"id": campaign["id"], "name": campaign["name"], "sentDate": campaign["sentDate"]}
        with TemporaryDirectory() as folder:
            target = Path(folder) / "recipients.csv"
            call = "POST /emailCampaigns/{id}/exportRecipients"
            self._api.export(call, {"recipientsType": recipients}, target, id=campaign["id"])
            for rows in _rows(target):
                yield [
                    {"kind": "campaign", "recipients": recipients, "campaign": told, "row": row}
                    for row in rows
                ]


def _rows(path: Path) -> Iterator[list[dict[str, str]]]:
    """Yield the lines of an exported file, whichever sign it has between its columns."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header = stream.readline()
        delimiter = ";" if header.count(";") > header.count(",") else ","
        stream.seek(0)
        rows: list[dict[str, str]] = []
        for row in csv.DictReader(stream, delimiter=delimiter):
            rows.append({str(name).strip().lower(): value for name, value in row.items() if name})
            if len(rows) == ROWS:
                yield rows
                rows = []
        if rows:
            yield rows
