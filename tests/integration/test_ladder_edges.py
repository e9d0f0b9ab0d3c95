"""Steps by arm, date and group, people who become one, and days that are run once more."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.programmes import Programmes
from tests.integration.two_programmes import (
    START,
    STEP,
    candidate,
    entered,
    known,
    mailed,
    on,
    run_days,
    took,
)

pytestmark = pytest.mark.programmes


def steps(day: Programmes, *rows: dict[str, Any]) -> None:
    day.seed(
        "programme_steps",
        [{**STEP, "programme": "dormant", "after_days": 0, **row} for row in rows],
    )


def all_is_sent(day: Programmes) -> None:
    day.connection.execute("update reference.programme_messages set assume_sent = true")


def taken(day: Programmes, programme: str = "dormant") -> list[tuple[Any, ...]]:
    return day.ask(
        "select step, message, as_of_date from sync.programme_steps "
        f"where programme = '{programme}' order by as_of_date, step, message"
    )


def one_person(day: Programmes, *, standing: str, other: str) -> None:
    """Let two ids be one person's from now on."""
    known(day, standing)
    day.give(
        "intermediate.int_customer_keys",
        [
            {"customer_id": standing, "person_key": key, "group_key": standing}
            for key in (standing, other)
        ],
    )
    day.give(
        "intermediate.int_customer_aliases",
        [{"customer_id": one, "current_customer_id": standing} for one in (standing, other)],
    )
    day.give("segments.programme_candidates", [candidate(standing)])


def test_a_step_halfway_comes_between_dormant_and_long_dormant(day: Programmes) -> None:
    all_is_sent(day)
    # 181 days apart; the half is rounded down.
    day.connection.execute(
        "update marts.customer_churn set dormant_on = ?, long_dormant_on = ?",
        [on(-80), on(101)],
    )
    steps(
        day, {"step": 1, "basis": "dormant"}, {"step": 2, "basis": "halfway", "ends_after_days": 9}
    )
    run_days(day, 12)
    assert taken(day) == [(1, "first", on(0)), (2, "first", on(10))]


def test_a_step_that_a_later_one_overtook_is_left_out(day: Programmes) -> None:
    all_is_sent(day)
    steps(
        day,
        {"step": 1, "basis": "slipping"},
        {"step": 2, "basis": "dormant"},
        {"step": 3, "after_days": 5, "ends_after_days": 9},
    )
    run_days(day, 7)
    assert taken(day) == [(2, "first", on(0)), (3, "first", on(5))]


@pytest.mark.parametrize(
    ("arm", "days"), [("a", [(1, 0), (2, 3)]), ("b", [(1, 0), (2, 6), (3, 8)])]
)
def test_each_arm_walks_its_own_steps_and_those_of_every_arm(
    day: Programmes, arm: str, days: list[tuple[int, int]]
) -> None:
    all_is_sent(day)
    day.seed("programme_arms", [{"programme": "dormant", "arm": arm, "share": 1}])
    steps(
        day,
        {"step": 1},
        {"step": 2, "arm": "a", "after_days": 3, "ends_after_days": 9},
        {"step": 2, "arm": "b", "after_days": 6},
        {"step": 3, "arm": "b", "after_days": 2, "ends_after_days": 9},
    )
    # The cap would put off what is due after two days.
    day.connection.execute("update reference.programmes set channel = 'ads'")
    day.give("intermediate.int_channel_permissions", [{"customer_id": "ada", "channel": "ads"}])
    run_days(day, 10)
    assert [(step, on_day) for step, _, on_day in taken(day)] == [
        (step, on(number)) for step, number in days
    ]
    assert day.lists() == [f"winback_dormant_{days[-1][0]}_{arm}"]


def test_an_offer_goes_to_those_in_its_group(day: Programmes) -> None:
    steps(
        day,
        {
            "step": 1,
            "offer_group": "discount_lovers",
            "group_offer": "less",
            "ends_after_days": 9,
        },
    )
    offers = []
    for segment in ("regulars", "discount_lovers"):
        day.give("marts.segment_members", [{"customer_id": "ada", "segment": segment}])
        day.build()
        offers += day.ask("select offer, offer_kind from programmes.programme_lists")
    assert offers == [("perk", "perk"), ("less", "discount")]


