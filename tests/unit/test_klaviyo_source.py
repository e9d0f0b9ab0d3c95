from datetime import datetime, timedelta

import pytest

from pipeline.apis.klaviyo import KlaviyoApi
from pipeline.destinations.klaviyo_suppressions import KlaviyoSuppressions
from pipeline.destinations.suppressions import Suppression
from pipeline.http import Patience
from pipeline.http_answers import HttpError
from pipeline.sources.klaviyo import KlaviyoClient, streams
from tests.stand_ins.calls import Call
from tests.stand_ins.faults import DROPPED, LOST_ANSWER, answering, too_many_requests
from tests.stand_ins.klaviyo import KEY, KlaviyoStandIn

instant = datetime.fromisoformat

NOW = instant("2026-11-20 12:00")
BEGINNING = instant("0001-01-01")
DAY = timedelta(days=1)


@pytest.fixture
def klaviyo():
    with KlaviyoStandIn() as server:
        server.add_metric("OPEN", "Opened Email")
        server.add_metric("RECV", "received  EMAIL")
        server.add_metric("CLCK", "Clicked Email", integration="API")
        server.add_metric("LIST", "Unsubscribed from List")
        server.add_metric("ORDR", "Placed Order", integration="Shopify")
        yield server


def api_of(server: KlaviyoStandIn, key: str = KEY) -> KlaviyoApi:
    return KlaviyoApi(
        key,
        base_url=server.base_url,
        patience=Patience(silence_seconds=2, attempts=6),
        sleep=server.clock.sleep,
        clock=server.clock,
    )


def client_of(server: KlaviyoStandIn, key: str = KEY) -> KlaviyoClient:
    return KlaviyoClient(api_of(server, key), now=lambda: NOW)


def read(server: KlaviyoStandIn, since=BEGINNING, until=NOW, stream="events") -> list[dict]:
    return [one for page in client_of(server).pages(stream, since, until) for one in page]


def numbers(records: list[dict]) -> list[str]:
    return [one["id"] for one in records]


def opens(server: KlaviyoStandIn, count: int, first="2026-11-01T00:00:00+00:00", step=60) -> None:
    start = datetime.fromisoformat(first)
    for number in range(count):
        at = (start + timedelta(seconds=step * number)).isoformat()
        server.add_event(f"e{number:05}", "OPEN", "P1", at)


def test_only_klaviyos_own_metrics_of_mail_are_read_whatever_their_case(klaviyo):
    for number, metric in enumerate(("OPEN", "RECV", "CLCK", "LIST", "ORDR")):
        klaviyo.add_event(f"e{number}", metric, "P1", "2026-11-01T00:00:00+00:00")
    assert {one["id"]: one["metric_name"] for one in read(klaviyo)} == {
        "e0": "opened email",
        "e1": "received email",
    }


def test_pages_follow_one_another_through_links_that_name_another_host(klaviyo):
    opens(klaviyo, 2500)
    assert numbers(read(klaviyo)) == [f"e{number:05}" for number in range(2500)]
    asked = [call.one("page[size]") for call in klaviyo.called("GET", "/api/events")]
    assert asked == ["1000"] * 4


def test_a_window_takes_its_start_and_leaves_its_end(klaviyo):
    for number, at in enumerate(("09:59:59", "10:00:00", "10:00:00", "11:00:00")):
        klaviyo.add_event(f"e{number}", "OPEN", "P1", f"2026-11-01T{at}+00:00")
    found = read(klaviyo, instant("2026-11-01 10:00"), instant("2026-11-01 11:00"))
    assert numbers(found) == ["e1", "e2"]


def test_times_with_another_offset_are_the_same_instant(klaviyo):
    klaviyo.add_event("e1", "OPEN", "P1", "2026-11-01T12:30:00+02:00")
    assert numbers(read(klaviyo, instant("2026-11-01 10:00"), instant("2026-11-01 11:00"))) == [
        "e1"
    ]


def test_nothing_of_the_last_minutes_and_of_the_future_is_read(klaviyo):
    klaviyo.add_event("past", "OPEN", "P1", "2026-11-20T11:54:59+00:00")
    klaviyo.add_event("just_now", "OPEN", "P1", "2026-11-20T11:56:00+00:00")
    klaviyo.add_event("future", "OPEN", "P1", "2031-01-01T00:00:00+00:00")
    assert numbers(read(klaviyo, until=instant("2040-01-01"))) == ["past"]
    assert read(klaviyo, since=instant("2027-01-01"), until=instant("2040-01-01")) == []


