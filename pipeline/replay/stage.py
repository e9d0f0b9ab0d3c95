"""A warehouse of its own for a replay: what is loaded, hidden until its day has come."""

from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta

import duckdb

from pipeline.sql import identifier

Connection = duckdb.DuckDBPyConnection

HIDDEN = "hidden_until_its_day"
"""Schema in which raw waits; ``reveal`` brings it into sight."""
TOLD_BY = ("updated_at", "ordered_at", "at", "occurred_at", "InvoiceDate", "registered_at")
"""Columns that tell when a record came to be known, the best first."""
DAY_ENDS = timedelta(days=1, hours=14)
"""After midnight in UTC with which a day begins it is over in every time zone."""
LONG_AGO = datetime.combine(date(1900, 1, 1), time())
FORGOTTEN = ("enrolments", "programme_steps", "ledger", "members", "runs")
ONLY_PLANNED = """
    delete from reference.programme_messages;
    insert into reference.programme_messages (programme, step, message, assume_sent)
    select distinct programme, step, unnest(['first', 'resend']), true
    from reference.programme_steps;
"""


def set_up(connection: Connection, programmes: Collection[str]) -> None:
    """Forget what was sent, hide every record, switch ``programmes`` alone on.

    Every step is taken as sent: the tool that mails has never heard of this past.
    """
    for table in FORGOTTEN:
        connection.execute(f"delete from sync.{table}")
    connection.execute(f"create schema {HIDDEN}")
    for schema, table in _told_by_time(connection):
        hidden = f"{HIDDEN}.{identifier(f'{schema} {table}')}"
        whole = f"{schema}.{identifier(table)}"
        connection.execute(f"create table {hidden} as from {whole}")
        connection.execute(f"delete from {whole}")
    connection.execute(ONLY_PLANNED)
    connection.execute(
        "update reference.programmes set is_on = list_contains(?, programme)", [list(programmes)]
    )


def reveal(connection: Connection, after: date | None, day: date) -> None:
    """Bring into sight what came to be known after ``after`` and up to ``day``."""
    until = datetime.combine(day, time()) + DAY_ENDS
    since = datetime.combine(after, time()) + DAY_ENDS if after else LONG_AGO
    for schema, table in _told_by_time(connection):
        columns = _columns(connection, schema, table)
        told_by = ", ".join(identifier(name) for name in TOLD_BY if name in columns)
        connection.execute(
            f"""
            insert into {schema}.{identifier(table)}
            from {HIDDEN}.{identifier(f"{schema} {table}")}
            where coalesce({told_by}, timestamp '1970-01-01') between $since and $until
                and coalesce({told_by}, timestamp '1970-01-01') <> $since
            """,
            {"since": since, "until": until},
        )


def _told_by_time(connection: Connection) -> Iterator[tuple[str, str]]:
    found = connection.execute(
        """
        select distinct table_schema, table_name from information_schema.columns
        where table_schema like 'raw\\_%' escape '\\'
            and table_name <> 'loaded_files' and list_contains(?, column_name)
        order by all
        """,
        [list(TOLD_BY)],
    )
    yield from ((str(schema), str(table)) for schema, table in found.fetchall())


def _columns(connection: Connection, schema: str, table: str) -> set[str]:
    found = connection.execute(
        "select column_name from information_schema.columns "
        "where table_schema = ? and table_name = ?",
        [schema, table],
    )
    return {str(name) for (name,) in found.fetchall()}