@pytest.mark.parametrize(("cycle", "days"), [(None, 60), (30, 60), (400, 400)])
def test_the_outcome_window_is_as_long_as_the_cycle_where_that_is_longer(
    day: Programmes, cycle: int | None, days: int
) -> None:
    day.connection.execute("update marts.customer_activity set cycle_days = ?", [cycle])
    day.run()
    day.next_day(days - 1)
    day.build()
    outcome = (
        "select is_over, is_buyer from programmes.programme_outcomes where programme = 'dormant'"
    )
    assert day.ask(outcome) == [(False, False)]
    day.give(
        "intermediate.int_purchases",
        [{"customer_id": "ada", "purchase_date": on(days), "revenue": 5}],
    )
    day.next_day()
    day.build()
    assert day.ask(outcome) == [(True, True)]
    day.connection.execute(
        "update intermediate.int_purchases set purchase_date = ?", [on(days + 1)]
    )
    day.next_day()
    day.build()
    assert day.ask(outcome) == [(True, False)]


@pytest.mark.parametrize(("standing", "other"), [("ada", "zoe"), ("zoe", "ada")])
def test_somebody_who_becomes_one_with_another_goes_on_where_he_was(
    day: Programmes, standing: str, other: str
) -> None:
    all_is_sent(day)
    run_days(day, 6)
    one_person(day, standing=standing, other=other)
    run_days(day, 20)
    assert taken(day) == [
        (1, "first", on(0)),
        (1, "resend", on(4)),
        (2, "first", on(10)),
    ]
    assert day.state(standing) == (2, on(24), "ran_out")
    assert day.ask("select count(*) from sync.enrolments where programme = 'dormant'") == [(1,)]


def test_of_two_who_become_one_the_id_that_stands_says_arm_and_history(day: Programmes) -> None:
    all_is_sent(day)
    entered(day, on(-3), customer_id="zoe", arm="b")
    took(day, on(-3), customer_id="zoe")
    entered(day, on(-9), is_control=True)
    took(day, on(-9), is_listed=False)
    one_person(day, standing="ada", other="zoe")
    day.run()
    assert day.ask("select arm, is_control, entered_on from programmes.programme_enrolments") == [
        ("a", True, on(-9))
    ]
    assert day.lists() == []


def test_what_either_of_two_who_become_one_was_sent_counts_against_the_cap(
    day: Programmes,
) -> None:
    all_is_sent(day)
    entered(day, on(-1), customer_id="zoe")
    took(day, on(-1), customer_id="zoe")
    entered(day, on(-10))
    took(day, on(-10))
    one_person(day, standing="ada", other="zoe")
    day.run()
    assert day.decision() == ("in", "frequency_cap")
    assert day.details() == "1 contacts in 3 days, 2 in 30"


def test_a_day_that_is_run_once_more_moves_nobody_on_a_second_ladder(day: Programmes) -> None:
    day.run()
    day.give("segments.programme_candidates", [candidate("ada"), candidate("ada", "cart")])
    day.run()
    assert day.lists() == ["winback_dormant_1_a"]
    assert day.decision(programme="cart") == ("out", "priority")
    assert day.details(programme="cart") == "dormant went first on this day"
    assert day.ask("select programme, step from sync.programme_steps") == [("dormant", 1)]


def test_a_day_that_is_run_once_more_takes_off_lists_only_whom_nobody_may_contact(
    day: Programmes,
) -> None:
    day.run()
    day.connection.execute("update marts.customer_activity set is_unhappy = true")
    day.give("intermediate.int_email_recipients", [{"recipient_number": 1, "account_key": "ada"}])
    day.give(
        "intermediate.int_email_mails",
        [{"recipient_number": 1, "mail_key": "news", "sent_date": START}],
    )
    day.run()
    assert day.lists() == ["winback_dormant_1_a"]
    day.give(
        "intermediate.int_orders_open_by_customer",
        [{"customer_id": "ada", "last_open_order_date": START, "has_pending_order": False}],
    )
    day.give(
        "intermediate.int_purchases",
        [{"customer_id": "ada", "purchase_date": START, "revenue": 5}],
    )
    day.run()
    assert (day.lists(), day.decision()) == ([], ("out", "open_order"))
    day.next_day()
    day.run()
    assert (day.lists(), day.state()) == ([], (1, START, "bought"))


