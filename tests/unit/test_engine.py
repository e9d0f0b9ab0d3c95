from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.sync.engine import PayloadError, UnknownListError, make_plan, push
from tests.unit.exported_lists import DAY, Crash, Dying, Exported, FakeTool, exported


@pytest.fixture
def shop(tmp_path: Path) -> Exported:
    return exported(tmp_path)


def people(count: int, first: int = 1) -> list[str]:
    return [f"p{number:03}" for number in range(first, first + count)]


def sent(shop: Exported, people_on_list: list[str], tool: FakeTool | None = None) -> FakeTool:
    tool = tool or FakeTool(batch_size=None)
    shop.lists = {"winback_slipping": people_on_list}
    push(shop.build().warehouse, tool, run_id="before", as_of_date=DAY)
    return tool


def test_lists_arrive_and_every_contact_has_an_intent_and_a_result(shop: Exported) -> None:
    shop.lists = {"winback_slipping": ["ada", "bob"], "winback_vip": ["bob"]}
    tool = FakeTool()

    report = push(shop.build().warehouse, tool, run_id="one", as_of_date=DAY)

    assert tool.lists() == shop.members() == shop.lists
    assert shop.ledger() == [
        ("winback_slipping", "ada", "add", "intent", None),
        ("winback_slipping", "bob", "add", "intent", None),
        ("winback_slipping", "ada", "add", "done", None),
        ("winback_slipping", "bob", "add", "done", None),
        ("winback_vip", "bob", "add", "intent", None),
        ("winback_vip", "bob", "add", "done", None),
    ]
    assert [(one.audience, one.added, one.members) for one in report.lists] == [
        ("winback_slipping", 2, 2),
        ("winback_vip", 1, 1),
    ]


def test_a_second_push_of_the_same_data_only_counts_and_writes_nothing(shop: Exported) -> None:
    tool = Dying(sent(shop, ["ada", "bob"]))
    before = shop.ledger()

    push(shop.build().warehouse, tool, run_id="two", as_of_date=DAY)

    assert tool.calls == ["count"]
    assert shop.ledger() == before


def test_a_changed_profile_is_sent_again_and_keeps_the_day_it_came(shop: Exported) -> None:
    tool = sent(shop, ["ada", "bob"])
    shop.names = {"bob": "Robert"}

    report = push(shop.build().warehouse, tool, run_id="two", as_of_date=DAY + timedelta(days=1))

    assert shop.ledger("two") == [
        ("winback_slipping", "bob", "update", "intent", None),
        ("winback_slipping", "bob", "update", "done", None),
    ]
    assert tool.profile("winback_slipping", "bob")["first_name"] == "Robert"
    assert shop.ask("select distinct since_date from sync.members") == [(DAY,)]
    assert report.lists[0].updated == 1


def test_every_removal_says_why(shop: Exported) -> None:
    tool = sent(shop, ["left", "unsubscribed", "erased", "old_id", "stays"])
    shop.lists = {"winback_slipping": ["stays"]}
    shop.known = {"left", "unsubscribed"}
    shop.forbidden = {"unsubscribed": "consent: unsubscribed"}
    shop.aliases = {"old_id": "stays"}

    push(shop.build().warehouse, tool, run_id="two", as_of_date=DAY)

    assert {row[1]: row[4] for row in shop.ledger("two") if row[3] == "done"} == {
        "left": "left_list",
        "unsubscribed": "consent: unsubscribed",
        "erased": "gone",
        "old_id": "merged",
    }
    assert tool.lists() == shop.members() == {"winback_slipping": ["stays"]}


def test_an_id_that_became_an_alias_is_replaced_even_on_a_list_that_is_held(
    shop: Exported,
) -> None:
    tool = sent(shop, people(150))
    shop.lists = {"winback_slipping": ["survivor"]}
    shop.known = set(people(150))
    shop.aliases = {"p001": "survivor"}

    report = push(shop.build().warehouse, tool, run_id="two", as_of_date=DAY)

    assert report.held == ("winback_slipping",)
    assert shop.members() == {"winback_slipping": [*people(149, 2), "survivor"]}
    assert report.lists[0].members == report.plan.lists[0].after == 150


