"""One comparison of two sides: what the one brought beyond the other, and what that cost."""

import hashlib
from typing import Any

import numpy as np

from pipeline.results import revenue
from pipeline.results.shares import Interval, Side, newcombe, probability_above_zero
from pipeline.results.strata import Entrants, Numbers, weights

Row = dict[str, Any]


def seed_of(text: str) -> int:
    """Return the seed of the lots for ``text``: the same today, tomorrow and elsewhere."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def counts(people: Entrants) -> Row:
    """Return who was treated and who was not, how many bought, and the shares, strata weighed."""
    treated, control = sides(people)
    row: Row = {
        "stratum_count": len(treated.entrants),
        "treated_count": int(treated.entrants.sum()),
        "control_count": int(control.entrants.sum()),
        "treated_buyer_count": int(treated.buyers.sum()),
        "control_buyer_count": int(control.buyers.sum()),
    }
    if row["stratum_count"]:
        weight = weights(treated.entrants, control.entrants)
        row |= {"treated_share": treated.rate(weight), "control_share": control.rate(weight)}
    return row


def effect(people: Entrants, seed: int) -> Row:
    """Return what treatment changed, in buyers and in money; each stratum has both sides."""
    treated, control = sides(people)
    lift = newcombe(treated, control)
    row: Row = {
        "lift": lift.difference,
        "lift_low": lift.low,
        "lift_high": lift.high,
        "probability_above_zero": probability_above_zero(treated, control),
        "won_back_count": lift.difference * treated.entrants.sum(),
        "revenue_difference": revenue.difference(people, people.revenue_capped),
        "revenue_difference_uncapped": revenue.difference(people, people.revenue),
    }
    spent = revenue.interval(people, people.revenue_capped, seed)
    if spent is not None:
        row |= {"revenue_low": spent.low, "revenue_high": spent.high}
        for name, value in _money(spent, float(treated.entrants.sum())).items():
            row[f"incremental_revenue{name}"] = value
    return row


def costs(row: Row, cost: Numbers) -> Row:
    """Return what the treated cost, and what each customer did who would not have come without.

    ``cost`` is by treated entrant, NaN where it is not known: then the sum is not known either. The
    cost per customer is left out where the lift's interval reaches zero.
    """
    total = float(cost.sum())
    if np.isnan(total):
        return {}
    found: Row = {"cost": total}
    if row["lift_low"] > 0:
        treated = row["treated_count"]
        found["cost_per_won_back"] = total / (row["lift"] * treated)
        found["cost_per_won_back_low"] = total / (row["lift_high"] * treated)
        found["cost_per_won_back_high"] = total / (row["lift_low"] * treated)
    return found


def sides(people: Entrants) -> tuple[Side, Side]:
    """Return buyers and entrants by stratum, of the treated and of the controls."""
    treated, control = people.sizes()
    treated_buyers, control_buyers = people.sums(people.is_buyer)
    return Side(treated_buyers, treated), Side(control_buyers, control)


def _money(spent: Interval, treated: float) -> dict[str, float]:
    return {
        "": spent.difference * treated,
        "_low": spent.low * treated,
        "_high": spent.high * treated,
    }
