from datetime import datetime, timedelta

import pytest

from pipeline.apis.brevo import PATIENCE, BrevoApi
from pipeline.destinations.brevo_suppressions import BrevoSuppressions
from pipeline.http_answers import HttpError
from pipeline.sources.brevo import BrevoClient
from tests.stand_ins.brevo import KEY, BrevoStandIn
from tests.stand_ins.calls import Call
from tests.stand_ins.faults import TRUNCATED_BODY, answering
from tests.unit.mapping import mapped

instant = datetime.fromisoformat
NOW = instant("2026-11-20 12:00")
BEGINNING = instant("0001-01-01")


@pytest.fixture
def brevo():
    with BrevoStandIn() as server:
        yield server


def api_of(server: BrevoStandIn, key: str = KEY) -> BrevoApi:
    return BrevoApi(
        key,
        base_url=server.base_url,
        patience=PATIENCE,
        sleep=server.clock.sleep,
        clock=server.clock,
    )


def read(server, stream, since=BEGINNING, until=NOW, **settings) -> list[dict]:
    client = BrevoClient(api_of(server), now=lambda: NOW, **settings)
    return [one for page in client.pages(stream, since, until) for one in page]


def test_events_come_by_spans_of_ninety_days_each_day_once(brevo):
    days = [instant("2026-01-01T10:00:00+00:00") + timedelta(days=number) for number in range(300)]
    for number, day in enumerate(days):
        brevo.add_event("opened", f"p{number}@example.com", day.isoformat())
    found = read(brevo, "events", since=instant("2026-01-01"))
    assert [one["event"]["email"] for one in found] == [
        f"p{number}@example.com" for number in range(300)
    ]
    spans = [(call.one("startDate"), call.one("endDate")) for call in brevo.calls]
    assert spans == [
        ("2026-01-01", "2026-03-31"),
        ("2026-04-01", "2026-06-29"),
        ("2026-06-30", "2026-09-27"),
        ("2026-09-28", "2026-11-20"),
    ]


def test_whoever_is_deleted_while_contacts_are_read_hides_nobody(brevo):
    for number in range(2500):
        brevo.add_contact(f"p{number}@example.com", modified="2026-11-01T00:00:00.000+00:00")
    brevo.contacts[1000]["emailBlacklisted"] = True

    def delete(call: Call) -> None:
        if len(brevo.calls) == 2:
            del brevo.contacts[:1]

    brevo.arriving = delete
    told = BrevoSuppressions(api_of(brevo)).suppressions(None)
    assert {one.email for one in told} == {"p1000@example.com"}
    assert [call.one("offset") for call in brevo.calls] == ["0", "1000", "999", "1999"]


def test_events_of_one_day_come_by_pages_of_five_thousand(brevo):
    for number in range(5001):
        brevo.add_event("requests", f"p{number}@example.com", "2026-11-19T10:00:00+00:00")
    assert len(read(brevo, "events", since=instant("2026-11-19"))) == 5001
    assert [call.one("limit") for call in brevo.calls] == ["5000", "5000"]


def test_a_hundred_calls_an_hour_are_kept_and_never_refused(brevo):
    client = BrevoClient(api_of(brevo), now=lambda: NOW)
    for _ in range(250):
        list(client.pages("events", instant("2026-11-20"), NOW))
    assert len(brevo.calls) == 250
    assert brevo.clock() == 7200


def test_an_hour_that_others_used_up_is_waited_for_as_long_as_brevo_says(brevo):
    for _ in range(100):
        brevo.rest[0].use()
    brevo.clock.sleep(1800)
    assert read(brevo, "events", since=instant("2026-11-20")) == []
    assert brevo.clock.sleeps == [1800, 1801]


def test_contacts_that_changed_are_read(brevo):
    brevo.add_contact("old@example.com", modified="2026-01-01T00:00:00.000+00:00")
    brevo.add_contact("new@example.com", modified="2026-11-19T00:00:00.000+00:00")
    found = read(brevo, "contacts", since=instant("2026-11-18"))
    assert [one["email"] for one in found] == ["new@example.com"]
    assert len(read(brevo, "contacts")) == 2


def test_being_on_lists_of_ours_is_no_yes(brevo):
    brevo.lists = [{"id": 7, "name": "News"}, {"id": 8, "name": "winback_slipping"}]
    for name, lists in (("ann", [7, 8]), ("bob", [8]), ("cleo", [])):
        at = "2026-11-19T00:00:00.000+00:00"
        brevo.add_contact(f"{name}@example.com", modified=at, listIds=lists)
    rows = mapped("brevo", "consents", read(brevo, "contacts"))
    assert [row["email"] for row in rows] == ["ann@example.com"]


def test_many_contacts_come_whole(brevo):
    brevo.contacts = [
        {"id": number, "email": f"p{number}@example.com", "modifiedAt": "2026-01-01T00:00:00+00:00"}
        for number in range(2500)
    ]
    assert len({one["id"] for one in read(brevo, "contacts")}) == 2500


def test_campaigns_are_exported_only_when_asked_for(brevo):
    brevo.campaigns = [{"id": 5, "name": "News", "sentDate": "2026-11-19T08:00:00.000+00:00"}]
    brevo.exports[5, "openers"] = "Email;Name\nann@example.com;Ann\n"
    brevo.exports[5, "unsubscribed"] = "\ufeffEMAIL,NAME\nbob@example.com,Bob\n"
    assert read(brevo, "events", since=instant("2026-11-18")) == []
    found = read(brevo, "events", since=instant("2026-11-18"), has_campaigns=True)
    told = [(one["recipients"], one["row"]["email"]) for one in found]
    assert told == [("openers", "ann@example.com"), ("unsubscribed", "bob@example.com")]
    rows = mapped("brevo", "email_events", found)
    assert [(one["email"], one["event"], one["occurred_at"]) for one in rows] == [
        ("ann@example.com", "opened", "2026-11-19T08:00:00.000+00:00"),
        ("bob@example.com", "unsubscribed", "2026-11-19T08:00:00.000+00:00"),
    ]