def test_whoever_may_not_be_mailed_is_kept_out_though_the_export_lists_them(
    shop: Exported,
) -> None:
    shop.lists = {"winback_slipping": ["ada", "complained", "no_profile"]}
    shop.forbidden = {"complained": "complaint"}
    shop.build().ask("delete from exports.exp_email__profiles where customer_id = 'no_profile'")

    plan = make_plan(shop.warehouse, "files")
    push(shop.warehouse, FakeTool(), run_id="one", as_of_date=DAY)

    assert plan.lists[0].kept_out == {"complaint": 1, "no_profile": 1}
    assert shop.members() == {"winback_slipping": ["ada"]}


def test_the_worst_that_is_known_of_a_person_counts(shop: Exported) -> None:
    shop.lists = {"winback_slipping": ["survivor", "ada"]}
    shop.aliases = {"old_id": "survivor"}
    shop.build().ask(
        "insert into intermediate.int_channel_permissions"
        " values ('old_id', 'email', false, 'objected')"
    )

    push(shop.warehouse, FakeTool(), run_id="one", as_of_date=DAY)

    assert shop.members() == {"winback_slipping": ["ada"]}


def test_of_two_profiles_of_one_person_that_of_the_present_id_is_sent(shop: Exported) -> None:
    shop.lists = {"winback_slipping": ["survivor"]}
    shop.aliases = {"old_id": "survivor"}
    shop.build().ask("insert into exports.exp_email__profiles values ('old_id', 'o', 'Old', 1)")
    tool = FakeTool()

    push(shop.warehouse, tool, run_id="one", as_of_date=DAY)

    assert tool.profile("winback_slipping", "survivor")["email"] == "survivor@example.com"


def test_a_person_with_two_profiles_stops_the_push_before_anything_is_sent(
    shop: Exported,
) -> None:
    shop.lists = {"winback_slipping": ["ada"]}
    shop.build().ask("insert into exports.exp_email__profiles from exports.exp_email__profiles")
    tool = Dying(FakeTool())

    with pytest.raises(PayloadError, match="1 rows too many"):
        push(shop.warehouse, tool, run_id="one", as_of_date=DAY)

    assert tool.calls == ["count"]


@pytest.mark.parametrize(
    ("before", "wanted", "is_held"),
    [
        (people(100), [], False),
        (people(101), people(81), False),
        (people(101), people(80), True),
        (people(150), people(120), False),
        (people(150), people(119), True),
        (people(100), people(900), False),
        (people(101), people(202), False),
        (people(101), people(203), True),
    ],
)
def test_the_brake_stops_large_lists_that_shrink_or_grow_too_much(
    shop: Exported, before: list[str], wanted: list[str], is_held: bool
) -> None:
    tool = sent(shop, before)
    shop.lists = {"winback_slipping": wanted}
    shop.known = set(before)

    report = push(shop.build().warehouse, tool, run_id="two", as_of_date=DAY)

    assert [one.held for one in report.plan.lists] == [is_held]
    assert shop.members().get("winback_slipping", []) == (before if is_held else wanted)


def test_a_held_list_says_why_and_how_to_confirm_and_obeys(shop: Exported) -> None:
    tool = sent(shop, people(200))
    shop.lists = {"winback_slipping": people(100)}
    shop.known = set(people(200))
    shop.build()

    held = make_plan(shop.warehouse, "files").lists[0]
    confirmed = make_plan(shop.warehouse, "files", {"winback_slipping"}).lists[0]
    push(shop.warehouse, tool, run_id="two", as_of_date=DAY, confirmed={"winback_slipping"})

    assert held.why == (
        "100 of its 200 members would be taken off, more than 20 %. "
        "If that is right: winback run --confirm winback_slipping"
    )
    assert (held.before, held.removes, held.after) == (200, {"left_list": 100}, 200)
    assert (confirmed.why, confirmed.after) == ("", 100)
    assert shop.members() == {"winback_slipping": people(100)}


def test_who_unsubscribed_leaves_a_held_list_and_nothing_else_happens_to_it(
    shop: Exported,
) -> None:
    tool = sent(shop, people(200))
    shop.lists = {"winback_slipping": [*people(100), "new"]}
    shop.known = set(people(200))
    shop.forbidden = {"p001": "unsubscribed"}
    shop.names = {"p002": "Changed"}

    push(shop.build().warehouse, tool, run_id="two", as_of_date=DAY)

    assert shop.ledger("two") == [
        ("winback_slipping", "p001", "remove", "intent", "unsubscribed"),
        ("winback_slipping", "p001", "remove", "done", "unsubscribed"),
    ]


