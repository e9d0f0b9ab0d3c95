"""One verdict per programme, at the size that was planned, in words.

Nobody looks before: whoever looks every week and stops at the first gain that seems sure finds one
in a programme that does nothing far more often than 1 time in 20 (Armitage, McPherson and Rowe
1969, "Repeated significance tests on accumulating data", JRSS A 132: 14 in 100 at five looks, 25 at
twenty). For the same reason those who enter after the planned size do not change the verdict.
"""

import math
from datetime import date, timedelta
from typing import Any

from pipeline.results.tables import Plan

TOO_EARLY, WORKS, HARMS, NOTHING_SEEN = "too early", "works", "harms", "no effect seen"
LATEST = timedelta(days=730)


def expected_on(plan: Plan, passed: int) -> date | None:
    """Return the day on which the planned size will be reached at the present pace.

    ``passed`` is how many windows have passed. None where the pace is zero or it would take more
    than two years.
    """
    if plan.planned_count is None or plan.weekly_count <= 0:
        return None
    daily, window = plan.weekly_count / 7, plan.window_days
    missing = plan.planned_count - plan.entered_count
    if missing > 0:
        days = missing / daily + window
    else:
        days = min((plan.planned_count - passed) / daily, window)
    wait = timedelta(days=min(math.ceil(days), LATEST.days + 1))
    return plan.as_of_date + wait if wait <= LATEST else None


def too_early(plan: Plan, passed: int) -> dict[str, Any]:
    """Return the verdict before the planned size, and when it will be reached."""
    day = expected_on(plan, passed)
    if plan.planned_count is None:
        text = "No effect of this programme can be seen: it has no planned size."
    else:
        text = (
            f"Too early: of {plan.planned_count:,} people planned, {passed:,} have had their "
            f"{plan.window_days} days. "
        )
        text += (
            f"At this pace there is a verdict on {day:%Y-%m-%d}."
            if day
            else "At this pace there is no verdict within two years."
        )
    return {"verdict": TOO_EARLY, "verdict_text": text, "expected_on": day}


def nobody_to_compare() -> dict[str, Any]:
    """Return the verdict where no stratum has both treated and controls."""
    return {
        "verdict": TOO_EARLY,
        "verdict_text": "Too early: treated and controls never entered in the same month.",
        "expected_on": None,
    }


def verdict(plan: Plan, row: dict[str, Any]) -> dict[str, Any]:
    """Return the verdict on a comparison: an effect is seen where its interval leaves out zero."""
    said = (
        f"within {plan.window_days} days {_percent(row['treated_share'])} of "
        f"{row['treated_count']:,} people bought, of {row['control_count']:,} controls "
        f"{_percent(row['control_share'])}"
    )
    low, high = row["lift_low"], row["lift_high"]
    if low > 0:
        name, text = WORKS, f"the programme brought {_between(low, high)} buyers in 100 more"
    elif high < 0:
        name, text = HARMS, f"the programme kept away {_between(-high, -low)} buyers in 100"
    else:
        name = NOTHING_SEEN
        text = (
            f"anything from {-100 * low:.1f} buyers in 100 fewer to {100 * high:.1f} more may be "
            "true"
        )
    return {"verdict": name, "verdict_text": f"{name.capitalize()}: {said}; {text}."}


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _between(least: float, most: float) -> str:
    return f"{100 * least:.1f} to {100 * most:.1f}"
