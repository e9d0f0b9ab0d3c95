"""Every model and seed of ``transforms/`` as an asset. Its schema is its key prefix and group."""

from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
import duckdb
from dagster._core.definitions.metadata import TableMetadataSet
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

from pipeline import builds
from pipeline.dbt_project import dbt_project, dbt_vars, model_vars, prepare_manifest
from pipeline.resources import RunResource, SettingsResource, WarehouseResource
from pipeline.sql import count_of, has_table
from pipeline.summaries.by_mart import SUMMARIES
from pipeline.warehouse import Warehouse


class SchemaIsGroup(DagsterDbtTranslator):
    """Group models by the schema they are built in."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the schema set for the model's folder."""
        return dbt_resource_props["config"].get("schema")

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the description alone; the SQL stands in the repository."""
        return str(dbt_resource_props.get("description", ""))


@dbt_assets(
    manifest=prepare_manifest(),
    project=dbt_project,
    dagster_dbt_translator=SchemaIsGroup(),
)
def dbt_models(
    context: dg.AssetExecutionContext,
    dbt: DbtCliResource,
    run: RunResource,
    settings: SettingsResource,
    warehouse: WarehouseResource,
) -> Iterator[dg.Output | dg.AssetMaterialization | dg.AssetCheckResult | Any]:
    """Build the selected models and test their data, in one invocation of dbt.

    No connection may be open while dbt runs, so rows are counted when it has ended. Where nothing
    has changed since the tables were built and tested, they stay as they are; where files were
    added and nothing else has changed, the tables that are kept take in what arrived.
    """
    now = settings.get()
    client = warehouse.client()
    models = builds.fingerprint(model_vars(now))
    if not run.is_full_refresh and builds.is_current(client, models, run.day):
        yield from _unchanged(context, client)
        return
    last_build = None if run.is_full_refresh else builds.extendable(client, models, run.day)
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    if last_build is None:
        # Tables that are kept may have other columns than these models.
        arguments.append("--full-refresh")
    arguments += ["--vars", dbt_vars(now, client, run.day, last_build)]
    invocation = dbt.cli(
        arguments,
        context=context,
        target_path=now.var_folder / "dbt",
        raise_on_error=False,
    )
    events = list(invocation.stream())
    with client.connect() as connection:
        for event in events:
            if isinstance(event, dg.Output):
                key = context.asset_key_for_output(event.output_name)
                described = _described(connection, context.assets_def, key)
                context.add_output_metadata(described, output_name=event.output_name)
    yield from events
    if not invocation.is_successful():
        raise dg.Failure(_problem(invocation.get_artifact("run_results.json")), allow_retries=False)
    if not context.is_subset:
        builds.remember(client, models, run.day)


def _unchanged(
    context: dg.AssetExecutionContext, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Show the tables as they stand, with the checks that they passed when they were built."""
    context.log.info("Nothing has changed since the tables were built.")
    with warehouse.connect() as connection:
        for key in _in_order(context):
            described = _described(connection, context.assets_def, key)
            yield dg.MaterializeResult(asset_key=key, metadata={**described, "unchanged": True})
    for check in sorted(context.selected_asset_check_keys):
        yield dg.AssetCheckResult(
            passed=True,
            asset_key=check.asset_key,
            check_name=check.name,
            description="Nothing has changed since the table was built and passed.",
        )


def _in_order(context: dg.AssetExecutionContext) -> Iterator[dg.AssetKey]:
    """Yield the selected assets, each after those that it is made of."""
    depends_on = context.assets_def.asset_deps
    for key in TopologicalSorter(depends_on).static_order():
        if key in context.selected_asset_keys:
            yield key


def _described(
    connection: duckdb.DuckDBPyConnection, models: dg.AssetsDefinition, key: dg.AssetKey
) -> dict[str, dg.MetadataValue]:
    """Return what the UI shows of a model: its columns, of a table also rows and summary."""
    schema, table = key.path[-2:]
    found = connection.execute(
        "select column_name, data_type from duckdb_columns() "
        "where schema_name = ? and table_name = ? order by column_index",
        [schema, table],
    ).fetchall()
    texts = TableMetadataSet.extract(models.metadata_by_key[key]).column_schema
    meant = {column.name: column.description for column in texts.columns} if texts else {}
    columns = [dg.TableColumn(name, kind, meant.get(name)) for name, kind in found]
    described: dict[str, dg.MetadataValue] = {
        "dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns=columns))
    }
    if has_table(connection, f"{schema}.{table}"):
        rows = count_of(connection, f"{schema}.{table}")
        described["dagster/row_count"] = dg.MetadataValue.int(rows)
    if table in SUMMARIES:
        described["summary"] = dg.MetadataValue.md(SUMMARIES[table](connection))
    return described


def _problem(results: Mapping[str, Any]) -> str:
    bad = [one for one in results["results"] if one["status"] in ("error", "fail")]
    lines = [f"{one['unique_id'].split('.')[2]}: {one['message']}" for one in bad]
    return "dbt stopped at " + "; ".join(lines)
