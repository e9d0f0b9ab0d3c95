"""How SQLAlchemy, and through it Great Expectations, learns the columns of a table of DuckDB."""

from typing import Any

from duckdb_engine import Dialect, DuckDBIdentifierPreparer
from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedPrimaryKeyConstraint
from sqlalchemy.types import NullType

COLUMNS = """
    select column_name, is_nullable from duckdb_columns()
    where database_name = current_database() and schema_name = $1 and table_name = $2
    order by column_index
"""


class QuotingPreparer(DuckDBIdentifierPreparer):
    """Quotes every name: ``at`` is a column of the contract and a word of DuckDB's grammar."""

    def _requires_quotes(self, value: str) -> bool:  # noqa: ARG002
        return True


class CatalogDialect(Dialect):
    """duckdb-engine for reading, with DuckDB's own catalogue in place of the one of Postgres.

    The latter is slow, and what recent versions of SQLAlchemy ask of it DuckDB does not have.
    There are no transactions. Great Expectations gives a connection back before it fetches what
    it asked, and the end of a transaction would throw that away; and within one, the first query
    that fails would fail all others.
    """

    supports_statement_cache = False
    preparer = QuotingPreparer

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> list[ReflectedColumn]:
        """Return the columns of a table or view in their order, without their types."""
        rows = connection.exec_driver_sql(COLUMNS, (schema or "main", table_name))
        return [
            {"name": str(name), "type": NullType(), "nullable": bool(nullable), "default": None}
            for name, nullable in rows
        ]

    def get_pk_constraint(  # type: ignore[override]
        self, *_: Any, **__: Any
    ) -> ReflectedPrimaryKeyConstraint:
        """Return no key: raw tables have none, and no expectation asks for it."""
        return {"constrained_columns": [], "name": None}

    def do_begin(self, *_: Any) -> None:
        """Leave every query to itself."""

    def do_commit(self, *_: Any) -> None:
        """Do nothing: nothing is ever written."""

    def do_rollback(self, *_: Any) -> None:
        """Do nothing, so that the result can still be fetched."""
