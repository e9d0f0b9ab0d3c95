"""Call lists kept as files for the people who call, and the gates on them."""

import dagster as dg

from assets.export_outcomes import MAILED, held_check, pushed, waiting
from assets.raw_outcomes import check_of
from expectations import exp_calls as promises
from pipeline.automation import RETRIES
from pipeline.destinations.outlets import client_of
from pipeline.resources import RunResource, SettingsResource, WarehouseResource

MEMBERS = dg.AssetKey(["exports", "exp_calls__list_members"])
PROFILES = dg.AssetKey(["exports", "exp_calls__profiles"])


@dg.asset_check(asset=MEMBERS, blocking=True)
def call_list_members_may_be_called(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Stop when somebody on a call list has no number, no consent or is a control."""
    return check_of(
        warehouse.client(), "exports.exp_calls__list_members", promises.list_members_suite()
    )


@dg.asset_check(asset=PROFILES, blocking=True)
def call_profiles_fit_the_lists(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Stop when what callers are told does not fit the lists."""
    return check_of(warehouse.client(), "exports.exp_calls__profiles", promises.profiles_suite())


@dg.asset(
    key_prefix="calls",
    group_name="exports",
    deps=[MEMBERS, PROFILES, MAILED],
    kinds={"csv"},
    owners=["team:data"],
    tags={"destination": "calls", "pii": "true"},
    retry_policy=RETRIES,
    check_specs=[held_check(dg.AssetKey(["calls", "call_lists"]))],
)
def call_lists(
    run: RunResource, settings: SettingsResource, warehouse: WarehouseResource
) -> dg.MaterializeResult:
    """One CSV per step of a programme by telephone, its people with what a caller has to know.

    Only differences are pushed; a second run on the same data touches no file.
    """
    now = settings.get()
    client = client_of("calls", now.var_folder / "outbox")
    return pushed(run, warehouse, client, is_mailing=now.is_mailing, held_because=waiting(now))
