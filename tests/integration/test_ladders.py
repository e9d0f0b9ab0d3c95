"""One made-up customer walks through every path of a ladder, day by day."""

import pytest

from tests.integration.programmes import Programmes, events
from tests.integration.two_programmes import START, candidate, controls, mailed, on, run_days

pytestmark = pytest.mark.programmes


def test_who_answers_nothing_gets_each_step_and_one_resend_and_is_archived(
    day: Programmes,
) -> None:
    seen = {}
    for number in range(27):
        mailed(
            day,
            **{"first": {"sent": on(1)}} if number >= 1 else {},
            **{"second": {"delivered": on(11)}} if number >= 11 else {},
        )
        day.run()
        seen[number] = day.lists()
        day.next_day()
    assert seen[0] == seen[3] == ["winback_dormant_1_a"]
    assert seen[4] == seen[9] == ["winback_dormant_1_a", "winback_dormant_1_a_resend"]
    assert seen[10] == seen[23] == ["winback_dormant_2_a"]
    assert seen[24] == seen[26] == []
    assert day.state() == (2, on(24), "ran_out")
    assert day.ask("select * from programmes.programme_archived") == [("ada", on(24), "dormant")]
    assert day.decision() == ("out", "archived")


def test_whoever_opens_gets_no_resend(day: Programmes) -> None:
    mailed(day, first={"sent": on(1), "opened": on(2)})
    run_days(day, 6)
    assert day.lists() == ["winback_dormant_1_a"]
    day.give("intermediate.int_email_events_unioned", [])
    assert day.ask(
        "select message, is_listed from sync.programme_steps order by step, message"
    ) == [
        ("first", True),
        ("resend", False),
    ]


def test_an_open_by_a_machine_counts_as_one_for_the_resend(day: Programmes) -> None:
    machine = events("ada", "first", {"sent": on(1), "opened": on(2)})
    day.give(
        "intermediate.int_email_events_unioned", [{**one, "is_human": False} for one in machine]
    )
    run_days(day, 6)
    assert day.lists() == ["winback_dormant_1_a"]


def test_whoever_buys_leaves_the_ladder_on_that_day(day: Programmes) -> None:
    mailed(day, first={"sent": on(1)})
    run_days(day, 3)
    day.give(
        "intermediate.int_purchases", [{"customer_id": "ada", "purchase_date": on(3), "revenue": 5}]
    )
    day.give("segments.programme_candidates", [])
    day.run()
    assert (day.lists(), day.state()) == ([], (1, on(3), "bought"))
    ((is_buyer, bought_on),) = day.ask(
        "select is_buyer, bought_on from programmes.programme_outcomes where programme = 'dormant'"
    )
    assert (is_buyer, bought_on) == (True, on(3))


def test_a_purchase_of_the_day_of_entry_ends_the_ladder_and_is_no_success(
    day: Programmes,
) -> None:
    mailed(day, first={"sent": on(1)})
    run_days(day, 2)
    day.give(
        "intermediate.int_purchases", [{"customer_id": "ada", "purchase_date": on(0), "revenue": 5}]
    )
    day.run()
    assert day.state() == (1, on(0), "bought")
    assert day.ask("select is_buyer from programmes.programme_outcomes") == [(False,), (False,)]


def test_whoever_is_not_sent_the_step_within_seven_days_is_freed_and_not_archived(
    day: Programmes,
) -> None:
    run_days(day, 7)
    assert day.lists() == ["winback_dormant_1_a", "winback_dormant_1_a_resend"]
    day.run()
    assert (day.lists(), day.state()) == ([], (1, on(7), "not_sent"))
    assert day.ask("select * from programmes.programme_archived") == []


def test_days_without_a_run_skip_nobody_and_send_one_step_at_a_time(day: Programmes) -> None:
    mailed(day, first={"sent": on(1)})
    day.run()
    day.next_day(30)
    day.run()
    assert day.lists() == ["winback_dormant_2_a"]
    assert day.ask("select step, as_of_date from sync.programme_steps order by all") == [
        (1, on(0)),
        (2, on(30)),
    ]