def test_a_purchase_that_is_told_late_ends_the_ladder(day: Programmes) -> None:
    all_is_sent(day)
    run_days(day, 3)
    day.give(
        "intermediate.int_purchases",
        [{"customer_id": "ada", "purchase_date": on(-1), "revenue": 5}],
    )
    day.run()
    assert (day.lists(), day.state()) == ([], (1, on(0), "bought"))


def test_who_took_a_step_that_was_cut_from_the_ladder_is_not_archived_before_its_time(
    day: Programmes,
) -> None:
    all_is_sent(day)
    run_days(day, 12)
    steps(day, {"step": 1, "ends_after_days": 20})
    day.run()
    assert day.state() == (2, None, None)
    day.next_day(18)
    day.run()
    assert day.state() == (2, on(30), "ran_out")


def test_a_programme_that_is_deleted_sends_nothing_and_stops_no_run(day: Programmes) -> None:
    all_is_sent(day)
    run_days(day, 5)
    for table in ("programmes", "programme_steps", "programme_arms", "programme_messages"):
        day.connection.execute(f"delete from reference.{table} where programme = 'dormant'")
    run_days(day, 3)
    assert (day.lists(), day.state()) == ([], ())


def test_two_campaigns_of_one_message_are_one_message(day: Programmes) -> None:
    day.connection.execute(
        "insert into reference.programme_messages "
        "(programme, step, message, campaign_id, assume_sent) "
        "values ('dormant', 1, 'first', 'first in German', false)"
    )
    mailed(day, **{"first": {"sent": on(1)}, "first in German": {"sent": on(1), "opened": on(2)}})
    run_days(day, 6)
    assert day.ask(
        "select sent_on, opened_on from programmes.programme_steps_taken where message = 'first'"
    ) == [(on(1), on(2))]
    assert day.lists() == ["winback_dormant_1_a"]


def test_a_ladder_that_is_paused_sends_once_more_only_after_the_pause(day: Programmes) -> None:
    all_is_sent(day)
    day.connection.execute(
        "update reference.programme_steps set after_days = 40 "
        "where programme = 'dormant' and step = 2"
    )
    run_days(day, 3)
    day.give("segments.programme_candidates", [candidate("ada", "cart")])
    day.run()
    day.give("segments.programme_candidates", [])
    day.next_day()
    run_days(day, 14)
    # The cart's ladder runs from day 3 to day 6; seven quiet days follow.
    assert taken(day, "cart") == [(1, "first", on(3))]
    assert taken(day) == [(1, "first", on(0)), (1, "resend", on(13))]


def test_whoever_is_drawn_for_the_global_control_of_a_new_period_is_sent_nothing_more(
    day: Programmes,
) -> None:
    all_is_sent(day)
    run_days(day, 3)
    assert day.lists() == ["winback_dormant_1_a"]
    day.connection.execute(
        "insert into reference.programme_periods (programme, valid_from, salt, control_share) "
        "values ('all', ?, 'all-2', 0.9999999)",
        [on(3)],
    )
    day.give("segments.programme_candidates", [candidate("ada", "cart")])
    day.run()
    assert day.lists() == []
    day.give("segments.programme_candidates", [])
    day.next_day()
    run_days(day, 20)
    assert day.ask("select * from programmes.programme_lists") == []
    assert (
        day.ask("select * from sync.programme_steps where is_listed and as_of_date > '2024-03-03'")
        == []
    )


def test_days_are_counted_alike_when_the_clock_is_put_forward(day: Programmes) -> None:
    all_is_sent(day)
    day.day = START + timedelta(days=28)
    run_days(day, 12)
    assert taken(day) == [(1, "first", on(28)), (1, "resend", on(32)), (2, "first", on(38))]
