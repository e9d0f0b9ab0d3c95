"""The tables that results are computed from and written to."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.results.strata import Entrants, Flags, Numbers

ENTRANTS = pa.schema(
    [
        # One row per customer's first entry per programme and salt whose window has passed.
        ("programme", pa.string()),
        # Period and month of entry.
        ("stratum", pa.string()),
        ("entered_on", pa.date32()),
        ("is_control", pa.bool_()),
        ("arm", pa.string()),
        ("is_buyer", pa.bool_()),
        ("revenue", pa.float64()),
        ("revenue_capped", pa.float64()),
        # Of contacts and offers used; null where one of their costs is not known.
        ("cost", pa.float64()),
    ]
)
PLANS = pa.schema(
    [
        # One row per programme. The newest period's salt is the seed of all lots.
        ("programme", pa.string()),
        ("salt", pa.string()),
        ("as_of_date", pa.date32()),
        ("window_days", pa.int64()),
        # Fixed when the programme is switched on; null where no size will do.
        ("planned_count", pa.int64()),
        # First entries so far, whether or not their window has passed, and as many as come a week.
        ("entered_count", pa.int64()),
        ("weekly_count", pa.float64()),
        ("acquisition_cost", pa.float64()),
    ]
)
NUMBERS = (
    "treated_share",
    "control_share",
    "lift",
    "lift_low",
    "lift_high",
    "probability_above_zero",
    "won_back_count",
    "revenue_difference",
    "revenue_low",
    "revenue_high",
    "revenue_difference_uncapped",
    "incremental_revenue",
    "incremental_revenue_low",
    "incremental_revenue_high",
    "cost",
    "cost_per_won_back",
    "cost_per_won_back_low",
    "cost_per_won_back_high",
    "acquisition_cost",
)
COUNTS = (
    "planned_count",
    "entrant_count",
    "later_count",
    "left_out_count",
    "stratum_count",
    "treated_count",
    "control_count",
    "treated_buyer_count",
    "control_buyer_count",
)
EFFECTS = pa.schema(
    [
        # One row per programme, and one per arm and what it is compared with.
        ("programme", pa.string()),
        ("arm", pa.string()),
        ("compared_with", pa.string()),
        ("verdict", pa.string()),
        ("verdict_text", pa.string()),
        ("expected_on", pa.date32()),
        *[(name, pa.int64()) for name in COUNTS],
        *[(name, pa.float64()) for name in NUMBERS],
    ]
)


@dataclass(frozen=True)
class Entries:
    """A programme's entrants with the day and the arm of each, the earliest first."""

    people: Entrants
    entered_on: npt.NDArray[Any]
    arm: npt.NDArray[Any]
    cost: Numbers

    def only(self, chosen: Flags) -> "Entries":
        """Return those who are chosen."""
        return Entries(
            self.people.only(chosen), self.entered_on[chosen], self.arm[chosen], self.cost[chosen]
        )


@dataclass(frozen=True)
class Plan:
    """A row of PLANS."""

    programme: str
    salt: str
    as_of_date: date
    window_days: int
    planned_count: int | None
    entered_count: int
    weekly_count: float
    acquisition_cost: float | None


def read_plans(plans: pa.Table) -> list[Plan]:
    """Return the plans by name of the programme."""
    rows = plans.select(PLANS.names).cast(PLANS).to_pylist()
    return sorted((Plan(**row) for row in rows), key=lambda plan: plan.programme)


def read_entries(entrants: pa.Table, programme: str) -> Entries:
    """Return the entries of ``programme``, costs that are not known as NaN."""
    table = entrants.select(ENTRANTS.names).cast(ENTRANTS)
    table = table.filter(pc.equal(table["programme"], programme))
    # By all columns, so that sums do not depend on the order in which rows come.
    first = ("entered_on", *(name for name in ENTRANTS.names if name != "entered_on"))
    table = table.sort_by([(name, "ascending") for name in first])
    of = {name: table[name].to_numpy(zero_copy_only=False) for name in ENTRANTS.names}
    _, stratum = np.unique(of["stratum"].astype(str), return_inverse=True)
    people = Entrants(
        stratum.astype(np.int64),
        of["is_control"].astype(bool),
        of["is_buyer"].astype(bool),
        of["revenue"].astype(float),
        of["revenue_capped"].astype(float),
    )
    return Entries(people, of["entered_on"], of["arm"].astype(str), of["cost"].astype(float))
