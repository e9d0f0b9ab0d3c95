import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, binom

from pipeline.results.shares import Side, newcombe, probability_above_zero
from pipeline.results.strata import Numbers, weights

# Newcombe 1998, table II, method 10.
PUBLISHED = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0)),
    ((10, 10, 0, 10), (0.6075, 1.0)),
]
# Six strata of which tern, an R package, publishes what PROC FREQ of SAS makes of them.
TREATED = ([8, 4, 2, 5, 6, 5], [9, 4, 5, 7, 7, 8])
CONTROL = ([3, 6, 2, 3, 3, 3], [6, 12, 5, 4, 8, 5])


def side(buyers: list[int] | int, entrants: list[int] | int) -> Side:
    return Side(np.atleast_1d(buyers).astype(float), np.atleast_1d(entrants).astype(float))


def own_variance(of: Side) -> Numbers:
    share = of.buyers / of.entrants
    return np.asarray(share * (1 - share) / of.entrants)


@pytest.mark.parametrize(("counts", "limits"), PUBLISHED)
def test_one_stratum_has_the_interval_that_newcombe_published(
    counts: tuple[int, int, int, int], limits: tuple[float, float]
) -> None:
    found = newcombe(side(*counts[:2]), side(*counts[2:]))
    assert found.difference == pytest.approx(counts[0] / counts[1] - counts[2] / counts[3])
    assert (found.low, found.high) == pytest.approx(limits, abs=0.00005)


def test_strata_have_the_interval_that_sas_gives_them() -> None:
    treated, control = side(*TREATED), side(*CONTROL)
    assert weights(treated.entrants, control.entrants) == pytest.approx(
        [0.195, 0.163, 0.135, 0.138, 0.202, 0.167], abs=0.0005
    )
    found = newcombe(treated, control, own_variance)
    assert found.difference == pytest.approx(0.25390590, abs=1e-8)
    assert (found.low, found.high) == pytest.approx((0.03467969, 0.44544132), abs=1e-8)


def test_one_rate_for_all_strata_moves_the_interval_of_sas_but_little() -> None:
    found = newcombe(side(*TREATED), side(*CONTROL))
    assert (found.low, found.high) == pytest.approx((0.0347, 0.4454), abs=0.01)


def test_a_month_cut_in_two_says_what_it_said_as_one() -> None:
    whole = newcombe(side(220, 1000), side(40, 200))
    halves = newcombe(side([110, 110], [500, 500]), side([20, 20], [100, 100]))
    assert (halves.low, halves.high) == pytest.approx((whole.low, whole.high), abs=0.0003)
    chances = [
        probability_above_zero(side(220, 1000), side(40, 200)),
        probability_above_zero(side([110, 110], [500, 500]), side([20, 20], [100, 100])),
    ]
    assert chances[0] == pytest.approx(chances[1], abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 60), st.integers(1, 60), st.floats(0, 1), st.floats(0, 1)),
        min_size=1,
        max_size=8,
    )
)
def test_swapping_sides_turns_the_interval_round(
    strata: list[tuple[int, int, float, float]],
) -> None:
    one = side([round(n * p) for n, _, p, _ in strata], [n for n, *_ in strata])
    other = side([round(n * p) for _, n, _, p in strata], [n for _, n, *_ in strata])
    there, back = newcombe(one, other), newcombe(other, one)
    assert -1 - 1e-7 <= there.low <= there.difference + 1e-9
    assert there.difference - 1e-9 <= there.high <= 1 + 1e-7
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-7)
    chance = probability_above_zero(one, other)
    assert chance == pytest.approx(1 - probability_above_zero(other, one), abs=1e-4)


@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (9, 10, 3, 10), (0, 10, 0, 20), (5, 9, 5, 9)])
def test_the_chance_of_a_gain_is_that_of_jeffreys_posteriors(
    counts: tuple[int, int, int, int],
) -> None:
    (bought, of), (bought_0, of_0) = counts[:2], counts[2:]
    one = beta(bought + 0.5, of - bought + 0.5)
    other = beta(bought_0 + 0.5, of_0 - bought_0 + 0.5)
    exact = quad(lambda share: one.pdf(share) * other.cdf(share), 0, 1, limit=500)[0]
    found = probability_above_zero(side(bought, of), side(bought_0, of_0))
    assert found == pytest.approx(exact, abs=1e-5)


def misses(base: Numbers, lift: float, share: float, size: int) -> tuple[Numbers, Numbers]:
    """Return of 2,000 trials which intervals lie above the lift, and the chances of a gain."""
    lot = np.random.default_rng(11)
    above, below, chances = [], [], []
    for _ in range(2000):
        entrants = lot.multinomial(size, np.full(len(base), 1 / len(base)))
        controls = lot.binomial(entrants, share)
        both = (controls > 0) & (controls < entrants)
        n0, n1 = controls[both], (entrants - controls)[both]
        treated = side(lot.binomial(n1, base[both] + lift), n1)
        control = side(lot.binomial(n0, base[both]), n0)
        found = newcombe(treated, control)
        above.append(found.low > lift)
        below.append(found.high < lift)
        chances.append(probability_above_zero(treated, control))
    return np.array([above, below]), np.array(chances)


@pytest.mark.parametrize(("lift", "share"), [(0, 0.1), (0.03, 0.1), (0.03, 0.5)])
def test_intervals_miss_as_often_as_they_say(lift: float, share: float) -> None:
    months = 0.22 * (1 + 0.4 * np.sin(np.arange(12)))
    missed, chances = misses(months, lift, share, 4000)
    allowed = binom.ppf([0.001, 0.999], 2000, 0.025)
    for side_missed in missed.sum(axis=1):
        assert allowed[0] <= side_missed <= allowed[1]
    if not lift:
        assert allowed[0] <= (chances > 0.975).sum() <= allowed[1]
        assert chances.mean() == pytest.approx(0.5, abs=0.03)


def test_few_controls_a_month_are_no_evidence_of_anything() -> None:
    # Eight controls a month, of whom mostly none buys.
    missed, chances = misses(np.full(24, 0.03), 0, 0.1, 2000)
    most = binom.ppf(0.999, 2000, 0.025)
    assert missed.sum(axis=1).max() <= most
    # With each month's own variance the interval is so wide that it never lies above.
    assert missed[0].sum() >= 10
    # Half a buyer more for each month's controls would make a programme that does nothing harm.
    assert chances.mean() == pytest.approx(0.5, abs=0.03)
    assert (chances > 0.975).sum() <= most
    assert (chances < 0.025).sum() <= most