def test_forced_removals_do_not_count_towards_the_brake(shop: Exported) -> None:
    tool = sent(shop, people(200))
    shop.lists = {"winback_slipping": people(165)}
    shop.known = set(people(195))
    shop.forbidden = dict.fromkeys(people(20), "unsubscribed")

    report = push(shop.build().warehouse, tool, run_id="two", as_of_date=DAY)

    assert report.held == ()
    assert report.lists[0].removed == {"gone": 5, "left_list": 30, "unsubscribed": 20}


def test_the_list_of_a_step_is_not_held_when_people_move_on(shop: Exported) -> None:
    tool = sent(shop, people(120))
    with shop.warehouse.connect() as connection:
        connection.execute(
            "create table exports.exp_sync__programme_audiences as "
            "select 'winback_slipping' as audience"
        )
    shop.lists, shop.known = {"winback_slipping": people(5)}, set(people(120))
    report = push(shop.build().warehouse, tool, run_id="two", as_of_date=DAY)
    assert report.held == ()
    assert report.lists[0].removed == {"moved_on": 115}
    assert tool.lists() == {"winback_slipping": people(5)}


def test_a_source_that_is_missing_is_held_like_any_large_change(shop: Exported) -> None:
    tool = sent(shop, people(200))
    shop.lists = {"winback_slipping": people(20)}
    shop.known = set(people(20))

    report = push(shop.build().warehouse, tool, run_id="two", as_of_date=DAY)

    assert report.held == ("winback_slipping",)
    assert report.lists[0].removed == {}


def test_confirming_a_list_that_does_not_exist_names_those_that_do(shop: Exported) -> None:
    sent(shop, ["ada"])

    with pytest.raises(UnknownListError, match=r"no list winback_vip .* are winback_slipping"):
        make_plan(shop.warehouse, "files", {"winback_vip"})


def test_a_plan_changes_nothing(shop: Exported) -> None:
    sent(shop, ["ada", "bob"])
    shop.lists = {"winback_slipping": ["ada", "eve"]}
    shop.build()
    before = shop.warehouse.path.read_bytes()

    plan = make_plan(shop.warehouse, "files")

    assert (plan.lists[0].adds, plan.lists[0].removes) == (1, {"gone": 1})
    assert shop.warehouse.path.read_bytes() == before


def test_a_refused_contact_is_not_asked_for_again_until_the_profile_changes(
    shop: Exported,
) -> None:
    tool = FakeTool(refuses={"Bad": "blocked by the tool"})
    shop.names = {"bob": "Bad"}
    first = sent(shop, ["ada", "bob"], tool)
    again = make_plan(shop.warehouse, "files").lists[0]
    shop.names = {"bob": "Bob"}
    push(shop.build().warehouse, first, run_id="three", as_of_date=DAY)

    assert ("winback_slipping", "bob", "add", "refused", "blocked by the tool") in shop.ledger()
    assert (again.before, again.adds, again.kept_out) == (1, 0, {"refused_before": 1})
    assert shop.members() == {"winback_slipping": ["ada", "bob"]}


def test_whose_new_profile_is_refused_is_no_member_any_more(shop: Exported) -> None:
    tool = sent(shop, ["ada", "bob"], FakeTool(refuses={"Bad": "blocked"}))
    shop.names = {"bob": "Bad"}

    report = push(shop.build().warehouse, tool, run_id="two", as_of_date=DAY)
    again = push(shop.warehouse, tool, run_id="three", as_of_date=DAY)

    assert shop.members() == tool.lists() == {"winback_slipping": ["ada"]}
    assert (report.lists[0].refused, report.lists[0].members) == ({"blocked": 1}, 1)
    assert again.plan.is_empty


def test_a_refusal_is_remembered_for_the_person_under_the_id_that_survives(
    shop: Exported,
) -> None:
    shop.names = {"bob": "Bad"}
    tool = sent(shop, ["ada", "bob"], FakeTool(refuses={"Bad": "blocked"}))
    shop.lists = {"winback_slipping": ["ada", "rob"]}
    shop.aliases = {"bob": "rob"}
    shop.names = {"rob": "Bad"}
    shop.emails = {"rob": "bob@example.com"}

    assert make_plan(shop.build().warehouse, "files").lists[0].kept_out == {"refused_before": 1}
    assert tool.lists() == {"winback_slipping": ["ada"]}


