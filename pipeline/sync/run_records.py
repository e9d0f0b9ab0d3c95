"""Which runs there were, how they ended and how many rows their tables had."""

from collections.abc import Mapping
from datetime import date

from pipeline.clock import utc_now
from pipeline.sql import transaction
from pipeline.warehouse import Warehouse


def begin_run(warehouse: Warehouse, run_id: str, as_of_date: date) -> None:
    """Note that a run has begun. Runs are one at a time, so an open one before it has failed."""
    with warehouse.connect() as connection, transaction(connection):
        connection.execute(
            "update sync.runs set status = 'failed', finished_at = ? where status = 'started'",
            [utc_now()],
        )
        started = [run_id, as_of_date, utc_now()]
        connection.execute("insert into sync.runs values (?, ?, ?, null, 'started')", started)


def finish_run(warehouse: Warehouse, run_id: str, *, succeeded: bool) -> None:
    """Note how the run that was begun under ``run_id`` has ended."""
    with warehouse.connect() as connection:
        connection.execute(
            """update sync.runs set status = ?, finished_at = ?
            where run_id = ? and status = 'started'""",
            ["succeeded" if succeeded else "failed", utc_now(), run_id],
        )


def last_as_of(warehouse: Warehouse) -> date | None:
    """Return the latest day that a run succeeded for, sent something for or moved anybody on."""
    with warehouse.connect() as connection:
        found = connection.execute(
            """
            select greatest(
                (select max(as_of_date) from sync.runs where status = 'succeeded'),
                (select max(as_of_date) from sync.ledger),
                (select max(as_of_date) from sync.enrolments),
                (select max(as_of_date) from sync.programme_steps)
            )
            """
        ).fetchall()[0][0]
        return found if isinstance(found, date) else None


def remember_row_counts(warehouse: Warehouse, run_id: str, counts: Mapping[str, int]) -> None:
    """Keep how many rows tables have, for later runs to see whether one has shrunk."""
    with warehouse.connect() as connection:
        connection.execute(
            "insert into sync.row_counts select unnest(?), unnest(?), ?, ?",
            [list(counts.keys()), list(counts.values()), run_id, utc_now()],
        )


def row_counts_before(warehouse: Warehouse) -> dict[str, int]:
    """Return the number of rows that each table had when it was last remembered."""
    with warehouse.connect() as connection:
        found = connection.execute(
            """
            select table_name, row_count from sync.row_counts
            qualify row_number() over (
                partition by table_name order by counted_at desc, run_id desc
            ) = 1
            """
        ).fetchall()
    return {str(table): int(count) for table, count in found}
