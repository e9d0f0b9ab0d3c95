"""How many people have to enter a programme before an effect can be seen, and how long it takes.

Two shares, two-sided at 5 %, seen with a power of 80 %, groups of unequal size: Chow, Shao and Wang
2008, "Sample Size Calculations in Clinical Research", section 4.2.
"""

import math
from bisect import bisect_left

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import binom

from pipeline.results.shares import Side, newcombe

LEVEL, POWER = 0.05, 0.8
TWO_YEARS = 104
"""Weeks; what takes longer is not seen: the shop and its customers are others by then."""
FEWEST = 10
"""Of a side: with fewer the formula means nothing."""
SLICES = 50
"""Into which the counts of controls who buy are cut; more change nothing before the third place."""


def entrants_needed(base: float, lift: float, control_share: float) -> int:
    """Return how many have to enter, controls included, to see ``base`` become base + lift.

    (z of 97.5 % + z of 80 %)² × (p0 (1 − p0) ÷ s + p1 (1 − p1) ÷ (1 − s)) ÷ (p1 − p0)², s the share
    of controls. Shares are between 0 and 1 and the lift is not zero.
    """
    return round(_needed(base, lift, control_share))


def power(base: float, lift: float, control_share: float, entrants: int) -> float:
    """Return in what share of cases a gain is seen by Newcombe's interval, as results have it.

    The formula of entrants_needed takes both shares' variances for known. Of few controls who
    rarely buy they are not: 3 % against 4 % with a tenth as control is seen in 73 cases of 100.
    """
    control = round(entrants * control_share)
    treated = entrants - control
    chances = [
        binom.sf(_fewest_seen(treated, int(bought), control) - 1, treated, base + lift)
        for bought in binom.ppf((np.arange(SLICES) + 0.5) / SLICES, control, base)
    ]
    return float(np.mean(chances))


def weeks_needed(needed: float, weekly: float, window_days: int) -> int | None:
    """Return after how many weeks so many have entered and their windows passed; None for never."""
    return math.ceil(needed / weekly + window_days / 7) if weekly > 0 else None


def smallest_lift(
    base: float, weekly: float, control_share: float, window_days: int
) -> float | None:
    """Return the smallest gain that can be seen within two years, None where there is none."""
    entrants = weekly * (TWO_YEARS - window_days / 7)
    largest = 1 - base
    is_too_few = entrants * min(control_share, 1 - control_share) < FEWEST
    if is_too_few or _needed(base, largest, control_share) > entrants:
        return None
    return float(brentq(lambda lift: _needed(base, lift, control_share) - entrants, 1e-9, largest))


def _needed(base: float, lift: float, control_share: float) -> float:
    other = base + lift
    if not (0 < base < 1 and 0 <= other <= 1 and 0 < control_share < 1 and lift):
        raise ValueError(f"no size for {base} against {other} with {control_share} as control")
    quantiles = float(ndtri(1 - LEVEL / 2) + ndtri(POWER))
    variance = base * (1 - base) / control_share + other * (1 - other) / (1 - control_share)
    return quantiles**2 * variance / lift**2


def _fewest_seen(treated: int, control_buyers: int, control: int) -> int:
    """Return how many of the treated have to buy for the interval to lie above zero."""
    controls = Side(np.array([float(control_buyers)]), np.array([float(control)]))

    def is_seen(buyers: int) -> bool:
        return (
            newcombe(Side(np.array([float(buyers)]), np.array([float(treated)])), controls).low > 0
        )

    return bisect_left(range(treated + 1), True, key=is_seen)
