import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.churn_model import purchases, spend
from pipeline.churn_model.purchases import Histories, PurchaseModel
from tests.unit.cdnow import Customers, customers, published

BGNBD = PurchaseModel(0.2425967, 4.413659, 0.7929869, 2.426164, leaves_at_once=False)
"""As BTYD publishes them, fully converged."""


@pytest.fixture(scope="module")
def cdnow() -> Customers:
    return customers()


def numbers(*values: float) -> purchases.Numbers:
    return np.array(values, dtype=float)


def expected(model: PurchaseModel, x: float, t_x: float, t: float, ahead: float) -> float:
    one = numbers(x), numbers(t_x), numbers(t)
    return float(model.p_alive(*one)[0] * model.expected_while_alive(one[0], one[2], ahead)[0])


def test_bgnbd_is_fitted_as_published(cdnow: Customers) -> None:
    fitted, known = purchases.fit(cdnow.histories, leaves_at_once=False), published("bgnbd_params")
    for name in ("r", "alpha", "a", "b"):
        assert getattr(fitted, name) == pytest.approx(known[name], abs=0.0006)
    assert fitted.log_likelihood == pytest.approx(known["LL"], abs=0.1)
    assert fitted.has_converged


def test_mbgnbd_is_fitted_as_published(cdnow: Customers) -> None:
    fitted, known = purchases.fit(cdnow.histories), published("mbgnbd_params")
    for name in ("r", "alpha", "a", "b"):
        assert getattr(fitted, name) == pytest.approx(known[name], abs=0.001)
    # As BTYDplus has it, recomputed to four places.
    assert fitted.log_likelihood == pytest.approx(-9582.1357, abs=0.001)


def test_gamma_gamma_is_fitted_as_published(cdnow: Customers) -> None:
    came_back = cdnow.histories.x > 0
    fitted = spend.fit(cdnow.histories.x[came_back], cdnow.mean_repeat_value[came_back])
    known = published("gg_params")
    assert came_back.sum() == 946
    assert fitted.p == pytest.approx(known["p"], abs=0.005)
    assert fitted.q == pytest.approx(known["q"], abs=0.005)
    assert fitted.gamma == pytest.approx(known["gamma"], abs=0.005)
    assert fitted.log_likelihood == pytest.approx(known["LL"], abs=0.01)
    assert fitted.has_converged
    first_ten = fitted.expected_value(cdnow.histories.x[:10], cdnow.mean_repeat_value[:10])
    assert first_ten == pytest.approx(published("gg_expected_spend_first10"), abs=0.02)


def test_expected_purchases_are_as_published(cdnow: Customers) -> None:
    first, busiest = published("bg_cet_customer1"), published("bg_cet_customer1516")
    model = purchases.fit(cdnow.histories, leaves_at_once=False)
    assert expected(model, 2, 30.43, 38.86, first["t"]) == pytest.approx(
        first["expected"], abs=0.001
    )
    assert expected(BGNBD, 26, 30.85714, 31, busiest["t"]) == pytest.approx(
        busiest["expected"], abs=1e-4
    )
    assert BGNBD.p_alive(numbers(26), numbers(30.85714), numbers(31)) == pytest.approx(
        busiest["p_alive"], abs=1e-6
    )
    often = [expected(BGNBD, x, 20, 39, 52) for x in (10, 15, 20, 25)]
    assert often == pytest.approx(published("bg_paradox"), rel=1e-5)


def test_who_came_once_is_there_for_sure_in_bgnbd_alone() -> None:
    once = numbers(0), numbers(0), numbers(39)
    assert BGNBD.p_alive(*once) == published("bg_palive_zero")["p_alive"]
    assert purchases.PurchaseModel(0.5, 6, 0.9, 1.6).p_alive(*once) < 1


