"""Klaviyo behind the engine: what the ledger believes is what stands there, whatever happened."""

import pytest

from pipeline.http_answers import HttpError
from pipeline.sync.engine import push
from tests.stand_ins.faults import LOST_ANSWER, answering
from tests.stand_ins.klaviyo_imports import KlaviyoAccount
from tests.unit.exported_lists import DAY, Exported, exported
from tests.unit.klaviyo_account import add_people, properties_of, tool_of

LIST = "winback_slipping"
PEOPLE = ["ann", "bob", "carl", "dora"]


@pytest.fixture
def klaviyo():
    with KlaviyoAccount() as server:
        add_people(server, *PEOPLE)
        yield server


@pytest.fixture
def shop(tmp_path):
    return exported(tmp_path)


def pushed(shop: Exported, klaviyo: KlaviyoAccount):
    # Runs are a day apart: no limit is left over from the one before.
    klaviyo.clock.sleep(86_400)
    return push(shop.build().warehouse, tool_of(klaviyo), run_id="run", as_of_date=DAY)


def agrees(shop: Exported, klaviyo: KlaviyoAccount) -> set[str]:
    """Return who is on the list, having seen that the ledger says the same of each contact."""
    there = shop.ask("select customer_id, contact_id from sync.members")
    assert {f"{person}@example.com" for person, _ in there} == klaviyo.emails_on(LIST)
    assert all(contact == f"P-{person}" for person, contact in there)
    return {person for person, _ in there}


def test_people_come_change_and_go(shop, klaviyo):
    shop.lists = {LIST: ["ann", "bob", "stranger"]}
    first = pushed(shop, klaviyo).lists[0]
    assert (first.added, first.refused) == (2, {"not a contact": 1})
    assert agrees(shop, klaviyo) == {"ann", "bob"}

    shop.lists, shop.names, shop.known = {LIST: ["ann", "carl"]}, {"ann": "Anna"}, {"bob"}
    second = pushed(shop, klaviyo).lists[0]
    assert (second.added, second.updated, second.removed) == (1, 1, {"left_list": 1})
    assert agrees(shop, klaviyo) == {"ann", "carl"}
    assert properties_of(klaviyo, "ann")["winback_first_name"] == "Anna"

    before = len(klaviyo.calls)
    assert pushed(shop, klaviyo).lists[0].added == 0
    # Where nothing has changed the list is looked up and counted, and that is all.
    assert len(klaviyo.calls) == before + 2


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("place", range(1, 14))
def test_a_push_that_ends_at_any_call_is_finished_by_the_next(shop, klaviyo, place, is_done):
    shop.lists = {LIST: ["ann", "bob", "carl"]}
    pushed(shop, klaviyo)
    klaviyo.job_seconds = 5
    shop.lists, shop.names = {LIST: ["ann", "bob", "dora"]}, {"ann": "Anna"}
    already = len(klaviyo.calls)
    at = already + place
    if is_done:
        klaviyo.fail(LOST_ANSWER, when=lambda call: len(klaviyo.calls) == at)
    klaviyo.fail(answering(401), when=lambda call: len(klaviyo.calls) == at + is_done)
    with pytest.raises(HttpError):
        pushed(shop, klaviyo)

    pushed(shop, klaviyo)

    assert agrees(shop, klaviyo) == {"ann", "bob", "dora"}
    assert properties_of(klaviyo, "ann")["winback_first_name"] == "Anna"
    assert len(klaviyo.lists) == 1


def test_who_did_not_show_in_time_is_found_before_the_next_push(shop, klaviyo):
    shop.lists = {LIST: ["ann", "bob"]}
    klaviyo.hidden = {"bob@example.com"}
    assert pushed(shop, klaviyo).lists[0].added == 1
    klaviyo.hidden = set()
    assert pushed(shop, klaviyo).settled == {"done": 1, "lost": 0}
    assert agrees(shop, klaviyo) == {"ann", "bob"}
    assert len(klaviyo.imports()) == 1


def test_whom_somebody_took_off_the_list_is_not_put_on_again(shop, klaviyo):
    shop.lists = {LIST: ["ann", "bob"]}
    pushed(shop, klaviyo)
    del klaviyo.members["L00000"]["P-bob"]
    shop.names = {"ann": "Anna", "bob": "Bobby"}
    pushed(shop, klaviyo)
    assert klaviyo.emails_on(LIST) == {"ann@example.com"}
    assert properties_of(klaviyo, "bob")["winback_first_name"] == "Ada"
