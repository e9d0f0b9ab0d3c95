"""What becomes of a push to Mailchimp when something goes wrong on the way."""

import threading

import pytest

from pipeline.apis.mailchimp import WRITES, MailchimpApi
from pipeline.destinations.contract import Outcome
from pipeline.destinations.mailchimp_fields import FIELDS
from pipeline.http_answers import HttpError
from tests.stand_ins.faults import (
    DROPPED,
    LOST_ANSWER,
    FaultQueue,
    answering,
    too_many_requests,
)
from tests.stand_ins.mailchimp import KEY, MailchimpStandIn
from tests.unit.mailchimp_audience import (
    AUDIENCE,
    LIST,
    add,
    changes,
    contact_of,
    on_list,
    people,
    profile,
    rows,
    tool_of,
)

ANN, BOB = contact_of("ann@example.com"), contact_of("bob@example.com")
FORBIDDEN = answering(403, b"<html>Forbidden</html>", {"Content-Type": "text/html"})
SEGMENTS = f"/lists/{AUDIENCE}/segments"


@pytest.fixture
def mailchimp():
    with MailchimpStandIn() as server:
        people(server, "ann", "bob")
        yield server


def at(method, *ends):
    return lambda call: call.method == method and call.path.endswith(ends)


def in_segment(call):
    return call.method == "POST" and call.path.startswith(f"{SEGMENTS}/")


def test_refusals_for_haste_are_waited_for_longer_each_time(mailchimp):
    mailchimp.fail(FORBIDDEN, when=in_segment)
    mailchimp.fail(too_many_requests(), when=in_segment)
    assert add(mailchimp, "ann").refused == {}
    assert mailchimp.clock.sleeps == [1, 2]


def test_four_calls_at_once_are_made_and_no_more(mailchimp):
    together = threading.Barrier(4, timeout=10)
    threads = set()

    def ask(number):
        together.wait()
        threads.add(threading.get_ident())
        return number

    api = MailchimpApi(KEY, base_url=mailchimp.base_url)
    assert api.each(ask, range(40)) == list(range(40))
    assert len(threads) == 4


def test_a_push_of_many_is_never_refused_for_asking_at_once(mailchimp):
    names = [f"p{number}" for number in range(60)]
    people(mailchimp, *names)
    assert len(add(mailchimp, *names).contacts) == 60
    assert mailchimp.busiest <= 4
    assert mailchimp.clock.sleeps == []


def test_after_an_error_no_further_contact_is_asked_for(mailchimp):
    names = [f"p{number}" for number in range(60)]
    people(mailchimp, *names)
    mailchimp.fail(answering(401, {"title": "API Key Invalid"}), when=at("PATCH", ""))
    with pytest.raises(HttpError, match="401"):
        add(mailchimp, *names)
    assert len(mailchimp.called("PATCH", "/")) < 60


@pytest.mark.parametrize("fault", [DROPPED, LOST_ANSWER, answering(500), answering(502)])
def test_what_broke_on_the_way_is_asked_again(mailchimp, fault):
    mailchimp.fail(fault, when=at("PATCH", ""))
    mailchimp.fail(fault, when=in_segment)
    outcome = add(mailchimp, "ann", "bob")
    assert outcome.refused == {}
    assert outcome.contacts == {"ann": ANN, "bob": BOB}
    assert on_list(mailchimp) == {"ann", "bob"}
    # What had been done before the answer was lost is looked up, as no answer names it.
    assert outcome.unseen == set()


def test_a_change_that_was_half_done_is_done_whole_by_the_repetition(mailchimp):
    mailchimp.audience.tags.half_done = 1
    assert add(mailchimp, "ann", "bob").contacts == {"ann": ANN, "bob": BOB}
    assert on_list(mailchimp) == {"ann", "bob"}


def test_a_list_whose_making_got_no_answer_is_found_by_its_name(mailchimp):
    mailchimp.fail(LOST_ANSWER, when=at("POST", "/segments"))
    add(mailchimp, "ann")
    assert len(mailchimp.audience.tags.named(AUDIENCE, LIST)) == 1
    assert len([one for one in mailchimp.called("POST", SEGMENTS) if one.path == SEGMENTS]) == 1


