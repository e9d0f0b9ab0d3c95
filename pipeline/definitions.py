"""The code location: what ``workspace.yaml`` loads. It gathers parts and defines none."""

from collections.abc import Iterable

import dagster as dg

import assets
from assets.export_outcomes import MAILED
from pipeline import automation
from pipeline.progress import progress_logger
from pipeline.resources import default_resources
from pipeline.settings import DESTINATIONS, SOURCES, Settings


def build_definitions(resources: dict[str, object] | None = None) -> dg.Definitions:
    """Assemble the code location, with ``resources`` replacing the deployed ones.

    Of sources and destinations only those that are chosen are part of it.
    """
    settings = Settings()
    left_out = _left_out(settings)
    mailed = {MAILED: dg.AssetKey([settings.destinations[0], MAILED.path[-1]])}
    return dg.Definitions(
        assets=[
            one.with_attributes(asset_key_replacements=mailed)
            for one in dg.load_assets_from_package_module(assets)
            if isinstance(one, dg.AssetsDefinition) and not _names(one.keys) & left_out
        ],
        asset_checks=[
            one
            for one in dg.load_asset_checks_from_package_module(assets)
            if not _names({key.asset_key for key in one.check_keys}) & left_out
        ],
        jobs=[automation.daily_refresh, automation.load_and_build, automation.rebuild],
        schedules=[automation.daily_refresh_schedule(settings)],
        sensors=[automation.failure_alert],
        resources={**default_resources(), **(resources or {})},
        executor=dg.in_process_executor,
        loggers={"console": progress_logger},
    )


def _left_out(settings: Settings) -> set[str]:
    """Return the keys of what is not chosen, or what they begin with."""
    return {
        *(f"raw_{source}" for source in SOURCES if source not in settings.sources),
        *(name for name in DESTINATIONS if name not in settings.destinations),
        *(() if settings.tools else ("sync/suppressions",)),
    }


def _names(keys: Iterable[dg.AssetKey]) -> set[str]:
    return {name for key in keys for name in (key.path[0], key.to_user_string())}


defs = build_definitions()
