from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.clock import utc_now
from pipeline.destinations.contract import NOT_A_CONTACT
from pipeline.sync import payloads, presence
from pipeline.sync.engine import PushReport, push
from tests.unit.exported_lists import DAY, Crash, Dying, Exported, FakeTool, exported

LIST = "winback_slipping"


@pytest.fixture
def shop(tmp_path: Path) -> Exported:
    return exported(tmp_path)


@pytest.fixture
def tool(shop: Exported) -> FakeTool:
    """Return a tool that ada, bob and eve were sent to."""
    shop.lists = {LIST: ["ada", "bob", "eve"]}
    tool = FakeTool()
    pushed(shop, tool)
    return tool


def pushed(shop: Exported, tool: FakeTool | Dying, **told: object) -> PushReport:
    return push(shop.build().warehouse, tool, run_id="run", as_of_date=DAY, **told)


def take_off(tool: FakeTool, person: str) -> None:
    tool.there[LIST] = {
        contact: row for contact, row in tool.there[LIST].items() if row["customer_id"] != person
    }


def put_on(tool: FakeTool, person: str) -> None:
    email = f"{person}@example.com"
    contact = tool.contacts.setdefault(email, f"contact {len(tool.contacts)}")
    tool.there[LIST][contact] = {"customer_id": person, "email": email}


def test_whom_others_took_off_is_neither_put_back_nor_written_to(
    shop: Exported, tool: FakeTool
) -> None:
    take_off(tool, "bob")
    shop.names = dict.fromkeys(["ada", "bob"], "Renamed")

    report = pushed(shop, tool)

    assert tool.lists() == {LIST: ["ada", "eve"]}
    assert report.lists[0].updated == 1
    assert shop.ask("select customer_id from sync.members where missing_since is not null") == [
        ("bob",)
    ]


def test_whom_others_took_off_is_sent_again_when_he_comes_anew(
    shop: Exported, tool: FakeTool
) -> None:
    take_off(tool, "bob")
    pushed(shop, tool)
    shop.lists = {LIST: ["ada", "eve"]}
    pushed(shop, tool)
    shop.lists = {LIST: ["ada", "bob", "eve"]}

    pushed(shop, tool)

    assert tool.lists() == shop.members() == shop.lists


def test_whom_others_put_back_is_one_of_ours_again(shop: Exported, tool: FakeTool) -> None:
    take_off(tool, "bob")
    pushed(shop, tool)
    put_on(tool, "bob")

    pushed(shop, tool)

    assert shop.ask("select count(*) from sync.members where missing_since is not null") == [(0,)]


def test_people_whom_we_did_not_add_stay_and_are_read_once(shop: Exported, tool: FakeTool) -> None:
    put_on(tool, "marketer")
    first, second = Dying(tool), Dying(tool)

    pushed(shop, first)
    pushed(shop, second)

    assert "marketer" in tool.lists()[LIST]
    assert (first.calls, second.calls) == (["count", "members"], ["count"])


def test_a_list_that_somebody_made_before_us_keeps_its_people(shop: Exported) -> None:
    tool = FakeTool(there={LIST: {}})
    put_on(tool, "marketer")
    shop.lists = {LIST: ["ada"]}

    pushed(shop, tool)
    again = Dying(tool)
    pushed(shop, again)

    assert tool.lists() == {LIST: ["ada", "marketer"]}
    assert again.calls == ["count"]


