import numpy as np
import pytest

from pipeline.results.shares import Side, newcombe
from pipeline.results.size_screen import Pace, size_screen
from pipeline.results.sizes import entrants_needed, power, smallest_lift, weeks_needed


def test_three_against_four_percent_needs_as_many_as_the_formula_says() -> None:
    assert entrants_needed(0.03, 0.01, 0.1) == 26_189
    assert entrants_needed(0.03, 0.01, 0.5) == 10_596


def test_the_example_of_the_book_comes_out() -> None:
    # 65 against 85 %: 70 a group, rounded up.
    assert entrants_needed(0.65, 0.2, 0.5) == pytest.approx(140, abs=1)


@pytest.mark.parametrize(
    ("base", "lift", "share", "known"),
    [(0.03, 0.01, 0.1, 0.73), (0.03, 0.01, 0.5, 0.8), (0.22, 0.03, 0.1, 0.78)],
)
def test_the_effect_is_seen_as_often_as_the_screen_says(
    base: float, lift: float, share: float, known: float
) -> None:
    lot, size = np.random.default_rng(5), entrants_needed(base, lift, share)
    control = round(size * share)
    seen = 0
    for _ in range(2000):
        treated_buyers = lot.binomial(size - control, base + lift, 1).astype(float)
        control_buyers = lot.binomial(control, base, 1).astype(float)
        treated = Side(treated_buyers, np.array([float(size - control)]))
        seen += newcombe(treated, Side(control_buyers, np.array([float(control)]))).low > 0
    assert power(base, lift, share, size) == pytest.approx(known, abs=0.01)
    assert seen / 2000 == pytest.approx(known, abs=0.03)


def test_weeks_end_when_the_last_window_has_passed() -> None:
    assert weeks_needed(1000, 100, 60) == 19
    assert weeks_needed(1000, 0, 60) is None


def test_the_smallest_gain_needs_just_two_years() -> None:
    least = smallest_lift(0.03, 120, 0.5, 60)
    assert least is not None
    assert weeks_needed(entrants_needed(0.03, least, 0.5), 120, 60) in (104, 105)
    assert smallest_lift(0.03, 0.01, 0.5, 60) is None
    # A window of two years leaves nobody whose window passes within them.
    assert smallest_lift(0.03, 120, 0.5, 728) is None


@pytest.mark.parametrize(("base", "lift", "share"), [(0, 0.1, 0.1), (0.9, 0.2, 0.1), (0.1, 0.1, 1)])
def test_what_cannot_be_has_no_size(base: float, lift: float, share: float) -> None:
    with pytest.raises(ValueError, match="no size for"):
        entrants_needed(base, lift, share)


def test_the_screen_tells_people_and_weeks_for_each_share_of_controls() -> None:
    lines = size_screen(Pace("Dormant", 1200, 0.03, 60), 0.01).splitlines()
    assert lines[0] == (
        "Dormant: 1,200.0 people enter a week, 3.0 % of them buy within 60 days by themselves."
    )
    rows = [line.split() for line in lines if line.startswith("  ") and "%" in line]
    assert rows[1] == ["10", "%", "26,189", "2,619", "31", "73", "%"]
    assert rows[-1] == ["50", "%", "10,596", "5,298", "18", "80", "%"]


def test_the_screen_says_what_cannot_be_seen_within_two_years() -> None:
    slow = size_screen(Pace("Dormant", 50, 0.03, 60), 0.01)
    assert slow.count("not within two years") == 5
    assert "4.0 % cannot be seen within two years." in slow
    assert "No gain at all" in size_screen(Pace("Dormant", 0.01, 0.03, 60), 0.01)


@pytest.mark.parametrize(
    ("pace", "lift", "said"),
    [
        (Pace("Dormant", 0, 0.03, 60), 0.01, "nobody enters"),
        (Pace("Dormant", 10, 0, 60), 0.01, "nothing to compare"),
        (Pace("Dormant", 10, 0.5, 60), 0.6, "110.0 % cannot be aimed at"),
        (Pace("Dormant", 10, 0.5, 60), 0, "cannot be aimed at"),
    ],
)
def test_the_screen_says_where_there_is_nothing_to_size(pace: Pace, lift: float, said: str) -> None:
    assert said in size_screen(pace, lift)
