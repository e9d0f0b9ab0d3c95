"""The two files that are compared: whether they can be, and one connection that reads both."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from pipeline.settings import Settings
from pipeline.sql import literal

NEEDED = {
    "customer_activity": ("customer_id", "purchase_count", "revenue", "is_vip", "as_of_date"),
    "customer_churn": ("customer_id", "lifecycle"),
    "customer_rfm": ("customer_id", "segment"),
    "segment_members": ("customer_id", "segment"),
}
"""Without these columns of schema marts there is nothing to compare."""


class ComparisonError(ValueError):
    """These two cannot be compared."""


@dataclass(frozen=True)
class Side:
    """One of the two files, attached as ``database``.

    ``day`` is its as-of date, None where it has no row; ``columns`` are those of its marts.
    """

    database: str
    path: Path
    day: date | None
    columns: Mapping[str, frozenset[str]]

    @property
    def letter(self) -> str:
        """Return what it is called on the screen."""
        return self.database[-1].upper()

    def has(self, table: str, *columns: str) -> bool:
        """Say whether ``table`` is there with these columns."""
        return table in self.columns and set(columns) <= self.columns[table]


@contextmanager
def opened(
    settings: Settings, first: Path, second: Path | None
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Side, Side]]:
    """Read both files in one connection; without a second the published one is taken.

    Raises ``ComparisonError`` where a file cannot be compared.
    """
    if second is None and not settings.published_path.exists():
        raise ComparisonError("nothing is published yet to compare with; finish one: winback run")
    paths = (first, second or settings.published_path)
    _refuse(settings, paths)
    # Of a file of another kind DuckDB would fetch an extension that reads it.
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "memory_limit": settings.memory_limit,
        "temp_directory": str(settings.var_folder / "spill"),
        "threads": settings.threads,
    }
    with duckdb.connect(config=config) as connection:
        connection.execute("set timezone = 'UTC'")
        sides = [
            _attached(connection, database, path)
            for database, path in zip(("side_a", "side_b"), paths, strict=True)
        ]
        yield connection, sides[0], sides[1]


def _refuse(settings: Settings, paths: tuple[Path, Path]) -> None:
    for path in paths:
        if not path.is_file():
            raise ComparisonError(
                f"{path} is no file; make one: winback run --as-of DAY --into {path}"
            )
        if path.resolve() == settings.warehouse_path.resolve():
            raise ComparisonError(
                f"{path} is what runs own; its tables are in {settings.published_path}, which is "
                "compared with when no second file is named"
            )
    if paths[0].samefile(paths[1]):
        raise ComparisonError(f"{paths[0]} and {paths[1]} are the same file")


def _attached(connection: duckdb.DuckDBPyConnection, database: str, path: Path) -> Side:
    try:
        connection.execute(f"attach {literal(str(path))} as {database} (type duckdb, read_only)")
    except duckdb.Error as error:
        if "lock" in str(error).lower():
            raise ComparisonError(
                f"{path} is open for writing elsewhere; close it there"
            ) from error
        raise ComparisonError(f"{path} is no file of Winback") from error
    columns: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() "
        "where database_name = ? and schema_name = 'marts'",
        [database],
    ).fetchall():
        columns.setdefault(table, set()).add(column)
    _require(path, columns)
    return Side(
        database,
        path,
        _day(connection, database, columns),
        {table: frozenset(names) for table, names in columns.items()},
    )


def _require(path: Path, columns: Mapping[str, set[str]]) -> None:
    if not columns:
        raise ComparisonError(f"{path} is no file of Winback: it has no tables in schema marts")
    lacking = []
    for table, needed in NEEDED.items():
        missing = [column for column in needed if column not in columns.get(table, ())]
        if table not in columns:
            lacking.append(f"marts.{table} is not there")
        elif missing:
            lacking.append(f"marts.{table} has no {', '.join(missing)}")
    if lacking:
        raise ComparisonError(
            f"{path} was made by another version of Winback: {'; '.join(lacking)}; "
            "build its day again: winback run --as-of DAY --into FILE"
        )


def _day(
    connection: duckdb.DuckDBPyConnection, database: str, columns: Mapping[str, set[str]]
) -> date | None:
    """Return the as-of date that the rows bear; of a shop before its first order few have any."""
    days = " union all ".join(
        f"select max(as_of_date) as day from {database}.marts.{table}"
        for table, names in columns.items()
        if "as_of_date" in names
    )
    found = connection.execute(f"select max(day) from ({days})").fetchall()[0][0]
    return found if isinstance(found, date) else None
