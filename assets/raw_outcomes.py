"""How loads and gates are shown on raw tables, the same for every source."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from expectations.runner import Outcome, validate
from pipeline.loading.load import LoadReport
from pipeline.sources.entity import Entity
from pipeline.sql import count_of
from pipeline.warehouse import Warehouse

if TYPE_CHECKING:
    import great_expectations as gx


def load_metadata(warehouse: Warehouse, table: str, report: LoadReport) -> dict[str, Any]:
    """Return what is shown of a load."""
    with warehouse.connect() as connection:
        row_count = count_of(connection, table)
    metadata: dict[str, Any] = {
        "dagster/row_count": row_count,
        "files_read": report.files_read,
        "files_unchanged": report.files_unchanged,
        "rows_read": report.rows_read,
        "rows_kept": report.rows_kept,
        "rows_duplicate": report.rows_duplicate,
        "rows_quarantined": report.rows_quarantined,
        **({"rows_ignored": report.rows_ignored} if report.rows_ignored else {}),
    }
    if report.reasons:
        lines = [f"| {reason} | {count:,} |" for reason, count in report.reasons]
        metadata["quarantined"] = dg.MetadataValue.md(
            "\n".join(["| reason | rows |", "|---|---:|", *lines])
        )
    return metadata


def check_of(
    warehouse: Warehouse,
    table: str,
    suite: "gx.ExpectationSuite",
    check: dg.AssetCheckKey | None = None,
) -> dg.AssetCheckResult:
    """Check ``table`` and show each figure; the failures stand in the description."""
    outcome = validate(
        warehouse.path,
        table,
        suite,
        memory_limit=warehouse.memory_limit,
        threads=warehouse.threads,
    )
    return result_of(outcome, check)


def result_of(outcome: Outcome, check: dg.AssetCheckKey | None = None) -> dg.AssetCheckResult:
    """Return an outcome as Dagster shows it; ``check`` names it where a step has several."""
    lines = [f"| {what} | {figure} |" for what, figure in outcome.figures.items()]
    figures = "\n".join(["| expected | found |", "|---|---|", *lines])
    unmet = (*outcome.failures, *outcome.warnings)
    return dg.AssetCheckResult(
        asset_key=check.asset_key if check else None,
        check_name=check.name if check else None,
        passed=not unmet,
        severity=dg.AssetCheckSeverity.WARN if outcome.passed else dg.AssetCheckSeverity.ERROR,
        description="; ".join(unmet) or "all expectations met",
        metadata={"figures": dg.MetadataValue.md(figures), "failures": list(unmet)},
    )


def columns_of(entity: Entity) -> dg.TableSchema:
    """Return the columns of an entity with what each means."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(column.name, column.sql_type, description=column.description)
            for column in entity.columns
        ]
    )
