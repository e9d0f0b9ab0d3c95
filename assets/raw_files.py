"""Tables of schema ``raw_files``: what came as files in the inbox, in every version."""

import dagster as dg

from assets.raw_outcomes import check_of, columns_of, load_metadata, not_checked, not_chosen
from expectations import raw_files as promises
from pipeline.automation import RETRIES, never_retried
from pipeline.loading.load import LoadStopped, first_rates, load_entity
from pipeline.resources import RunResource, SettingsResource, WarehouseResource
from pipeline.settings import TRANSFORMS
from pipeline.sources.contract import ENTITIES
from pipeline.sources.entity import Entity
from pipeline.sync import ledger

SOURCE = "files"
SCHEMA = "raw_files"
RATES = TRANSFORMS / "seeds" / "exchange_rates.csv"


def _asset_of(entity: Entity) -> dg.AssetsDefinition:
    @dg.asset(
        name=entity.name,
        key_prefix=SCHEMA,
        group_name="raw",
        kinds={"duckdb"},
        owners=["team:data"],
        tags={"source": SOURCE, "pii": "true"},
        retry_policy=RETRIES,
        metadata={"dagster/column_schema": columns_of(entity)},
        description=(
            f"{entity.description} Every version of a record is kept; a second run reads only "
            "files that are new or have changed."
        ),
    )
    def raw(
        run: RunResource, settings: SettingsResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult:
        now = settings.get()
        if SOURCE not in now.sources or now.inbox is None:
            return not_chosen(warehouse.client(), f"{SCHEMA}.{entity.name}")
        with never_retried(LoadStopped):
            report = load_entity(
                warehouse.client(),
                entity,
                now.inbox,
                zone=str(now.shop_timezone),
                first_rates=first_rates(now.shop_currency, RATES),
                max_share=now.max_quarantine_share,
            )
        return load_metadata(warehouse.client(), f"{SCHEMA}.{entity.name}", report)

    return raw


def _check_of(entity: Entity, raw: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=raw,
        name=f"{entity.name}_meet_expectations",
        blocking=True,
        description=f"Stop the run when files bring {entity.name} that the models cannot trust.",
    )
    def meet_expectations(
        run: RunResource, settings: SettingsResource, warehouse: WarehouseResource
    ) -> dg.AssetCheckResult:
        table = f"{SCHEMA}.{entity.name}"
        if SOURCE not in settings.get().sources:
            return not_checked()
        suite = promises.suite(
            entity,
            as_of_date=run.day,
            rows_before=ledger.row_counts_before(warehouse.client()).get(table, 0),
            stale_after_days=settings.get().stale_after_days,
        )
        return check_of(warehouse.client(), table, suite)

    return meet_expectations


tables = [_asset_of(entity) for entity in ENTITIES]
checks = [_check_of(entity, raw) for entity, raw in zip(ENTITIES, tables, strict=True)]
