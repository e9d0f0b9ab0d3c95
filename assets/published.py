"""The copy of the marts that analysts read, under ``var/published``."""

import json
from pathlib import Path
from typing import Any

import dagster as dg

from pipeline.automation import RETRIES
from pipeline.publishing import SCHEMA, Descriptions, publish
from pipeline.resources import (
    RunResource,
    SettingsResource,
    WarehouseResource,
    dbt_project,
    prepare_manifest,
)
from pipeline.sync import ledger


def _marts() -> list[dict[str, Any]]:
    prepare_manifest()
    manifest = json.loads(Path(dbt_project.manifest_path).read_text())
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == SCHEMA
    ]


MARTS = _marts()


@dg.asset(
    key_prefix="published",
    group_name="published",
    deps=[dg.AssetKey([SCHEMA, node["name"]]) for node in MARTS],
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
    published = publish(client, target, _descriptions())
    for schema in ("raw_online_retail", "raw_files"):
        counts = client.row_counts(schema)
        ledger.remember_row_counts(
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


def _descriptions() -> Descriptions:
    return {
        node["name"]: (
            node["description"],
            {name: column["description"] for name, column in node["columns"].items()},
        )
        for node in MARTS
    }
