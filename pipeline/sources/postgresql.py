"""Reads queries from PostgreSQL: whatever the types, as the text that the server itself writes."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
import pyarrow as pa
import pyarrow.csv as arrow_csv
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from pipeline.sources.extraction import SourceFailed, SourceRefused
from pipeline.sources.sql_queries import CLOCK, INSTANT, UNREADABLE

KINDS = {1184: INSTANT, 1114: CLOCK, 1082: CLOCK}
"""By the number of the type: timestamptz, timestamp, date."""
CONNECT_SECONDS = 15
BLOCK_BYTES = 2**20

SAID = (
    errors.UndefinedColumn,
    errors.UndefinedTable,
    errors.UndefinedFunction,
    errors.SyntaxError,
    errors.DuplicateColumn,
    errors.AmbiguousColumn,
    errors.InsufficientPrivilege,
    errors.InvalidSchemaName,
    errors.ReadOnlySqlTransaction,
)
"""What the server says of these names tables and columns, and no value of any row."""


class PostgreSQL:
    """An open connection that reads and never writes."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def kinds(self, query: str) -> Mapping[str, str]:
        """Return the columns of a query in order, and which of them hold times."""
        with _faults(), self._connection.cursor() as cursor:
            cursor.execute(f"select * from (\n{query}\n) as records limit 0".encode())
            described = cursor.description or []
            return {one.name.lower(): KINDS.get(one.type_code, "") for one in described}

    def batches(self, query: str, kinds: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query that ``Query.windowed`` wrote, every value as text."""
        query = query.replace("{instant}", "timestamptz").replace("{utc}", "+00")
        schema = pa.schema([(name, pa.string()) for name in kinds])
        copying = f"copy (\n{query}\n) to stdout (format csv)".encode()
        with _faults(), self._connection.cursor() as cursor, cursor.copy(copying) as copy:
            stream = _Stream(copy)
            if stream.has_more():
                yield from arrow_csv.open_csv(
                    pa.PythonFile(stream, "r"),
                    arrow_csv.ReadOptions(column_names=schema.names, block_size=BLOCK_BYTES),
                    arrow_csv.ParseOptions(newlines_in_values=True),
                    arrow_csv.ConvertOptions(column_types=schema, strings_can_be_null=True),
                )


class _Stream(io.RawIOBase):
    """What a copy sends as a file. The server sends row by row; who reads takes blocks."""

    def __init__(self, copy: psycopg.Copy) -> None:
        self._copy = copy
        self._held = bytearray()

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def has_more(self) -> bool:
        """Say whether there is anything left to read."""
        self._fill(1)
        return bool(self._held)

    def read(self, size: int = -1) -> bytes:
        """Return ``size`` bytes, fewer at the end only."""
        self._fill(size)
        part = bytes(self._held[:size] if size >= 0 else self._held)
        del self._held[: len(part)]
        return part

    def _fill(self, size: int) -> None:
        while size < 0 or len(self._held) < size:
            sent = self._copy.read()
            if not sent:
                return
            self._held += sent


@contextmanager
def connected(url: str, timeout_seconds: int) -> Iterator[PostgreSQL]:
    """Open a connection whose transactions cannot write and whose statements end in time."""
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise SourceRefused(UNREADABLE) from None
    with _faults():
        connection = psycopg.connect(
            url, autocommit=True, connect_timeout=CONNECT_SECONDS, client_encoding="utf8"
        )
    with connection:
        with _faults():
            connection.execute("set default_transaction_read_only = on")
            connection.execute("set timezone = 'UTC'")
            connection.execute("set datestyle = 'ISO'")
            connection.execute(f"set statement_timeout = '{int(timeout_seconds)}s'".encode())
        yield PostgreSQL(connection)


@contextmanager
def _faults() -> Iterator[None]:
    """Say what is wrong without the password and without a value of any row."""
    try:
        yield
    except SAID as error:
        raise SourceRefused(f"the database says: {error.diag.message_primary}") from None
    except errors.QueryCanceled:
        raise SourceRefused(
            "the query took too long; index the column that it is incremental by, or raise "
            "WINBACK_SQL_TIMEOUT_SECONDS"
        ) from None
    except psycopg.OperationalError as error:
        raise SourceFailed(
            f"the database cannot be reached or has hung up ({type(error).__name__}); look at "
            "WINBACK_SQL_URL, its user and password, and whether the server is up"
        ) from None
    except psycopg.Error as error:
        raise SourceRefused(
            f"the query fails in the database ({type(error).__name__}, {error.sqlstate}); "
            "run it there to see where"
        ) from None
