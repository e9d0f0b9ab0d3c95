"""Shares that bought: the difference between treated and controls over strata.

Newcombe 1998, "Interval estimation for the difference between independent proportions", Statistics
in Medicine 17, method 10; with strata as Yan and Su 2010, "Stratified Wilson and Newcombe
confidence intervals for multiple binomial proportions", Statistics in Biopharmaceutical Research 2.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincinv, ndtri, roots_legendre

from pipeline.results.strata import Numbers, weights

LEVEL = 0.95
Z = float(ndtri((1 + LEVEL) / 2))
NODES = 200
"""Of the sum for a probability; more change nothing before the sixth place."""


@dataclass(frozen=True)
class Interval:
    """A difference, treated less control, with its 95 % limits."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Side:
    """Buyers and entrants of one side, by stratum."""

    buyers: Numbers
    entrants: Numbers

    def rate(self, weight: Numbers) -> float:
        """Return the share that bought, strata weighed."""
        return float(weight @ (self.buyers / self.entrants))


def shared_variance(side: Side) -> Numbers:
    """Return the variances of the strata's shares, but for a factor that is the same for all.

    As if all strata had one rate. Yan and Su take each stratum's own p(1 − p) ÷ n, which is zero
    where none or all bought: among a few controls a month that is the rule.
    """
    return 1 / side.entrants


def newcombe(
    treated: Side, control: Side, variance_of: Callable[[Side], Numbers] = shared_variance
) -> Interval:
    """Return the pooled difference with its interval; each stratum needs both sides."""
    weight = weights(treated.entrants, control.entrants)
    treated_low, treated_high = _wilson(treated, weight, variance_of(treated))
    control_low, control_high = _wilson(control, weight, variance_of(control))
    difference = treated.rate(weight) - control.rate(weight)
    below = _spread(treated, weight, treated_low) + _spread(control, weight, control_high)
    above = _spread(treated, weight, treated_high) + _spread(control, weight, control_low)
    return Interval(
        difference, difference - Z * float(np.sqrt(below)), difference + Z * float(np.sqrt(above))
    )


def probability_above_zero(treated: Side, control: Side) -> float:
    """Return the chance that the treated buy more often, before which nothing was known.

    Each side's rate has the posterior Beta(½ + m p, ½ + m (1 − p)), p the weighed share and
    m = 1 ÷ Σ(w² ÷ n) as many entrants as would tell it as well in one stratum; with one stratum
    that is Jeffreys' posterior. Half a buyer for each stratum instead would drown the controls.
    """
    weight = weights(treated.entrants, control.entrants)
    one, other = _posterior(treated, weight), _posterior(control, weight)
    nodes, parts = roots_legendre(NODES)
    return float(parts @ betainc(*other, betaincinv(*one, (nodes + 1) / 2)) / 2)


def _posterior(side: Side, weight: Numbers) -> tuple[float, float]:
    bought = side.rate(weight)
    entrants = 1 / float(np.sum(weight**2 / side.entrants))
    return 0.5 + entrants * bought, 0.5 + entrants * (1 - bought)


def _wilson(side: Side, weight: Numbers, variance: Numbers) -> tuple[float, float]:
    """Return the stratified Wilson limits: each stratum at a quantile that fits their sum."""
    z = Z * float(np.sqrt(weight**2 @ variance) / (weight @ np.sqrt(variance)))
    p, n = side.buyers / side.entrants, side.entrants
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    # Rounding must not lead out of what a share can be.
    low, high = np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
    return float(weight @ low), float(weight @ high)


def _spread(side: Side, weight: Numbers, limit: float) -> float:
    return float(np.sum(weight**2 / side.entrants)) * limit * (1 - limit)
