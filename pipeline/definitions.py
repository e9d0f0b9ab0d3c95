"""The code location: what ``workspace.yaml`` loads. It gathers parts and defines none."""

from collections.abc import Collection, Iterable

import dagster as dg

import assets
from pipeline import automation
from pipeline.progress import progress_logger
from pipeline.resources import default_resources
from pipeline.settings import Settings


def build_definitions(resources: dict[str, object] | None = None) -> dg.Definitions:
    """Assemble the code location, with ``resources`` replacing the deployed ones.

    Of the sources only those that are chosen are part of it.
    """
    settings = Settings()
    chosen = {f"raw_{source}" for source in settings.sources}
    return dg.Definitions(
        assets=[
            one
            for one in dg.load_assets_from_package_module(assets)
            if isinstance(one, dg.AssetsDefinition) and _is_chosen(one.keys, chosen)
        ],
        asset_checks=[
            one
            for one in dg.load_asset_checks_from_package_module(assets)
            if _is_chosen({key.asset_key for key in one.check_keys}, chosen)
        ],
        jobs=[automation.daily_refresh, automation.load_and_build, automation.rebuild],
        schedules=[automation.daily_refresh_schedule(settings)],
        sensors=[automation.failure_alert],
        resources={**default_resources(), **(resources or {})},
        executor=dg.in_process_executor,
        loggers={"console": progress_logger},
    )


def _is_chosen(keys: Iterable[dg.AssetKey], chosen: Collection[str]) -> bool:
    schemas = {key.path[0] for key in keys if key.path[0].startswith("raw_")}
    return schemas <= set(chosen)


defs = build_definitions()
