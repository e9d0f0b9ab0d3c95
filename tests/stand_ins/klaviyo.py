"""Stands in for Klaviyo: one account with metrics, events and profiles, and its limits.

Every request is held against Klaviyo's own specification: parameters, fields and operators of
filters, page sizes, rates, scopes; and against what stands in prose: key and revision.
"""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.stand_ins.calls import Call, Reply, Window
from tests.stand_ins.clock import StillClock
from tests.stand_ins.klaviyo_rules import conditions, endpoints, fault, rates
from tests.stand_ins.server import Handler, StandIn

KEY = "pk_0123456789abcdef0123456789abcdef01"
REVISION = "2026-07-15"
MEDIA_TYPE = "application/vnd.api+json"
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "any": lambda value, wanted: value in wanted,
    "equals": lambda value, wanted: value == wanted,
    "greater-than": lambda value, wanted: value > wanted,
    "greater-or-equal": lambda value, wanted: value >= wanted,
    "less-than": lambda value, wanted: value < wanted,
}
Records = list[dict[str, Any]]


def problem(status: int, code: str, detail: str, pointer: str = "/data") -> Reply:
    """Return an error as Klaviyo writes them."""
    error = {
        "id": "b5f0a9f2-6a3c-4c56-9f4e-2f9f3c0f5d11",
        "status": status,
        "code": code,
        "title": "Invalid input." if status == 400 else code,
        "detail": detail,
        "source": {"pointer": pointer},
        "meta": {},
    }
    return Reply(status, {"errors": [error]}, {"Content-Type": MEDIA_TYPE})


def instant(text: str) -> datetime:
    """Return an instant, in UTC where it does not say."""
    told = datetime.fromisoformat(text)
    return told if told.tzinfo else told.replace(tzinfo=UTC)


