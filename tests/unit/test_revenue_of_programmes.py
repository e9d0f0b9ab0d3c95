import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.intervals import welch
from pipeline.results import revenue
from pipeline.results.strata import Entrants, Flags, Numbers, weights


def people(stratum: Numbers, is_control: Flags, spend: Numbers) -> Entrants:
    return Entrants(stratum.astype(np.int64), is_control, spend > 0, spend, spend)


def shop(size: int, seed: int) -> tuple[np.random.Generator, Numbers, Numbers]:
    """Return a lot, months and what people spend by themselves: 22 % of them, heavy-tailed."""
    lot = np.random.default_rng(seed)
    order = np.exp(lot.normal(0, 1.3, size))
    return lot, lot.integers(0, 4, size).astype(float), order * (lot.random(size) < 0.22)


def beyond_by_hand(stratum: Numbers, is_control: Flags, spend: Numbers, shift: float) -> float:
    """Return how often people divided anew within months differ by as much as they do.

    One draw after the other, from the definition: ``shift`` taken from the treated first.
    """
    lot, values = np.random.default_rng(9), np.where(is_control, spend, spend - shift)

    def statistic(control: Flags) -> float:
        months = np.unique(stratum)
        sizes = np.array(
            [[((stratum == m) & (control == c)).sum() for c in (0, 1)] for m in months]
        )
        weight = sizes.prod(axis=1) / sizes.sum(axis=1)
        weight = weight / weight.sum()
        difference, variance = 0.0, 0.0
        for c in (False, True):
            parts = [values[(stratum == m) & (control == c)] for m in months]
            squares = sum(((part - part.mean()) ** 2).sum() for part in parts)
            free = sum(len(part) - 1 for part in parts)
            variance += (
                squares
                / free
                * sum(w**2 / len(part) for w, part in zip(weight, parts, strict=True))
            )
            means = [w * part.mean() for w, part in zip(weight, parts, strict=True)]
            difference += (-1 if c else 1) * sum(means)
        return difference / np.sqrt(variance)

    seen, larger = statistic(is_control), 0
    for _ in range(2000):
        control = is_control.copy()
        for month in np.unique(stratum):
            its = stratum == month
            control[its] = lot.permutation(control[its])
        larger += statistic(control) >= seen
    return larger / 2000


@pytest.mark.parametrize(("share", "more"), [(0.1, 1.0), (1.0, 20.0)])
def test_the_limits_are_where_a_test_by_hand_begins_to_reject(share: float, more: float) -> None:
    lot, stratum, spend = shop(1500, 1)
    # Months have shares of controls of their own.
    is_control = lot.random(1500) < 0.2 + 0.1 * (stratum > 1)
    spend = spend + (~is_control) * (lot.random(1500) < share) * more
    found = revenue.inverted(people(stratum, is_control, spend), spend, 1)
    assert found is not None
    assert beyond_by_hand(stratum, is_control, spend, found.low) == pytest.approx(0.025, abs=0.012)
    assert beyond_by_hand(stratum, is_control, spend, found.high) == pytest.approx(0.975, abs=0.012)
    assert beyond_by_hand(stratum, is_control, spend, found.difference) == pytest.approx(
        0.5, abs=0.1
    )


def test_the_difference_is_that_of_means_where_there_is_one_month() -> None:
    is_control = np.array([False, False, False, True, True])
    spend = np.array([10.0, 0, 5, 0, 4])
    of = people(np.zeros(5), is_control, spend)
    assert revenue.difference(of, spend) == pytest.approx(5 - 2)


def test_the_order_of_people_and_the_currency_change_nothing() -> None:
    lot, stratum, spend = shop(4000, 2)
    is_control = lot.random(4000) < 0.2
    found = revenue.interval(people(stratum, is_control, spend), spend, 7)
    again = lot.permutation(4000)
    shuffled = people(stratum[again], is_control[again], spend[again])
    assert found is not None
    assert revenue.interval(shuffled, spend[again], 7) == found
    pence = revenue.interval(people(stratum, is_control, spend * 100), spend * 100, 7)
    assert pence is not None
    assert (pence.low, pence.high) == pytest.approx((found.low * 100, found.high * 100), rel=1e-3)
    other = revenue.interval(people(stratum, is_control, spend), spend, 8)
    width = found.high - found.low
    assert other is not None
    assert (other.low, other.high) == pytest.approx((found.low, found.high), abs=0.1 * width)


def test_everybody_treated_spending_one_more_moves_the_interval_by_one() -> None:
    lot, stratum, spend = shop(4000, 3)
    is_control = lot.random(4000) < 0.2
    found = revenue.inverted(people(stratum, is_control, spend), spend, 7)
    more = spend + ~is_control
    moved = revenue.inverted(people(stratum, is_control, more), more, 7)
    assert found is not None
    assert moved is not None
    near = 0.1 * (found.high - found.low)
    assert (moved.low, moved.high) == pytest.approx((found.low + 1, found.high + 1), abs=near)


@pytest.mark.parametrize(("buyers", "has_interval"), [(99, False), (100, True)])
def test_fewer_than_a_hundred_buyers_on_the_smaller_side_have_no_interval(
    buyers: int, has_interval: bool
) -> None:
    is_control = np.arange(3000) < 600
    spend = np.where(np.arange(3000) % 600 < buyers, 1.0 + np.arange(3000) % 7, 0.0)
    found = revenue.interval(people(np.zeros(3000), is_control, spend), spend, 1)
    assert (found is not None) == has_interval


def test_where_all_spend_the_same_there_is_no_interval() -> None:
    spend, is_control = np.full(400, 5.0), np.arange(400) < 200
    assert revenue.interval(people(np.zeros(400), is_control, spend), spend, 1) is None


@pytest.mark.parametrize("given", [0.0, 0.1])
def test_the_interval_misses_as_often_as_it_says_where_welch_does_not(given: float) -> None:
    lot, stratum, without = shop(2000, 4)
    # Both outcomes of the same people: some who would not have bought are made to.
    order = np.exp(lot.normal(0, 1.3, 2000))
    treated = np.where((without == 0) & (lot.random(2000) < given), order, without)
    above, below = np.zeros(2), np.zeros(2)
    for seed in range(200):
        is_control = np.random.default_rng([5, seed]).random(2000) < 0.1
        spend = np.where(is_control, without, treated)
        of = people(stratum, is_control, spend)
        brought = np.bincount(of.stratum, treated - without) / np.bincount(of.stratum)
        truth = float(weights(*of.sizes()) @ brought)
        found = [way(of, spend, seed) for way in (revenue.inverted, welch)]
        above += [it is not None and it.low > truth for it in found]
        below += [it is not None and it.high < truth for it in found]
    most = binom.ppf(0.999, 200, 0.025)
    assert max(above[0], below[0]) <= most < above[1]
    assert given or above[0] + below[0] >= binom.ppf(0.001, 200, 0.05)
