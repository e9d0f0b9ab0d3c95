"""``python -m benchmarks.replayed``: whether results of a replay keep their promise.

The replay is not run again: nobody was mailed in it, so who was a control changed nothing, and its
entries can be divided anew by as many salts as one likes. Without an effect an interval of 95 % has
to cover zero, with one that is put in the true difference, as often as it claims.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import duckdb
import numpy as np

from pipeline.results.comparisons import effect
from pipeline.results.strata import Entrants, Flags, Numbers, weights

ENTRIES = """
    select outcomes.programme, outcomes.entered_on, strftime(outcomes.entered_on, '%Y-%m') as month,
        outcomes.is_buyer, cast(outcomes.revenue as double) as revenue,
        cast(min(enrolments.revenue_cap) over (partition by outcomes.programme) as double) as cap
    from programmes.programme_outcomes as outcomes
    inner join programmes.programme_enrolments as enrolments
        using (customer_id, programme, entered_on)
    where outcomes.programme <> 'all' and outcomes.is_over and outcomes.entry_number = 1
    order by outcomes.programme, outcomes.entered_on, outcomes.customer_id
"""


LEAST_ENTRIES, LEAST_BUYERS = 200, 20
"""Of a programme that is looked at by itself."""


@dataclass(frozen=True)
class Entries:
    """First entries of a replay; ``period`` is 0 before the middle of the time and 1 after it."""

    programme: np.ndarray
    month: np.ndarray
    period: np.ndarray
    buys: Flags
    revenue: Numbers
    cap: Numbers

    def only(self, chosen: Flags) -> "Entries":
        """Return those who are chosen."""
        return Entries(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Counted:
    """How often intervals covered the truth, of how many."""

    shares: int = 0
    shares_of: int = 0
    money: int = 0
    money_of: int = 0


@click.command()
@click.argument("warehouse", type=click.Path(exists=True, path_type=Path))
@click.option("--salts", default=200, show_default=True, help="How often people are divided anew.")
@click.option("--given", default=0.1, show_default=True, help="Of the treated who did not buy.")
def main(warehouse: Path, salts: int, given: float) -> None:
    """Divide the entries of a replay anew and count how often intervals cover the truth."""
    entries = read(warehouse)
    click.echo(
        f"{len(entries.buys):,} first entries whose window is over; {salts} salts; with 200 "
        "salts 92 to 98 of 100 are within binomial error of 95.\n"
    )
    click.echo("| programme | entries | controls | effect | shares cover | revenue covers |")
    click.echo("|---|---:|---:|---:|---:|---:|")
    started = time.process_time()
    for name, chosen in _groups(entries):
        for first, second in ((0.1, 0.1), (0.1, 0.3), (0.5, 0.5)):
            for put_in in (0.0, given):
                found = count(chosen, (first, second), put_in, salts)
                controls = f"{first:.0%}" + ("" if first == second else f", then {second:.0%}")
                click.echo(
                    f"| {name} | {len(chosen.buys):,} | {controls} | {put_in:.0%} "
                    f"| {_share(found.shares, found.shares_of)} "
                    f"| {_share(found.money, found.money_of)} |"
                )
    click.echo(f"\nCPU {time.process_time() - started:.0f} s")


def read(warehouse: Path) -> Entries:
    """Return the first entries of the replay in ``warehouse``."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(ENTRIES).fetchnumpy()
    day = np.asarray(rows["entered_on"], "datetime64[D]").astype(np.int64)
    return Entries(
        np.asarray(rows["programme"], str),
        np.asarray(rows["month"], str),
        (day > (day.min() + day.max()) / 2).astype(np.int64),
        np.asarray(rows["is_buyer"], bool),
        np.asarray(rows["revenue"], float),
        np.ma.filled(np.ma.asarray(rows["cap"], float), np.inf),
    )


def _groups(entries: Entries) -> Iterator[tuple[str, Entries]]:
    for programme in np.unique(entries.programme):
        chosen = entries.only(entries.programme == programme)
        if len(chosen.buys) >= LEAST_ENTRIES and chosen.buys.sum() >= LEAST_BUYERS:
            yield str(programme), chosen
    yield "all together", entries


def count(entries: Entries, shares: tuple[float, float], given: float, salts: int) -> Counted:
    """Return how often the intervals cover the truth when people are divided by ``salts`` salts.

    ``shares`` are those of controls in the first and the second half of the time. Of the treated
    who did not buy ``given`` are made buyers, of what some buyer spent.
    """
    size = len(entries.buys)
    names = np.char.add(np.char.add(entries.programme, entries.month), entries.period.astype(str))
    _, stratum = np.unique(names, return_inverse=True)
    spent = entries.revenue[entries.buys]
    total = Counted()
    for salt in range(salts):
        lot = np.random.default_rng(salt)
        is_control = lot.random(size) < np.asarray(shares)[entries.period]
        is_given = ~entries.buys & (lot.random(size) < given)
        with_it = np.where(is_given, lot.choice(spent, size), entries.revenue)
        revenue = np.where(is_control, entries.revenue, with_it)
        buys = entries.buys | (is_given & ~is_control)
        people = Entrants(
            stratum.astype(np.int64), is_control, buys, revenue, np.minimum(revenue, entries.cap)
        )
        compared = people.comparable()
        chosen = people.only(compared)
        row = effect(chosen, salt)
        # Both outcomes of the same people, weighed as the difference is.
        weight = weights(*chosen.sizes())
        more = (np.minimum(with_it, entries.cap) - np.minimum(entries.revenue, entries.cap))[
            compared
        ]
        lift = weight @ _means(chosen.stratum, is_given[compared].astype(float))
        money = weight @ _means(chosen.stratum, more)
        has_money = "revenue_low" in row
        total = Counted(
            total.shares + (row["lift_low"] <= lift <= row["lift_high"]),
            total.shares_of + 1,
            total.money + (has_money and row["revenue_low"] <= money <= row["revenue_high"]),
            total.money_of + has_money,
        )
    return total


def _means(stratum: np.ndarray, values: Numbers) -> Numbers:
    return np.asarray(np.bincount(stratum, values) / np.bincount(stratum))


def _share(covered: int, of: int) -> str:
    return f"{100 * covered / of:.1f} %" if of else "too few buyers"


if __name__ == "__main__":
    main()