class KlaviyoStandIn(StandIn):
    """Keeps ``metrics``, ``events`` and ``profiles`` as lists that tests fill and change.

    ``scopes`` is what the key may do, ``forgotten_cursors`` how many of the next cursors are not
    known any more when they come back, ``page_turned`` is called after each page.
    """

    def __init__(self, clock: StillClock | None = None) -> None:
        super().__init__(clock)
        self.metrics: Records = []
        self.events: Records = []
        self.profiles: Records = []
        self.scopes = {"metrics:read", "events:read", "profiles:read"}
        self.forgotten_cursors = 0
        self._index: tuple[Records | None, int, dict[str, dict[str, Any]]] = (None, 0, {})
        self.page_turned: Callable[[Call], None] = lambda call: None
        self._rules = endpoints()
        self.serve("GET", "/api/metrics", self._get_metrics)
        self.serve("GET", "/api/events", self._get_events)
        self.serve("GET", "/api/profiles", self._get_profiles)

    def serve(self, method: str, path: str, handler: Handler) -> None:
        """Let ``handler`` answer what the specification allows, as often as it allows it."""
        rules = self._rules[f"{method} {path}"]
        burst, steady = rates(rules)

        def checked_handler(call: Call) -> Reply:
            missing = set(rules["scopes"]) - self.scopes
            if missing:
                return problem(403, "permission_denied", f"the key lacks {', '.join(missing)}")
            wrong = fault(call, rules["parameters"])
            return problem(400, "invalid", wrong) if wrong else handler(call)

        windows = [Window(burst, 1, self.clock), Window(steady, 60, self.clock)]
        if "daily" in rules["rate"]:
            daily = int(rules["rate"]["daily"].removesuffix("/d"))
            windows.append(Window(daily, 86_400, self.clock))
        self.route(method, path, checked_handler, windows)

    def checked(self, call: Call) -> Reply | None:
        """Refuse a call without the key and a known revision."""
        if call.headers.get("Authorization") != f"Klaviyo-API-Key {KEY}":
            return problem(401, "not_authenticated", "Authentication credentials are not right.")
        if call.headers.get("revision") != REVISION:
            return problem(410, "gone", "this revision is retired")
        return None

    def too_fast(self, window: Window) -> Reply:
        """Refuse with Retry-After instead of the usual headers."""
        refusal = problem(429, "throttled", "Request was throttled.")
        seconds = max(1, round(window.seconds_left + 0.5))
        return Reply(429, refusal.body, {"Retry-After": str(seconds)})

    def with_limits(self, reply: Reply, windows: Sequence[Window]) -> Reply:
        """Tell what is left of the tighter window."""
        if not windows:
            return reply
        tight = min(windows, key=lambda one: one.remaining)
        told = {
            "RateLimit-Limit": str(tight.calls),
            "RateLimit-Remaining": str(tight.remaining),
            "RateLimit-Reset": str(round(tight.seconds_left)),
            "Content-Type": MEDIA_TYPE,
        }
        return Reply(reply.status, reply.body, {**told, **reply.headers})

    def add_metric(self, metric_id: str, name: str, integration: str = "Klaviyo") -> None:
        """Add a metric of one of the account's integrations."""
        kept_by = {"object": "integration", "id": "0rG4eQ", "name": integration}
        attributes = {"name": name, "integration": kept_by}
        self.metrics.append(self._record("metric", metric_id, attributes))

    def add_event(
        self,
        event_id: str,
        metric_id: str,
        profile_id: str,
        at: str,
        **properties: Any,
    ) -> None:
        """Add an event; ``at`` is an instant like 2026-11-02T10:00:00+00:00."""
        self.events.append(
            {
                "type": "event",
                "id": event_id,
                "attributes": {
                    "timestamp": int(instant(at).timestamp()),
                    "event_properties": properties,
                    "datetime": at.replace("T", " "),
                    "uuid": f"uuid-{event_id}",
                },
                "relationships": {
                    "profile": {"data": {"type": "profile", "id": profile_id}},
                    "metric": {"data": {"type": "metric", "id": metric_id}},
                },
                "links": {"self": f"{self.base_url}/api/events/{event_id}/"},
            }
        )

    def add_profile(
        self,
        profile_id: str,
        email: str | None,
        *,
        updated: str,
        consent: str = "SUBSCRIBED",
        consented: str | None = "2020-01-01T00:00:00+00:00",
        suppressions: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Add a profile, or put it in the place of the one with the same number."""
        self.profiles = [one for one in self.profiles if one["id"] != profile_id]
        marketing = {
            "can_receive_email_marketing": not suppressions,
            "consent": consent,
            "consent_timestamp": consented,
            "last_updated": updated,
            "suppression": [{"reason": why, "timestamp": at} for why, at in suppressions],
            "list_suppressions": [],
        }
        attributes = {
            "email": email,
            "first_name": None,
            "last_name": None,
            "phone_number": None,
            "locale": "en-GB",
            "location": {"country": "United Kingdom", "city": "London"},
            "created": "2019-12-31T00:00:00+00:00",
            "updated": updated,
            "subscriptions": {"email": {"marketing": marketing}},
        }
        self.profiles.append(self._record("profile", profile_id, attributes))

    def _record(self, kind: str, number: str, attributes: dict[str, Any]) -> dict[str, Any]:
        links = {"self": f"{self.base_url}/api/{kind}s/{number}/"}
        return {"type": kind, "id": number, "attributes": attributes, "links": links}

    def _get_metrics(self, call: Call) -> Reply:
        return self.page(call, self.metrics, lambda one: one["id"], size=200)

    def _get_events(self, call: Call) -> Reply:
        def field(event: dict[str, Any], name: str) -> Any:
            if name == "metric_id":
                return event["relationships"]["metric"]["data"]["id"]
            return instant(event["attributes"]["datetime"])

        found = filtered(self.events, call, field)
        return self.page(call, found, lambda one: (field(one, "datetime"), one["id"]), size=200)

    def _get_profiles(self, call: Call) -> Reply:
        order = call.one("sort", "id")

        def field(profile: dict[str, Any], name: str) -> Any:
            attributes = profile["attributes"]
            if name in ("updated", "created"):
                return instant(attributes[name])
            if name in ("id", "email"):
                return profile["id"] if name == "id" else attributes["email"]
            marketing = attributes["subscriptions"]["email"]["marketing"]
            told = [one[name.rpartition(".")[2]] for one in marketing["suppression"]]
            if not name.endswith("timestamp"):
                return told[0] if told else None
            return max(map(instant, told), default=None)

        found = filtered(self._narrowed(call), call, field)
        found = [one for one in found if field(one, order) is not None]
        if call.one("additional-fields[profile]") != "subscriptions":
            found = [_without_subscriptions(one) for one in found]
        return self.page(call, found, lambda one: (field(one, order), one["id"]), size=20)

    def by_email(self) -> dict[str, dict[str, Any]]:
        """Return the profiles by address; made anew when there are others or more of them."""
        kept, count, index = self._index
        if kept is not self.profiles or count != len(self.profiles):
            index = {one["attributes"]["email"]: one for one in self.profiles}
            self._index = (self.profiles, len(self.profiles), index)
        return index

    def _narrowed(self, call: Call) -> Records:
        """Return who may match a filter, without looking at everybody for some addresses."""
        for how, name, wanted in conditions(call.one("filter")):
            if (how, name) == ("any", "email"):
                index = self.by_email()
                return [index[one] for one in json.loads(wanted) if one in index]
        return self.profiles

    def page(
        self,
        call: Call,
        found: Records,
        key: Callable[[dict[str, Any]], Any],
        *,
        size: int,
    ) -> Reply:
        """Return what follows the place that the cursor holds, in order of ``key``."""
        size = int(call.one("page[size]", str(size)))
        found = sorted(found, key=key)
        cursor = call.one("page[cursor]")
        if cursor:
            if self.forgotten_cursors:
                self.forgotten_cursors -= 1
                return problem(400, "invalid", "Invalid cursor provided.", "/data/")
            after = base64.urlsafe_b64decode(cursor).decode()
            found = [one for one in found if _written(key(one)) > after]
        page = found[:size]
        following = None
        if len(found) > size:
            token = base64.urlsafe_b64encode(_written(key(page[-1])).encode()).decode()
            # Links escape what they hold, and they name Klaviyo's own host.
            following = f"https://a.klaviyo.com{call.path}/?page%5Bcursor%5D={token}".replace(
                "=", "%3D"
            ).replace("%5D%3D", "%5D=")
        page = [_with_fields(call, one) for one in page]
        body = {"data": json.loads(json.dumps(page)), "links": {"self": "", "next": following}}
        self.page_turned(call)
        return Reply(body=body)


def filtered(records: Records, call: Call, field: Callable[[dict[str, Any], str], Any]) -> Records:
    """Return the records that match the filter of a call; ``field`` finds what it names."""
    found = records
    for how, name, wanted in conditions(call.one("filter")):
        value = json.loads(wanted) if wanted.startswith(('"', "[")) else instant(wanted)
        found = [
            one
            for one in found
            if field(one, name) is not None and COMPARISONS[how](field(one, name), value)
        ]
    return found


def _with_fields(call: Call, record: dict[str, Any]) -> dict[str, Any]:
    """Return of a record what a call names of it, all where it names nothing."""
    wanted = call.one(f"fields[{record['type']}]")
    if not wanted:
        return record
    names = wanted.split(",")
    kept = {name: value for name, value in record["attributes"].items() if name in names}
    return {**record, "attributes": kept}


def _without_subscriptions(profile: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in profile["attributes"].items() if name != "subscriptions"}
    return {**profile, "attributes": kept}


def _written(key: Any) -> str:
    return json.dumps(key, default=str)
