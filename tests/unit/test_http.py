import logging
import traceback
from pathlib import Path

import pytest

from pipeline.http import HttpClient, Patience
from pipeline.http_answers import HttpError, redacted
from pipeline.http_bodies import batches, json_bytes
from pipeline.pacing import Limit, Pacer
from tests.stand_ins.calls import Call, Reply, Window
from tests.stand_ins.clock import StillClock
from tests.stand_ins.faults import (
    DROPPED,
    LOST_ANSWER,
    SLOW_BODY,
    STALLED,
    TRUNCATED_BODY,
    answering,
    too_many_requests,
)
from tests.stand_ins.server import StandIn

ADDRESS = "ann.lee@example.com"
SECRET = "pk_live_0123456789abcdef"  # noqa: S105


class Counter(StandIn):
    """Counts: GET /count tells, POST /count adds one and tells."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.route("GET", "/count", lambda call: Reply(body={"count": self.count}))
        self.route("POST", "/count", self._add)
        self.route("GET", "/file", lambda call: Reply(body=b"0123456789" * 20_000))

    def _add(self, call: Call) -> Reply:
        self.count += 1
        return Reply(201, {"count": self.count})


@pytest.fixture
def counter():
    with Counter() as server:
        yield server


def client_of(server: StandIn, **patience) -> HttpClient:
    return HttpClient(
        server.base_url,
        headers={"Authorization": f"Key {SECRET}"},
        secrets=(SECRET,),
        patience=Patience(**{"silence_seconds": 0.3, "attempts": 4} | patience),
        sleep=server.clock.sleep,
    )


def test_an_answer_comes_as_json(counter):
    assert client_of(counter).get("/count") == {"count": 0}
    assert counter.calls[0].headers["Authorization"] == f"Key {SECRET}"


@pytest.mark.parametrize("fault", [DROPPED, LOST_ANSWER, STALLED, TRUNCATED_BODY])
def test_what_broke_on_the_way_is_asked_again_where_that_does_no_harm(counter, fault):
    counter.fail(fault, times=2)
    assert client_of(counter).get("/count") == {"count": 0}
    assert len(counter.calls) == 3
    assert counter.clock.sleeps == [1, 2]


@pytest.mark.parametrize("fault", [LOST_ANSWER, STALLED, TRUNCATED_BODY])
def test_work_that_may_have_been_done_is_not_asked_for_twice(counter, fault):
    counter.fail(fault)
    with pytest.raises(HttpError) as caught:
        client_of(counter).call("POST", "/count", body={})
    assert caught.value.is_unknown
    assert caught.value.status is None
    assert counter.count == 1


def test_a_server_error_of_a_post_is_reported_as_unknown(counter):
    counter.fail(answering(502, b"<html>bad gateway</html>"))
    with pytest.raises(HttpError) as caught:
        client_of(counter).call("POST", "/count", body={})
    assert (caught.value.status, caught.value.is_unknown) == (502, True)
    assert len(counter.calls) == 1


def test_a_post_that_may_be_repeated_is(counter):
    counter.fail(answering(500))
    answer = client_of(counter).call("POST", "/count", body={}, is_repeatable=True)
    assert answer.json() == {"count": 1}


def test_a_refusal_for_haste_waits_as_long_as_it_says_even_for_a_post(counter):
    counter.fail(too_many_requests("7"))
    client_of(counter).call("POST", "/count", body={})
    assert counter.clock.sleeps == [7]
    assert counter.count == 1


def test_a_refusal_without_a_time_backs_off_and_ends(counter):
    counter.fail(too_many_requests(), times=10)
    with pytest.raises(HttpError) as caught:
        client_of(counter).get("/count")
    assert caught.value.status == 429
    assert counter.clock.sleeps == [1, 2, 4]
    assert len(counter.calls) == 4


@pytest.mark.parametrize("header", ["RateLimit-Reset", "x-sib-ratelimit-reset"])
def test_a_vendors_own_header_says_when_to_come_back(counter, header):
    counter.fail(answering(429, None, {header: "11"}))
    client_of(counter).get("/count")
    assert counter.clock.sleeps == [11]


def test_a_wait_beyond_patience_ends_the_call_and_says_how_long(counter):
    counter.fail(too_many_requests("3600"))
    with pytest.raises(HttpError, match="come back in 3,600 seconds"):
        client_of(counter).get("/count")
    assert counter.clock.sleeps == []


def test_a_retry_after_that_is_a_date_in_the_past_waits_a_little(counter):
    counter.fail(too_many_requests("Wed, 21 Oct 2015 07:28:00 GMT"))
    client_of(counter).get("/count")
    assert counter.clock.sleeps == [1]


def test_a_refusal_is_not_asked_again(counter):
    counter.fail(answering(400, {"errors": [{"code": "invalid", "title": "Invalid input."}]}))
    with pytest.raises(HttpError) as caught:
        client_of(counter).get("/count")
    assert caught.value.code == "invalid"
    assert caught.value.sentence == "GET /count was answered 400: Invalid input."
    assert len(counter.calls) == 1


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        ({"errors": [{"code": "c", "title": "T", "detail": "D"}]}, "c", "T, D"),
        ({"type": "about:blank", "title": "T", "detail": "D", "errors": []}, "about:blank", "T, D"),
        ({"code": "invalid_parameter", "message": "M"}, "invalid_parameter", "M"),
        ({"errors": "[API] Invalid key"}, "", "[API] Invalid key"),
        ([1], "", ""),
    ],
)
def test_each_vendors_error_body_gives_code_and_words(counter, body, code, told):
    counter.fail(answering(404, body))
    with pytest.raises(HttpError) as caught:
        client_of(counter).get("/count")
    assert caught.value.code == code
    assert caught.value.sentence == "GET /count was answered 404" + (f": {told}" if told else "")
    assert caught.value.body == body


def test_an_answer_that_only_drips_ends(counter):
    counter.fail(SLOW_BODY, times=10)
    client = client_of(counter, attempts=2, answer_seconds=-1)
    with pytest.raises(HttpError, match="answered too slowly"):
        client.get("/count")


def test_a_long_answer_that_only_drips_is_not_waited_for(counter):
    counter.fail(SLOW_BODY)
    client = client_of(counter, attempts=1, answer_seconds=-1)
    with pytest.raises(HttpError, match="answered too slowly"):
        client.call("GET", "/file")
    assert counter.dripped_bytes < 1000


def test_broken_json_is_asked_again(counter):
    counter.fail(answering(200, b'{"count": '))
    assert client_of(counter).get("/count") == {"count": 0}


def test_no_redirect_is_followed_with_a_key(counter):
    counter.fail(answering(302, None, {"Location": f"{counter.base_url}/elsewhere"}))
    with pytest.raises(HttpError, match="answered 302"):
        client_of(counter).get("/count")
    assert len(counter.calls) == 1


def test_no_key_goes_to_another_host(counter):
    with pytest.raises(HttpError, match="not one of this API"):
        client_of(counter).get("http://localhost:1/count")


def test_a_netrc_of_the_user_does_not_replace_the_key(counter, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    client_of(counter).get("/count")
    assert counter.calls[0].headers["Authorization"] == f"Key {SECRET}"


@pytest.mark.parametrize("fault", [TRUNCATED_BODY, DROPPED, answering(503)])
def test_a_download_that_breaks_off_is_fetched_anew(counter, tmp_path, fault):
    counter.fail(fault)
    path = tmp_path / "file"
    assert client_of(counter).download(f"{counter.base_url}/file", path) == 200_000
    assert path.read_bytes() == b"0123456789" * 20_000
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_download_that_fails_leaves_nothing_and_takes_no_key_along(counter, tmp_path):
    counter.fail(TRUNCATED_BODY, times=9)
    with pytest.raises(HttpError):
        client_of(counter).download(f"{counter.base_url}/file?signature={SECRET}", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
    assert "Authorization" not in counter.calls[0].headers


LEAKS = [
    answering(401, {"errors": [{"detail": f"key {SECRET} of ann.lee@example.com is no good"}]}),
    answering(
        400, {"message": f"see https://x.example/a?api_key={SECRET}&email=ann.lee@example.com"}
    ),
    answering(400, {"detail": "ann.lee%40example.com at +44 20 7946 0958 is in compliance state"}),
    answering(500, {"message": f"{SECRET} ann.lee@example.com"}),
    too_many_requests("9999"),
    DROPPED,
    STALLED,
]


@pytest.mark.parametrize("fault", LEAKS)
def test_no_error_and_no_log_shows_a_secret_or_an_address(counter, fault, caplog):
    counter.fail(fault, times=9)
    client = client_of(counter, attempts=2)
    path = f"/members/{ADDRESS}/5c2d3d6a8f5cf1ec6cf25cb7de7a6d3e"
    with caplog.at_level(logging.DEBUG), pytest.raises(HttpError) as caught:
        client.get(path, {"key": SECRET, "email": ADDRESS})
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(client)
    shown += "".join(one.getMessage() for one in caplog.records)
    for secret in (SECRET, "ann.lee", "example.com", "7946", "5c2d3d6a8f5cf1ec6cf25cb7de7a6d3e"):
        assert secret not in shown


def test_a_host_that_is_not_there_says_nothing_of_the_query():
    client = HttpClient(
        "http://127.0.0.1:1", secrets=(SECRET,), patience=Patience(attempts=1), sleep=lambda s: None
    )
    with pytest.raises(HttpError) as caught:
        client.get("/x", {"key": SECRET, "email": "ann@example.com"})
    assert caught.value.sentence == "GET /x broke off (ConnectionError)"
    assert "".join(traceback.format_exception(caught.value)).count(SECRET) == 0


def test_short_secrets_do_not_eat_the_text():
    assert redacted("a cat", ("a", "")) == "a cat"


def test_a_pacer_holds_a_burst_and_a_steady_limit():
    clock = StillClock()
    pacer = Pacer(Limit(3, 1), Limit(5, 60), clock=clock, sleep=clock.sleep)
    moments = []
    for _ in range(11):
        pacer.wait()
        moments.append(clock())
    assert moments == [0, 0, 0, 1, 1, 60, 60, 60, 61, 61, 120]


def test_a_paced_client_is_never_refused(counter):
    clock = counter.clock
    counter.route(
        "GET",
        "/paced",
        lambda call: Reply(body={}),
        [Window(3, 1, clock), Window(20, 60, clock)],
    )
    client = client_of(counter)
    client.pacer = Pacer(Limit(3, 1), Limit(20, 60), clock=clock, sleep=clock.sleep)
    clock.sleep(0.7)
    for _ in range(50):
        client.get("/paced")
    assert len(counter.calls) == 50
    assert clock() == pytest.approx(123.7)


def test_a_pause_holds_back_the_next_call():
    clock = StillClock()
    pacer = Pacer(clock=clock, sleep=clock.sleep)
    pacer.pause(5)
    pacer.wait()
    pacer.wait()
    assert clock.sleeps == [5]


def test_batches_hold_a_count_and_bytes():
    assert [len(one) for one in batches(range(7), most=3, most_bytes=10_000)] == [3, 3, 1]
    people = [{"name": "ö" * 100} for _ in range(20)]
    cut = list(batches(people, most=1000, most_bytes=1000, envelope_bytes=100))
    assert [item for batch in cut for item in batch] == people
    assert all(len(json_bytes({"members": batch})) <= 1000 for batch in cut)
    assert len(json_bytes(people[0])) == 211
    assert [len(batch) for batch in cut] == [4, 4, 4, 4, 4]


def test_one_item_beyond_the_limit_stands_alone():
    assert [len(one) for one in batches(["x" * 50, "y"], most=9, most_bytes=20)] == [1, 1]


def test_files_of_the_client_stay_in_their_folder(counter, tmp_path: Path):
    client_of(counter).download(f"{counter.base_url}/file", tmp_path / "a")
    assert not (tmp_path / "a.part").exists()
