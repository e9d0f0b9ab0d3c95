import json
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.apis.klaviyo import KlaviyoApi
from pipeline.sources.klaviyo import KlaviyoClient
from tests.stand_ins.klaviyo import KEY, KlaviyoStandIn
from tests.unit.mapping import mapped

RECORDS = Path(__file__).resolve().parents[1] / "data" / "payloads" / "klaviyo" / "records.jsonl"
COHORT = "1691652081:01H7F525FKR31P27Y7PNGVBBKK"


def sandbox(stream: str) -> list[dict]:
    lines = [json.loads(line) for line in RECORDS.read_text().splitlines()]
    return [line["data"] for line in lines if line["stream"] == stream]


def in_todays_revision(profile: dict) -> dict:
    marketing = profile["attributes"]["subscriptions"]["email"]["marketing"]
    marketing["suppression"] = marketing.pop("suppressions")
    marketing["consent_timestamp"] = marketing.pop("timestamp")
    return profile


def event(name: str, **properties) -> dict:
    return {
        "type": "event",
        "id": "3qvdbYg3",
        "attributes": {
            "datetime": "2023-08-10 07:21:56+00:00",
            "event_properties": {
                "$message": "01H7F525FKR31P27Y7PNGVBBKK",
                "$_cohort$message_send_cohort": COHORT,
                **properties,
            },
        },
        "relationships": {"profile": {"data": {"type": "profile", "id": "P1"}}},
        "metric_name": name,
    }


def one(record: dict, entity: str = "email_events") -> dict:
    (row,) = mapped("klaviyo", entity, [record])
    return row


@pytest.mark.parametrize(
    ("metric", "meaning"),
    [
        ("received email", "delivered"),
        ("opened email", "opened"),
        ("clicked email", "clicked"),
        ("bounced email", "bounced"),
        ("dropped email", "bounced"),
        ("marked email as spam", "complained"),
        ("unsubscribed", "unsubscribed"),
        ("unsubscribed from email marketing", "unsubscribed"),
    ],
)
def test_each_metric_is_one_of_our_events(metric, meaning):
    assert one(event(metric)) == {
        "event_id": "3qvdbYg3",
        "customer_id": "P1",
        "event": meaning,
        "occurred_at": "2023-08-10 07:21:56+00:00",
        "campaign_id": "01H7F525FKR31P27Y7PNGVBBKK",
        "message_id": COHORT,
    }


def test_a_flows_mail_is_known_by_flow_and_by_message():
    row = one(event("opened email", **{"$flow": "XyZ123"}))
    assert (row["campaign_id"], row["message_id"]) == ("XyZ123", COHORT)


def test_a_message_without_its_moment_of_sending_is_known_by_its_number():
    row = one(event("opened email", **{"$_cohort$message_send_cohort": None}))
    assert row["message_id"] == "01H7F525FKR31P27Y7PNGVBBKK"


@pytest.mark.parametrize(("told", "is_machine"), [(True, "true"), (False, "false"), (None, None)])
def test_a_machines_open_is_only_what_klaviyo_says_it_is(told, is_machine):
    flag = {} if told is None else {"machine_open": told}
    assert one(event("opened email", **flag)).get("is_machine") == is_machine


@pytest.mark.parametrize(("told", "kind"), [("Hard", "hard"), ("Soft", "soft"), (None, None)])
def test_a_bounce_keeps_its_kind(told, kind):
    assert one(event("bounced email", **{"Bounce Type": told})).get("bounce_type") == kind


def test_an_event_that_knows_its_address_names_no_profile():
    row = one(event("opened email", **{"Recipient Email Address": "ann@example.com"}))
    assert row["email"] == "ann@example.com"
    assert "customer_id" not in row


def test_the_sandboxs_metrics_of_mail_are_klaviyos_own_alone():
    # The five events of the sandbox are of a metric "Clicked Email" that another integration keeps.
    with KlaviyoStandIn() as server:
        server.metrics = sandbox("metrics")
        server.events = sandbox("events")
        api = KlaviyoApi(KEY, base_url=server.base_url, sleep=server.clock.sleep)
        now = datetime.fromisoformat("2026-11-20")
        client = KlaviyoClient(api, now=lambda: now)
        assert list(client.pages("events", datetime.fromisoformat("0001-01-01"), now)) == [[]] * 7
        asked = {call.one("filter").split('"')[1] for call in server.called("GET", "/api/events")}
    assert asked == {"RhP4nd", "SxR9Bt", "THfYvj", "VvFRZN", "WKHXf4", "Xi7Kwh", "Yy9QKx"}


