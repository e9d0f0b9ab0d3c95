"""Takes what e-mail tools tell of whom they do not mail into ``sync.suppressions``."""

from datetime import datetime, timedelta
from itertools import islice

import duckdb
import pyarrow as pa

from pipeline.destinations.suppressions import FREE, REASONS, Suppression, SuppressionReader
from pipeline.http_answers import HttpError
from pipeline.sql import transaction
from pipeline.warehouse import Warehouse

OVERLAP = timedelta(hours=1)
"""How far before the last reading the next one begins: tools show what changed with a delay."""
BATCH = 10_000

READ_BEFORE = """
    select max(read_at) from sync.suppression_readings
    where destination = $destination and problem is null
"""

ARRIVED = """
    create or replace temp table arrived (
        email varchar, reason varchar, severity integer, suppressed_at timestamp)
"""

# An address may come twice: the worst that stands against it counts.
TAKEN_IN = """
    insert into sync.suppressions
    select $destination, email, reason, suppressed_at, $now
    from arrived
    where reason <> ''
    qualify row_number() over (partition by email order by severity, suppressed_at) = 1
    order by email
"""


def read(
    warehouse: Warehouse, destination: str, reader: SuppressionReader, now: datetime
) -> str | None:
    """Take in what has changed since the last reading that went well, all of it at first.

    Returns None, or a sentence on what went wrong; then what was known before stands.
    """
    with warehouse.connect() as connection:
        known = connection.execute(READ_BEFORE, {"destination": destination}).fetchall()[0][0]
        since = None if known is None or reader.is_always_whole else known - OVERLAP
        problem = None
        try:
            _collect(connection, reader, since)
        except HttpError as error:
            problem = str(error)
        with transaction(connection):
            if problem is None:
                _take_in(connection, destination, now, is_whole=since is None)
            connection.execute(
                "insert into sync.suppression_readings values (?, ?, ?)",
                [destination, now, problem],
            )
    return problem


def problem_since(warehouse: Warehouse, destination: str, started: datetime) -> str:
    """Return why nobody may be added in a run that began at ``started``, "" if nothing is wrong."""
    with warehouse.connect() as connection:
        found = connection.execute(
            """select problem from sync.suppression_readings
            where destination = ? and read_at >= ? order by read_at, problem""",
            [destination, started],
        ).fetchall()
    if not found:
        return f"whom {destination} does not mail was not read in this run"
    problems = [problem for (problem,) in found if problem]
    if problems:
        return f"whom {destination} does not mail could not be read: {problems[0]}"
    return ""


def _collect(
    connection: duckdb.DuckDBPyConnection, reader: SuppressionReader, since: datetime | None
) -> None:
    connection.execute(ARRIVED)
    told = reader.suppressions(since)
    while some := tuple(islice(told, BATCH)):
        connection.register("batch", _table_of(some))
        connection.execute("insert into arrived from batch")
        connection.unregister("batch")


def _table_of(suppressions: tuple[Suppression, ...]) -> pa.Table:
    severity = {reason: place for place, reason in enumerate((*REASONS, FREE))}
    return pa.table(
        {
            "email": pa.array([one.email.strip().lower() for one in suppressions], pa.string()),
            "reason": pa.array([one.reason for one in suppressions], pa.string()),
            "severity": pa.array([severity[one.reason] for one in suppressions], pa.int32()),
            "suppressed_at": pa.array(
                [one.suppressed_at for one in suppressions], pa.timestamp("us")
            ),
        }
    )


def _take_in(
    connection: duckdb.DuckDBPyConnection, destination: str, now: datetime, *, is_whole: bool
) -> None:
    superseded = "" if is_whole else "and email in (select email from arrived)"
    connection.execute(
        f"delete from sync.suppressions where destination = ? {superseded}", [destination]
    )
    connection.execute(TAKEN_IN, {"destination": destination, "now": now})
