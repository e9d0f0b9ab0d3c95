"""The tables that the fit reads and writes, and their form in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.churn_model.purchases import Histories, Numbers
from pipeline.churn_model.season import Month

Columns = Mapping[str, npt.NDArray[Any]]
"""A table by column, its rows in an order that is always the same, so that sums are too."""

EXPECTATION = pa.struct(
    [
        ("repeat_count", pa.int64()),
        ("age_days", pa.int64()),
        ("expected_90d", pa.float64()),
        ("expected_365d", pa.float64()),
    ]
)
QUANTILES = pa.struct(
    [
        ("repeat_cell", pa.int64()),
        ("age_cell", pa.int64()),
        ("quantiles", pa.list_(pa.float64())),
    ]
)
NUMBERS = (
    "r",
    "alpha",
    "a",
    "b",
    "log_likelihood",
    "season_factor_90d",
    "season_factor_365d",
    "calibration_intercept",
    "calibration_slope",
    "window_intercept",
    "window_slope",
    "spend_p",
    "spend_q",
    "spend_gamma",
    "spend_mean",
    "spend_log_likelihood",
    "spend_rank_correlation",
)
SCHEMA = pa.schema(
    [
        ("cutoff_date", pa.date32()),
        ("cutoff_kind", pa.string()),
        ("customer_count", pa.int64()),
        ("repeat_customer_count", pa.int64()),
        ("problem", pa.string()),
        ("spend_problem", pa.string()),
        *[(name, pa.float64()) for name in NUMBERS],
        ("calibration_window_count", pa.int64()),
        ("spend_customer_count", pa.int64()),
        ("season_index", pa.list_(pa.float64())),
        ("expectations", pa.list_(EXPECTATION)),
        ("spend_quantiles", pa.list_(QUANTILES)),
    ]
)


@dataclass(frozen=True)
class Cutoff:
    """A day and the groups of customers as they were on it.

    ``bought`` has how many of each group did within 90 days; ``cells`` the rows of spend quantiles
    that are wanted, ``values`` x and mean value of repeat purchases of those who came back.
    """

    day: date
    kind: str
    histories: Histories
    bought: Numbers
    cells: Sequence[tuple[int, int]]
    values: tuple[Numbers, Numbers]

    @property
    def repeat_customer_count(self) -> int:
        """Return how many customers came back at least once."""
        return int(self.histories.weight[self.histories.x > 0].sum())


def read_cutoffs(kinds: Mapping[date, str], groups: Columns, values: Columns) -> list[Cutoff]:
    """Return the cutoffs, newest first."""
    found: list[Cutoff] = []
    for day in np.unique(groups["cutoff_date"])[::-1]:
        its, its_values = groups["cutoff_date"] == day, values["cutoff_date"] == day
        # As one number each: to sort pairs takes ten times as long.
        repeats, ages = groups["repeat_cell"][its], groups["age_cell"][its]
        width = int(ages.max()) + 1
        cells = np.unique(repeats * width + ages)
        found.append(
            Cutoff(
                day.item(),
                kinds[day.item()],
                _histories(groups, its),
                groups["bought_count"][its].astype(float),
                [divmod(int(cell), width) for cell in cells],
                (
                    values["repeat_count"][its_values].astype(float),
                    values["repeat_value"][its_values].astype(float),
                ),
            )
        )
    return found


def read_months(months: Columns) -> list[Month]:
    """Return the months, oldest first."""
    found: list[Month] = []
    for start in np.unique(months["month_start"]):
        its = months["month_start"] == start
        days, bought = months["month_days"][its], months["purchase_count"][its]
        histories = _histories(months, its)
        found.append(Month(start.item(), int(days[0]), histories, float(bought.sum())))
    return found


def _histories(columns: Columns, its: npt.NDArray[np.bool_]) -> Histories:
    x, days_to_last, age_days, customers = (
        columns[name][its].astype(float)
        for name in ("repeat_count", "days_to_last", "age_days", "customer_count")
    )
    return Histories(x, days_to_last / 7, age_days / 7, customers)
