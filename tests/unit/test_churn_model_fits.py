from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from pipeline.churn_model import calibration, season, simulation, spend
from pipeline.churn_model.calibration import Line
from pipeline.churn_model.fits import Needs, fit_all
from pipeline.churn_model.purchases import Histories, PurchaseModel
from pipeline.churn_model.season import Month
from pipeline.churn_model.spend import SpendModel
from pipeline.churn_model.tables import SCHEMA, Columns

TODAY = date(2024, 12, 31)
NEEDS = Needs(customers=200, repeat_customers=100, season_weight=100, spend_correlation=0.3)
MODEL = PurchaseModel(0.73, 9.8, 0.23, 3.6)


def shop(
    customers: int, cutoffs: dict[date, str], correlation: float = 0.0
) -> tuple[dict[date, str], Columns, Columns, Columns]:
    """Cutoffs, groups, no months, and values of customers who are the same on every cutoff."""
    lot = np.random.default_rng(3)
    age = lot.integers(30, 700, customers)
    x = lot.geometric(0.3, customers) - 1
    last = np.where(x > 0, (age * lot.uniform(0, 1, customers)).astype(int), 0)
    x = np.minimum(x, last)
    days = [day for day in cutoffs for _ in range(customers)]
    groups = {
        "cutoff_date": np.array(days, dtype="datetime64[D]"),
        **{
            name: np.tile(values, len(cutoffs))
            for name, values in {
                "repeat_count": x,
                "days_to_last": last,
                "age_days": age,
                "repeat_cell": np.minimum(x, 20),
                "age_cell": age // 28 * 28 + 14,
                "customer_count": np.ones(customers),
                "bought_count": lot.uniform(0, 1, customers) < 0.2 + 0.5 * (last > age / 2),
            }.items()
        },
    }
    came_back = x > 0
    value = lot.gamma(5, 10, customers) * (1 + correlation * x)
    asked = [day for day, kind in cutoffs.items() if kind in ("as_of", "year")]
    values = {
        "cutoff_date": np.array(
            [day for day in asked for _ in range(came_back.sum())], dtype="datetime64[D]"
        ),
        "repeat_count": np.tile(x[came_back], len(asked)),
        "repeat_value": np.tile(value[came_back], len(asked)),
    }
    months = {
        "month_start": np.array([], dtype="datetime64[D]"),
        **{
            name: np.array([])
            for name in (
                "month_days",
                "repeat_count",
                "days_to_last",
                "age_days",
                "customer_count",
                "purchase_count",
            )
        },
    }
    return cutoffs, groups, months, values


def windows(count: int) -> dict[date, str]:
    days = {TODAY: "as_of"}
    for number in range(1, count + 1):
        days[TODAY - timedelta(days=90 * number)] = "window" if number <= 4 else "earlier"
    return days


def test_each_cutoff_is_a_row_with_what_scoring_looks_up() -> None:
    table = fit_all(*shop(400, windows(5)), NEEDS)
    assert table.schema == SCHEMA
    rows = table.to_pylist()
    assert [row["cutoff_kind"] for row in rows] == ["as_of", *["window"] * 4, "earlier"]
    first = rows[0]
    assert first["problem"] is None
    assert first["season_index"] == [1.0] * 12
    assert first["spend_mean"] == pytest.approx(50, rel=0.1)
    model = PurchaseModel(first["r"], first["alpha"], first["a"], first["b"])
    pair = first["expectations"][7]
    x, t = np.array([float(pair["repeat_count"])]), np.array([pair["age_days"] / 7])
    assert pair["expected_90d"] == pytest.approx(model.expected_while_alive(x, t, 90 / 7)[0])
    assert pair["expected_365d"] == pytest.approx(model.expected_while_alive(x, t, 365 / 7)[0])
    pairs = {(pair["repeat_count"], pair["age_days"]) for pair in first["expectations"]}
    assert len(pairs) == len(first["expectations"])
    assert first["spend_quantiles"][0]["quantiles"][0] == 0
    # A window learns from those that were over when it began, and none from itself.
    assert [row["calibration_window_count"] for row in rows] == [4, 4, 3, 2, 1, 0]
    assert rows[-1]["calibration_slope"] == 1


def test_the_same_data_give_the_same_table_to_the_last_bit() -> None:
    assert fit_all(*shop(400, windows(2)), NEEDS).equals(fit_all(*shop(400, windows(2)), NEEDS))


def test_fifty_customers_are_too_few_and_that_is_said() -> None:
    (row,) = fit_all(*shop(50, {TODAY: "as_of"}), NEEDS).to_pylist()
    assert row["problem"] == "50 buyers, 200 are needed"
    assert row["r"] is None
    assert row["expectations"] is None


def test_too_few_who_came_back_are_too_few() -> None:
    needs = Needs(customers=10, repeat_customers=100, season_weight=100, spend_correlation=0.3)
    (row,) = fit_all(*shop(100, {TODAY: "as_of"}), needs).to_pylist()
    assert row["problem"].endswith("buyers came back, 100 are needed")


