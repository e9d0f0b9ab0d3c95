"""Stands in for Mailchimp: audiences with members and tags, sent campaigns with their reports."""

import base64
import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.stand_ins.calls import Call, Reply
from tests.stand_ins.clock import StillClock
from tests.stand_ins.faults import Fault
from tests.stand_ins.mailchimp_answers import NOT_FOUND, page_of, problem
from tests.stand_ins.mailchimp_audience import Audience
from tests.stand_ins.server import StandIn

KEY = "0123456789abcdef0123456789abcdef-us10"
MOST_AT_ONCE = 10
MOST_A_PAGE = 1000
STATUSES = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional", "archived")
REPORTS = {
    "sent-to": "sent_to",
    "email-activity": "emails",
    "open-details": "members",
    "unsubscribed": "unsubscribes",
    "abuse-reports": "abuse_reports",
}
Records = list[dict[str, Any]]


def member_id(email: str) -> str:
    """Return the number that Mailchimp gives an address in an audience."""
    return hashlib.md5(email.lower().encode(), usedforsecurity=False).hexdigest()


def _instant(text: str) -> datetime:
    told = datetime.fromisoformat(text)
    return told if told.tzinfo else told.replace(tzinfo=UTC)


class MailchimpStandIn(StandIn):
    """Keeps ``members`` by audience, ``campaigns``, and ``reports`` by campaign and report.

    ``page_turned`` is called after each page of members. ``busiest`` is how many calls were there
    at once. ``audience`` has what can be written.
    """

    def __init__(self, clock: StillClock | None = None) -> None:
        super().__init__(clock)
        self.members: dict[str, dict[str, dict[str, Any]]] = {}
        self.complaints: dict[str, Records] = {}
        self.campaigns: Records = []
        self.reports: dict[tuple[str, str], Records] = {}
        self.page_turned: Callable[[Call], None] = lambda call: None
        self.busiest = 0
        self._under_way = 0
        self._counting = threading.Lock()
        self.route("GET", "/lists", self._get_lists)
        self.route("GET", "/lists/{list_id}", self._get_list)
        self.route("GET", "/lists/{list_id}/members", self._get_members)
        self.route("GET", "/lists/{list_id}/abuse-reports", self._get_complaints)
        self.route("GET", "/campaigns", self._get_campaigns)
        self.route("GET", "/reports/{campaign_id}/{report}", self._get_report)
        self.audience = Audience(self)

    def answer(self, call: Call) -> tuple[Reply, Fault | None]:
        """Refuse more calls at once than a key may have, as Mailchimp does: without a word."""
        with self._counting:
            self._under_way += 1
            self.busiest = max(self.busiest, self._under_way)
            is_too_many = self._under_way > MOST_AT_ONCE
        try:
            if is_too_many:
                return problem(429, "Too Many Requests", "You have exceeded the limit."), None
            return super().answer(call)
        finally:
            with self._counting:
                self._under_way -= 1

    def checked(self, call: Call) -> Reply | None:
        """Refuse a call without the key or with too long a page."""
        _, _, credentials = (call.headers.get("Authorization") or "").partition(" ")
        if base64.b64decode(credentials).decode().partition(":")[2] != KEY:
            return problem(401, "API Key Invalid", "Your API key may be invalid.")
        if int(call.one("count", "10")) > MOST_A_PAGE:
            return problem(400, "Invalid Resource", f"count is above {MOST_A_PAGE}")
        return None

    def add_list(self, list_id: str) -> None:
        """Add an audience."""
        self.members.setdefault(list_id, {})
        self.complaints.setdefault(list_id, [])

    def add_member(
        self, list_id: str, email: str, *, changed: str, status: str = "subscribed", **more: Any
    ) -> None:
        """Add a member, or change the one that has the address."""
        assert status in STATUSES
        self.add_list(list_id)
        self.members[list_id][member_id(email)] = {
            "id": member_id(email),
            "contact_id": f"contact-{member_id(email)[:8]}",
            "email_address": email,
            "status": status,
            "last_changed": changed,
            "timestamp_signup": "2019-12-31T00:00:00+00:00",
            "timestamp_opt": "2020-01-01T00:00:00+00:00",
            "merge_fields": {"FNAME": "", "LNAME": ""},
            "language": "en",
            "list_id": list_id,
            **more,
        }

    def change_address(self, list_id: str, old: str, new: str) -> None:
        """Let a member have another address; the number goes by it, the contact stays."""
        member = self.members[list_id].pop(member_id(old))
        changed = {**member, "id": member_id(new), "email_address": new}
        self.members[list_id][member_id(new)] = changed

    def add_campaign(self, campaign_id: str, sent: str, list_id: str = "audience") -> None:
        """Add a campaign that was sent."""
        self.campaigns.append(
            {
                "id": campaign_id,
                "status": "sent",
                "send_time": sent,
                "recipients": {"list_id": list_id},
            }
        )

    def add_row(self, campaign_id: str, report: str, email: str, **row: Any) -> None:
        """Add a row to a report of a campaign."""
        kept = {"campaign_id": campaign_id, "email_id": member_id(email), "email_address": email}
        self.reports.setdefault((campaign_id, report), []).append({**kept, **row})

    def _get_lists(self, call: Call) -> Reply:
        return page_of(call, "lists", [{"id": name, "name": name} for name in self.members])

    def _get_list(self, call: Call) -> Reply:
        if call.found["list_id"] not in self.members:
            return NOT_FOUND
        return Reply(body={"id": call.found["list_id"]})

    def _get_members(self, call: Call) -> Reply:
        if call.found["list_id"] not in self.members:
            return NOT_FOUND
        found = list(self.members[call.found["list_id"]].values())
        since, before = call.one("since_last_changed"), call.one("before_last_changed")
        if since:
            found = [one for one in found if _instant(one["last_changed"]) > _instant(since)]
        if before:
            found = [one for one in found if _instant(one["last_changed"]) < _instant(before)]
        assert call.one("sort_field") == "last_changed"
        found.sort(key=lambda one: (_instant(one["last_changed"]), one["id"]))
        reply = page_of(call, "members", found)
        self.page_turned(call)
        return reply

    def _get_complaints(self, call: Call) -> Reply:
        return page_of(call, "abuse_reports", self.complaints[call.found["list_id"]])

    def _get_campaigns(self, call: Call) -> Reply:
        found = [one for one in self.campaigns if one["status"] == call.one("status")]
        since, before = call.one("since_send_time"), call.one("before_send_time")
        if since:
            found = [one for one in found if _instant(one["send_time"]) > _instant(since)]
        if before:
            found = [one for one in found if _instant(one["send_time"]) < _instant(before)]
        if call.one("list_id"):
            found = [one for one in found if one["recipients"]["list_id"] == call.one("list_id")]
        return page_of(call, "campaigns", sorted(found, key=lambda one: _instant(one["send_time"])))

    def _get_report(self, call: Call) -> Reply:
        report = call.found["report"]
        rows = self.reports.get((call.found["campaign_id"], report), [])
        since = call.one("since")
        if since and report in ("email-activity", "open-details"):
            within = "activity" if report == "email-activity" else "opens"
            rows = [_only_since(row, within, _instant(since)) for row in rows]
            rows = [row for row in rows if row[within]]
        return page_of(call, REPORTS[report], rows)


def _only_since(row: dict[str, Any], within: str, since: datetime) -> dict[str, Any]:
    return {**row, within: [one for one in row[within] if _instant(one["timestamp"]) > since]}
