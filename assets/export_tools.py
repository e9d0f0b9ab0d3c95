"""Lists kept in e-mail tools outside: planned always, sent where sending is on."""

import dagster as dg

from assets.export_email import MEMBERS, PROFILES
from assets.export_outcomes import held_check, planned, pushed
from pipeline.automation import RETRIES
from pipeline.clock import utc_now
from pipeline.resources import RunResource, SettingsResource, WarehouseResource
from pipeline.settings import TOOLS
from pipeline.sync import suppressing
from pipeline.tool_clients import suppressions_of, tool_of


def lists_in(tool: str) -> dg.AssetsDefinition:
    """Return the asset that keeps the segment lists in ``tool``."""

    @dg.asset(
        name="segment_lists",
        key_prefix=tool,
        group_name="exports",
        deps=[MEMBERS, PROFILES],
        kinds={"api"},
        owners=["team:data"],
        tags={"destination": tool, "pii": "true"},
        retry_policy=RETRIES,
        check_specs=[held_check(dg.AssetKey([tool, "segment_lists"]))],
        description=f"One list per segment in {tool}, its members with their profile properties. "
        "Only differences are pushed, and only with WINBACK_SEND=yes; otherwise they are planned. "
        "Whom the tool does not mail is asked once more right before.",
    )
    def segment_lists(
        run: RunResource, settings: SettingsResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult:
        now = settings.get()
        if not now.send:
            return planned(run, warehouse, tool)
        client = warehouse.client()
        suppressing.read(client, tool, suppressions_of(tool, now), utc_now())
        return pushed(
            run,
            warehouse,
            tool_of(tool, now),
            is_mailing=now.destinations[0] == tool,
            held_because=suppressing.problem_since(client, tool, run.now),
        )

    return segment_lists


lists = [lists_in(tool) for tool in TOOLS]
