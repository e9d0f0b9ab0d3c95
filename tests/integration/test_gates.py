"""Each gate shut alone, to the day, and which of several is told."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from tests.integration.programmes import Programmes, events
from tests.integration.two_programmes import START, candidate, entered, on, took

pytestmark = pytest.mark.programmes

Shut = Callable[[Programmes], None]


def not_permitted(gate: str, reason: str) -> Shut:
    return lambda day: day.give(
        "intermediate.int_channel_permissions",
        [
            {
                "customer_id": "ada",
                "may_be_contacted": False,
                "gate": gate,
                "forbidden_reason": reason,
            }
        ],
    )


def never_asked(day: Programmes) -> None:
    day.give("intermediate.int_channel_permissions", [])


def ordered(day: Programmes, *, is_pending: bool = False) -> None:
    day.give(
        "intermediate.int_orders_open_by_customer",
        [
            {
                "customer_id": "ada",
                "last_open_order_date": on(-3),
                "has_pending_order": is_pending,
            }
        ],
    )


def waiting_for_payment(day: Programmes) -> None:
    ordered(day, is_pending=True)


def archived(day: Programmes) -> None:
    """Let a ladder have run out, 14 days after its second step, and be one that may be entered."""
    day.connection.execute("update reference.programme_messages set assume_sent = true")
    entered(day, on(-199))
    for step in (1, 2):
        took(day, on(-191 + step), entered_on=on(-199), step=step)


def unhappy(day: Programmes) -> None:
    day.connection.execute(
        "update marts.customer_activity set is_unhappy = true, unhappy_reason = 'scored 1 of 5'"
    )


def season(day: Programmes, first: str, last: str) -> None:
    day.connection.execute("update marts.customer_activity set favourite_category = 'garden'")
    day.give(
        "intermediate.int_category_traits",
        [{"category": "garden", "season_from": first, "season_to": last}],
    )


def closed(day: Programmes, first: date, last: date) -> None:
    day.seed("closed_days", [{"first_day": first, "last_day": last, "label": "holidays"}])


def newsletters(day: Programmes, *days: date) -> None:
    day.give("intermediate.int_email_recipients", [{"recipient_number": 1, "account_key": "ada"}])
    day.give(
        "intermediate.int_email_mails",
        [
            {"recipient_number": 1, "mail_key": f"news of {sent}", "sent_date": sent}
            for sent in days
        ],
    )


def contacted(day: Programmes, contacted_on: date, *, is_control: bool = False) -> None:
    """Let a step of the cart be taken, whose mail goes out a day later."""
    taken_on = contacted_on - timedelta(days=1)
    entered(day, taken_on, programme="cart", is_control=is_control)
    took(day, taken_on, programme="cart", is_listed=not is_control)


def no_cool_down(day: Programmes) -> None:
    day.connection.execute("update reference.programmes set cool_down_days = 0")


GATES: list[tuple[str, Shut, str]] = [
    ("consent", not_permitted("consent", "consent: unsubscribed"), "consent: unsubscribed"),
    ("consent", never_asked, "consent: never"),
    ("erased", not_permitted("erased", "redacted"), "redacted"),
    ("objected", not_permitted("objected", "objected"), "objected"),
    ("under_age", not_permitted("under_age", "under_age"), "under_age"),
    ("blocked", not_permitted("blocked", "blocked"), "blocked"),
    ("open_order", ordered, f"ordered, last on {on(-3)}"),
    (
        "open_order",
        waiting_for_payment,
        f"an order waits for payment, last on {on(-3)}",
    ),
    ("archived", archived, f"archived on {on(-175)} after dormant"),
    ("unhappy", unhappy, "scored 1 of 5"),
    (
        "season",
        lambda day: season(day, "04-01", "09-30"),
        "garden is bought from 04-01 to 09-30",
    ),
    (
        "season",
        lambda day: closed(day, on(-5), on(5)),
        f"the shop is closed until {on(5)}",
    ),
    (
        "frequency_cap",
        lambda day: newsletters(day, on(0)),
        "1 contacts in 3 days, 1 in 30",
    ),
    (
        "cool_down",
        lambda day: contacted(day, on(-5)),
        f"contacted by cart on {on(-5)}",
    ),
    (
        "cool_down",
        lambda day: entered(day, on(-100)),
        f"entered on {on(-100)}, again after 180 days",
    ),
]


def test_nothing_that_is_shut_lets_ada_in(day: Programmes) -> None:
    day.build()
    assert day.decision() == ("in", None)


@pytest.mark.parametrize(("gate", "shut", "details"), GATES, ids=[f"{g}: {d}" for g, _, d in GATES])
def test_a_gate_that_is_shut_alone_is_told_with_its_values(
    day: Programmes, gate: str, shut: Shut, details: str
) -> None:
    shut(day)
    day.run()
    assert (day.decision(), day.details()) == (("out", gate), details)
    assert day.lists() == []
    assert day.ask(f"select * from sync.enrolments where as_of_date = '{START}'") == []


def test_of_several_gates_the_first_in_order_is_told(day: Programmes) -> None:
    later_ones_first = (
        lambda: newsletters(day, on(0)),
        lambda: season(day, "04-01", "09-30"),
        lambda: unhappy(day),
        lambda: archived(day),
        lambda: ordered(day),
        lambda: not_permitted("blocked", "blocked")(day),
    )
    told = []
    contacted(day, on(-5))
    for shut in later_ones_first:
        shut()
        day.build()
        told.append(day.decision()[1])
    assert told == [
        "frequency_cap",
        "season",
        "unhappy",
        "archived",
        "open_order",
        "blocked",
    ]


def test_who_is_unhappy_enters_a_programme_that_serves_the_unhappy(day: Programmes) -> None:
    unhappy(day)
    day.connection.execute("update reference.programmes set serves_unhappy = true")
    day.build()
    assert day.decision() == ("in", None)


def test_a_channel_is_asked_for_its_own_consent(day: Programmes) -> None:
    day.connection.execute("update reference.programmes set channel = 'phone'")
    day.build()
    assert (day.decision(), day.details()) == (("out", "consent"), "consent: never")
    day.give(
        "intermediate.int_channel_permissions",
        [
            {"customer_id": "ada", "channel": "phone"},
            {"customer_id": "ada", "may_be_contacted": False, "gate": "objected"},
        ],
    )
    day.build()
    assert day.decision() == ("in", None)


# Contacts go out on the day after the as-of date, the 2nd of March.
@pytest.mark.parametrize(
    ("first", "last", "is_open"),
    [
        ("03-02", "03-02", True),
        ("03-03", "12-31", False),
        ("01-01", "03-01", False),
        ("10-01", "03-02", True),
        ("10-01", "03-01", False),
        ("03-02", "02-01", True),
        ("03-03", "02-01", False),
    ],
)
def test_a_season_counts_both_its_ends_and_may_run_over_new_year(
    day: Programmes, first: str, last: str, is_open: bool
) -> None:
    season(day, first, last)
    day.build()
    assert day.decision() == (("in", None) if is_open else ("out", "season"))


@pytest.mark.parametrize(
    ("first", "last", "is_open"),
    [(0, 0, True), (0, 1, False), (1, 1, False), (1, 9, False), (2, 9, True)],
)
def test_nobody_is_contacted_on_a_day_on_which_the_shop_is_closed(
    day: Programmes, first: int, last: int, is_open: bool
) -> None:
    closed(day, on(first), on(last))
    day.build()
    assert day.decision() == (("in", None) if is_open else ("out", "season"))


# The contact that is asked for would be on day 1.
@pytest.mark.parametrize(
    ("days", "is_open"),
    [
        ((-2,), True),
        ((-1,), False),
        ((-28, -20, -10, -2), False),
        ((-29, -20, -10, -2), True),
        ((-28, -28, -28, -28), True),
    ],
)
def test_one_contact_in_three_days_and_four_in_thirty_are_counted_to_the_day(
    day: Programmes, days: tuple[int, ...], is_open: bool
) -> None:
    newsletters(day, *(on(one) for one in days))
    day.build()
    assert day.decision() == (("in", None) if is_open else ("out", "frequency_cap"))


@pytest.mark.parametrize("is_control", [False, True])
def test_steps_count_as_contacts_with_newsletters_and_those_of_controls_too(
    day: Programmes, is_control: bool
) -> None:
    no_cool_down(day)
    newsletters(day, on(-28), on(-20), on(-15))
    contacted(day, on(-8), is_control=is_control)
    day.build()
    assert (day.decision(), day.details()) == (
        ("out", "frequency_cap"),
        "0 contacts in 3 days, 4 in 30",
    )


def test_a_mail_of_a_programme_that_the_tool_reports_is_not_counted_twice(day: Programmes) -> None:
    no_cool_down(day)
    day.connection.execute(
        "update reference.programme_messages set campaign_id = 'cart' where programme = 'cart'"
    )
    contacted(day, on(-8))
    newsletters(day, on(-20), on(-15))
    day.connection.execute(
        "insert into intermediate.int_email_mails (recipient_number, mail_key, "
        f"sent_date) values (1, 'cart', '{on(-8)}')"
    )
    day.give("intermediate.int_email_events_unioned", events("ada", "cart", {"sent": on(-8)}))
    day.build()
    assert day.decision() == ("in", None)


def test_a_mail_of_a_programme_to_somebody_on_no_list_of_it_is_a_contact_like_others(
    day: Programmes,
) -> None:
    newsletters(day)
    day.give(
        "intermediate.int_email_mails",
        [{"recipient_number": 1, "mail_key": "first", "sent_date": on(0)}],
    )
    day.give("intermediate.int_email_events_unioned", events("ada", "first", {"sent": on(0)}))
    day.build()
    assert day.decision() == ("out", "frequency_cap")


def test_advertising_is_neither_capped_nor_counted(day: Programmes) -> None:
    newsletters(day, on(0))
    day.connection.execute("update reference.programmes set channel = 'ads'")
    day.give("intermediate.int_channel_permissions", [{"customer_id": "ada", "channel": "ads"}])
    day.run()
    assert day.decision() == ("in", None)
    newsletters(day)
    day.connection.execute(
        "update reference.programmes set channel = 'email' where programme = 'cart'"
    )
    day.give("intermediate.int_channel_permissions", [{"customer_id": "ada"}])
    day.give("segments.programme_candidates", [candidate("ada", "cart")])
    day.next_day()
    day.build()
    assert day.decision(programme="cart") == ("in", None)


@pytest.mark.parametrize(("contact", "is_open"), [(-6, True), (-5, False)])
def test_the_cool_down_after_another_programme_ends_on_its_day(
    day: Programmes, contact: int, is_open: bool
) -> None:
    contacted(day, on(contact))
    day.build()
    assert day.decision() == (("in", None) if is_open else ("out", "cool_down"))


def test_newsletters_begin_no_cool_down(day: Programmes) -> None:
    newsletters(day, on(-5))
    day.build()
    assert day.decision() == ("in", None)


@pytest.mark.parametrize(("entry", "is_open"), [(-180, True), (-179, False)])
def test_a_programme_is_entered_again_on_the_day_after_which_it_may_be(
    day: Programmes, entry: int, is_open: bool
) -> None:
    entered(day, on(entry))
    day.build()
    assert day.decision() == (("in", None) if is_open else ("out", "cool_down"))


def test_of_three_programmes_the_one_that_goes_first_is_entered(day: Programmes) -> None:
    three: list[dict[str, Any]] = [
        {"programme": name, "priority": place}
        for place, name in enumerate(("survey", "cart", "dormant"), start=1)
    ]
    columns = (
        "label, description, is_on, channel, outcome_window_days, is_winback, archives, "
        "serves_unhappy, cool_down_days, reentry_days, assumed_lift, assumed_weight"
    )
    day.connection.execute(
        f"insert into reference.programmes (programme, priority, {columns}) "
        f"select 'survey', 0, {columns} from reference.programmes where programme = 'cart'"
    )
    for table, rest in (
        ("programme_arms", "arm, share"),
        ("programme_periods", "valid_from, salt, control_share"),
        ("programme_steps", "step, basis, after_days, offer, message_kind, ends_after_days"),
    ):
        day.connection.execute(
            f"insert into reference.{table} (programme, {rest}) "
            f"select 'survey', {rest} from reference.{table} where programme = 'cart'"
        )
    day.give("segments.programme_candidates", [candidate("ada", one["programme"]) for one in three])
    day.run()
    assert [day.decision(programme=one["programme"]) for one in three] == [
        ("in", None),
        ("out", "priority"),
        ("out", "priority"),
    ]
    assert day.details(programme="cart") == day.details() == "survey goes first"
    # Whom a gate keeps from the first enters the second.
    day.connection.execute("delete from sync.enrolments; delete from sync.programme_steps")
    entered(day, on(-9), programme="survey")
    took(day, on(-9), programme="survey")
    day.build()
    assert [day.decision(programme=one["programme"]) for one in three] == [
        ("out", "cool_down"),
        ("in", None),
        ("out", "priority"),
    ]


def earns(day: Programmes, margin_share: float | None, contact: float = 0.1) -> None:
    costs: dict[str, float] = {"contact_email": contact, "acquisition": 30}
    if margin_share is not None:
        costs["margin_share"] = margin_share
    day.seed("costs", [{"cost": cost, "amount": amount} for cost, amount in costs.items()])


def profit(day: Programmes) -> Any:
    day.build()
    ((found,),) = day.ask("select expected_profit from programmes.programme_profits")
    return found


# By hand. Ada buys within 90 days with a chance of 0.3, so within 60 with one of 1 − 0.7^(2/3) =
# 0.21163; the contact adds 0.02. Her order of 50 leaves 20 at a margin share of 0.4.
def test_a_contact_is_expected_to_bring_what_it_adds_less_what_it_costs(day: Programmes) -> None:
    earns(day, 0.4)
    # 0.23163 × 20 − 0.21163 × 20 − 0.10
    assert float(profit(day)) == pytest.approx(0.30)
    day.connection.execute("update reference.offers set cost = 1.5 where offer = 'perk'")
    # 0.23163 × 18.50 − 0.21163 × 20 − 0.10
    assert float(profit(day)) == pytest.approx(-0.05)
    day.connection.execute("update reference.programme_steps set offer = 'less'")
    # A tenth of 50 off: 0.23163 × 15 − 0.21163 × 20 − 0.10
    assert float(profit(day)) == pytest.approx(-0.86)


def test_who_buys_several_times_within_the_window_leaves_the_margin_of_all_of_it(
    day: Programmes,
) -> None:
    earns(day, 0.4)
    day.connection.execute("update marts.customer_churn set expected_purchases_90d = 0.9")
    # 0.9 × 2/3 purchases of who buys with 0.21163: 2.8352 of 20 each; 0.02 × 56.70 − 0.10
    assert float(profit(day)) == pytest.approx(1.03)


def test_whoever_costs_more_than_he_brings_is_not_contacted(day: Programmes) -> None:
    earns(day, 0.4, contact=0.41)
    day.run()
    assert (day.decision(), day.details()) == (
        ("out", "expected_profit"),
        "expected to bring -0.01",
    )
    assert day.ask("select * from sync.enrolments") == []
    earns(day, 0.4, contact=0.4)
    day.build()
    assert day.decision() == ("in", None)


def test_where_the_shop_has_not_said_what_it_earns_nobody_is_stopped(day: Programmes) -> None:
    earns(day, None, contact=100)
    assert profit(day) is None
    assert day.decision() == ("in", None)
