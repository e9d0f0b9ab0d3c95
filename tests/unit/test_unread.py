from collections.abc import Sequence

import pytest

from tests.unit.inbox import Inbox

CONSENTS = "email,channel,state,at"
BAD_NO = "bob@example.com,email,unsubscribed,31/02/2026"
UNREAD = "select entity, row_number from quarantine.unread_rows order by all"


def put(inbox: Inbox, entity: str, name: str, head: str, rows: Sequence[str]) -> None:
    inbox.put(f"{entity}/{name}", "\n".join([head, *rows]) + "\n")
    inbox.load(entity)


def test_a_file_that_is_overwritten_every_night_loses_no_unread_no(inbox: Inbox) -> None:
    put(inbox, "consents", "latest.csv", CONSENTS, [BAD_NO])
    put(inbox, "consents", "latest.csv", CONSENTS, ["ann@example.com,email,subscribed,2026-03-01"])
    put(inbox, "customers", "latest.csv", "customer_id,is_blocked", ["7,maybe"])
    put(inbox, "customers", "latest.csv", "customer_id,is_blocked", ["8,no"])

    assert inbox.rows(UNREAD) == [("consents", 1), ("customers", 1)]


@pytest.mark.parametrize(
    ("bad", "good", "is_settled"),
    [
        # The same word, readable now.
        (BAD_NO, "bob@example.com,email,unsubscribed,2026-02-28", True),
        (BAD_NO, "Bob@Example.com,email,unsubscribed,2020-01-01", True),
        # A yes counts only when it is later than the no that could not be read.
        (BAD_NO, "bob@example.com,email,subscribed,2026-02-28", False),
        (BAD_NO, "bob@example.com,email,subscribed,2199-01-01", True),
        (
            "bob@example.com,email,no,2026-02-28",
            "bob@example.com,email,subscribed,2026-02-27",
            False,
        ),
        (
            "bob@example.com,email,no,2026-02-28",
            "bob@example.com,email,subscribed,2026-02-28",
            True,
        ),
        (
            "bob@example.com,email,no,2026-07-01T12:00+02:00",
            "bob@example.com,email,subscribed,2026-07-01T09:59Z",
            False,
        ),
        (
            "bob@example.com,email,no,2026-07-01T12:00+02:00",
            "bob@example.com,email,subscribed,2026-07-01T10:00Z",
            True,
        ),
        # Another channel or another person says nothing of it.
        (BAD_NO, "bob@example.com,sms,unsubscribed,2199-01-01", False),
        (BAD_NO, "ann@example.com,email,unsubscribed,2199-01-01", False),
        (
            "bob@example.com,E-Mail,unsubscribed,2026-02-28",
            "bob@example.com,email,unsubscribed,2026-02-28",
            True,
        ),
    ],
)
def test_an_unread_consent_waits_for_the_same_word_or_a_later_one(
    inbox: Inbox, bad: str, good: str, is_settled: bool
) -> None:
    put(inbox, "consents", "1.csv", CONSENTS, [bad])
    put(inbox, "consents", "2.csv", CONSENTS, [good])

    assert inbox.rows(UNREAD) == ([] if is_settled else [("consents", 1)])


def test_a_record_that_raw_had_before_settles_too(inbox: Inbox) -> None:
    head, good, bad = "customer_id,is_blocked", "7,no", "7,maybe"
    for row in (good, bad):
        put(inbox, "customers", "all.csv", head, [row])
    assert inbox.rows(UNREAD) == [("customers", 1)]

    put(inbox, "customers", "all.csv", head, [good])

    assert inbox.rows(UNREAD) == []


def test_a_bad_row_that_comes_again_waits_again(inbox: Inbox) -> None:
    put(inbox, "consents", "1.csv", CONSENTS, [BAD_NO])
    put(inbox, "consents", "2.csv", CONSENTS, ["bob@example.com,email,subscribed,2199-01-01"])
    put(inbox, "consents", "1.csv", CONSENTS, [BAD_NO, ""])

    assert inbox.rows(UNREAD) == [("consents", 1)]


@pytest.mark.parametrize(
    ("event", "is_settled"), [("opened", False), ("delivered", False), ("unsubscribed", True)]
)
def test_an_event_without_a_number_waits_for_a_no_of_the_same_person(
    inbox: Inbox, event: str, is_settled: bool
) -> None:
    head = "event_id,email,event,occurred_at"
    put(inbox, "email_events", "1.csv", head, [",bob@example.com,unsubscribed,2026-02-01"])
    put(inbox, "email_events", "2.csv", head, [f"9,bob@example.com,{event},2026-02-02"])

    assert inbox.rows(UNREAD) == ([] if is_settled else [("email_events", 1)])


@pytest.mark.parametrize(
    ("bad_id", "good", "is_settled"),
    [
        ("1", "1,ann@example.com,2026-02-01,2", True),
        ("1", "2,bob@example.com,2026-02-01,2", False),
        ("", "2,bob@example.com,2026-02-01,2", True),
        ("", "2,ann@example.com,2026-02-01,2", False),
    ],
)
def test_an_unread_complaint_waits_for_its_number_or_without_one_for_its_person(
    inbox: Inbox, bad_id: str, good: str, is_settled: bool
) -> None:
    head = "id,email,occurred_at,score"
    put(inbox, "complaints", "1.csv", head, [f"{bad_id},bob@example.com,2026-02-01,awful"])
    put(inbox, "complaints", "2.csv", head, [good])

    assert inbox.rows(UNREAD) == ([] if is_settled else [("complaints", 1)])


def test_rows_of_no_person_and_refused_files_are_settled_by_their_file(inbox: Inbox) -> None:
    put(inbox, "order_lines", "1.csv", "order_id,product_id,quantity,unit_price", ["1,p,many,2"])
    put(inbox, "consents", "1.csv", "email,channel,state", ["bob@example.com,email,never"])
    assert inbox.rows(UNREAD) == [("consents", None), ("order_lines", 1)]

    put(inbox, "order_lines", "1.csv", "order_id,product_id,quantity,unit_price", ["2,p,1,2"])
    put(inbox, "consents", "1.csv", CONSENTS, ["bob@example.com,email,never,2026-02-01"])

    assert inbox.rows(UNREAD) == []
