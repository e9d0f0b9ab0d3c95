"""Audiences of advertising kept as files for networks, hashed, and the gates on them."""

import dagster as dg

from assets.export_outcomes import MAILED, held_check, pushed, waiting
from assets.raw_outcomes import check_of
from expectations import exp_audiences as promises
from pipeline.automation import RETRIES
from pipeline.destinations.outlets import client_of
from pipeline.resources import RunResource, SettingsResource, WarehouseResource

MEMBERS = dg.AssetKey(["exports", "exp_audiences__list_members"])
PROFILES = dg.AssetKey(["exports", "exp_audiences__profiles"])


@dg.asset_check(asset=MEMBERS, blocking=True)
def audience_members_said_yes_to_advertising(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Stop when somebody in an audience has no consent to advertising or is a control."""
    return check_of(
        warehouse.client(), "exports.exp_audiences__list_members", promises.list_members_suite()
    )


@dg.asset_check(asset=PROFILES, blocking=True)
def audience_profiles_are_hashed(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Stop when something in them is no hash, or is of somebody without consent."""
    return check_of(
        warehouse.client(), "exports.exp_audiences__profiles", promises.profiles_suite()
    )


@dg.asset(
    key_prefix="audiences",
    group_name="exports",
    deps=[MEMBERS, PROFILES, MAILED],
    kinds={"csv"},
    owners=["team:data"],
    tags={"destination": "audiences", "pii": "true"},
    retry_policy=RETRIES,
    check_specs=[held_check(dg.AssetKey(["audiences", "advertising_audiences"]))],
)
def advertising_audiences(
    run: RunResource, settings: SettingsResource, warehouse: WarehouseResource
) -> dg.MaterializeResult:
    """One CSV per audience and network, hashed, beside one of its members by customer_id.

    Only differences are pushed; a second run on the same data touches no file.
    """
    now = settings.get()
    client = client_of("audiences", now.var_folder / "outbox")
    return pushed(run, warehouse, client, is_mailing=now.is_mailing, held_because=waiting(now))
