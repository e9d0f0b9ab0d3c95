"""The code location: what ``workspace.yaml`` loads. It gathers parts and defines none."""

import dagster as dg

import assets
from pipeline import automation
from pipeline.progress import progress_logger
from pipeline.resources import default_resources
from pipeline.settings import Settings


def build_definitions(resources: dict[str, object] | None = None) -> dg.Definitions:
    """Assemble the code location, with ``resources`` replacing the deployed ones."""
    return dg.Definitions(
        assets=dg.load_assets_from_package_module(assets),
        asset_checks=dg.load_asset_checks_from_package_module(assets),
        jobs=[automation.daily_refresh, automation.load_and_build, automation.rebuild],
        schedules=[automation.daily_refresh_schedule(Settings())],
        sensors=[automation.failure_alert],
        resources={**default_resources(), **(resources or {})},
        executor=dg.in_process_executor,
        loggers={"console": progress_logger},
    )


defs = build_definitions()
