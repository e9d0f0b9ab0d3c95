import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest

from tests.unit.mapping import mapped

PAYLOADS = Path(__file__).resolve().parents[1] / "data" / "payloads" / "email_webhooks"
COLUMNS = (
    "event",
    "email",
    "occurred_at",
    "bounce_type",
    "is_machine",
    "campaign_id",
    "message_id",
)
VENDORS = sorted(path.stem for path in PAYLOADS.glob("*.jsonl"))


def expected() -> dict[tuple[str, int], list[dict[str, str]]]:
    found = defaultdict(list)
    with (PAYLOADS / "expected.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            rows = found[row["vendor"], int(row["line"])]
            if row["event"] != "ignored":
                rows.append({name: row[name] for name in COLUMNS if row[name]})
    return found


def payloads(vendor: str) -> list[object]:
    lines = (PAYLOADS / f"{vendor}.jsonl").read_text().splitlines()
    return [json.loads(line)["payload"] for line in lines]


def shown(row: dict[str, object]) -> dict[str, str]:
    texts = {name: str(row[name]) for name in COLUMNS if name in row}
    return texts | ({"is_machine": texts["is_machine"].lower()} if "is_machine" in texts else {})


def one(vendor: str, payload: object) -> dict[str, object]:
    (row,) = mapped(vendor, "email_events", [payload])
    return row


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_published_line_means_what_was_judged_by_hand(vendor):
    wanted = expected()
    for number, payload in enumerate(payloads(vendor), start=1):
        rows = [shown(row) for row in mapped(vendor, "email_events", [payload])]
        assert rows == wanted[vendor, number], f"{vendor}, line {number}"


def test_every_published_line_is_judged():
    lines = {(vendor, n) for vendor in VENDORS for n in range(1, len(payloads(vendor)) + 1)}
    assert set(expected()) == lines
    assert len(lines) == 133


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_file_read_twice_gives_the_same_numbers(vendor):
    first = [row["event_id"] for row in mapped(vendor, "email_events", payloads(vendor))]
    again = [row["event_id"] for row in mapped(vendor, "email_events", payloads(vendor)[::-1])]
    assert sorted(first) == sorted(again)


SENDGRID = {"email": "a@example.com", "timestamp": 1513299569, "sg_event_id": "e"}


@pytest.mark.parametrize(("told", "is_machine"), [(True, "true"), (False, "false"), (None, None)])
def test_sendgrid_says_itself_whether_a_machine_opened(told, is_machine):
    flag = {} if told is None else {"sg_machine_open": told}
    row = one("sendgrid", {**SENDGRID, "event": "open", **flag})
    assert row.get("is_machine") == is_machine


@pytest.mark.parametrize(
    ("event", "meaning"),
    [
        ({"event": "bounce", "type": "blocked"}, ("bounced", "soft")),
        ({"event": "bounce", "type": "bounce"}, ("bounced", "hard")),
        ({"event": "bounce"}, ("bounced", None)),
        ({"event": "spamreport"}, ("complained", None)),
        ({"event": "unsubscribe"}, ("unsubscribed", None)),
        ({"event": "group_unsubscribe", "asm_group_id": 10}, ("unsubscribed", None)),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, ("complained", None)),
        ({"event": "account_status_change"}, ("account_status_change", None)),
    ],
)
def test_sendgrid_events_mean(event, meaning):
    row = one("sendgrid", {**SENDGRID, **event})
    assert (row["event"], row.get("bounce_type")) == meaning


@pytest.mark.parametrize(
    "event",
    [
        {"event": "group_resubscribe"},
        {"event": "deferred"},
        {"event": "dropped", "reason": "Recipient List over Package Quota"},
    ],
)
def test_sendgrid_events_that_say_nothing_of_a_person_are_left_out(event):
    assert mapped("sendgrid", "email_events", [{**SENDGRID, **event}]) == []


def test_campaigns_of_sendgrid_are_known_by_their_number_before_their_category():
    row = one("sendgrid", {**SENDGRID, "event": "open", "singlesend_id": "s1", "category": ["c"]})
    assert row["campaign_id"] == "s1"


