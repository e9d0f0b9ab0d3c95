import json
from pathlib import Path

import pytest

from tests.unit.inbox import Inbox

PAYLOADS = Path(__file__).resolve().parents[1] / "data" / "payloads" / "email_webhooks"
AT = 1461095250


def event(number: int, kind: str = "delivered", **more) -> dict:
    told = {"sg_event_id": f"e{number}", "event": kind, "email": f"p{number}@example.com"}
    return {**told, "timestamp": AT, "sg_message_id": f"m{number}.filter", **more}


def lines(*bodies: object) -> str:
    return "".join(f"{json.dumps(body)}\n" for body in bodies)


def load(inbox: Inbox):
    return inbox.load("email_events", max_share=1)


def test_the_name_says_whose_events_a_file_holds(inbox):
    inbox.put("email_events/a.sendgrid.jsonl", lines([event(1), event(2, "open")], event(3)))
    report = load(inbox)
    assert (report.rows_read, report.rows_kept, report.rows_ignored) == (3, 3, 0)
    assert inbox.rows("select event_id, email, event, message_id from raw_files.email_events") == [
        ("e1", "p1@example.com", "delivered", "m1"),
        ("e2", "p2@example.com", "opened", "m2"),
        ("e3", "p3@example.com", "delivered", "m3"),
    ]


def test_a_packed_file_is_read_alike(inbox):
    inbox.put_gzip("email_events/a.sendgrid.jsonl.gz", lines(event(1)))
    assert load(inbox).rows_kept == 1


def test_what_is_none_of_ours_is_left_out_and_counted(inbox):
    inbox.put(
        "email_events/a.sendgrid.jsonl",
        lines(event(1), event(2, "deferred"), event(3, "group_resubscribe")),
    )
    report = load(inbox)
    assert (report.rows_read, report.rows_kept, report.rows_ignored) == (1, 1, 2)


def test_a_broken_line_costs_itself_alone_and_keeps_its_place(inbox):
    inbox.put(
        "email_events/a.sendgrid.jsonl",
        lines(event(1)) + '{"event": \n' + lines(event(2, "exploded"), event(3)),
    )
    report = load(inbox)
    assert (report.rows_kept, report.rows_quarantined) == (2, 2)
    assert inbox.rows("select row_number, reason from quarantine.rows order by row_number") == [
        (2, "not JSON"),
        (3, "event: unknown value 'exploded'"),
    ]


def test_the_same_event_in_two_files_is_one(inbox):
    inbox.put("email_events/a.sendgrid.jsonl", lines(event(1)))
    inbox.put("email_events/b.sendgrid.jsonl", lines([event(1)]))
    report = load(inbox)
    assert (report.rows_kept, report.rows_duplicate) == (1, 1)


def test_a_file_that_names_no_service_is_read_as_ever(inbox):
    own = {"event_id": "1", "email": "a@example.com", "event": "sent", "occurred_at": "2024-01-31"}
    inbox.put("email_events/2024.01.jsonl", lines(own))
    assert load(inbox).rows_kept == 1


@pytest.mark.parametrize(
    ("name", "entity", "refusal"),
    [
        ("email_events/a.sendgrid.csv", "email_events", "have to come as JSON lines"),
        ("orders/a.sendgrid.jsonl", "orders", "tells of email_events alone"),
    ],
)
def test_a_name_that_promises_what_cannot_be_is_refused(inbox, name, entity, refusal):
    inbox.put(name, lines(event(1)))
    (sentence,) = inbox.load(entity, max_share=1).refused
    assert refusal in sentence


@pytest.mark.parametrize(
    ("service", "kept", "quarantined", "ignored"),
    [
        # Lines of documentation lack times and addresses, which real ones have: into quarantine.
        ("amazon_ses", 5, 12, 3),
        ("brevo_webhooks", 14, 0, 2),
        ("mailersend", 8, 0, 0),
        ("mailgun", 9, 13, 4),
        ("mailjet", 8, 1, 0),
        ("mailtrap", 7, 0, 2),
        ("mandrill", 3, 1, 0),
        ("postmark", 7, 1, 1),
        ("resend", 8, 0, 1),
        ("sendgrid", 7, 1, 1),
        ("sparkpost", 5, 7, 4),
    ],
)
def test_published_lines_add_up(inbox, service, kept, quarantined, ignored):
    bodies = (PAYLOADS / f"{service}.jsonl").read_text().splitlines()
    inbox.put(
        f"email_events/a.{service}.jsonl", lines(*(json.loads(body)["payload"] for body in bodies))
    )
    report = load(inbox)
    assert report.rows_kept + report.rows_duplicate + report.rows_quarantined == report.rows_read
    assert (report.rows_kept, report.rows_quarantined, report.rows_ignored) == (
        kept,
        quarantined,
        ignored,
    )