def test_a_list_that_was_not_made_is_not_made_by_a_second_try_of_the_same_run(mailchimp):
    mailchimp.fail(DROPPED, when=at("POST", "/segments"))
    with pytest.raises(HttpError) as caught:
        add(mailchimp, "ann")
    assert caught.value.is_unknown
    assert add(mailchimp, "ann").refused == {}
    assert len(mailchimp.audience.tags.named(AUDIENCE, LIST)) == 1


def test_a_list_that_somebody_else_makes_meanwhile_is_taken(mailchimp):
    tool = tool_of(mailchimp)
    assert tool.count(LIST) is None

    def make(call):
        is_making = call.method == "POST" and call.path == SEGMENTS
        if is_making and not mailchimp.audience.tags.named(AUDIENCE, LIST):
            mailchimp.audience.tags.make(AUDIENCE, LIST.upper())

    mailchimp.arriving = make
    assert tool.apply(LIST, changes(adds=[profile("ann")])).refused == {}
    assert len(mailchimp.audience.tags.of(AUDIENCE)) == 1


def test_a_list_is_looked_up_once_and_again_when_it_was_deleted(mailchimp):
    tool = tool_of(mailchimp)
    tool.apply(LIST, changes(adds=[profile("ann")]))
    tool.apply(LIST, changes(adds=[profile("bob")]))
    assert len([one for one in mailchimp.called("GET", SEGMENTS) if one.path == SEGMENTS]) == 1
    mailchimp.audience.tags.of(AUDIENCE).clear()
    assert tool.count(LIST) is None
    tool.apply(LIST, changes(adds=[profile("ann")]))
    mailchimp.audience.tags.of(AUDIENCE).clear()
    mailchimp.audience.tags.make(AUDIENCE, "another")
    mailchimp.audience.tags.of(AUDIENCE)[0].number = 7
    with pytest.raises(HttpError, match="404"):
        tool.apply(LIST, changes(adds=[profile("bob")]))
    assert tool.apply(LIST, changes(adds=[profile("bob")])).refused == {}
    assert on_list(mailchimp) == {"bob"}


def test_a_field_whose_making_got_no_answer_is_not_made_twice(mailchimp):
    mailchimp.fail(LOST_ANSWER, when=at("POST", "/merge-fields"))
    assert add(mailchimp, "ann").refused == {}
    tags = [one["tag"] for one in mailchimp.audience.fields[AUDIENCE]]
    assert len(tags) == len(set(tags))


def test_no_room_for_fields_is_said_before_anybody_is_told_of(mailchimp):
    mailchimp.audience.most_fields = 8
    with pytest.raises(HttpError, match=r"cannot be made\. An audience holds 30"):
        add(mailchimp, "ann")
    assert mailchimp.called("PATCH", "/") == []


def test_a_field_of_another_type_is_said_before_anybody_is_told_of(mailchimp):
    mailchimp.audience.add_field(AUDIENCE, "WB_LAST", "number")
    with pytest.raises(HttpError, match="WB_LAST is of type number and has to be date: delete"):
        add(mailchimp, "ann")
    assert mailchimp.called("PATCH", "/") == []


def test_what_shows_late_is_waited_for(mailchimp):
    mailchimp.audience.tags.looks = 3
    assert add(mailchimp, "ann") == Outcome(contacts={"ann": ANN}, unseen=set())
    assert mailchimp.clock.sleeps == [5, 25]


def test_what_does_not_show_in_time_is_told_and_found_later(mailchimp):
    mailchimp.audience.tags.looks = 7
    assert add(mailchimp, "ann").unseen == {"ann"}
    assert mailchimp.clock.sleeps == [5, 25, 90]
    assert rows(tool_of(mailchimp).find(LIST, ["ann@example.com"])) == {(ANN, "ann")}
    assert mailchimp.clock.sleeps == [5, 25, 90, 5]


