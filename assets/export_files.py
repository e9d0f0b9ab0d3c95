"""Lists kept as files under ``var/outbox``, and the gates on what leaves."""

from typing import Any

import dagster as dg

from assets.raw_outcomes import check_of
from expectations import exp_files as promises
from pipeline.automation import RETRIES, never_retried
from pipeline.destinations.files import FilesClient
from pipeline.resources import RunResource, SettingsResource, WarehouseResource
from pipeline.sync import engine

MEMBERS = dg.AssetKey(["exports", "exp_files__list_members"])
PROFILES = dg.AssetKey(["exports", "exp_files__profiles"])
HELD = "no_list_is_held"
LARGEST_SHARE = 0.9
"""No list holds more than this share of everybody who may be mailed, if it is above 100."""


@dg.asset_check(asset=MEMBERS, blocking=True)
def list_members_are_safe_to_send(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Stop before sending when somebody on a list is not reachable, distinct or consenting."""
    client = warehouse.client()
    with client.connect() as connection:
        mailable = connection.execute(
            "select count(*) from intermediate.int_contact_permissions where may_be_mailed"
        ).fetchall()[0][0]
    suite = promises.list_members_suite(largest_share=LARGEST_SHARE, mailable_count=int(mailable))
    return check_of(client, "exports.exp_files__list_members", suite)


@dg.asset_check(asset=PROFILES, blocking=True)
def profiles_are_safe_to_send(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Stop before sending when profiles do not fit the lists."""
    return check_of(warehouse.client(), "exports.exp_files__profiles", promises.profiles_suite())


@dg.asset(
    key_prefix="files",
    group_name="exports",
    deps=[MEMBERS, PROFILES],
    kinds={"csv"},
    owners=["team:data"],
    tags={"destination": "files", "pii": "true"},
    retry_policy=RETRIES,
    check_specs=[
        dg.AssetCheckSpec(
            HELD,
            asset=["files", "segment_lists"],
            description="Says which lists the brake holds: they wait for a person to confirm.",
        )
    ],
)
def segment_lists(
    run: RunResource, settings: SettingsResource, warehouse: WarehouseResource
) -> dg.MaterializeResult:
    """One CSV per segment list, its members with their profile properties.

    Only differences are pushed; a second run on the same data touches no file. A list that would
    change unusually much is held until it is confirmed.
    """
    run.refuse_unless_live()
    with never_retried(engine.UnknownListError, engine.PayloadError):
        report = engine.push(
            warehouse.client(),
            FilesClient(settings.get().var_folder / "outbox"),
            run_id=run.run_id,
            as_of_date=run.day,
            confirmed=run.confirm,
            is_mailing=settings.get().destinations[0] == "files",
        )
    held = [f"{one.audience}: {one.why}" for one in report.plan.lists if one.held]
    return dg.MaterializeResult(
        metadata=_shown(report),
        check_results=[
            dg.AssetCheckResult(
                check_name=HELD,
                passed=not held,
                description="; ".join(held) or "no list changes unusually much",
                metadata={"lists": len(report.lists), "held": len(held)},
            )
        ],
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
