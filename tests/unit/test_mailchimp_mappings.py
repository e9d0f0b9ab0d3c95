import json
from pathlib import Path

import pytest

from tests.unit.mapping import mapped

RECORDS = Path(__file__).resolve().parents[1] / "data" / "payloads" / "mailchimp" / "records.jsonl"
CAMPAIGN = {"id": "c1", "send_time": "2026-11-01T08:00:00+00:00", "list_id": "audience"}
ANN = {"email_id": "5c2d", "email_address": "ann@example.com"}


def sandbox(stream: str) -> list[dict]:
    lines = [json.loads(line) for line in RECORDS.read_text().splitlines()]
    return [line["data"] for line in lines if line["stream"] == stream]


def events(report: str, **row) -> list[dict]:
    record = {"report": report, "campaign": CAMPAIGN, "row": {**ANN, **row}}
    rows = mapped("mailchimp", "email_events", [record])
    return [{k: v for k, v in one.items() if k != "event_id"} for one in rows]


def event(name: str, at: str, **more) -> dict:
    return {
        "email": "ann@example.com",
        "event": name,
        "occurred_at": at,
        "campaign_id": "c1",
        **more,
    }


def test_who_got_a_campaign_got_it_when_it_was_sent():
    sent = event("sent", "2026-11-01T08:00:00+00:00")
    assert events("sent_to", status="sent", open_count=3) == [sent]


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_who_did_not_get_it_bounced(kind):
    at = "2026-11-01T08:00:00+00:00"
    found = events("sent_to", status=kind)
    assert found == [event("sent", at), event("bounced", at, bounce_type=kind)]


def test_deeds_are_clicks_and_bounces_and_no_opens():
    at = "2026-11-02T08:00:00+00:00"
    deeds = [
        {"action": "open", "timestamp": at},
        {"action": "click", "timestamp": at, "url": "https://a.example"},
        {"action": "click", "timestamp": at, "url": "https://b.example"},
        {"action": "bounce", "timestamp": at, "type": "hard"},
    ]
    found = events("activity", activity=deeds)
    assert found == [
        event("clicked", at),
        event("clicked", at),
        event("bounced", at, bounce_type="hard"),
    ]


def test_an_open_is_a_machines_only_where_mailchimp_says_so():
    at = "2026-11-02T08:00:00+00:00"
    opens = [
        {"timestamp": at, "is_proxy_open": True},
        {"timestamp": at, "is_proxy_open": False},
        {"timestamp": at},
    ]
    found = events("opens", opens=opens)
    assert [one.get("is_machine") for one in found] == ["true", "false", None]


def test_noes_are_dated():
    at = "2026-11-02T08:00:00+00:00"
    assert events("unsubscribes", timestamp=at, reason="x") == [event("unsubscribed", at)]
    assert events("abuse", date=at) == [event("complained", at)]


def test_a_deed_read_twice_has_the_same_number_and_another_link_another():
    at = "2026-11-02T08:00:00+00:00"
    row = {**ANN, "activity": [{"action": "click", "timestamp": at, "url": u} for u in ("a", "b")]}
    record = {"report": "activity", "campaign": CAMPAIGN, "row": row}
    first, second = (mapped("mailchimp", "email_events", [record]) for _ in range(2))
    assert first == second
    assert len({one["event_id"] for one in first}) == 2


def test_rows_of_people_deleted_for_ever_are_nobodys():
    assert events("sent_to", status="sent", email_address="") == []


def test_the_sandboxs_activity_is_two_opens_and_a_no():
    activity = [
        {
            "report": "opens",
            "campaign": {"id": row["campaign_id"], "send_time": "2023-11-06T20:17:44+00:00"},
            "row": {
                "email_id": row["email_id"],
                "email_address": row["email_address"],
                "opens": [{"timestamp": row["timestamp"]}],
            },
        }
        for row in sandbox("email_activity")
    ]
    noes = [
        {"report": "unsubscribes", "campaign": {"id": row["campaign_id"]}, "row": row}
        for row in sandbox("unsubscribes")
    ]
    rows = mapped("mailchimp", "email_events", activity + noes)
    assert [(one["event"], one["occurred_at"]) for one in rows] == [
        ("opened", "2023-11-06T20:17:57+00:00"),
        ("opened", "2023-11-07T19:49:10+00:00"),
        ("unsubscribed", "2023-11-06T20:18:01+00:00"),
    ]


def test_the_sandboxs_members_said_yes_on_the_day_they_opted_in():
    members = sandbox("list_members")
    assert len(members) == 2
    assert mapped("mailchimp", "consents", members)[0] == {
        "customer_id": "6ad2f9e1b25a09421fd8df87662b1634",
        "email": "integration-test+Test@airbyte.io",
        "channel": "email",
        "state": "subscribed",
        "at": "2022-12-27T07:56:47+00:00",
        "source": "mailchimp",
    }
    assert mapped("mailchimp", "customers", members)[0] == {
        "customer_id": "6ad2f9e1b25a09421fd8df87662b1634",
        "email": "integration-test+Test@airbyte.io",
        "first_name": "Test",
        "last_name": "PersonC",
        "registered_at": "2022-12-27T07:56:47+00:00",
        "has_account": False,
    }


@pytest.mark.parametrize(
    ("status", "state", "at"),
    [
        ("subscribed", "subscribed", "2024-01-01"),
        ("unsubscribed", "unsubscribed", "2026-01-01"),
        ("pending", "pending", "2026-01-01"),
        ("transactional", "never", "2026-01-01"),
        ("archived", "unsubscribed", "2026-01-01"),
        ("mystery", "mystery", "2026-01-01"),
    ],
)
def test_statuses_mean(status, state, at):
    member = {
        "id": "m",
        "email_address": "ann@example.com",
        "status": status,
        "timestamp_opt": "2024-01-01T00:00:00+00:00",
        "last_changed": "2026-01-01T00:00:00+00:00",
    }
    (row,) = mapped("mailchimp", "consents", [member])
    assert (row["state"], row["at"]) == (state, f"{at}T00:00:00+00:00")
    assert row["customer_id"] == "m"


def test_a_cleaned_address_bounced_and_is_no_word_of_the_person():
    at = "2026-01-01T00:00:00+00:00"
    member = {"id": "m", "email_address": "a@example.com", "status": "cleaned", "last_changed": at}
    assert mapped("mailchimp", "consents", [member]) == []
    (row,) = mapped("mailchimp", "email_events__cleaned", [member, {**member, "status": "pending"}])
    assert (row["event"], row["bounce_type"], row["email"]) == ("bounced", "hard", "a@example.com")
    assert row["event_id"] == f"cleaned-m-{at}"