def test_a_second_run_of_a_day_writes_and_decides_the_same(day: Programmes) -> None:
    mailed(day, first={"sent": on(1)})
    run_days(day, 4)
    day.run()
    before = [
        day.ask("select * exclude (recorded_at) from sync.enrolments order by all"),
        day.ask("select * exclude (recorded_at) from sync.programme_steps order by all"),
        day.ask("select * from marts.programme_decisions order by all"),
    ]
    day.run()
    assert before == [
        day.ask("select * exclude (recorded_at) from sync.enrolments order by all"),
        day.ask("select * exclude (recorded_at) from sync.programme_steps order by all"),
        day.ask("select * from marts.programme_decisions order by all"),
    ]


def test_a_control_takes_the_same_steps_on_the_same_days_and_is_on_no_list(
    day: Programmes,
) -> None:
    mailed(day, first={"sent": on(1)}, second={"sent": on(11)})
    run_days(day, 26)
    treated = day.ask(
        "select as_of_date, step, message, offer from sync.programme_steps order by all"
    )
    archived = day.ask("select * from programmes.programme_archived")
    for table in ("enrolments", "programme_steps"):
        day.connection.execute(f"delete from sync.{table}")
    controls(day, 0.9999999)
    day.give("intermediate.int_email_events_unioned", [])
    day.day = START
    for _ in range(26):
        day.run()
        assert day.lists() == []
        if day.day < on(24):
            assert day.decision() == ("out", "control")
            assert day.ask("select customer_id from programmes.programme_holds") == [("ada",)]
        day.next_day()
    assert treated == day.ask(
        "select as_of_date, step, message, offer from sync.programme_steps order by all"
    )
    assert archived == day.ask("select * from programmes.programme_archived")
    assert day.ask("select is_listed from sync.programme_steps where is_listed") == []


def test_a_programme_that_goes_first_pauses_the_ladder_until_seven_quiet_days_after_it(
    day: Programmes,
) -> None:
    mailed(day, first={"sent": on(1)})
    run_days(day, 8)
    day.give("segments.programme_candidates", [candidate("ada"), candidate("ada", "cart")])
    day.run()
    assert day.lists() == [
        "winback_cart_1_a",
        "winback_dormant_1_a",
        "winback_dormant_1_a_resend",
    ]
    day.give("segments.programme_candidates", [candidate("ada")])
    day.next_day()
    taken = []
    for _ in range(12):
        day.run()
        taken.append(
            day.ask("select max(step) from sync.programme_steps where programme <> 'cart'")
        )
        day.next_day()
    # The cart's ladder runs from day 8 to day 11; step 2, due on day 10, waits until day 18.
    assert taken[8] == [(1,)]
    assert taken[9] == [(2,)]


def test_a_programme_that_goes_later_does_not_enter_while_a_ladder_runs(day: Programmes) -> None:
    day.give("segments.programme_candidates", [candidate("ada", "cart")])
    day.run()
    day.next_day()
    day.give("segments.programme_candidates", [candidate("ada"), candidate("ada", "cart")])
    day.build()
    assert day.decision() == ("out", "frequency_cap")
    day.next_day()
    day.connection.execute(
        "update reference.programmes set cool_down_days = 0 where programme = 'dormant'"
    )
    day.connection.execute("update sync.programme_steps set as_of_date = as_of_date - 3")
    day.connection.execute(
        "update reference.programme_steps set ends_after_days = 30 where programme = 'cart'"
    )
    day.build()
    assert day.decision() == ("out", "priority")


def test_whoever_loses_consent_takes_no_further_step_and_one_who_comes_back_goes_on(
    day: Programmes,
) -> None:
    mailed(day, first={"sent": on(1)})
    run_days(day, 10)
    gone = {"customer_id": "ada", "may_be_contacted": False, "gate": "objected"}
    day.give("intermediate.int_channel_permissions", [gone])
    day.run()
    assert day.decision() == ("out", "objected")
    assert day.ask("select max(step) from sync.programme_steps") == [(1,)]
    day.give("intermediate.int_channel_permissions", [{"customer_id": "ada"}])
    day.next_day()
    day.run()
    assert day.lists() == ["winback_dormant_2_a"]


