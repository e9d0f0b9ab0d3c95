"""Klaviyo the whole way: what the tool holds, through raw, to what is known of each customer."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest

from pipeline.apis.klaviyo import KlaviyoApi
from pipeline.loading.extracted import Extract
from pipeline.loading.load import LoadReport, Rules
from pipeline.sources.catalogue import entities_of
from pipeline.sources.extraction import PagedSource, SourceRefused
from pipeline.sources.klaviyo import KlaviyoClient, streams
from tests.dbt_project import DbtProject
from tests.stand_ins.faults import answering
from tests.stand_ins.klaviyo import KEY, KlaviyoStandIn

pytestmark = pytest.mark.sources

NOW = datetime.fromisoformat("2026-11-20 12:00")
MODELS = ("--select", "+customers", "+int_email_events_by_customer", "+int_suppressions")
METRICS = {
    "RECV": "Received Email",
    "OPEN": "Opened Email",
    "CLCK": "Clicked Email",
    "BNCE": "Bounced Email",
    "SPAM": "Marked Email as Spam",
    "UNSB": "Unsubscribed",
}
PEOPLE = {"ann": "P1", "bob": "P2", "carl": "P3", "dora": "P4", "emil": "P5"}


@dataclass
class Tool:
    """A Klaviyo account and a warehouse that reads it night by night."""

    klaviyo: KlaviyoStandIn
    project: DbtProject
    now: datetime = NOW

    def read(self) -> dict[str, LoadReport]:
        api = KlaviyoApi(
            KEY,
            base_url=self.klaviyo.base_url,
            sleep=self.klaviyo.clock.sleep,
            clock=self.klaviyo.clock,
        )
        source = PagedSource("klaviyo", streams(), KlaviyoClient(api, now=lambda: self.now))
        rules = Rules("Europe/Berlin", {"EUR": date.min}, 0.05)
        extract = Extract(self.project.warehouse, source, rules, self.now)
        return {one.name: extract.load(one) for one in entities_of("klaviyo")}

    def build(self) -> None:
        self.project.build(
            *MODELS,
            as_of_date="2026-11-30",
            sources=["klaviyo"],
            timezone="Europe/Berlin",
            currency="EUR",
        )

    def mail(self, number: int, person: str, day: str, *deeds: str, **properties) -> None:
        """Let a person get a mail and do something with it."""
        sent = {"$message": f"M{number}", "$_cohort$message_send_cohort": f"{number}:M{number}"}
        for deed in deeds:
            self.klaviyo.add_event(
                f"{number}-{person}-{deed}",
                deed,
                PEOPLE[person],
                f"{day}T10:00:00+00:00",
                **sent,
                **properties,
            )


@pytest.fixture
def tool(tmp_path):
    project = DbtProject(tmp_path)
    project.warehouse.prepare()
    with KlaviyoStandIn() as klaviyo:
        for number, name in METRICS.items():
            klaviyo.add_metric(number, name)
        for name, number in PEOPLE.items():
            klaviyo.add_profile(number, f"{name}@example.com", updated="2026-11-01T00:00:00+00:00")
        yield Tool(klaviyo, project)


def test_what_klaviyo_holds_is_known_of_each_customer(tool):
    tool.mail(1, "ann", "2026-11-10", "RECV", "OPEN", "CLCK", machine_open=False)
    tool.mail(1, "bob", "2026-11-10", "RECV", "OPEN", machine_open=True)
    tool.mail(1, "carl", "2026-11-10", "BNCE", **{"Bounce Type": "Hard"})
    tool.mail(1, "dora", "2026-11-10", "RECV", "UNSB")
    tool.mail(1, "emil", "2026-11-10", "RECV", "SPAM")
    tool.mail(2, "ann", "2026-11-12", "RECV", "OPEN")
    reports = tool.read()
    assert {name: report.rows_kept for name, report in reports.items()} == {
        "customers": 5,
        "consents": 5,
        "email_events": 12,
    }
    assert all(not report.rows_quarantined for report in reports.values())
    tool.build()
    found = tool.project.rows(
        """select split_part(customers.email, '@', 1), customers.email_consent,
            customers.suppressed_reason, events.emails_sent_90d, events.human_opens_90d,
            events.machine_opens_90d, events.human_clicks_90d
        from marts.customers
        inner join intermediate.int_email_events_by_customer as events
            on customers.customer_id = events.customer_id order by 1"""
    )
    assert found == [
        ("ann", "subscribed", None, 2, 1, 0, 1),
        ("bob", "subscribed", None, 1, 0, 1, 0),
        ("carl", "subscribed", "hard_bounce", 0, 0, 0, 0),
        ("dora", "unsubscribed", None, 1, 0, 0, 0),
        ("emil", "unsubscribed", "complained", 1, 0, 0, 0),
    ]


def test_a_merge_in_klaviyo_moves_its_events_and_joins_nobody(tool):
    tool.mail(1, "ann", "2026-11-19", "RECV", "CLCK")
    tool.mail(1, "bob", "2026-11-19", "RECV")
    tool.read()
    # Bob's profile goes into Ann's, and what he got with it.
    for event in tool.klaviyo.events:
        event["relationships"]["profile"]["data"]["id"] = "P1"
    tool.klaviyo.profiles = [one for one in tool.klaviyo.profiles if one["id"] != "P2"]
    tool.now += timedelta(days=1)
    reports = tool.read()
    # The look-back brings all three again, and one has another owner now.
    assert (reports["email_events"].rows_kept, reports["email_events"].rows_duplicate) == (1, 2)
    tool.build()
    people = tool.project.rows("select email from marts.customers order by 1")
    assert people == [(f"{name}@example.com",) for name in sorted(PEOPLE)]
    mails = tool.project.rows(
        """select recipients.account_key, count(*)
        from intermediate.int_email_mails inner join intermediate.int_email_recipients as recipients
            using (recipient_number) group by 1"""
    )
    assert mails == [("account:klaviyo:P1", 1)]


def test_late_events_are_seen_and_events_of_the_future_wait_for_their_day(tool):
    tool.mail(1, "ann", "2026-11-19", "RECV")
    tool.mail(9, "ann", "2027-03-01", "OPEN")
    assert tool.read()["email_events"].rows_kept == 1
    tool.mail(1, "ann", "2026-11-18", "OPEN")
    tool.mail(2, "ann", "2026-11-21", "RECV")
    tool.now += timedelta(days=2)
    # One that came in late, one that is new, and the one that is known already.
    report = tool.read()["email_events"]
    assert (report.rows_kept, report.rows_duplicate) == (2, 1)
    tool.now += timedelta(days=150)
    assert tool.read()["email_events"].rows_kept == 1


def test_a_window_that_breaks_off_is_read_again_and_doubles_nothing(tool):
    tool.mail(1, "ann", "2026-11-19", "RECV", "OPEN")
    tool.klaviyo.fail(
        answering(400, {"errors": [{"code": "broken", "title": "No."}]}),
        when=lambda call: "BNCE" in call.one("filter"),
    )
    with pytest.raises(
        SourceRefused, match="klaviyo cannot be read: GET /api/events was answered 400"
    ):
        tool.read()
    assert tool.project.rows("select count(*) from raw_klaviyo.email_events") == [(0,)]
    assert tool.read()["email_events"].rows_kept == 2
    assert tool.read()["email_events"].rows_kept == 0