def test_a_removal_that_shows_late_is_waited_for_and_else_asked_again(mailchimp):
    add(mailchimp, "ann")
    gone = changes(removes=[{"customer_id": "ann", "contact_id": ANN}])
    mailchimp.audience.tags.looks = 99
    assert tool_of(mailchimp).apply(LIST, gone).refused == {"ann": "still on the list"}
    mailchimp.audience.tags.looks = 0
    assert tool_of(mailchimp).apply(LIST, gone).refused == {}
    assert on_list(mailchimp) == set()


def test_errors_of_an_answer_that_is_no_error_are_read(mailchimp):
    mailchimp.audience.tags.refusals = {
        "ann@example.com": "Email addresses are not subscribed",
        "bob@example.com": "Nobody knows why",
    }
    people(mailchimp, "eve")
    outcome = add(mailchimp, "ann", "bob", "eve")
    assert outcome.refused == {"ann": "not subscribed", "bob": "refused by Mailchimp"}
    assert set(outcome.contacts) == {"eve"}
    assert mailchimp.clock.sleeps == []


def test_an_error_over_somebody_who_is_there_is_none(mailchimp):
    add(mailchimp, "ann")
    # Between the look at the contact and the change somebody else put him on.
    mailchimp.audience.tags.looks = 0
    tag = mailchimp.audience.tags.named(AUDIENCE, LIST)[0]
    tag.contacts.clear()
    mailchimp.audience.tags.refusals = {"ann@example.com": "already there"}

    def put_on(call):
        if in_segment(call):
            tag.contacts.add(ANN)

    mailchimp.arriving = put_on
    assert add(mailchimp, "ann") == Outcome(contacts={"ann": ANN}, unseen=set())


def test_whom_a_batch_does_not_take_off_is_taken_off_alone(mailchimp):
    add(mailchimp, "ann", "bob")
    people(mailchimp, "ann", status="unsubscribed")
    mailchimp.audience.tags.subscribed_only = True
    gone = [{"customer_id": "ann", "contact_id": ANN}, {"customer_id": "bob", "contact_id": BOB}]
    assert tool_of(mailchimp).apply(LIST, changes(removes=gone)).refused == {}
    assert on_list(mailchimp) == set()


def test_whoever_is_refused_and_cannot_be_taken_off_is_not_said_to_be_off(mailchimp):
    add(mailchimp, "ann")
    people(mailchimp, "ann", status="unsubscribed")
    mailchimp.audience.tags.looks = 99
    known = [profile("ann", contact_id=ANN)]
    outcome = tool_of(mailchimp).apply(LIST, changes(updates=known))
    assert outcome == Outcome(unseen={"ann"})


def crash_before(server, number):
    """Let every call from the one of this number on go wrong for good."""
    start = len(server.calls)
    crash = answering(401, {"title": "crash"})
    server.fail(crash, times=99, when=lambda call: len(server.calls) - start > number)


def pushed_with_a_crash(number, begin, wanted):
    """Push, crash before a call, push again; say if it crashed, what came of it, who is on."""
    with MailchimpStandIn() as server:
        people(server, "ann", "bob", "old")
        begin(server)
        crash_before(server, number)
        try:
            tool_of(server).apply(LIST, wanted)
            has_crashed = False
        except HttpError:
            has_crashed = True
        server.faults = FaultQueue()
        return has_crashed, tool_of(server).apply(LIST, wanted), on_list(server)


@pytest.mark.parametrize(
    ("begin", "wanted", "left"),
    [
        (lambda server: None, changes(adds=[profile("ann"), profile("bob")]), {"ann", "bob"}),
        (
            lambda server: add(server, "old", "bob"),
            changes(
                updates=[
                    profile("ann", contact_id=contact_of("old@example.com")),
                    profile("bob", contact_id=BOB),
                ]
            ),
            {"ann", "bob"},
        ),
        (
            lambda server: add(server, "ann", "bob"),
            changes(removes=[{"customer_id": "ann", "contact_id": ANN}]),
            {"bob"},
        ),
    ],
    ids=["adds", "updates", "removes"],
)
def test_a_crash_between_any_two_calls_is_mended_by_repeating(begin, wanted, left):
    crashes = 0
    while True:
        has_crashed, outcome, there = pushed_with_a_crash(crashes, begin, wanted)
        assert (dict(outcome.refused), set(outcome.unseen), there) == ({}, set(), left)
        if not wanted.removes.num_rows:
            assert outcome.contacts == {"ann": ANN, "bob": BOB}
        if not has_crashed:
            break
        crashes += 1
    assert crashes >= 3