@pytest.mark.parametrize("having_acted", [False, True])
@pytest.mark.parametrize("call", range(1, 6))
def test_a_crash_at_any_call_ends_like_no_crash(
    shop: Exported, call: int, having_acted: bool
) -> None:
    tool = sent(shop, ["ada", "bob", "eve", "joe"], FakeTool())
    shop.lists = {"winback_slipping": ["ada", "eve", "kim", "lea", "max"], "winback_vip": ["max"]}
    shop.known = {"joe"}
    shop.names = {"ada": "Changed", "eve": "Changed"}
    shop.build()

    dying = Dying(tool, dies_at=call, having_acted=having_acted)
    with pytest.raises(Crash):
        push(shop.warehouse, dying, run_id="two", as_of_date=DAY)
    push(shop.warehouse, tool, run_id="three", as_of_date=DAY)

    assert tool.lists() == shop.members() == shop.lists
    done = [row[:3] for row in shop.ledger() if row[3] == "done"]
    assert len(done) == len(set(done)) == 4 + 2 + 2 + 3 + 1
    assert shop.ask("select count(*) from sync.ledger where status = 'intent'") == shop.ask(
        "select count(*) from sync.ledger where status <> 'intent'"
    )


def test_a_crash_changes_no_decision_of_the_brake(shop: Exported) -> None:
    tool = sent(shop, people(200))
    shop.lists = {"winback_slipping": [*people(160), *people(230, 301)]}
    shop.known = set(people(200))
    shop.build()
    dying = Dying(replace(tool, batch_size=50), dies_at=2)

    with pytest.raises(Crash):
        push(shop.warehouse, dying, run_id="two", as_of_date=DAY)
    report = push(shop.warehouse, tool, run_id="three", as_of_date=DAY)

    assert report.held == ()
    assert shop.members() == shop.lists


def test_what_a_crash_cut_short_counts_towards_the_brake_until_it_is_confirmed_again(
    shop: Exported,
) -> None:
    tool = sent(shop, people(200))
    shop.lists = {"winback_slipping": people(150)}
    shop.known = set(people(200))
    shop.build()
    dying = Dying(replace(tool, batch_size=25), dies_at=2)
    confirmed = {"winback_slipping"}

    with pytest.raises(Crash):
        push(shop.warehouse, dying, run_id="two", as_of_date=DAY, confirmed=confirmed)
    unconfirmed = push(shop.warehouse, tool, run_id="three", as_of_date=DAY)
    push(shop.warehouse, tool, run_id="four", as_of_date=DAY, confirmed=confirmed)

    assert [one.why[:30] for one in unconfirmed.plan.lists] == ["50 of its 200 members would be"]
    assert shop.members() == shop.lists


def test_a_run_that_is_tried_again_under_its_id_goes_on(shop: Exported) -> None:
    shop.lists = {"winback_slipping": ["ada", "bob", "eve"]}
    tool = FakeTool()

    with pytest.raises(Crash):
        push(shop.build().warehouse, Dying(tool, dies_at=3), run_id="one", as_of_date=DAY)
    report = push(shop.warehouse, tool, run_id="one", as_of_date=DAY)

    assert report.settled == {"done": 0, "lost": 1}
    assert [row[1:4] for row in shop.ledger() if row[3] != "intent"] == [
        ("ada", "add", "done"),
        ("bob", "add", "done"),
        ("eve", "add", "lost"),
        ("eve", "add", "done"),
    ]


def test_no_address_and_no_name_enters_what_is_kept_of_a_push(shop: Exported) -> None:
    tool = sent(shop, ["ada", "bob"])
    shop.lists = {"winback_slipping": ["ada"]}
    shop.build()
    report = push(shop.warehouse, tool, run_id="two", as_of_date=DAY)

    kept = [str(report)]
    for table in ("ledger", "members"):
        kept += [str(row) for row in shop.ask(f"select {table}::varchar from sync.{table}")]

    assert not [text for text in kept if "@" in text or "Ada" in text]


def test_the_plan_of_a_list_is_one_line_of_counts(shop: Exported) -> None:
    sent(shop, people(200))
    shop.lists = {"winback_slipping": [*people(120), "new"]}
    shop.known = set(people(199))
    shop.forbidden = {"p001": "unsubscribed"}
    shop.build()

    assert make_plan(shop.warehouse, "files").lists[0].sentence() == (
        "winback_slipping: 200 members, +1, -81 (1 gone, 79 left_list, 1 unsubscribed), "
        "0 updated, 1 kept out (unsubscribed), 199 after it, HELD: "
        "80 of its 200 members would be taken off, more than 20 %. "
        "If that is right: winback run --confirm winback_slipping"
    )
