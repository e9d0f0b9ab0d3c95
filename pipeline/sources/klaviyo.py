"""Reads e-mail events and profiles from Klaviyo. It gives records as Klaviyo does.

An event names its metric by number only, and numbers differ from account to account; so each event
gets the metric's name beside it, as ``metric_name``. Nothing else is added or taken away.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from pipeline.apis.klaviyo import KlaviyoApi, Pages, problem_of, time_of, within
from pipeline.apis.klaviyo_walks import changed_profiles, resumed
from pipeline.clock import utc_now
from pipeline.http import Parameters
from pipeline.http_answers import HttpError
from pipeline.sources.extraction import Stream

STREAMS = ("events", "profiles")
LOOK_BACK = timedelta(days=3)
"""Opens and bounces come in days after they happened, and merged profiles take events along."""
MARGIN = timedelta(minutes=5)
"""Events of the last minutes are still coming in, and some are stamped in the future."""


def streams(look_back: timedelta = LOOK_BACK) -> tuple[Stream, ...]:
    """Return the kinds of records there are; events are read again for ``look_back``."""
    return (Stream("events", overlap=look_back, margin=MARGIN), Stream("profiles", margin=MARGIN))


INTEGRATION = "klaviyo"
METRICS = (
    "received email",
    "opened email",
    "clicked email",
    "bounced email",
    "dropped email",
    "marked email as spam",
    "unsubscribed",
    "unsubscribed from email marketing",
)
"""Names in small letters. One that is missing never happened in the account. Leaving one list is
left out: it says nothing of other mail, and what holds for all of it stands in the profile."""
EVENT_PAGE = 1000
SCOPES: tuple[tuple[str, str, Parameters], ...] = (
    ("metrics:read", "/api/metrics", {}),
    ("events:read", "/api/events", {"page[size]": 1}),
    (
        "profiles:read",
        "/api/profiles",
        {"page[size]": 1, "additional-fields[profile]": "subscriptions"},
    ),
)


class KlaviyoClient:
    """The streams of one account."""

    def __init__(self, api: KlaviyoApi, *, now: Callable[[], datetime] = utc_now) -> None:
        self._api = api
        self._now = now

    def pages(self, stream: str, since: datetime, until: datetime) -> Pages:
        """Yield the records of [since, until) by page, up to five minutes ago at the latest.

        A page may come twice, as may a record.
        """
        until = min(until, self._now() - MARGIN)
        if since >= until:
            return
        if stream == "events":
            yield from self._events(since, until)
        elif stream == "profiles":
            yield from changed_profiles(self._api, since, until)
        else:
            raise ValueError(f"Klaviyo has no stream {stream}; it has {', '.join(STREAMS)}")

    def problems(self) -> list[str]:
        """Return what is wrong with key, scopes and revision, a sentence each."""
        found = []
        for scope, path, parameters in SCOPES:
            try:
                self._api.get(path, parameters)
            except HttpError as error:
                found.append(problem_of(error, scope))
                if error.status != 403:
                    break
        return found

    def _metrics(self) -> dict[str, str]:
        """Return number and name of the metrics of Klaviyo's own that tell of e-mail.

        Shops and other tools may keep metrics of the same name.
        """
        found = {}
        for page in self._api.pages("/api/metrics", {}):
            for metric in page:
                attributes = metric["attributes"]
                integration = attributes.get("integration") or {}
                name = " ".join(attributes["name"].lower().split())
                is_own = (integration.get("name") or "").strip().lower() == INTEGRATION
                if is_own and name in METRICS:
                    found[metric["id"]] = name
        return found

    def _events(self, since: datetime, until: datetime) -> Pages:
        for metric_id, name in sorted(self._metrics().items()):
            for page in self._events_of(metric_id, since, until):
                yield [{**event, "metric_name": name} for event in page]

    def _events_of(self, metric_id: str, since: datetime, until: datetime) -> Pages:
        def ask(start: datetime) -> Pages:
            window = within("datetime", start, until)
            wanted: Parameters = {
                "filter": f'equals(metric_id,"{metric_id}"),{window}',
                "sort": "datetime",
                "page[size]": EVENT_PAGE,
            }
            return self._api.pages("/api/events", wanted)

        return resumed(ask, since, lambda event: time_of(event["attributes"]["datetime"]))