def test_what_the_account_refuses_ends_the_push_with_what_to_do(mailchimp):
    refused = answering(403, {"title": "Forbidden", "detail": "user@shop.example may not"})
    mailchimp.fail(refused, times=9, when=at("PATCH", ""))
    with pytest.raises(HttpError, match="its user needs the role manager or more") as caught:
        add(mailchimp, "ann", "bob")
    assert "user@" not in str(caught.value)
    with pytest.raises(HttpError, match="make one and set WINBACK_MAILCHIMP_KEY") as caught:
        tool_of(mailchimp, key="wrongwrongwrong-us10").count(LIST)
    assert "wrongwrong" not in str(caught.value)
    with pytest.raises(HttpError, match="set WINBACK_MAILCHIMP_AUDIENCE"):
        tool_of(mailchimp, list_id="nowhere").apply(LIST, changes(adds=[profile("ann")]))


def test_no_address_stands_in_a_path_or_an_error(mailchimp):
    mailchimp.fail(answering(500), times=9, when=at("PATCH", ""))
    with pytest.raises(HttpError) as caught:
        add(mailchimp, "ann")
    assert "ann" not in str(caught.value)
    assert not [call for call in mailchimp.calls if "@" in call.path or "%40" in call.path]


def test_a_list_that_changes_while_it_is_read_is_read_again(mailchimp):
    names = [f"p{number:04}" for number in range(1500)]
    people(mailchimp, *names)
    mailchimp.audience.put_on(AUDIENCE, LIST, *(f"{name}@example.com" for name in names))
    tag = mailchimp.audience.tags.named(AUDIENCE, LIST)[0]
    pages = []

    def leave(call):
        if call.path.endswith("/members") and "segments" in call.path:
            pages.append(call)
            if len(pages) == 2:
                tag.contacts.discard(contact_of("p0000@example.com"))

    mailchimp.arriving = leave
    found = tool_of(mailchimp).members(LIST)
    assert {name for _, name in rows(found)} == set(names) - {"p0000"}
    assert len(pages) == 4


def test_nothing_else_can_be_written():
    assert {
        "POST /lists/{list_id}/segments",
        "POST /lists/{list_id}/segments/{segment_id}",
        "POST /lists/{list_id}/merge-fields",
        "PATCH /lists/{list_id}/members/{subscriber_hash}",
        "POST /lists/{list_id}/members/{subscriber_hash}/tags",
    } == WRITES


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/lists/a", {"members": []}),
        ("POST", "/lists/a/members", {"email_address": "a@example.com"}),
        ("PUT", "/lists/a/members/b", {"merge_fields": {}}),
        ("DELETE", "/lists/a/members/b", {}),
        ("POST", "/lists/a/members/b/actions/delete-permanent", {}),
        ("POST", "/batches", {"operations": []}),
        ("PATCH", "/lists/a/segments/1", {"static_segment": []}),
        ("PATCH", "/lists/a/members/b", {"status": "subscribed"}),
        ("PATCH", "/lists/a/members/b", {"merge_fields": {"FNAME": "Ann"}}),
        ("POST", "/lists/a/segments/1", {"static_segment": []}),
        ("POST", "/lists/a/members/b/tags", {"tags": [{"name": "vip", "status": "active"}]}),
    ],
)
def test_a_call_that_is_not_on_the_list_is_not_made(mailchimp, method, path, body):
    api = MailchimpApi(KEY, base_url=mailchimp.base_url)
    with pytest.raises(ValueError, match=r"Mailchimp|must not send|not ours|taken off"):
        api.write(method, path, body, is_repeatable=False)
    assert mailchimp.calls == []


def test_tags_of_fields_are_as_mailchimp_wants_them_and_few_enough():
    tags = [field.tag for field in FIELDS]
    assert len(set(tags)) == len(tags) <= 25
    assert all(len(tag) <= 10 and tag.isascii() and tag == tag.upper() for tag in tags)
