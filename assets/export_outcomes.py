"""How lists are pushed or planned and what came of it is shown, the same for every destination."""

from typing import Any

import dagster as dg

from pipeline.automation import never_retried
from pipeline.destinations.contract import Client
from pipeline.resources import RunResource, WarehouseResource
from pipeline.settings import Settings
from pipeline.sync import engine

HELD = "no_list_is_held"
MAILED = dg.AssetKey(["mailed", "segment_lists"])
"""Where entries are written down, so that nobody is contacted without one: the definitions put the
destination that mails in its place."""


def held_check(lists: dg.AssetKey) -> dg.AssetCheckSpec:
    """Return the check of ``lists`` that fails when the brake holds one of them."""
    return dg.AssetCheckSpec(
        HELD,
        asset=lists,
        description="Says which lists the brake holds: they wait for a person to confirm.",
    )


def waiting(settings: Settings) -> str:
    """Return why lists for people wait: nobody is on a ladder as long as nobody is mailed."""
    if settings.is_mailing:
        return ""
    return (
        f"nobody enters a programme until lists are sent to {settings.destinations[0]}: set "
        "WINBACK_SEND=yes"
    )


def pushed(
    run: RunResource,
    warehouse: WarehouseResource,
    client: Client,
    *,
    is_mailing: bool = False,
    held_because: str = "",
) -> dg.MaterializeResult:
    """Make a destination hold what the exports want, and show what was done to each list."""
    run.refuse_unless_live()
    with never_retried(engine.UnknownListError, engine.PayloadError):
        report = engine.push(
            warehouse.client(),
            client,
            run_id=run.run_id,
            as_of_date=run.day,
            confirmed=run.confirm,
            is_mailing=is_mailing,
            held_because=held_because,
        )
    return dg.MaterializeResult(metadata=_shown(report), check_results=[_held(report.plan)])


def planned(
    run: RunResource, warehouse: WarehouseResource, destination: str
) -> dg.MaterializeResult:
    """Show what a push would do to each list, and do nothing of it."""
    with never_retried(engine.UnknownListError, engine.PayloadError):
        plan = engine.make_plan(warehouse.client(), destination, run.confirm)
    sentences = "\n".join(f"- {one.sentence()}" for one in plan.lists)
    return dg.MaterializeResult(
        metadata={"pushed": 0, "would be done": dg.MetadataValue.md(sentences or "nothing")},
        check_results=[_held(plan)],
    )


def _held(plan: engine.Plan) -> dg.AssetCheckResult:
    held = [f"{one.audience}: {one.why}" for one in plan.lists if one.held]
    return dg.AssetCheckResult(
        check_name=HELD,
        passed=not held,
        description="; ".join(held) or "no list changes unusually much",
        metadata={"lists": len(plan.lists), "held": len(held)},
    )


def _shown(report: engine.PushReport) -> dict[str, Any]:
    done = {one.audience: one for one in report.lists}
    head = "| list | members | added | removed | updated | refused | held because |"
    rows = [
        f"| {plan.audience} | {done[plan.audience].members:,} | {done[plan.audience].added:,} "
        f"| {sum(done[plan.audience].removed.values()):,} | {done[plan.audience].updated:,} "
        f"| {sum(done[plan.audience].refused.values()):,} | {plan.why or '-'} |"
        for plan in report.plan.lists
    ]
    pushed = sum(one.added + one.updated + sum(one.removed.values()) for one in report.lists)
    return {
        "dagster/row_count": sum(one.members for one in report.lists),
        "pushed": pushed,
        "settled_after_a_crash": sum(report.settled.values()),
        "lists": dg.MetadataValue.md(
            "\n".join([head, "|---|---:|---:|---:|---:|---:|---|", *rows])
        ),
    }
