"""Survey lists kept as files for the tool that asks, and the gates on them."""

import dagster as dg

from assets.export_outcomes import MAILED, held_check, pushed, waiting
from assets.raw_outcomes import check_of
from expectations import exp_surveys as promises
from pipeline.automation import RETRIES
from pipeline.destinations.outlets import client_of
from pipeline.resources import RunResource, SettingsResource, WarehouseResource

MEMBERS = dg.AssetKey(["exports", "exp_surveys__list_members"])
PROFILES = dg.AssetKey(["exports", "exp_surveys__profiles"])


@dg.asset_check(asset=MEMBERS, blocking=True)
def survey_list_members_may_be_asked(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Stop when somebody on a survey list has no address, no consent or is a control."""
    return check_of(
        warehouse.client(), "exports.exp_surveys__list_members", promises.list_members_suite()
    )


@dg.asset_check(asset=PROFILES, blocking=True)
def survey_profiles_fit_the_lists(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Stop when what survey tools are told does not fit the lists."""
    return check_of(warehouse.client(), "exports.exp_surveys__profiles", promises.profiles_suite())


@dg.asset(
    key_prefix="surveys",
    group_name="exports",
    deps=[MEMBERS, PROFILES, MAILED],
    kinds={"csv"},
    owners=["team:data"],
    tags={"destination": "surveys", "pii": "true"},
    retry_policy=RETRIES,
    check_specs=[held_check(dg.AssetKey(["surveys", "survey_lists"]))],
)
def survey_lists(
    run: RunResource, settings: SettingsResource, warehouse: WarehouseResource
) -> dg.MaterializeResult:
    """One CSV per step of a survey, its people with the bonus that an answer earns.

    Only differences are pushed; a second run on the same data touches no file.
    """
    now = settings.get()
    client = client_of("surveys", now.var_folder / "outbox")
    return pushed(run, warehouse, client, is_mailing=now.is_mailing, held_because=waiting(now))