def test_the_sandboxs_profiles_are_contacts_without_an_account():
    profiles = [in_todays_revision(profile) for profile in sandbox("profiles")]
    rows = mapped("klaviyo", "customers", profiles)
    assert len(rows) == 14
    assert rows[0] == {
        "customer_id": "01F5VTP8THZD8CGS2AKNE63370",
        "email": "some.email.that.dont.exist@airbyte.io",
        "first_name": "First Name",
        "last_name": "Last Name",
        "city": "Springfield",
        "registered_at": "2021-05-17T00:12:55+00:00",
        "has_account": False,
    }


def test_the_sandboxs_profiles_never_said_yes_and_two_were_suppressed_by_hand():
    profiles = [in_todays_revision(profile) for profile in sandbox("profiles")]
    rows = mapped("klaviyo", "consents", profiles)
    by_mail = [row for row in rows if row["channel"] == "email"]
    assert [row["state"] for row in rows if row["channel"] == "sms"] == ["never"] * 14
    assert sorted(row["state"] for row in by_mail) == ["never"] * 12 + ["unsubscribed"] * 2
    assert {row["email"]: row["at"] for row in by_mail if row["state"] == "unsubscribed"} == {
        "some.email.that.dont.exist.8@airbyte.io": "2021-05-18T01:29:51+00:00",
        "some.email.that.dont.exist.9@airbyte.io": "2021-05-18T01:20:01+00:00",
    }
    assert min(row["at"] for row in by_mail) == "2021-05-17T00:12:55+00:00"


def profile(consent: str, *suppressions: str, consented="2024-01-01T00:00:00+00:00") -> dict:
    marketing = {
        "can_receive_email_marketing": not suppressions,
        "consent": consent,
        "consent_timestamp": consented,
        "last_updated": "2025-06-01T00:00:00+00:00",
        "suppression": [
            {"reason": reason, "timestamp": "2025-05-01T00:00:00+00:00"} for reason in suppressions
        ],
        "list_suppressions": [
            {"list_id": "L", "reason": "USER_SUPPRESSED", "timestamp": "2026-01-01T00:00:00+00:00"}
        ],
    }
    attributes = {
        "email": "ann@example.com",
        "created": "2023-01-01T00:00:00+00:00",
        "subscriptions": {"email": {"marketing": marketing}},
    }
    return {"type": "profile", "id": "P1", "attributes": attributes}


@pytest.mark.parametrize(
    ("given", "state", "at"),
    [
        (profile("SUBSCRIBED"), "subscribed", "2024-01-01"),
        (profile("UNSUBSCRIBED"), "unsubscribed", "2025-06-01"),
        (profile("NEVER_SUBSCRIBED", consented=None), "never", "2023-01-01"),
        (profile("SUBSCRIBED", "USER_SUPPRESSED"), "unsubscribed", "2025-05-01"),
        (profile("SUBSCRIBED", "SPAM_COMPLAINT", "HARD_BOUNCE"), "unsubscribed", "2025-05-01"),
        # These are the address's, and come as bounces.
        (profile("SUBSCRIBED", "HARD_BOUNCE"), "subscribed", "2024-01-01"),
        (profile("SUBSCRIBED", "INVALID_EMAIL"), "subscribed", "2024-01-01"),
        # One that nobody knows is refused by the loader, which keeps the person off every list.
        (profile("PERHAPS"), "perhaps", "2024-01-01"),
    ],
)
def test_consents_mean(given, state, at):
    row = one(given, "consents")
    assert (row["state"], row["at"]) == (state, f"{at}T00:00:00+00:00")
    assert (row["customer_id"], row["email"], row["channel"]) == ("P1", "ann@example.com", "email")


@pytest.mark.parametrize("reason", ["HARD_BOUNCE", "INVALID_EMAIL"])
def test_an_address_that_klaviyo_gave_up_is_one_that_bounced(reason):
    given = profile("SUBSCRIBED", reason, "SPAM_COMPLAINT")
    assert one(given, "email_events__suppressions") == {
        "event_id": f"suppression-P1-{reason}-2025-05-01T00:00:00+00:00",
        "email": "ann@example.com",
        "event": "bounced",
        "occurred_at": "2025-05-01T00:00:00+00:00",
        "bounce_type": "hard",
    }
