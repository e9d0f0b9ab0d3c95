"""How the tables of a source of the inbox contract become assets: a step to load, one to check."""

from collections.abc import Callable, Iterator

import dagster as dg

from assets.raw_outcomes import check_of, columns_of, load_metadata
from expectations import contract
from pipeline.automation import RETRIES, never_retried
from pipeline.loading.extracted import Extract
from pipeline.loading.load import LoadReport, LoadStopped, Rules, first_rates
from pipeline.resources import RunResource, SettingsResource, WarehouseResource
from pipeline.settings import TRANSFORMS, Settings
from pipeline.source_clients import source_of
from pipeline.sources.catalogue import CONTRACT_SOURCES, entities_of, schema_of
from pipeline.sources.entity import Entity
from pipeline.sources.extraction import SourceRefused
from pipeline.sync import run_records
from pipeline.warehouse import Warehouse

RATES = TRANSFORMS / "seeds" / "exchange_rates.csv"

Load = Callable[[Entity], LoadReport]
Prepare = Callable[[RunResource, Settings, Warehouse], Load]
"""Makes ready what a source brings and returns what takes an entity of it into raw."""


def tables_of(source: str, prepare: Prepare, second_run: str) -> dg.AssetsDefinition:
    """Return the raw tables of ``source``, which are loaded one after the other in one step.

    Where one of them cannot be loaded the others are all the same; then the step fails.
    """

    @dg.multi_asset(
        name=schema_of(source),
        specs=[_spec(source, entity, second_run) for entity in entities_of(source)],
        retry_policy=RETRIES,
        can_subset=True,
    )
    def raw(
        context: dg.AssetExecutionContext,
        run: RunResource,
        settings: SettingsResource,
        warehouse: WarehouseResource,
    ) -> Iterator[dg.MaterializeResult]:
        client = warehouse.client()
        problems: list[str] = []
        load = prepare(run, settings.get(), client)
        for entity in entities_of(source):
            key = _key(source, entity)
            if key not in context.selected_asset_keys:
                continue
            try:
                report = load(entity)
            except (LoadStopped, SourceRefused) as stopped:
                problems.append(str(stopped))
                continue
            metadata = load_metadata(client, f"{schema_of(source)}.{entity.name}", report)
            problems.extend(report.refused)
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)
        if problems:
            said = "; ".join(problems)
            raise dg.Failure(
                f"{said}; until it is mended all lists stay as they were", allow_retries=False
            )

    return raw


def extracted_tables(source: str) -> dg.AssetsDefinition:
    """Return the raw tables of a source that is read stream by stream and window by window."""

    def prepare(run: RunResource, settings: Settings, warehouse: Warehouse) -> Load:
        with never_retried(ValueError):
            backfills = run.backfills(source)
        client = source_of(source, settings)
        return Extract(warehouse, client, rules_of(settings), run.now, backfills).load

    return tables_of(source, prepare, "a second run reads what has changed since the last one.")


def checks_of(source: str) -> dg.AssetChecksDefinition:
    """Return the gates on the raw tables of ``source``, which are checked in one step."""

    @dg.multi_asset_check(
        name=f"{schema_of(source)}_meet_expectations",
        specs=[
            dg.AssetCheckSpec(
                name=f"{entity.name}_meet_expectations",
                asset=_key(source, entity),
                blocking=True,
                description=f"Stop the run when {source} brings {entity.name} that the models "
                "cannot trust.",
            )
            for entity in entities_of(source)
        ],
        can_subset=True,
    )
    def meet_expectations(
        context: dg.AssetCheckExecutionContext,
        run: RunResource,
        settings: SettingsResource,
        warehouse: WarehouseResource,
    ) -> Iterator[dg.AssetCheckResult]:
        client, now = warehouse.client(), settings.get()
        rows_before = run_records.row_counts_before(client)
        for entity in entities_of(source):
            check = dg.AssetCheckKey(_key(source, entity), f"{entity.name}_meet_expectations")
            if check not in context.selected_asset_check_keys:
                continue
            table = contract.Table(source, entity, _elsewhere(source, entity, now.sources))
            suite = contract.suite(
                table,
                as_of_date=run.day,
                rows_before=rows_before.get(table.name, 0),
                stale_after_days=now.stale_after_days,
            )
            yield check_of(client, table.name, suite, check)

    return meet_expectations


def rules_of(settings: Settings) -> Rules:
    """Return what records are held against under these settings."""
    return Rules(
        zone=str(settings.shop_timezone),
        first_rates=first_rates(settings.shop_currency, RATES),
        max_share=settings.max_quarantine_share,
    )


def _spec(source: str, entity: Entity, second_run: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        _key(source, entity),
        group_name="raw",
        kinds={"duckdb"},
        owners=["team:data"],
        tags={"source": source, "pii": "true"},
        metadata={"dagster/column_schema": columns_of(entity)},
        description=f"{entity.description} Every version of a record is kept; {second_run}",
    )


def _key(source: str, entity: Entity) -> dg.AssetKey:
    return dg.AssetKey([schema_of(source), entity.name])


def _elsewhere(source: str, entity: Entity, chosen: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        f"{schema_of(other)}.{entity.name}"
        for other in chosen
        if other != source and entity.name in CONTRACT_SOURCES.get(other, ())
    )
