"""The copy of the marts that analysts read, under ``var/published``."""

import dagster as dg

from pipeline.automation import RETRIES
from pipeline.dbt_project import descriptions_of_marts, marts
from pipeline.publishing import SCHEMA, publish
from pipeline.resources import RunResource, SettingsResource, WarehouseResource
from pipeline.sync import run_records
from pipeline.warehouse import RAW_SCHEMAS


@dg.asset(
    key_prefix="published",
    group_name="published",
    deps=[dg.AssetKey([SCHEMA, node["name"]]) for node in marts()],
    kinds={"duckdb"},
    owners=["team:data"],
    tags={"pii": "true"},
    retry_policy=RETRIES,
)
def winback(
    run: RunResource, settings: SettingsResource, warehouse: WarehouseResource
) -> dg.MaterializeResult:
    """Every mart in one read-only DuckDB file, replaced as a whole.

    Who has it open keeps what he has; a second run on the same data publishes the same tables.
    """
    run.refuse_unless_live()
    client = warehouse.client()
    target = settings.get().published_path
    published = publish(client, target, descriptions_of_marts())
    for schema in RAW_SCHEMAS:
        counts = client.row_counts(schema)
        run_records.remember_row_counts(
            client, run.run_id, {f"{schema}.{table}": rows for table, rows in counts.items()}
        )
    run.note_published()
    rows = [f"| {table} | {count:,} |" for table, count in published.row_counts.items()]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(published.row_counts.values()),
            "size_bytes": published.size_bytes,
            "path": dg.MetadataValue.path(str(target)),
            "tables": dg.MetadataValue.md("\n".join(["| table | rows |", "|---|---:|", *rows])),
        }
    )
