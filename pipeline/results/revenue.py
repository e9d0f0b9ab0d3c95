"""Revenue per entrant: the difference between treated and controls over strata.

The interval holds every difference that a re-randomisation test does not reject: a tenth of the
entrants and a few large orders decide the controls' mean, and no formula for a normal mean knows
how far that is from normal. The test's statistic is studentised, so that it also holds where the
sides spend unequally: Janssen 1997, "Studentized permutation tests for non-i.i.d. hypotheses and
the generalized Behrens-Fisher problem", Statistics and Probability Letters 36.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import bisect

from pipeline.results.shares import LEVEL, Interval
from pipeline.results.strata import Entrants, Flags, Numbers, weights

DRAWS = 1999
BUYERS_NEEDED = 100
"""On the smaller side; with fewer no interval keeps its promise."""
CELLS = 2_000_000
"""Of the lots drawn at once: 16 MB."""


@dataclass(frozen=True)
class _Sums:
    """Sums of values less δ for the treated, as polynomials of δ, one place per draw.

    The difference of means is ``difference`` − δ × ``treated``; the squares within strata of each
    side are s[0] − 2 δ s[1] + δ² s[2].
    """

    difference: Numbers
    treated: Numbers
    control_squares: Numbers
    treated_squares: Numbers


def difference(entrants: Entrants, spend: Numbers) -> float:
    """Return how much more a treated entrant spent than a control, strata weighed."""
    treated, control = entrants.sizes()
    treated_spend, control_spend = entrants.sums(spend)
    return float(weights(treated, control) @ (treated_spend / treated - control_spend / control))


def interval(entrants: Entrants, spend: Numbers, seed: int) -> Interval | None:
    """Return the difference with its interval, or None where too few of a side bought."""
    bought = entrants.is_buyer
    smaller = min(
        int((bought & side).sum()) for side in (entrants.is_control, ~entrants.is_control)
    )
    return inverted(entrants, spend, seed) if smaller >= BUYERS_NEEDED else None


def inverted(entrants: Entrants, spend: Numbers, seed: int) -> Interval | None:
    """Return the difference with all differences that the test does not reject at 5 %.

    The same entrants and ``seed`` give the same interval, in whatever order they come. None where
    everybody spent the same as others of his side.
    """
    found = _sums(entrants, spend, None)
    drawn = _sums(entrants, spend, np.random.default_rng(seed))
    spreads = _spreads(entrants)
    pooled = float(found.difference[0])
    own_error = float(np.sqrt(_variance(found, spreads, 0.0)[0]))
    if not own_error:
        return None

    def more_often(shift: float, sign: int) -> float:
        """Return how often lots lie as far out as what was seen, less what may be outside."""
        error = np.sqrt(_variance(drawn, spreads, shift))
        lots = sign * (drawn.difference - shift * drawn.treated) / error
        seen = sign * (pooled - shift) / own_error
        return (1 + float((lots >= seen).sum())) / (DRAWS + 1) - (1 - LEVEL) / 2

    far, near = 20 * own_error, own_error * 1e-4
    return Interval(
        pooled,
        bisect(more_often, pooled - far, pooled, args=(1,), xtol=near),
        bisect(more_often, pooled, pooled + far, args=(-1,), xtol=near),
    )


def _spreads(entrants: Entrants) -> tuple[float, float]:
    """Return by what a side's sum of squares makes the variance of its weighed mean."""
    treated, control = entrants.sizes()
    weight = weights(treated, control)
    of_control, of_treated = (
        float(np.sum(weight**2 / size) / (size.sum() - len(size))) for size in (control, treated)
    )
    return of_control, of_treated


def _variance(sums: _Sums, spreads: tuple[float, float], shift: float) -> Numbers:
    powers = np.array([1, -2 * shift, shift**2])
    of_control, of_treated = spreads
    return of_control * (powers @ sums.control_squares) + of_treated * (
        powers @ sums.treated_squares
    )


def _sums(entrants: Entrants, spend: Numbers, lot: np.random.Generator | None) -> _Sums:
    """Return the sums of what was seen, or where there is a ``lot`` of DRAWS new divisions."""
    places = 1 if lot is None else DRAWS
    difference_, shifted = np.zeros(places), np.zeros(places)
    squares = np.zeros((2, 3, places))
    treated, control = entrants.sizes()
    # Like values first, so that the order in which entrants come does not matter.
    order = np.lexsort((spend, entrants.is_control, entrants.stratum))
    ends = np.cumsum(treated + control).astype(int)
    for weight, size, its in zip(
        weights(treated, control),
        np.stack([control, treated], axis=1),
        np.split(order, ends[:-1]),
        strict=True,
    ):
        is_control, values = entrants.is_control[its], spend[its]
        features = np.stack([values, values**2, values * ~is_control, ~is_control * 1.0])
        if lot is None:
            part = (features @ is_control)[:, None]
        else:
            part = _drawn(lot, features, is_control)
        for side, sums in enumerate((part, features.sum(axis=1)[:, None] - part)):
            total, square, treated_total, treated_count = sums
            sign = weight / size[side] * (1 if side else -1)
            difference_ += sign * total
            shifted += sign * treated_count
            squares[side] += np.stack(
                [
                    square - total**2 / size[side],
                    treated_total - total * treated_count / size[side],
                    treated_count - treated_count**2 / size[side],
                ]
            )
    return _Sums(difference_, shifted, squares[0], squares[1])


def _drawn(lot: np.random.Generator, features: Numbers, is_control: Flags) -> Numbers:
    """Return sums of ``features`` over as many controls as there are, drawn anew DRAWS times.

    Who spent nothing adds nothing but to the count, so only spenders are drawn one by one.
    """
    spends = features[0] != 0
    spenders, others = int(spends.sum()), int((~spends).sum())
    controls = int(is_control.sum())
    taken = lot.hypergeometric(spenders, others, controls, DRAWS)
    treated_others = int((~spends & ~is_control).sum())
    counts = lot.hypergeometric(treated_others, others - treated_others, controls - taken)
    sums = np.zeros((len(features), DRAWS))
    rows = max(1, CELLS // max(1, spenders))
    for first in range(0, DRAWS, rows):
        lots = np.arange(spenders) < taken[first : first + rows, None]
        lot.permuted(lots, axis=1, out=lots)
        sums[:, first : first + rows] = features[:, spends] @ lots.T.astype(np.float64)
    sums[3] += counts
    return sums
