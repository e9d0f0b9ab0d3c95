"""Lists by e-mail: the gates on what leaves, and the files under ``var/outbox``."""

import dagster as dg

from assets.export_outcomes import held_check, pushed
from assets.raw_outcomes import check_of
from expectations import exp_email as promises
from pipeline.automation import RETRIES
from pipeline.destinations.files import FilesClient
from pipeline.resources import RunResource, SettingsResource, WarehouseResource

MEMBERS = dg.AssetKey(["exports", "exp_email__list_members"])
PROFILES = dg.AssetKey(["exports", "exp_email__profiles"])
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
    return check_of(client, "exports.exp_email__list_members", suite)


@dg.asset_check(asset=PROFILES, blocking=True)
def profiles_are_safe_to_send(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Stop before sending when profiles do not fit the lists."""
    return check_of(warehouse.client(), "exports.exp_email__profiles", promises.profiles_suite())


@dg.asset(
    key_prefix="files",
    group_name="exports",
    deps=[MEMBERS, PROFILES],
    kinds={"csv"},
    owners=["team:data"],
    tags={"destination": "files", "pii": "true"},
    retry_policy=RETRIES,
    check_specs=[held_check(dg.AssetKey(["files", "segment_lists"]))],
)
def segment_lists(
    run: RunResource, settings: SettingsResource, warehouse: WarehouseResource
) -> dg.MaterializeResult:
    """One CSV per segment list, its members with their profile properties.

    Only differences are pushed; a second run on the same data touches no file. A list that would
    change unusually much is held until it is confirmed.
    """
    return pushed(
        run,
        warehouse,
        FilesClient(settings.get().var_folder / "outbox"),
        is_mailing=settings.get().destinations[0] == "files",
    )