def test_newcomers_buy_as_published(cdnow: Customers) -> None:
    model = purchases.fit(cdnow.histories, leaves_at_once=False)
    known = {float(week): value for week, value in published("bg_expectation").items()}
    found = model.expected_of_newcomers(numbers(*known))
    assert found == pytest.approx(list(known.values()), abs=0.003)
    assert BGNBD.expected_of_newcomers(numbers(52)) == pytest.approx(
        published("bg_expectation_52"), abs=1e-5
    )


def test_repeat_purchases_add_up_week_by_week_as_published(cdnow: Customers) -> None:
    weeks = range(20, 26)
    totals = [
        float(BGNBD.expected_of_newcomers(np.maximum(week - cdnow.first_week, 0)).sum())
        for week in weeks
    ]
    assert totals == pytest.approx(published("cum_tracking_weeks20_25")["bgnbd"], rel=0.002)


def test_what_came_and_what_was_expected_by_frequency_is_as_published(cdnow: Customers) -> None:
    known, of = published("bg_holdout_by_freq"), cdnow.histories
    bins = np.minimum(of.x, 7)
    came = cdnow.bought_after(39 * 7)
    ahead = BGNBD.p_alive(of.x, of.t_x, of.t) * BGNBD.expected_while_alive(of.x, of.t, 39.0)
    for number in range(8):
        here = bins == number
        assert here.sum() == known["bin"][number]
        assert came[here].mean() == pytest.approx(known["actual"][number], abs=0.001)
        assert ahead[here].mean() == pytest.approx(known["expected"][number], abs=0.001)


def test_likelihoods_are_as_published_without_overflow() -> None:
    model = PurchaseModel(0.25, 4, 0.8, 2.5, leaves_at_once=False)
    known = published("bgnbd_logp")
    for (x, t_x), value in {(0, 0): known["x=0,tx=0"], (200, 38): known["x=200,tx=38"]}.items():
        one = Histories(numbers(x), numbers(t_x), numbers(40), numbers(1))
        assert purchases.log_likelihood(model, one) == pytest.approx(value, abs=1e-5)


def test_mbgnbd_agrees_with_customers_that_are_played_through() -> None:
    model = PurchaseModel(0.73, 9.8, 0.23, 3.6)
    lot = np.random.default_rng(1)
    count, seen, ahead = 400_000, 30.0, 13.0
    rate = lot.gamma(model.r, 1 / model.alpha, count)
    leaves = lot.beta(model.a, model.b, count)
    # A customer leaves after his nth purchase; the first is at time zero.
    stays = lot.geometric(leaves) - 1
    gaps = lot.exponential(1 / rate[:, None], (count, 60))
    times = np.cumsum(gaps, axis=1)
    came = np.arange(1, 61)[None, :] <= stays[:, None]
    x = (came & (times <= seen)).sum(axis=1)
    later = (came & (times > seen) & (times <= seen + ahead)).sum(axis=1)
    t_x = np.where(x > 0, times[np.arange(count), np.maximum(x - 1, 0)], 0)
    is_there = stays > x
    for number in (0, 1, 3):
        here = x == number
        histories = x[here].astype(float), t_x[here], np.full(here.sum(), seen)
        error = 4 / np.sqrt(here.sum())
        assert model.p_alive(*histories).mean() == pytest.approx(is_there[here].mean(), abs=error)
        assert model.p_buys(*histories, ahead).mean() == pytest.approx(
            (later[here] > 0).mean(), abs=error
        )
        means = model.p_alive(*histories) * model.expected_while_alive(
            histories[0], histories[2], ahead
        )
        spread = 4 * later[here].std() / np.sqrt(here.sum())
        assert means.mean() == pytest.approx(later[here].mean(), abs=spread)


@pytest.mark.parametrize(
    "start", [(0.01, 0.1, 0.01, 0.1), (5, 50, 5, 50), (1, 1, 1, 1), (100, 1000, 0.001, 100)]
)
def test_the_search_ends_at_the_same_place_from_everywhere(
    cdnow: Customers, start: tuple[float, float, float, float]
) -> None:
    fitted = purchases.fit(cdnow.histories, start=start)
    assert fitted.has_converged
    assert fitted.log_likelihood == pytest.approx(-9582.1357, abs=0.001)
    assert fitted.r == pytest.approx(0.5248, abs=0.001)


