"""Runs a suite against a table of the warehouse, pushed down to DuckDB; nothing is kept on disk."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.outcome import Outcome, outcome_of
from pipeline.warehouse import Warehouse

if TYPE_CHECKING:
    import great_expectations as gx
    from great_expectations.datasource.fluent import SQLDatasource
    from great_expectations.datasource.fluent.interfaces import Batch

COUNTS_ONLY = {"result_format": "BASIC", "partial_unexpected_count": 0}
"""Great Expectations fetches examples of bad values unless told not to; they may be addresses."""


class CannotValidateError(Exception):
    """A table cannot be checked at all. The message says why and what to do."""


def validate(
    warehouse_path: Path,
    table: str,
    suite: "gx.ExpectationSuite",
    *,
    memory_limit: str = Warehouse.memory_limit,
    threads: int = Warehouse.threads,
) -> Outcome:
    """Check ``table`` (named with its schema) against ``suite`` and let go of the file again.

    Raises ``CannotValidateError`` when there is no such table, or when a connection of this
    process or another holds the file.
    """
    statements = [str(each.description) for each in suite.expectations]
    if len(set(statements)) < len(statements) or "None" in statements:
        raise ValueError(f"{suite.name}: every expectation needs a description of its own")
    with _whole_table(Warehouse(warehouse_path, memory_limit, threads), table) as rows:
        results = rows.validate(suite, result_format=COUNTS_ONLY).results
    return outcome_of(statements, results)


@cache
def load_great_expectations() -> ModuleType:
    """Import Great Expectations, which takes seconds, and let it work on DuckDB."""
    import great_expectations
    from sqlalchemy.dialects import registry

    registry.register("duckdb.winback", "expectations.dialect", "CatalogDialect")
    # It logs errors of the database, and those may quote a value.
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    return great_expectations


@contextmanager
def _whole_table(warehouse: Warehouse, table: str) -> Iterator["Batch"]:
    _require(warehouse, table)
    schema, name = table.split(".")
    source = _source(warehouse)
    try:
        with warnings.catch_warnings():
            # The other way of naming a schema is open to other databases only.
            warnings.filterwarnings("ignore", message="`schema_name` is deprecated")
            asset = source.add_table_asset(name, table_name=name, schema_name=schema)
        yield asset.add_batch_definition_whole_table("all").get_batch()
    finally:
        # Two pools, and each of them keeps the file locked.
        source.get_engine().dispose()
        source.get_execution_engine().close()


def _require(warehouse: Warehouse, table: str) -> None:
    if not warehouse.path.exists():
        raise CannotValidateError(f"{table} cannot be checked: there is no {warehouse.path} yet")
    try:
        with warehouse.connect() as connection:
            connection.execute(f"describe {table}")
    except duckdb.CatalogException as error:
        raise CannotValidateError(
            f"{table} cannot be checked: {warehouse.path.name} has no such table"
        ) from error
    except duckdb.ConnectionException as error:
        raise _held_open(warehouse) from error
    except duckdb.IOException as error:
        raise CannotValidateError(f"{table} cannot be checked: {error}") from error


def _source(warehouse: Warehouse) -> "SQLDatasource":
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )
    from great_expectations.datasource.fluent.interfaces import TestConnectionError

    # A context as it comes makes folders for reports and draws progress bars.
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    context = load_great_expectations().get_context(mode="ephemeral", project_config=config)
    try:
        return context.data_sources.add_sql(
            "warehouse",
            connection_string="duckdb+winback://",
            kwargs={"connect_args": _connection(warehouse)},
        )
    except TestConnectionError as error:
        if "different configuration" in str(error):
            raise _held_open(warehouse) from error
        raise CannotValidateError(f"{warehouse.path.name} cannot be opened: {error}") from error


def _held_open(warehouse: Warehouse) -> CannotValidateError:
    return CannotValidateError(
        f"{warehouse.path.name} cannot be checked while this process has a connection to it: "
        "close that one first"
    )


def _connection(warehouse: Warehouse) -> dict[str, Any]:
    return {
        "database": str(warehouse.path),
        "config": {
            "memory_limit": warehouse.memory_limit,
            "threads": warehouse.threads,
            "temp_directory": str(warehouse.temporary_folder),
            "timezone": "UTC",
        },
    }