def test_a_shop_without_buyers_has_no_rows() -> None:
    kinds, groups, months, values = shop(1, {TODAY: "as_of"})
    nothing = {name: column[:0] for name, column in groups.items()}
    no_values = {name: column[:0] for name, column in values.items()}
    table = fit_all(kinds, nothing, months, no_values, NEEDS)
    assert table.equals(pa.Table.from_pylist([], schema=SCHEMA))


def test_spending_that_goes_with_frequency_is_refused_and_purchases_are_not() -> None:
    (row,) = fit_all(*shop(400, {TODAY: "as_of"}, correlation=0.5), NEEDS).to_pylist()
    assert row["problem"] is None
    assert row["spend_problem"].startswith("who buys more often spends differently")
    assert row["spend_mean"] is None
    assert row["spend_quantiles"] is None


def one_history(weight: float) -> Histories:
    return Histories(np.array([2.0]), np.array([10.0]), np.array([20.0]), np.array([weight]))


def test_a_month_that_brings_twice_what_was_expected_has_an_index_drawn_towards_one() -> None:
    expected = season.expected_purchases(MODEL, one_history(1000), 30 / 7)
    november = Month(date(2023, 11, 1), 30, one_history(1000), 2 * expected)
    index = season.index(MODEL, [november], weight=100)
    assert index[10] == pytest.approx((2 * expected + 100) / (expected + 100))
    assert [each for place, each in enumerate(index) if place != 10] == [1] * 11


def test_a_base_that_grows_is_no_season() -> None:
    months = [
        Month(date(2023, month, 1), 30, one_history(base), base_expected)
        for month, base in ((5, 100), (6, 900))
        for base_expected in [season.expected_purchases(MODEL, one_history(base), 30 / 7)]
    ]
    assert season.index(MODEL, months, weight=100) == pytest.approx([1.0] * 12)


def test_the_factor_of_a_window_is_the_mean_of_its_days() -> None:
    index = np.ones(12)
    index[11], index[0] = 2.0, 0.5
    # Of ten days from 27 December on four are in December and six in January.
    assert season.factor(index, date(2023, 12, 27), 10) == pytest.approx((4 * 2 + 6 * 0.5) / 10)


def test_a_line_is_found_again() -> None:
    lot = np.random.default_rng(4)
    chances = lot.uniform(0.02, 0.98, 2000)
    customers = np.full(2000, 500.0)
    true = Line(-0.4, 1.3).corrected(chances)
    found = calibration.fit(chances, lot.binomial(500, true).astype(float), customers)
    assert (found.intercept, found.slope) == pytest.approx((-0.4, 1.3), abs=0.02)
    assert found.corrected(chances) == pytest.approx(true, abs=0.01)


def test_windows_that_agree_are_followed_and_those_that_do_not_are_not() -> None:
    agreed = calibration.agreed([Line(-0.5, 1.1)] * 4)
    assert (agreed.intercept, agreed.slope) == pytest.approx((-0.5, 1.1))
    torn = calibration.agreed([Line(-0.6, 1.0), Line(0.6, 1.0), Line(-0.5, 1.0), Line(0.6, 1.0)])
    assert abs(torn.intercept) < 0.001
    # By hand: mean -0.3, variance 0.02 ÷ 2, so 0.09 ÷ 0.10 of it.
    assert calibration.agreed([Line(-0.2, 1), Line(-0.4, 1)]).intercept == pytest.approx(-0.27)
    assert calibration.agreed([Line(-0.5, 1.1)]) == Line()


def test_simulated_spending_has_the_mean_that_the_formulas_give() -> None:
    spending = SpendModel(p=2.0, q=6.0, gamma=100.0)
    quantiles = simulation.spend_quantiles(MODEL, spending, x=5, age_days=210, ahead=26.0)
    expected = MODEL.expected_while_alive(np.array([5.0]), np.array([30.0]), 26.0)[0]
    middle = (quantiles[:-1] + quantiles[1:]) / 2
    assert middle.mean() == pytest.approx(expected, rel=0.08)
    assert (np.diff(quantiles) >= 0).all()
    again = simulation.spend_quantiles(MODEL, spending, x=5, age_days=210, ahead=26.0)
    assert (quantiles == again).all()


def test_what_is_expected_of_spending_moves_from_the_mean_of_all_to_the_own() -> None:
    spending = SpendModel(p=2.0, q=3.0, gamma=100.0)
    values = spending.expected_value(np.array([0.0, 1.0, 1000.0]), np.array([0.0, 300.0, 300.0]))
    # (q - 1) = 2 counts as one purchase of the mean of all, 100.
    assert values == pytest.approx([100, 200, 299.8], abs=0.1)


def test_spending_without_a_mean_is_not_fitted() -> None:
    lot = np.random.default_rng(5)
    values = np.exp(lot.standard_cauchy(500).clip(-20, 20))
    assert not spend.fit(np.ones(500), values).has_converged
