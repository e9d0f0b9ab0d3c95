"""The engine and Mailchimp together: what the ledger says is what is there."""

import pytest

from pipeline.http_answers import HttpError
from pipeline.sync.engine import push
from tests.stand_ins.faults import answering
from tests.stand_ins.mailchimp import MailchimpStandIn
from tests.unit.exported_lists import DAY, exported
from tests.unit.mailchimp_audience import AUDIENCE, LIST, on_list, people, tool_of

NAMES = ("ann", "bob", "eve")


@pytest.fixture
def world(tmp_path):
    world = exported(tmp_path)
    world.lists = {LIST: [*NAMES]}
    return world.build()


@pytest.fixture
def mailchimp():
    with MailchimpStandIn() as server:
        people(server, *NAMES)
        yield server


def pushed(world, mailchimp, number):
    return push(world.warehouse, tool_of(mailchimp), run_id=f"run {number}", as_of_date=DAY)


def test_lists_are_kept_and_a_second_push_of_the_same_sends_nothing(world, mailchimp):
    pushed(world, mailchimp, 1)
    assert on_list(mailchimp) == set(NAMES)
    assert world.members() == {LIST: [*NAMES]}
    mailchimp.calls.clear()
    pushed(world, mailchimp, 2)
    assert {call.method for call in mailchimp.calls} == {"GET"}
    world.lists = {LIST: ["ann", "bob"]}
    world.names = {"ann": "Anna"}
    world.build()
    pushed(world, mailchimp, 3)
    assert on_list(mailchimp) == {"ann", "bob"}
    assert world.members() == {LIST: ["ann", "bob"]}


def test_whoever_unsubscribes_is_taken_off_at_the_next_change_and_is_no_member(world, mailchimp):
    pushed(world, mailchimp, 1)
    people(mailchimp, "ann", status="unsubscribed")
    world.names = dict.fromkeys(NAMES, "New")
    world.build()
    pushed(world, mailchimp, 2)
    assert on_list(mailchimp) == {"bob", "eve"}
    assert world.members() == {LIST: ["bob", "eve"]}
    assert (LIST, "ann", "update", "refused", "unsubscribed") in world.ledger("run 2")


def test_somebody_with_a_new_address_in_mailchimp_is_still_taken_off(world, mailchimp):
    pushed(world, mailchimp, 1)
    mailchimp.change_address(AUDIENCE, "ann@example.com", "ann@new.example")
    world.lists = {LIST: ["bob", "eve"]}
    world.build()
    pushed(world, mailchimp, 2)
    assert on_list(mailchimp) == {"bob", "eve"}


def test_a_push_that_died_with_the_change_done_is_settled_by_looking(world, mailchimp):
    mailchimp.audience.tags.half_done = 2
    is_change = f"/lists/{AUDIENCE}/segments/"

    def has_been_tried(call):
        return call.path.startswith(is_change) and len(mailchimp.called("POST", is_change)) > 1

    mailchimp.fail(answering(401, {"title": "crash"}), times=9, when=has_been_tried)
    with pytest.raises(HttpError):
        pushed(world, mailchimp, 1)
    assert len(on_list(mailchimp)) == 2
    mailchimp.faults = type(mailchimp.faults)()
    report = pushed(world, mailchimp, 2)
    assert report.settled == {"done": 2, "lost": 1}
    assert on_list(mailchimp) == set(NAMES)
    assert world.members() == {LIST: [*NAMES]}


def test_whom_somebody_takes_off_by_hand_is_not_put_on_again(world, mailchimp):
    pushed(world, mailchimp, 1)
    tag = mailchimp.audience.tags.named(AUDIENCE, LIST)[0]
    tag.contacts.remove(next(iter(tag.contacts)))
    left = on_list(mailchimp)
    world.names = dict.fromkeys(NAMES, "New")
    world.build()
    pushed(world, mailchimp, 2)
    assert on_list(mailchimp) == left
