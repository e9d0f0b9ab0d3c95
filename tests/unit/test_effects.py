from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from pipeline.results import verdicts
from pipeline.results.effects import effects
from pipeline.results.shares import Side, newcombe
from pipeline.results.tables import EFFECTS, ENTRANTS, PLANS, Plan

FIRST_DAY = date(2011, 1, 1)
AS_OF = date(2011, 12, 9)
PLAN = Plan("dormant", "dormant-1", AS_OF, 60, 2000, 2600, 70.0, 30.0)


def plans(*rows: Plan) -> pa.Table:
    return pa.Table.from_pylist([vars(row) for row in rows], schema=PLANS)


def entrants(count: int, lift: float, **changed: Any) -> pa.Table:
    """Return ten people a day, of whom every tenth is a control; costs are a tenth of a pound."""
    lot = np.random.default_rng(3)
    days = [FIRST_DAY + timedelta(days=number // 10) for number in range(count)]
    is_control = np.arange(count) % 10 == 0
    is_buyer = lot.random(count) < 0.2 + lift * ~is_control
    revenue = np.where(is_buyer, np.round(np.exp(lot.normal(3, 1, count)), 2), 0)
    columns = {
        "programme": np.full(count, "dormant"),
        "stratum": [f"dormant-1 {day:%Y-%m}" for day in days],
        "entered_on": days,
        "is_control": is_control,
        "arm": np.full(count, "a"),
        "is_buyer": is_buyer,
        "revenue": revenue,
        "revenue_capped": np.minimum(revenue, 100),
        "cost": np.where(is_control, 0, 0.1),
    }
    return pa.table({name: pa.array(value) for name, value in (columns | changed).items()})


def rows(table: pa.Table, *plan: Plan) -> list[dict[str, Any]]:
    found = effects(table, plans(*plan or (PLAN,)))
    assert found.schema == EFFECTS
    return list(found.to_pylist())


@pytest.mark.parametrize(
    ("lift", "verdict"), [(0.15, "works"), (-0.15, "harms"), (0.0, "no effect seen")]
)
def test_at_the_planned_size_there_is_one_verdict(lift: float, verdict: str) -> None:
    (row,) = rows(entrants(2500, lift))
    assert row["verdict"] == verdict
    assert row["verdict_text"].startswith(verdict.capitalize() + ": within 60 days ")
    assert (row["lift_low"] > 0) == (verdict == "works")
    assert (row["lift_high"] < 0) == (verdict == "harms")
    assert row["expected_on"] is None


def test_before_the_planned_size_there_are_counts_and_a_date_alone() -> None:
    (row,) = rows(entrants(1990, 0.15))
    shown = {name for name, value in row.items() if value is not None}
    assert shown == {
        "programme", "compared_with", "verdict", "verdict_text", "expected_on", "planned_count",
        "entrant_count", "later_count", "left_out_count", "stratum_count", "treated_count",
        "control_count", "treated_buyer_count", "control_buyer_count", "treated_share",
        "control_share", "acquisition_cost",
    }  # fmt: skip
    assert row["verdict"] == "too early"
    assert row["verdict_text"] == (
        "Too early: of 2,000 people planned, 1,990 have had their 60 days. "
        "At this pace there is a verdict on 2011-12-10."
    )


def test_who_enters_after_the_planned_size_changes_nothing_but_their_count() -> None:
    many = entrants(3000, 0.05)
    # Had they counted, all those who came later would have bought.
    late = np.arange(3000) >= 2000
    many = many.set_column(
        many.column_names.index("is_buyer"),
        "is_buyer",
        pa.array(late | many["is_buyer"].to_numpy(zero_copy_only=False)),
    )
    (at_once,), (later,) = rows(many.slice(0, 2000)), rows(many)
    assert (at_once["later_count"], later["later_count"]) == (0, 1000)
    assert at_once | {"later_count": 1000} == later


def test_a_day_on_which_the_size_is_reached_counts_as_a_whole() -> None:
    (row,) = rows(entrants(3000, 0), replace(PLAN, planned_count=1995))
    assert (row["entrant_count"], row["later_count"]) == (2000, 1000)


def test_months_without_both_sides_are_left_out_and_counted() -> None:
    table = entrants(2000, 0)
    stratum = table["stratum"].to_pylist()
    control = np.array(table["is_control"].to_pylist())
    control &= np.array(stratum) != "dormant-1 2011-02"
    table = table.set_column(
        table.column_names.index("is_control"), "is_control", pa.array(control)
    )
    (row,) = rows(table)
    assert row["left_out_count"] == stratum.count("dormant-1 2011-02") == 280
    assert row["treated_count"] + row["control_count"] == 1720
    assert row["cost"] == pytest.approx(0.1 * row["treated_count"])


def test_treated_alone_compare_with_nobody() -> None:
    (row,) = rows(entrants(2000, 0, is_control=np.zeros(2000, bool)))
    assert (row["verdict"], row["lift"], row["left_out_count"]) == ("too early", None, 2000)
    assert "never entered in the same month" in row["verdict_text"]


def test_money_follows_from_the_lift_and_the_treated() -> None:
    (row,) = rows(entrants(8000, 0.15), replace(PLAN, planned_count=8000))
    treated = row["treated_count"]
    assert treated == 7200
    assert row["won_back_count"] == pytest.approx(row["lift"] * treated)
    assert row["cost_per_won_back"] == pytest.approx(720 / (row["lift"] * treated))
    assert row["cost_per_won_back_low"] < row["cost_per_won_back"] < row["cost_per_won_back_high"]
    assert row["revenue_low"] < row["revenue_difference"] < row["revenue_high"]
    for name in ("", "_low", "_high"):
        of_one = row[f"revenue{name or '_difference'}"]
        assert row[f"incremental_revenue{name}"] == pytest.approx(of_one * treated)
    assert row["revenue_difference"] != row["revenue_difference_uncapped"]
    assert row["acquisition_cost"] == 30


def test_without_a_sure_lift_no_cost_per_customer_is_shown() -> None:
    (row,) = rows(entrants(2000, 0))
    assert row["cost"] == pytest.approx(180)
    assert row["cost_per_won_back"] is None


def test_a_cost_that_is_not_known_makes_no_cost() -> None:
    costs = [None if number == 1 else 0.1 for number in range(2000)]
    (row,) = rows(entrants(2000, 0.15, cost=costs))
    assert (row["cost"], row["cost_per_won_back"]) == (None, None)


def test_few_buyers_among_controls_have_no_revenue_interval() -> None:
    (row,) = rows(entrants(2000, 0.15))
    assert row["control_buyer_count"] < 100
    assert (row["revenue_low"], row["incremental_revenue"]) == (None, None)
    assert row["revenue_difference"] is not None


def test_arms_are_compared_with_controls_and_with_the_first_arm() -> None:
    arms = np.where(np.arange(4000) % 2 == 0, "a", "b")
    # Every tenth is a control, so controls have arm a alone.
    found = rows(entrants(4000, 0.1, arm=arms), replace(PLAN, planned_count=4000))
    assert [(row["arm"], row["compared_with"]) for row in found] == [
        (None, "control"), ("a", "control"), ("b", "control"), ("b", "a")
    ]  # fmt: skip
    whole, first, second, between = found
    assert [row["verdict"] for row in (first, second, between)] == [None] * 3
    assert first["treated_count"] + second["treated_count"] == whole["treated_count"]
    assert first["control_count"] == second["control_count"] == whole["control_count"]
    assert (between["treated_count"], between["control_count"]) == (2000, 1600)
    assert (between["cost"], between["cost_per_won_back"]) == (None, None)


def test_one_month_has_the_difference_of_the_plain_table() -> None:
    table = entrants(2000, 0.05, stratum=np.full(2000, "dormant-1 2011-01"))
    (row,) = rows(table)
    counts = [
        float(row[f"{side}_{what}"])
        for side in ("treated", "control")
        for what in ("buyer_count", "count")
    ]
    sides = [Side(np.array([b]), np.array([n])) for b, n in (counts[:2], counts[2:])]
    plain = newcombe(sides[0], sides[1])
    assert (row["lift"], row["lift_low"], row["lift_high"]) == pytest.approx(
        (plain.difference, plain.low, plain.high)
    )


def test_programmes_do_not_mix_and_the_order_of_rows_changes_nothing() -> None:
    first, other = entrants(2000, 0.1), entrants(2400, 0.0, programme=np.full(2400, "cart"))
    together = pa.concat_tables([other, first])
    shuffled = together.take(np.random.default_rng(1).permutation(len(together)))
    cart = replace(PLAN, programme="cart")
    found = rows(shuffled, PLAN, cart)
    assert [row["programme"] for row in found] == ["cart", "dormant"]
    assert found == rows(other, cart) + rows(first, PLAN)


def test_money_comes_as_the_warehouse_has_it() -> None:
    table = entrants(2000, 0.1, arm=[None if number % 10 == 0 else "a" for number in range(2000)])
    query = """
        select * replace (
            cast(revenue as decimal(18, 2)) as revenue,
            cast(revenue_capped as decimal(18, 2)) as revenue_capped,
            cast(cost as decimal(18, 2)) as cost
        )
        from entrants
    """
    with duckdb.connect() as connection:
        stored = connection.register("entrants", table).execute(query).to_arrow_table()
    (found,), (plain,) = rows(stored), rows(table)
    # Arrow makes numbers of decimals that differ in the last place.
    for name, value in plain.items():
        is_number = isinstance(value, float)
        assert found[name] == (pytest.approx(value, rel=1e-6) if is_number else value), name


def test_a_programme_that_nobody_entered_has_a_row() -> None:
    (row,) = rows(ENTRANTS.empty_table(), replace(PLAN, entered_count=0, weekly_count=0))
    assert (row["entrant_count"], row["treated_count"], row["treated_share"]) == (0, 0, None)
    assert row["verdict_text"].endswith("At this pace there is no verdict within two years.")
    (nothing,) = rows(ENTRANTS.empty_table(), replace(PLAN, planned_count=None))
    assert "has no planned size" in nothing["verdict_text"]


@pytest.mark.parametrize(
    ("changed", "passed", "day"),
    [
        # 1,000 to come at ten a day, then their 60 days.
        ({"entered_count": 1000}, 400, AS_OF + timedelta(days=160)),
        # All have entered; 100 more windows pass in ten days.
        ({"entered_count": 2600}, 1900, AS_OF + timedelta(days=10)),
        # Nobody waits longer than for the window of who entered last.
        ({"entered_count": 2000}, 0, AS_OF + timedelta(days=60)),
        ({"entered_count": 0, "planned_count": 6700}, 0, AS_OF + timedelta(days=730)),
        ({"entered_count": 0, "planned_count": 6701}, 0, None),
        ({"weekly_count": 0.0}, 0, None),
        ({"planned_count": None}, 0, None),
    ],
)
def test_the_day_of_the_verdict_follows_from_the_pace(
    changed: dict[str, Any], passed: int, day: date | None
) -> None:
    assert verdicts.expected_on(replace(PLAN, **changed), passed) == day


def test_looking_every_month_would_find_a_gain_in_nothing_too_often() -> None:
    lot, looks, false = np.random.default_rng(6), 20, 0
    for _ in range(300):
        bought = np.cumsum(lot.binomial([[900], [100]], 0.2, (2, looks)), axis=1).astype(float)
        sizes = np.arange(1, looks + 1) * np.array([[900.0], [100.0]])
        false += any(
            newcombe(
                Side(bought[0, [look]], sizes[0, [look]]), Side(bought[1, [look]], sizes[1, [look]])
            ).low
            > 0
            for look in range(looks)
        )
    # One look finds a gain in 2.5 of 100, twenty in 12 (Armitage and others: 25 on both sides).
    assert false / 300 == pytest.approx(0.124, abs=0.05)
