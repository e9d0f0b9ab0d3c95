"""Reads queries from MySQL and MariaDB: every value as the text that the server writes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pyarrow as pa
import pymysql
from pymysql.constants import ER, FIELD_TYPE
from pymysql.converters import encoders
from pymysql.cursors import SSCursor

from pipeline.sources.extraction import SourceFailed, SourceRefused
from pipeline.sources.sql_queries import CLOCK, INSTANT, UNREADABLE

KINDS: Mapping[int, str] = {
    FIELD_TYPE.TIMESTAMP: INSTANT,
    FIELD_TYPE.DATETIME: CLOCK,
    FIELD_TYPE.DATE: CLOCK,
}
CONNECT_SECONDS = 15
ROWS = 20_000
SAID = (
    ER.BAD_FIELD_ERROR,
    ER.NO_SUCH_TABLE,
    ER.PARSE_ERROR,
    ER.DUP_FIELDNAME,
    ER.NON_UNIQ_ERROR,
    ER.TABLEACCESS_DENIED_ERROR,
    ER.COLUMNACCESS_DENIED_ERROR,
    ER.DBACCESS_DENIED_ERROR,
    ER.ACCESS_DENIED_ERROR,
    ER.BAD_DB_ERROR,
    1792,
)
"""What the server says of these names tables, columns and users, and no value of any row; the last
is an attempt to write."""
TOO_LONG = (3024, 1969)
"""As MySQL and as MariaDB say it."""
READERS: dict[Any, Any] = {
    **encoders,
    FIELD_TYPE.BIT: lambda value: str(int.from_bytes(value, "big")),
}
"""All values but bits stay the text that they are sent as."""


class MySQL:
    """An open connection that reads and never writes."""

    def __init__(self, connection: "pymysql.Connection[SSCursor]") -> None:
        self._connection = connection

    def kinds(self, query: str) -> Mapping[str, str]:
        """Return the columns of a query in order, and which of them hold times."""
        with _faults(), self._connection.cursor() as cursor:
            cursor.execute(f"select * from (\n{query}\n) as records limit 0")
            described = cursor.description or ()
            return {str(one[0]).lower(): KINDS.get(int(one[1]), "") for one in described}

    def batches(self, query: str, kinds: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query that ``Query.windowed`` wrote, every value as text."""
        schema = pa.schema([(name, pa.string()) for name in kinds])
        # The session's times are those of UTC; what a wall clock shows is sent as it stands.
        instants = [name for name, kind in kinds.items() if kind == INSTANT]
        with _faults(), self._connection.cursor() as cursor:
            cursor.execute(query.replace("{instant}", "timestamp").replace("{utc}", ""))
            while rows := cursor.fetchmany(ROWS):
                columns = dict(zip(schema.names, zip(*rows, strict=True), strict=True))
                for name in instants:
                    columns[name] = tuple(value and f"{value}Z" for value in columns[name])
                yield pa.RecordBatch.from_pydict(columns, schema)


@contextmanager
def connected(url: str, timeout_seconds: int) -> Iterator[MySQL]:
    """Open a connection whose transactions cannot write and whose statements end in time."""
    where = _address(url)
    with _faults():
        connection = pymysql.connect(
            **where,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=timeout_seconds + CONNECT_SECONDS,
            charset="utf8mb4",
            conv=READERS,
            cursorclass=SSCursor,
        )
    with connection:
        with _faults(), connection.cursor() as cursor:
            cursor.execute("set session transaction read only")
            cursor.execute("set time_zone = '+00:00'")
            if "MariaDB" in connection.get_server_info():
                cursor.execute(f"set max_statement_time = {int(timeout_seconds)}")
            else:
                cursor.execute(f"set max_execution_time = {int(timeout_seconds) * 1000}")
        yield MySQL(connection)


def _address(url: str) -> dict[str, Any]:
    """Return what an address says of whom to connect to."""
    try:
        parts = urlsplit(url)
        port = parts.port or 3306
    except ValueError:
        raise SourceRefused(UNREADABLE) from None
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return {
        "host": parts.hostname or "localhost",
        "port": port,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": parts.path.lstrip("/"),
        "unix_socket": options.get("unix_socket"),
        "ssl_ca": options.get("ssl_ca"),
    }


@contextmanager
def _faults() -> Iterator[None]:
    """Say what is wrong without the password and without a value of any row."""
    try:
        yield
    except pymysql.MySQLError as error:
        number, said = (*error.args, None, None)[:2]
        if number in SAID:
            raise SourceRefused(f"the database says: {said}") from None
        if number in TOO_LONG:
            raise SourceRefused(
                "the query took too long; index the column that it is incremental by, or raise "
                "WINBACK_SQL_TIMEOUT_SECONDS"
            ) from None
        if isinstance(error, pymysql.OperationalError | pymysql.InterfaceError):
            raise SourceFailed(
                f"the database cannot be reached or has hung up ({number}); look at "
                "WINBACK_SQL_URL and whether the server is up"
            ) from None
        raise SourceRefused(
            f"the query fails in the database (error {number}); run it there to see where"
        ) from None
