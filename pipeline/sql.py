"""What every module that writes SQL needs: quoting, transactions, whether a table is there."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


def literal(text: str) -> str:
    """Return ``text`` as a string, for statements that take no parameters."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return ``name`` quoted, so that any name can be that of a column or table."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Keep all that is done within, or nothing of it when it fails."""
    connection.execute("begin")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def has_table(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Say whether there is a table of this name, its schema before it; views do not count."""
    found = connection.execute(
        "select count(*) from duckdb_tables() where schema_name || '.' || table_name = ? "
        "and database_name = current_database()",
        [table],
    )
    return found.fetchall() != [(0,)]


def count_of(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return the number of rows of ``table``."""
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])
