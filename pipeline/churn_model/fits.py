"""Fits the model on every cutoff: parameters, season, calibration, and what scoring looks up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.churn_model import calibration, purchases, season, simulation, spend
from pipeline.churn_model.purchases import PurchaseModel
from pipeline.churn_model.tables import (
    EXPECTATION,
    SCHEMA,
    Columns,
    Cutoff,
    read_cutoffs,
    read_months,
)

WINDOWS_LEARNED_FROM = 4
HORIZONS = (90, 365)


@dataclass(frozen=True)
class Needs:
    """Below how many customers, and how many who came back, nothing is fitted; other limits."""

    customers: int
    repeat_customers: int
    season_weight: float
    spend_correlation: float


def fit_all(
    kinds: Mapping[date, str], groups: Columns, months: Columns, values: Columns, needs: Needs
) -> pa.Table:
    """Return one row per cutoff in ``groups``, with SCHEMA; ``kinds`` says what each is for.

    ``values`` has x and the mean value of repeat purchases by cutoff. Where nothing can be fitted
    ``problem`` says why and the parameters are null; ``spend_problem`` likewise.
    """
    cutoffs = read_cutoffs(kinds, groups, values)
    all_months = read_months(months)
    rows = [_row(cutoff) for cutoff in cutoffs]
    start = purchases.DEFAULT_START
    for cutoff, row in zip(cutoffs, rows, strict=True):
        model = _fitted(cutoff, needs, row, start)
        if model is None:
            continue
        start = (model.r, model.alpha, model.a, model.b)
        known = [month for month in all_months if month.end <= cutoff.day + timedelta(days=1)]
        index = season.index(model, known, needs.season_weight)
        row["season_index"] = index.tolist()
        for days in HORIZONS:
            row[f"season_factor_{days}d"] = season.factor(index, cutoff.day, days)
        row["expectations"] = _expectations(cutoff, model, row)
        if cutoff.kind in ("window", "earlier"):
            line = _line(cutoff, model, row["season_factor_90d"])
            row |= {"window_intercept": line.intercept, "window_slope": line.slope}
        if cutoff.kind in ("as_of", "year"):
            _add_spend(cutoff, model, needs, row)
    _add_calibration(cutoffs, rows)
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _row(cutoff: Cutoff) -> dict[str, Any]:
    return {
        "cutoff_date": cutoff.day,
        "cutoff_kind": cutoff.kind,
        "customer_count": int(cutoff.histories.customer_count),
        "repeat_customer_count": cutoff.repeat_customer_count,
        "calibration_intercept": 0.0,
        "calibration_slope": 1.0,
        "calibration_window_count": 0,
    }


def _fitted(
    cutoff: Cutoff, needs: Needs, row: dict[str, Any], start: tuple[float, float, float, float]
) -> PurchaseModel | None:
    """Note the parameters in ``row``, or what stands against them."""
    if row["customer_count"] < needs.customers:
        row["problem"] = f"{row['customer_count']} buyers, {needs.customers} are needed"
        return None
    if row["repeat_customer_count"] < needs.repeat_customers:
        row["problem"] = (
            f"{row['repeat_customer_count']} buyers came back, {needs.repeat_customers} are needed"
        )
        return None
    model = purchases.fit(cutoff.histories, start=start)
    if not model.has_converged:
        row["problem"] = "the search for its parameters did not converge"
        return None
    row |= {"r": model.r, "alpha": model.alpha, "a": model.a, "b": model.b}
    row["log_likelihood"] = model.log_likelihood
    return model


def _expectations(
    cutoff: Cutoff, model: PurchaseModel, row: Mapping[str, Any]
) -> list[dict[str, float]]:
    """Return what is expected of one who is there, for each pair of x and T that occurs."""
    x, t, _ = cutoff.histories.pairs()
    near, far = (
        model.expected_while_alive(x, t, days / 7 * row[f"season_factor_{days}d"])
        for days in HORIZONS
    )
    columns = (x.astype(int).tolist(), np.rint(t * 7).astype(int).tolist(), near, far)
    names = [field.name for field in EXPECTATION]
    return [dict(zip(names, one, strict=True)) for one in zip(*columns, strict=True)]


def _line(cutoff: Cutoff, model: PurchaseModel, season_factor: float) -> calibration.Line:
    of = cutoff.histories
    chances = model.p_buys(of.x, of.t_x, of.t, 90 / 7 * season_factor)
    return calibration.fit(chances, cutoff.bought, of.weight)


def _add_calibration(cutoffs: Sequence[Cutoff], rows: Sequence[dict[str, Any]]) -> None:
    """Give each cutoff what the windows that were over on it have in common."""
    for cutoff, row in zip(cutoffs, rows, strict=True):
        lines = [
            calibration.Line(other["window_intercept"], other["window_slope"])
            for other in rows
            if "window_slope" in other and other["cutoff_date"] + timedelta(days=90) <= cutoff.day
        ][:WINDOWS_LEARNED_FROM]
        line = calibration.agreed(lines)
        row["calibration_intercept"] = line.intercept
        row["calibration_slope"] = line.slope
        row["calibration_window_count"] = len(lines)


def _add_spend(cutoff: Cutoff, model: PurchaseModel, needs: Needs, row: dict[str, Any]) -> None:
    x, value = cutoff.values
    row["spend_customer_count"] = len(x)
    if len(x) < needs.repeat_customers:
        row["spend_problem"] = f"{len(x)} buyers came back, {needs.repeat_customers} are needed"
        return
    row["spend_rank_correlation"] = spend.rank_correlation(x, value)
    if abs(row["spend_rank_correlation"]) > needs.spend_correlation:
        row["spend_problem"] = (
            f"who buys more often spends differently (rank correlation "
            f"{row['spend_rank_correlation']:.2f}, at most {needs.spend_correlation} may be)"
        )
        return
    found = spend.fit(x, value)
    if not found.has_converged:
        row["spend_problem"] = "the search for the parameters of spending did not converge"
        return
    row |= {"spend_p": found.p, "spend_q": found.q, "spend_gamma": found.gamma}
    row |= {"spend_mean": found.mean, "spend_log_likelihood": found.log_likelihood}
    ahead = 365 / 7 * row["season_factor_365d"]
    row["spend_quantiles"] = [
        {
            "repeat_cell": cell,
            "age_cell": age,
            "quantiles": simulation.spend_quantiles(
                model, found, x=cell, age_days=age, ahead=ahead
            ).tolist(),
        }
        for cell, age in cutoff.cells
    ]
