"""``python -m benchmarks.intervals``: how often intervals for revenue keep their promise.

Made-up entrants of six months, 22 % of them buyers, a tenth controls, spend lognormal. An interval
that keeps its promise misses the truth 2.5 times in a hundred on either side.
"""

from collections.abc import Callable
from dataclasses import dataclass

import click
import numpy as np
from scipy.stats import t as students_t

from pipeline.results import revenue
from pipeline.results.shares import Interval
from pipeline.results.strata import Entrants, Numbers, weights

MONTHS, BUYING, CONTROLS, SPREAD = 6, 0.22, 0.1, 1.3
CAP = float(np.exp(SPREAD * 1.6449))
"""The 95th percentile of what one buyer spends; the median is 1."""
SIZES = (500, 2_000, 5_000, 20_000)


@dataclass(frozen=True)
class Trial:
    """Entrants, what each spent as far as it counts, and what treatment truly brought."""

    entrants: Entrants
    spend: Numbers
    truth: float


def trial(lot: np.random.Generator, size: int, given: float, is_capped: bool) -> Trial:
    """Return entrants, of whom so many of the treated who would not have bought are made to."""
    stratum, is_control = lot.integers(0, MONTHS, size), lot.random(size) < CONTROLS
    # In each month somebody is a control.
    is_control[np.unique(stratum, return_index=True)[1]] = True
    buys, is_given = lot.random(size) < BUYING, lot.random(size) < given
    order = np.exp(lot.normal(0, SPREAD, size))
    order = np.minimum(order, CAP) if is_capped else order
    with_it = order * (buys | is_given)
    spend = np.where(is_control, order * buys, with_it)
    entrants = Entrants(stratum, is_control, spend > 0, spend, spend)
    # Both outcomes of the same people, weighed as the difference is.
    brought = np.bincount(stratum, with_it - order * buys) / np.bincount(stratum)
    return Trial(entrants, spend, float(weights(*entrants.sizes()) @ brought))


def welch(entrants: Entrants, spend: Numbers, _seed: int) -> Interval:
    """Return Welch's interval, which knows no strata."""
    sides = [spend[~entrants.is_control], spend[entrants.is_control]]
    parts = [side.var(ddof=1) / len(side) for side in sides]
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(side) - 1) for part, side in zip(parts, sides, strict=True)
    )
    half = float(students_t.ppf(0.975, freedom) * np.sqrt(sum(parts)))
    middle = float(sides[0].mean() - sides[1].mean())
    return Interval(middle, middle - half, middle + half)


def bootstrap_t(entrants: Entrants, spend: Numbers, seed: int) -> Interval:
    """Return the interval of the studentised bootstrap, sides drawn anew within strata."""
    lot, draws = np.random.default_rng(seed), revenue.DRAWS
    treated, control = entrants.sizes()
    means, variances = np.zeros(draws + 1), np.zeros(draws + 1)
    for number, weight in enumerate(weights(treated, control)):
        for is_control in (True, False):
            own = spend[(entrants.stratum == number) & (entrants.is_control == is_control)]
            places = lot.integers(0, len(own), (draws + 1, len(own)), dtype=np.int32)
            places[0] = np.arange(len(own))
            drawn = own[places]
            variances += weight**2 * drawn.var(axis=1) / max(len(own) - 1, 1)
            means += weight * drawn.mean(axis=1) * (-1 if is_control else 1)
    errors = np.sqrt(np.maximum(variances, 1e-12))
    lots = (means[1:] - means[0]) / errors[1:]
    low, high = means[0] - errors[0] * np.quantile(lots, [0.975, 0.025])
    return Interval(float(means[0]), float(low), float(high))


WAYS: dict[str, Callable[[Entrants, Numbers, int], Interval | None]] = {
    "Welch": welch,
    "bootstrap-t": bootstrap_t,
    "re-randomised": revenue.inverted,
}


@click.command()
@click.option("--trials", default=1000, show_default=True, help="Of each kind.")
def main(trials: int) -> None:
    """Print, in percent, how often the truth is below and above each interval."""
    click.echo("spend     entrants  effect  way            below  above  width")
    for is_capped in (False, True):
        for size in SIZES:
            for given in (0.0, 0.05):
                _show(trials, size, given, is_capped)


def _show(trials: int, size: int, given: float, is_capped: bool) -> None:
    made = [
        trial(np.random.default_rng([7, seed]), size, given, is_capped) for seed in range(trials)
    ]
    for name, way in WAYS.items():
        found = [way(one.entrants, one.spend, seed) for seed, one in enumerate(made)]
        low, high, truth = np.array(
            [(it.low, it.high, one.truth) for it, one in zip(found, made, strict=True) if it]
        ).T
        click.echo(
            f"{'capped' if is_capped else 'uncapped':<8}  {size:>8,}  {given:>6.0%}  {name:<13}"
            f"{100 * np.mean(truth < low):>7.1f}{100 * np.mean(truth > high):>7.1f}"
            f"{np.mean(high - low):>7.3f}"
        )


if __name__ == "__main__":
    main()