def test_an_event_nobody_knows_is_passed_on_to_be_refused_and_not_left_out():
    assert one("mailgun", {"event": "exploded", "timestamp": 1})["event"] == "exploded"
    assert one("mailjet", {"event": "exploded", "time": 1})["event"] == "exploded"


@pytest.mark.parametrize(("bot", "is_machine"), [("apple", True), ("gmail", None), ("", None)])
def test_mailgun_tells_machines_but_gmail_fetches_for_people(bot, is_machine):
    event = {"event": "opened", "timestamp": 1.5, "client-info": {"bot": bot}}
    assert one("mailgun", {"event-data": event}).get("is_machine") is is_machine


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("suppress-unsubscribe", ("unsubscribed", None)),
        ("suppress-complaint", ("complained", None)),
        ("suppress-bounce", ("bounced", "hard")),
        ("old", ("bounced", "soft")),
    ],
)
def test_mailgun_failures_mean(reason, meaning):
    failed = {"event": "failed", "severity": "permanent", "reason": reason, "timestamp": 1}
    row = one("mailgun", {"event-data": failed})
    assert (row["event"], row.get("bounce_type")) == meaning


def test_ses_events_inside_a_notification_are_read():
    inner = {
        "eventType": "Delivery",
        "mail": {"messageId": "m", "destination": ["a@example.com", "b@example.com"]},
        "delivery": {
            "timestamp": "2026-01-01T00:00:00.000Z",
            "recipients": ["a@example.com", "b@example.com"],
        },
    }
    rows = mapped(
        "amazon_ses", "email_events", [{"Type": "Notification", "Message": json.dumps(inner)}]
    )
    assert [row["email"] for row in rows] == ["a@example.com", "b@example.com"]
    assert len({row["event_id"] for row in rows}) == 2
    assert mapped("amazon_ses", "email_events", [{"Type": "SubscriptionConfirmation"}]) == []


def test_an_open_of_a_mail_to_several_people_is_nobodys():
    opened = {
        "eventType": "Open",
        "open": {"timestamp": "2026-01-01T00:00:00.000Z"},
        "mail": {"messageId": "m", "destination": ["a@example.com", "b@example.com"]},
    }
    assert mapped("amazon_ses", "email_events", [opened]) == []


def test_a_prefetched_picture_at_sparkpost_is_a_machines():
    event = {"type": "open", "rcpt_to": "a@example.com", "timestamp": "1454442600"}
    event["user_agent_parsed"] = {"is_prefetched": True}
    assert one("sparkpost", [{"msys": {"track_event": event}}])["is_machine"] == "true"


def test_names_of_brevos_marketing_webhooks_mean_the_same():
    event = {"event": "hardBounce", "email": "a@example.com", "ts_event": 1604933619, "camp_id": 7}
    row = one("brevo_webhooks", event)
    assert (row["event"], row["bounce_type"], row["campaign_id"]) == ("bounced", "hard", "7")
    assert row["occurred_at"] == "2020-11-09T14:53:39.000000Z"


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_no_event_of_the_vendors_is_refused_and_not_left_out(vendor):
    (row,) = mapped(vendor, "email_events", [{"hello": "world"}])
    assert row["event"] == "none told"


def test_an_open_of_resends_mail_to_several_people_is_nobodys():
    told = {"type": "email.opened", "created_at": "2026-01-01T00:00:00Z"}
    both = {"to": ["Ann <ann@example.com>", "bob@example.com"]}
    assert mapped("resend", "email_events", [{**told, "data": both}]) == []
    row = one("resend", {**told, "data": {"to": ["Ann <ann@example.com>"]}})
    assert row["email"] == "ann@example.com"


@pytest.mark.parametrize(("kind", "bounce_type"), [("Permanent", "hard"), ("Transient", "soft")])
def test_resends_bounces_have_a_kind_where_it_is_told(kind, bounce_type):
    data = {"to": ["ann@example.com"], "bounce": {"type": kind}}
    assert one("resend", {"type": "email.bounced", "data": data})["bounce_type"] == bounce_type