def test_a_whole_list_is_read_once_a_week(
    shop: Exported, tool: FakeTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def calls_after(passed: timedelta) -> list[str]:
        asked = Dying(tool)
        moment: datetime = utc_now() + passed
        monkeypatch.setattr(presence, "utc_now", lambda: moment)
        pushed(shop, asked)
        return asked.calls

    assert calls_after(timedelta(days=6)) == ["count"]
    assert calls_after(timedelta(days=8)) == ["count", "members"]
    assert calls_after(timedelta(days=9)) == ["count"]


def test_a_list_that_is_gone_there_is_held_until_it_is_confirmed(
    shop: Exported, tool: FakeTool
) -> None:
    del tool.there[LIST]

    held = pushed(shop, tool)
    assert tool.lists() == {}
    again = pushed(shop, tool, confirmed=[LIST])

    assert held.held == (LIST,)
    assert "has no list of this name any more" in held.plan.lists[0].why
    assert again.lists[0].added == 3
    assert tool.lists() == shop.members() == shop.lists


def test_who_does_not_show_yet_is_looked_for_on_the_next_run(shop: Exported) -> None:
    tool = FakeTool(shows_late={"bob@example.com"})
    shop.lists = {LIST: ["ada", "bob"]}
    pushed(shop, tool)
    assert shop.members() == {LIST: ["ada"]}
    tool.shows_late = set()

    report = pushed(shop, tool)

    assert report.settled == {"done": 1, "lost": 0}
    assert tool.lists() == shop.members() == shop.lists


def test_who_shows_after_he_was_given_up_is_taken_off_if_nobody_wants_him(shop: Exported) -> None:
    tool = FakeTool(shows_late={"bob@example.com"})
    with shop.warehouse.connect() as connection:
        connection.execute(
            "create table sync.customer_ids as "
            "select 'email:bob@example.com' as key, 'bob' as customer_id"
        )
    shop.lists = {LIST: ["ada", "bob"]}
    pushed(shop, tool)
    shop.lists = {LIST: ["ada"]}
    shop.known = {"bob"}
    assert pushed(shop, tool).settled == {"done": 0, "lost": 1}
    tool.shows_late = set()

    pushed(shop, tool)

    assert tool.lists() == shop.members() == shop.lists


def test_an_id_that_became_an_alias_stays_the_contact_that_it_is(
    shop: Exported, tool: FakeTool
) -> None:
    shop.lists = {LIST: ["ada", "robert", "eve"]}
    shop.aliases = {"bob": "robert"}
    shop.emails = {"robert": "bob@example.com"}
    before = set(tool.there[LIST])

    report = pushed(shop, tool)

    assert set(tool.there[LIST]) == before
    assert (report.lists[0].added, report.lists[0].removed) == (0, {})
    assert shop.members() == {LIST: ["ada", "eve", "robert"]}


def test_a_new_address_takes_the_old_ones_place(shop: Exported, tool: FakeTool) -> None:
    shop.emails = {"bob": "robert@example.com"}

    pushed(shop, tool)

    assert sorted(row["email"] for row in tool.there[LIST].values()) == [
        "ada@example.com",
        "eve@example.com",
        "robert@example.com",
    ]
    contact = tool.contacts["robert@example.com"]
    assert shop.ask("select contact_id from sync.members where customer_id = 'bob'") == [(contact,)]


def test_a_contact_that_was_merged_there_is_found_by_its_address(
    shop: Exported, tool: FakeTool
) -> None:
    row = tool.there[LIST].pop(tool.contacts["bob@example.com"])
    tool.there[LIST]["merged"] = row
    put_on(tool, "marketer")

    pushed(shop, tool)

    assert shop.ask(
        "select contact_id, missing_since from sync.members where customer_id = 'bob'"
    ) == [("merged", None)]


def test_whom_the_tool_has_come_to_suppress_is_taken_off(shop: Exported, tool: FakeTool) -> None:
    with shop.warehouse.connect() as connection:
        connection.execute(
            "insert into sync.suppressions values ('klaviyo', 'bob@example.com', 'unsubscribed', "
            "null, now()::timestamp)"
        )

    report = pushed(shop, tool)

    assert tool.lists() == {LIST: ["ada", "eve"]}
    assert report.lists[0].removed == {"tool: unsubscribed": 1}


def test_lists_that_are_held_do_what_is_owed_alone(shop: Exported, tool: FakeTool) -> None:
    shop.lists = {LIST: ["bob", "eve", "joe"]}
    shop.known = {"ada"}
    shop.forbidden = {"eve": "consent: unsubscribed"}

    report = pushed(shop, tool, held_because="nobody knows", confirmed=[LIST])

    assert tool.lists() == {LIST: ["ada", "bob"]}
    assert report.plan.lists[0].why == "nobody knows"


@pytest.mark.parametrize("dies_at", range(1, 9))
@pytest.mark.parametrize("having_acted", [False, True])
def test_a_crash_at_any_call_leaves_what_an_undisturbed_push_leaves(
    shop: Exported, tool: FakeTool, dies_at: int, having_acted: bool
) -> None:
    take_off(tool, "bob")
    put_on(tool, "marketer")
    shop.lists = {LIST: ["bob", "eve", "joe", "kim"], "winback_vip": ["joe"]}
    shop.known = {"ada"}
    shop.emails = {"eve": "eva@example.com"}
    try:
        pushed(shop, Dying(tool, dies_at, having_acted))
    except Crash:
        pushed(shop, tool)

    assert tool.lists() == {LIST: ["eve", "joe", "kim", "marketer"], "winback_vip": ["joe"]}
    assert shop.members() == {LIST: ["bob", "eve", "joe", "kim"], "winback_vip": ["joe"]}
    assert [row["email"] for row in tool.there[LIST].values() if row["customer_id"] == "eve"] == [
        "eva@example.com"
    ]


@pytest.mark.parametrize(("days", "is_tried"), [(6, False), (8, True)])
def test_whom_the_tool_does_not_know_is_tried_again_after_a_week(
    shop: Exported, monkeypatch: pytest.MonkeyPatch, days: int, is_tried: bool
) -> None:
    tool = FakeTool(refuses={"Ada": NOT_A_CONTACT})
    shop.lists = {LIST: ["ada"]}
    pushed(shop, tool)
    tool.refuses = {}
    now: datetime = utc_now() + timedelta(days=days)
    monkeypatch.setattr(payloads, "utc_now", lambda: now)

    pushed(shop, tool)

    assert shop.members() == ({LIST: ["ada"]} if is_tried else {})