def test_three_days_are_looked_back_upon():
    events, profiles = streams()
    assert (events.overlap, events.margin) == (3 * DAY, timedelta(minutes=5))
    assert profiles.margin == timedelta(minutes=5)
    assert streams(7 * DAY)[0].overlap == 7 * DAY


def test_an_account_without_any_of_the_metrics_has_no_events():
    with KlaviyoStandIn() as empty:
        assert read(empty) == []


def test_a_lost_cursor_begins_the_window_anew_where_it_was(klaviyo):
    opens(klaviyo, 3500)
    klaviyo.forgotten_cursors = 2
    found = numbers(read(klaviyo))
    assert sorted(set(found)) == [f"e{number:05}" for number in range(3500)]
    # Only what shares the second of the last one comes again: it is once per lost cursor.
    assert len(found) == 3500 + 2


def test_cursors_that_are_lost_for_ever_end_the_window(klaviyo):
    opens(klaviyo, 1500, step=0)
    klaviyo.forgotten_cursors = 100
    with pytest.raises(HttpError, match="cursors in a row"):
        read(klaviyo)


def test_an_event_that_changes_hands_between_pages_is_neither_lost_nor_alone(klaviyo):
    opens(klaviyo, 1500)

    def merge(call: Call) -> None:
        for event in klaviyo.events if call.path == "/api/events" else ():
            event["relationships"]["profile"]["data"]["id"] = "P2"

    klaviyo.page_turned = merge
    found = read(klaviyo)
    assert len(set(numbers(found))) == 1500
    owners = {one["id"]: one["relationships"]["profile"]["data"]["id"] for one in found}
    assert (owners["e00000"], owners["e01499"]) == ("P1", "P2")
    # The look-back reads them again, with whom they belong to now.
    again = read(klaviyo, since=instant("2026-11-01"))
    assert {one["relationships"]["profile"]["data"]["id"] for one in again} == {"P2"}


def test_faults_on_the_way_lose_and_double_nothing(klaviyo):
    opens(klaviyo, 3000)
    for fault in (DROPPED, answering(503), too_many_requests("2"), LOST_ANSWER, answering(500)):
        klaviyo.fail(fault, when=lambda call: "page[cursor]" in call.query)
    assert len(numbers(read(klaviyo))) == len(set(numbers(read(klaviyo)))) == 3000
    assert 2 in klaviyo.clock.sleeps


def test_a_page_that_fails_for_good_ends_the_window_with_a_sentence(klaviyo):
    opens(klaviyo, 1500)
    klaviyo.fail(answering(500), times=9, when=lambda call: "page[cursor]" in call.query)
    with pytest.raises(HttpError) as caught:
        read(klaviyo)
    assert caught.value.sentence == "GET /api/events was answered 500"
    assert KEY not in str(caught.value)


def test_profiles_are_those_changed_and_those_suppressed_in_the_window(klaviyo):
    klaviyo.add_profile("old", "old@example.com", updated="2026-10-01T00:00:00+00:00")
    klaviyo.add_profile("new", "new@example.com", updated="2026-11-05T00:00:00+00:00")
    klaviyo.add_profile(
        "silent",
        "silent@example.com",
        updated="2026-10-01T00:00:00+00:00",
        suppressions=[("HARD_BOUNCE", "2026-11-06T00:00:00+00:00")],
    )
    found = read(klaviyo, instant("2026-11-05"), instant("2026-11-07"), "profiles")
    assert numbers(found) == ["new", "silent"]
    assert found[0]["attributes"]["subscriptions"]["email"]["marketing"]["consent"] == "SUBSCRIBED"


def test_many_profiles_come_whole(klaviyo):
    for number in range(3_000):
        at = (instant("2026-11-01") + timedelta(seconds=number)).isoformat() + "+00:00"
        klaviyo.profiles.append(
            {
                "type": "profile",
                "id": f"p{number:06}",
                "attributes": {
                    "email": f"p{number}@example.com",
                    "updated": at,
                    "created": at,
                    "subscriptions": {"email": {"marketing": {"suppression": []}}},
                },
            }
        )
    klaviyo.forgotten_cursors = 1
    found = read(klaviyo, stream="profiles")
    assert len(set(numbers(found))) == 3_000
    # A page, a lost one, thirty from the last profile seen on, and one of those suppressed.
    assert len(klaviyo.called("GET", "/api/profiles")) == 33


