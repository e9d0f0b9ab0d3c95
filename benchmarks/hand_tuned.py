"""Writes the four tables by hand-tuned SQL and compares them with those of the product."""

from datetime import date
from pathlib import Path

import duckdb

from benchmarks.product import ZONE, Shop
from pipeline.sql import literal

KEYS = {
    "customer_activity": ("customer_id",),
    "customer_rfm": ("customer_id",),
    "customer_churn": ("customer_id",),
    "segment_members": ("customer_id", "segment"),
}
"""The tables that both write, and what tells their rows apart."""


LISTS_ONLY = """segment in ('vip', 'new', 'slipping', 'dormant', 'long_dormant',
    'passive_regulars', 'never_engaged')"""
"""The hand-tuned members are those of the segments that become lists."""


def write_tables(shop: Shop, day: date, path: Path) -> None:
    """Write the four tables into a new file at ``path``, from what is loaded into raw."""
    path.unlink(missing_ok=True)
    warehouse = shop.warehouse
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": warehouse.memory_limit,
        "threads": warehouse.threads,
        "temp_directory": str(warehouse.temporary_folder),
    }
    with duckdb.connect(str(path), config=config) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach {literal(str(warehouse.path))} as warehouse (read_only)")
        connection.execute("set variable as_of = ?", [day])
        connection.execute("set variable zone = ?", [ZONE])
        connection.execute(
            "set variable salt = (select value from warehouse.sync.settings "
            "where name = 'identity_salt')"
        )
        connection.execute((Path(__file__).parent / "hand_tuned.sql").read_text("utf-8"))


def differences(shop: Shop, path: Path) -> dict[str, dict[str, int]]:
    """Return by table and column in how many rows the product and the tables in ``path`` differ.

    ``rows`` are those that only one of them has. Columns that only one of them has are left out.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(str(shop.warehouse.path))} as product (read_only)")
        connection.execute(f"attach {literal(str(path))} as tuned (read_only)")
        return {table: _differences(connection, table) for table in KEYS}


def _differences(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, int]:
    ours, theirs = (
        {
            str(name)
            for (name,) in connection.execute(
                "select column_name from duckdb_columns() where table_name = ? "
                "and database_name = ? and schema_name = ?",
                [table, database, schema],
            ).fetchall()
        }
        for database, schema in (("product", "marts"), ("tuned", "main"))
    )
    keys = KEYS[table]
    compared = sorted((ours & theirs) - set(keys))
    # A row that is missing on one side has no values to compare.
    wrong = {"rows": "is_ours is null or is_theirs is null"} | {
        name: f"is_ours and is_theirs and ours.{name} is distinct from theirs.{name}"
        for name in compared
    }
    counts = ", ".join(f"count(*) filter (where {rule}) as {name}" for name, rule in wrong.items())
    rows = LISTS_ONLY if table == "segment_members" else "true"
    found = connection.execute(
        f"""select {counts}
        from (select *, true as is_ours from product.marts.{table} where {rows}) as ours
        full outer join (select *, true as is_theirs from tuned.main.{table}) as theirs
            using ({", ".join(keys)})"""
    ).fetchone()
    return dict(zip(wrong, found or (), strict=True))
