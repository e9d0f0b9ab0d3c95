"""What each programme brought, from its entrants and its plan."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from pipeline.results import verdicts
from pipeline.results.comparisons import Row, costs, counts, effect, seed_of
from pipeline.results.strata import Entrants, Flags
from pipeline.results.tables import EFFECTS, Entries, Plan, read_entries, read_plans

CONTROL = "control"


def effects(entrants: pa.Table, plans: pa.Table) -> pa.Table:
    """Return one row per programme and, where it has several, per arm, with EFFECTS.

    ``entrants`` has ENTRANTS, ``plans`` has PLANS. Before the planned size a programme has counts
    and shares alone. After it, the verdict and all that goes with it are about those who entered
    until the day on which the planned size was reached, and stay so.
    """
    rows = [row for plan in read_plans(plans) for row in _rows(plan, entrants)]
    return pa.Table.from_pylist(rows, schema=EFFECTS)


def _rows(plan: Plan, entrants: pa.Table) -> list[Row]:
    entries = read_entries(entrants, plan.programme)
    passed = len(entries.arm)
    head = {
        "programme": plan.programme,
        "planned_count": plan.planned_count,
        "acquisition_cost": plan.acquisition_cost,
    }
    if plan.planned_count is None or passed < max(plan.planned_count, 1):
        row = _counted(entries, entries.people.is_control)
        row |= {"compared_with": CONTROL, "later_count": 0}
        return [head | row | verdicts.too_early(plan, passed)]
    last_day = entries.entered_on[max(plan.planned_count - 1, 0)]
    planned = entries.only(entries.entered_on <= last_day)
    head |= {"later_count": passed - len(planned.arm)}
    whole = head | _compared(planned, planned.people.is_control, f"{plan.salt} {plan.programme}")
    whole["compared_with"] = CONTROL
    if whole["stratum_count"]:
        whole |= verdicts.verdict(plan, whole)
    else:
        whole |= verdicts.nobody_to_compare()
    return [whole, *(head | row for row in _arms(plan, planned))]


def _arms(plan: Plan, entries: Entries) -> list[Row]:
    """Compare each arm with the controls, and with the first arm; none has a verdict."""
    is_control = entries.people.is_control
    arms = np.unique(entries.arm[~is_control])
    rows: list[Row] = []
    for arm in arms if len(arms) > 1 else []:
        own = ~is_control & (entries.arm == arm)
        for other in (CONTROL, arms[0]):
            others = is_control if other == CONTROL else ~is_control & (entries.arm == other)
            if other == arm:
                continue
            its = own | others
            names = {"arm": str(arm), "compared_with": str(other)}
            seed = " ".join([plan.salt, plan.programme, *names.values()])
            row = _compared(entries.only(its), others[its], seed)
            # Against another arm only the difference of their costs would tell anything.
            costless = [name for name in row if other != CONTROL and name.startswith("cost")]
            rows.append({name: row[name] for name in row if name not in costless} | names)
    return rows


def _compared(entries: Entries, is_control: Flags, seed: str) -> Row:
    people, chosen = _divided(entries, is_control)
    row = _counted(entries, is_control)
    if not row["stratum_count"]:
        return row
    row |= effect(people, seed_of(seed))
    return row | costs(row, entries.cost[chosen & ~is_control])


def _counted(entries: Entries, is_control: Flags) -> Row:
    people, chosen = _divided(entries, is_control)
    left_out = int((~chosen).sum())
    return {"entrant_count": len(chosen), "left_out_count": left_out} | counts(people)


def _divided(entries: Entries, is_control: Flags) -> tuple[Entrants, Flags]:
    """Return those who can be compared when they are divided so, and who they are."""
    people = replace(entries.people, is_control=is_control)
    chosen = people.comparable()
    return people.only(chosen), chosen