def test_groups_are_fitted_as_single_customers_are(cdnow: Customers) -> None:
    of = cdnow.histories
    keys, weight = np.unique(np.stack([of.x, of.t_x, of.t]), axis=1, return_counts=True)
    grouped = purchases.fit(Histories(*keys, weight.astype(float)))
    single = purchases.fit(of)
    assert len(weight) < len(of.x)
    for name in ("r", "alpha", "a", "b", "log_likelihood"):
        assert getattr(grouped, name) == pytest.approx(getattr(single, name), rel=1e-5)


@example(x=0, share=0.0, days=0, parameters=(1.0, 0.125, 1.0, 171.0), ahead=365 / 7)
@example(x=0, share=0.0, days=0, parameters=(1.0, 1.0, 2.0, 170.0), ahead=90 / 7)
@settings(max_examples=200, deadline=None)
@given(
    x=st.integers(0, 3000),
    share=st.floats(0, 1),
    days=st.integers(0, 3650),
    parameters=st.tuples(
        st.floats(0.01, 20), st.floats(0.1, 100), st.floats(0.001, 20), st.floats(0.01, 200)
    ),
    ahead=st.sampled_from([90 / 7, 365 / 7]),
)
def test_whatever_a_history_is_chances_and_expectations_are_sound(
    x: int, share: float, days: int, parameters: tuple[float, float, float, float], ahead: float
) -> None:
    x = min(x, days)
    t = days / 7
    one = numbers(x), numbers(t * share if x else 0), numbers(t)
    r, alpha, a, b = parameters
    model = PurchaseModel(r, alpha, a, b)
    alive, buys = model.p_alive(*one)[0], model.p_buys(*one, ahead)[0]
    count = model.expected_while_alive(one[0], one[2], ahead)[0]
    assert 0 <= buys <= alive <= 1
    assert np.isfinite(count)
    # Nobody who may leave buys more than one who stays for good.
    assert -1e-9 <= count <= (r + x) / (alpha + t) * ahead * (1 + 1e-6)


def test_what_overflows_has_the_value_of_its_plain_sum() -> None:
    # 2F1(171, 1; 172; z) is the sum of 171 ÷ (171 + n) × z^n.
    ahead = 90 / 7
    z, n = ahead / (1 + ahead), np.arange(5000)
    left = (1 - z) * np.sum(171 / (171 + n) * z**n)
    expected = PurchaseModel(1.0, 1.0, 2.0, 170.0).expected_while_alive(
        numbers(0), numbers(0), ahead
    )
    assert expected[0] == pytest.approx(172 * (1 - left), rel=1e-6)


def test_spending_is_fitted_alike_in_every_currency() -> None:
    lot = np.random.default_rng(2)
    x = lot.integers(1, 20, 3000).astype(float)
    own = lot.gamma(4.0, 1 / 300.0, 3000)
    values = lot.gamma(2.0 * x, 1 / own) / x
    pounds, pence = spend.fit(x, values), spend.fit(x, values * 100)
    assert pounds.p == pytest.approx(2.0, rel=0.1)
    assert pounds.mean == pytest.approx(2.0 * 300 / 3, rel=0.05)
    assert pence.mean == pytest.approx(pounds.mean * 100, rel=1e-3)
    assert pence.log_likelihood == pytest.approx(
        pounds.log_likelihood - len(x) * np.log(100), rel=1e-6
    )


def test_equal_values_share_their_rank() -> None:
    # Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: 4.5 ÷ √(4.5 × 5).
    assert spend.rank_correlation(numbers(1, 2, 2, 5), numbers(1, 9, 3, 10)) == pytest.approx(
        0.9486833, abs=1e-6
    )