def test_limits_of_the_account_are_kept_without_a_single_refusal(klaviyo):
    opens(klaviyo, 1000, step=0)
    client = client_of(klaviyo)
    for _ in range(12):
        list(client.pages("events", BEGINNING, NOW))
    # 10 calls a second for metrics: the eleventh and twelfth waited.
    assert len(klaviyo.called("GET", "/api/metrics")) == 12
    assert klaviyo.clock() == pytest.approx(1)


def test_an_unknown_stream_is_refused(klaviyo):
    with pytest.raises(ValueError, match="has no stream orders"):
        read(klaviyo, stream="orders")


@pytest.mark.parametrize("missing", ["metrics:read", "events:read", "profiles:read"])
def test_a_missing_scope_is_named(klaviyo, missing):
    klaviyo.scopes.remove(missing)
    problems = client_of(klaviyo).problems()
    assert problems == [f"the key of Klaviyo lacks the scope {missing}: make one that has it"]


def test_a_wrong_key_and_a_retired_revision_are_told(klaviyo):
    assert client_of(klaviyo).problems() == []
    assert "does not know the key" in client_of(klaviyo, "pk_wrong").problems()[0]
    klaviyo.fail(answering(410))
    assert "retired the revision" in client_of(klaviyo).problems()[0]


def test_a_host_that_fails_is_told_once(klaviyo):
    klaviyo.fail(answering(500), times=100)
    assert client_of(klaviyo).problems() == ["Klaviyo: GET /api/metrics was answered 500"]


def suppressions(server: KlaviyoStandIn, since: datetime | None) -> list[Suppression]:
    reader = KlaviyoSuppressions(api_of(server), now=lambda: NOW)
    return list(reader.suppressions(since))


def test_everything_but_a_plain_yes_stands_against_somebody(klaviyo):
    at, then = "2026-11-06T00:00:00+00:00", instant("2026-11-06")
    add = klaviyo.add_profile
    add("p1", "yes@example.com", updated=at)
    add("p2", "never@example.com", updated=at, consent="NEVER_SUBSCRIBED", consented=None)
    add("p3", "no@example.com", updated=at, consent="UNSUBSCRIBED")
    add("p4", "odd@example.com", updated=at, consent="AWAITING")
    add("p5", None, updated=at, consent="UNSUBSCRIBED")
    both = [("HARD_BOUNCE", at), ("SPAM_COMPLAINT", "2026-11-07T00:00:00+00:00")]
    add("p6", "worse@example.com", updated=at, suppressions=both)
    add("p7", "byhand@example.com", updated=at, suppressions=[("USER_SUPPRESSED", at)])
    found = suppressions(klaviyo, None)
    assert {(one.email, one.reason, one.suppressed_at) for one in found} == {
        ("never@example.com", "never_subscribed", then),
        ("no@example.com", "unsubscribed", then),
        ("odd@example.com", "pending", then),
        ("worse@example.com", "complained", instant("2026-11-07")),
        ("byhand@example.com", "suppressed", then),
    }


def test_since_a_moment_those_come_too_against_whom_nothing_stands_any_more(klaviyo):
    klaviyo.add_profile("p1", "free@example.com", updated="2026-11-06T00:00:00+00:00")
    klaviyo.add_profile("p2", "before@example.com", updated="2026-11-01T00:00:00+00:00")
    assert suppressions(klaviyo, instant("2026-11-05")) == [
        Suppression("free@example.com", "", None)
    ]


@pytest.mark.parametrize(
    ("path", "parameters", "wrong"),
    [
        ("/api/events", {"page[size]": 1001}, "not between 1 and 1000"),
        ("/api/profiles", {"page[size]": 101}, "not between 1 and 100"),
        ("/api/metrics", {"page[size]": 1}, "not a valid parameter"),
        ("/api/profiles", {"filter": "greater-or-equal(updated,2026-01-01T00:00:00Z)"}, "operator"),
        ("/api/events", {"filter": "equals(name,"}, "parse filter"),
        ("/api/events", {"sort": "id"}, "not allowed for sort"),
    ],
)
def test_the_stand_in_refuses_what_klaviyos_specification_does_not_allow(
    klaviyo, path, parameters, wrong
):
    with pytest.raises(HttpError, match=wrong):
        api_of(klaviyo).get(path, parameters)