def test_an_export_that_is_cut_off_is_fetched_anew(brevo):
    brevo.campaigns = [{"id": 5, "name": "News", "sentDate": "2026-11-19T08:00:00.000+00:00"}]
    brevo.exports[5, "all"] = "Email\n" + "".join(f"p{n}@example.com\n" for n in range(6000))
    brevo.fail(TRUNCATED_BODY, when=lambda call: call.path.startswith("/files/"))
    assert len(read(brevo, "events", since=instant("2026-11-18"), has_campaigns=True)) == 6000


def test_an_export_that_never_ends_is_given_up(brevo):
    brevo.campaigns = [{"id": 5, "name": "News", "sentDate": "2026-11-19T08:00:00.000+00:00"}]
    brevo.polls = 10_000
    with pytest.raises(HttpError, match="ended as in_process"):
        read(brevo, "events", since=instant("2026-11-18"), has_campaigns=True)


def test_problems_are_told(brevo):
    assert BrevoClient(api_of(brevo)).problems() == []
    assert "does not know the key" in BrevoClient(api_of(brevo, "wrong")).problems()[0]
    brevo.fail(answering(400, {"code": "bad", "message": "no such plan"}))
    problems = BrevoClient(api_of(brevo)).problems()
    assert problems == ["Brevo: GET /account was answered 400: no such plan"]


def test_who_is_blocked_is_told(brevo):
    brevo.add_contact("yes@example.com", modified="2026-11-19T00:00:00.000+00:00")
    at = "2026-11-19T02:00:00.000+02:00"
    brevo.add_contact("no@example.com", modified=at, emailBlacklisted=True)
    reader = BrevoSuppressions(api_of(brevo))
    (whole,) = reader.suppressions(None)
    assert (whole.email, whole.reason) == ("no@example.com", "unsubscribed")
    assert whole.suppressed_at == instant("2026-11-19")
    since = {one.email: one.reason for one in reader.suppressions(instant("2026-11-18"))}
    assert since == {"yes@example.com": "", "no@example.com": "unsubscribed"}


TRANSACTIONAL = {
    "email": "ann@example.com",
    "date": "2026-11-19T10:00:00.000+01:00",
    "messageId": "<201@brevo>",
    "tag": "welcome",
}


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [
        ("requests", ("sent", None, None)),
        ("delivered", ("delivered", None, None)),
        ("opened", ("opened", None, False)),
        ("loadedByProxy", ("opened", None, True)),
        ("clicks", ("clicked", None, None)),
        ("hardBounces", ("bounced", "hard", None)),
        ("softBounces", ("bounced", "soft", None)),
        ("bounces", ("bounced", None, None)),
        ("invalid", ("bounced", "hard", None)),
        ("blocked", ("bounced", "hard", None)),
        ("spam", ("complained", None, None)),
        ("unsubscribed", ("unsubscribed", None, None)),
        ("exploded", ("exploded", None, None)),
    ],
)
def test_events_mean(kind, meaning):
    record = {"kind": "transactional", "event": {**TRANSACTIONAL, "event": kind}}
    (row,) = mapped("brevo", "email_events", [record])
    assert (row["event"], row.get("bounce_type"), row.get("is_machine")) == meaning
    assert (row["message_id"], row["campaign_id"]) == ("201@brevo", "welcome")


@pytest.mark.parametrize("kind", ["deferred", "error"])
def test_events_that_say_nothing_of_a_person_are_left_out(kind):
    record = {"kind": "transactional", "event": {**TRANSACTIONAL, "event": kind}}
    assert mapped("brevo", "email_events", [record]) == []


def contact(**more) -> dict:
    return {
        "id": 7,
        "email": "ann@example.com",
        "emailBlacklisted": False,
        "smsBlacklisted": False,
        "listIds": [3],
        "createdAt": "2020-01-01T00:00:00.000+00:00",
        "modifiedAt": "2026-01-01T00:00:00.000+00:00",
        "attributes": {"FIRSTNAME": "Ann", "SMS": "+4915112345"},
        **more,
    }


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (contact(), [("email", "subscribed", "2020")]),
        (contact(listIds=[]), []),
        (contact(emailBlacklisted=True), [("email", "unsubscribed", "2026")]),
        (contact(emailBlacklisted=True, listIds=[]), [("email", "unsubscribed", "2026")]),
        (
            contact(smsBlacklisted=True),
            [("email", "subscribed", "2020"), ("sms", "unsubscribed", "2026")],
        ),
    ],
)
def test_a_list_is_a_yes_and_a_block_a_no(given, wanted):
    rows = mapped("brevo", "consents", [given])
    assert [(row["channel"], row["state"], row["at"][:4]) for row in rows] == wanted


def test_a_contact_is_no_account():
    assert mapped("brevo", "customers", [contact()]) == [
        {
            "customer_id": "7",
            "email": "ann@example.com",
            "first_name": "Ann",
            "phone": "+4915112345",
            "registered_at": "2020-01-01T00:00:00.000+00:00",
            "has_account": False,
        }
    ]