def test_the_offer_that_was_made_stays_until_the_day_that_was_told(day: Programmes) -> None:
    mailed(day, first={"sent": on(1)})
    run_days(day, 10)
    day.run()
    assert day.ask("select offer_code, offer_ends_on from programmes.programme_lists") == [
        ("SHIP", on(15))
    ]


def test_no_discount_for_coming_back_is_offered_within_the_usual_gap(day: Programmes) -> None:
    day.connection.execute("update reference.programme_steps set offer = 'less'")
    day.connection.execute("update marts.customer_activity set overdue_ratio = 0.9")
    day.build()
    assert day.ask("select offer from programmes.programme_lists") == [("none",)]
    day.connection.execute("update marts.customer_activity set overdue_ratio = 1")
    day.build()
    assert day.ask("select offer from programmes.programme_lists") == [("less",)]


def test_the_global_control_enters_nothing_and_is_held(day: Programmes) -> None:
    controls(day, 0, of_all=0.9999999)
    run_days(day, 3)
    assert day.ask("select programme, is_control from sync.enrolments") == [("all", True)]
    assert day.decision() == ("out", "control")
    assert day.lists() == []
    assert day.ask("select programme from programmes.programme_holds") == [("all",)]


def test_a_programme_that_is_off_enters_and_moves_nobody(day: Programmes) -> None:
    day.connection.execute("update reference.programmes set is_on = false")
    day.run()
    assert day.decision() == ("out", "switched_off")
    assert day.ask("select * from sync.enrolments") == []
    assert day.lists() == []


def taken_off(day: Programmes, audience: str, reason: str | None) -> None:
    day.connection.execute(
        "insert into sync.ledger values "
        "(1, 'run', ?, 'files', ?, 'ada', 'remove', null, 'done', ?, '2024-01-01')",
        [day.day, audience, reason],
    )


@pytest.mark.parametrize("reason", ["moved_on", "left_list", "consent: unsubscribed", "gone"])
def test_whoever_was_taken_off_the_list_of_a_step_is_not_put_on_it_again(
    day: Programmes, reason: str
) -> None:
    mailed(day, first={"sent": on(1)}, second={"sent": on(11)})
    run_days(day, 3)
    taken_off(day, "winback_dormant_1_a", reason)
    day.build()
    assert day.lists() == []
    # What is sent once more and the next step are other mails.
    day.next_day()
    day.run()
    assert day.lists() == ["winback_dormant_1_a_resend"]
    day.next_day()
    run_days(day, 6)
    assert day.lists() == ["winback_dormant_2_a"]


@pytest.mark.parametrize("reason", ["merged", "changed_there"])
def test_whoever_was_taken_off_to_put_the_list_right_stays_on_it(
    day: Programmes, reason: str
) -> None:
    mailed(day, first={"sent": on(1)})
    run_days(day, 3)
    taken_off(day, "winback_dormant_1_a", reason)
    day.build()
    assert day.lists() == ["winback_dormant_1_a"]


def test_who_enters_again_is_put_on_the_list_that_he_left_the_first_time(day: Programmes) -> None:
    mailed(day, first={"sent": on(1)})
    run_days(day, 3)
    taken_off(day, "winback_dormant_1_a", "moved_on")
    day.connection.execute("delete from sync.programme_steps")
    day.connection.execute("delete from sync.enrolments")
    day.next_day()
    day.build()
    assert day.lists() == ["winback_dormant_1_a"]


def test_whoever_has_ordered_since_is_taken_off_before_the_order_is_of_the_day(
    day: Programmes,
) -> None:
    mailed(day, first={"sent": on(1)})
    run_days(day, 2)
    day.give(
        "intermediate.int_orders_open_by_customer",
        [{"customer_id": "ada", "last_open_order_date": on(3), "has_pending_order": False}],
    )
    day.build()
    assert day.lists() == []
    assert day.state() == (1, None, None)
