"""Stands in for Brevo: contacts, events of transactional mail, campaigns and their exports."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from tests.stand_ins.calls import Call, Reply, Window
from tests.stand_ins.clock import StillClock
from tests.stand_ins.server import StandIn

KEY = "xkeysib-0123456789abcdef0123456789abcdef-AbCdEf"
HOUR = 3600
RECIPIENTS = (
    "all",
    "nonClickers",
    "nonOpeners",
    "clickers",
    "openers",
    "softBounces",
    "hardBounces",
    "unsubscribed",
)
LONGEST_SPAN_DAYS = 90
Records = list[dict[str, Any]]


def problem(status: int, code: str, message: str) -> Reply:
    """Return an error as Brevo writes them."""
    return Reply(status, {"code": code, "message": message})


def _instant(text: str) -> datetime:
    told = datetime.fromisoformat(text)
    return told if told.tzinfo else told.replace(tzinfo=UTC)


class BrevoStandIn(StandIn):
    """Keeps ``contacts``, ``lists``, ``events``, ``campaigns`` and ``exports``, these by campaign
    and recipients.

    An export is done after it has been asked for ``polls`` times.
    """

    def __init__(self, clock: StillClock | None = None) -> None:
        super().__init__(clock)
        self.contacts: Records = []
        self.events: Records = []
        self.campaigns: Records = []
        self.lists: Records = []
        self.exports: dict[tuple[int, str], str] = {}
        self.polls = 2
        self.processes: dict[int, dict[str, Any]] = {}
        self.fast = [Window(10, 1, self.clock), Window(36_000, HOUR, self.clock)]
        self.rest = [Window(100, HOUR, self.clock)]
        self.route("GET", "/contacts", self._get_contacts, self.fast)
        self.route("GET", "/contacts/lists", self._get_lists, self.fast)
        self.route("GET", "/account", lambda call: Reply(body={"email": "shop"}), self.rest)
        self.route("GET", "/smtp/statistics/events", self._get_events, self.rest)
        self.route("GET", "/emailCampaigns", self._get_campaigns, self.rest)
        self.route("POST", "/emailCampaigns/{id}/exportRecipients", self._export, self.rest)
        self.route("GET", "/processes/{id}", self._get_process, self.rest)
        self.route("GET", "/files/{id}", self._get_file)

    def checked(self, call: Call) -> Reply | None:
        """Refuse a call without the key; files stand at addresses of their own, without one."""
        if call.path.startswith("/files/"):
            assert "api-key" not in call.headers, "the key went to another host"
            return None
        if call.headers.get("api-key") != KEY:
            return problem(401, "unauthorized", "Key not found")
        return None

    def too_fast(self, window: Window) -> Reply:
        """Refuse without Retry-After."""
        refusal = problem(429, "too_many_requests", "API rate limit exceeded")
        return Reply(429, refusal.body, {"x-sib-ratelimit-reset": f"{window.seconds_left + 1:.0f}"})

    def with_limits(self, reply: Reply, windows: Sequence[Window]) -> Reply:
        """Tell what is left."""
        told = {"x-sib-ratelimit-remaining": str(min((w.remaining for w in windows), default=0))}
        return Reply(reply.status, reply.body, {**told, **reply.headers})

    def add_contact(self, email: str, *, modified: str, **more: Any) -> None:
        """Add a contact, or change the one that has the address."""
        there = {one["email"]: one["id"] for one in self.contacts}
        self.contacts = [one for one in self.contacts if one["email"] != email]
        contact = {
            "id": there.get(email, max(there.values(), default=0) + 1),
            "email": email,
            "emailBlacklisted": False,
            "smsBlacklisted": False,
            "createdAt": "2020-01-01T00:00:00.000+00:00",
            "modifiedAt": modified,
            "listIds": [7],
            "attributes": {},
        }
        self.contacts.append({**contact, **more})

    def add_event(self, event: str, email: str, at: str, **more: Any) -> None:
        """Add an event of a transactional mail."""
        self.events.append(
            {"event": event, "email": email, "date": at, "messageId": "<m@brevo>", **more}
        )

    def _get_contacts(self, call: Call) -> Reply:
        since = call.one("modifiedSince")
        found = [
            one
            for one in self.contacts
            if not since or _instant(one["modifiedAt"]) >= _instant(since)
        ]
        return self._page(call, "contacts", found, most=1000)

    def _get_lists(self, call: Call) -> Reply:
        return self._page(call, "lists", self.lists, most=50)

    def _get_events(self, call: Call) -> Reply:
        first, last = (date.fromisoformat(call.one(name)) for name in ("startDate", "endDate"))
        if first > last or (last - first).days >= LONGEST_SPAN_DAYS:
            return problem(400, "invalid_parameter", "Date range must not exceed 90 days")
        found = [one for one in self.events if first <= _instant(one["date"]).date() <= last]
        reply = self._page(call, "events", found, most=5000)
        # Without any event there is no list of events.
        return reply if reply.status != 200 or found else Reply(body={})

    def _get_campaigns(self, call: Call) -> Reply:
        first, last = _instant(call.one("startDate")), _instant(call.one("endDate"))
        found = [one for one in self.campaigns if first <= _instant(one["sentDate"]) <= last]
        return self._page(call, "campaigns", found, most=100)

    def _export(self, call: Call) -> Reply:
        kind = call.json()["recipientsType"]
        if kind not in RECIPIENTS:
            return problem(400, "invalid_parameter", "recipientsType is invalid")
        number = len(self.processes) + 1
        self.processes[number] = {
            "name": "CAMPAIGN_USER_DETAILS",
            "left": self.polls,
            "file": self.exports.get((int(call.found["id"]), kind), "Email;Name\n"),
        }
        return Reply(202, {"processId": number})

    def _get_process(self, call: Call) -> Reply:
        number = int(call.found["id"])
        process = self.processes[number]
        process["left"] -= 1
        body: dict[str, Any] = {"id": number, "name": process["name"], "status": "in_process"}
        if process["left"] < 0 and "work" in process:
            body["status"] = process["work"]()
        elif process["left"] < 0:
            url = f"{self.base_url}/files/{number}?signature=abc"
            body |= {"status": "completed", "export_url": url}
        return Reply(body=body)

    def _get_file(self, call: Call) -> Reply:
        content = self.processes[int(call.found["id"])]["file"].encode()
        return Reply(200, content, {"Content-Type": "text/csv"})

    def _page(self, call: Call, member: str, found: Records, *, most: int) -> Reply:
        limit, offset = int(call.one("limit", "50")), int(call.one("offset", "0"))
        if limit > most:
            return problem(400, "out_of_range", f"limit is above {most}")
        if offset and call.one("sort") != "asc":
            return problem(400, "invalid_parameter", "pages are only stable oldest first")
        return Reply(body={member: found[offset : offset + limit], "count": len(found)})
