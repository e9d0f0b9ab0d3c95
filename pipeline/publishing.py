"""The copy that analysts read: made whole beside the old one, then put in its place at once."""

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline.sql import count_of, literal
from pipeline.warehouse import Warehouse

SCHEMA = "marts"
READ_ONLY = 0o444

Descriptions = dict[str, tuple[str, dict[str, str]]]
"""By table: its description, and that of each column."""


@dataclass(frozen=True)
class Published:
    """What stands in the published file: rows by table, and its size in bytes."""

    row_counts: dict[str, int]
    size_bytes: int


def publish(warehouse: Warehouse, target: Path, descriptions: Descriptions) -> Published:
    """Copy schema marts into a new file and replace ``target`` by it.

    Readers keep the file that they have open; the next one who opens it gets the new one. A
    leftover write-ahead log beside the target would be replayed into the new file, so it goes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.getpid()}.new")
    for leftover in target.parent.glob(f".{target.name}.*.new*"):
        leftover.unlink()
    with warehouse.connect() as connection:
        connection.execute(f"attach {literal(str(fresh))} as fresh")
        try:
            row_counts = _copy(connection, descriptions)
            connection.execute("checkpoint fresh")
        finally:
            connection.execute("detach fresh")
    fresh.chmod(READ_ONLY)
    target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
    fresh.replace(target)
    return Published(row_counts, target.stat().st_size)


def _copy(connection: duckdb.DuckDBPyConnection, descriptions: Descriptions) -> dict[str, int]:
    tables = [
        str(name)
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = ? "
            "and database_name = current_database() order by 1",
            [SCHEMA],
        ).fetchall()
    ]
    connection.execute(f"create schema fresh.{SCHEMA}")
    for table in tables:
        name = f"fresh.{SCHEMA}.{table}"
        connection.execute(f"create table {name} as from {SCHEMA}.{table}")
        description, columns = descriptions.get(table, ("", {}))
        connection.execute(f"comment on table {name} is {literal(description)}")
        for column, text in columns.items():
            connection.execute(f"comment on column {name}.{column} is {literal(text)}")
    return {table: count_of(connection, f"fresh.{SCHEMA}.{table}") for table in tables}
