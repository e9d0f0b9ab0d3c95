"""What the warehouse was given after a day though it bears that day's date or an earlier one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb

from pipeline import run_lock
from pipeline.comparison.files import Side
from pipeline.resources import LOCK_NAME
from pipeline.settings import SAMPLE, Settings
from pipeline.sources.catalogue import CONTRACT_SOURCES, entities_of, schema_of
from pipeline.sources.entity import Entity
from pipeline.sql import literal

Connection = duckdb.DuckDBPyConnection

DATES = {
    "orders": "ordered_at",
    "customers": "coalesce(registered_at, updated_at)",
    "consents": '"at"',
    "email_events": "occurred_at",
    "carts": "updated_at",
    "visits": "occurred_at",
    "returns": "occurred_at",
    "complaints": "occurred_at",
    "answers": "occurred_at",
    # An order's lines are of its day.
    "order_lines": """(
        select min(orders.ordered_at) from {schema}.orders
        where orders.order_id = records.order_id
    )""",
}
"""When each entity of the inbox contract happened; what is not named counts for every day.

``{schema}`` stands for that of its source.
"""

CHANGES = {"orders": "updated_at", "customers": "updated_at"}
"""When a version was written, where a past day takes the version that stood on it."""

SAMPLE_DATES = {
    "lines": '"InvoiceDate"',
    "simulated_customers": "registered_at",
    "simulated_consents": '"at"',
    "simulated_email_events": "occurred_at",
}
"""The same for the sample, whose times are those of the shop."""


class NotToldError(Exception):
    """What was loaded later cannot be told now. One sentence says why."""


@dataclass(frozen=True)
class Arrival:
    """What one load brought; ``new_count`` of the records were not there in any version."""

    entity: str
    loaded_at: datetime
    record_count: int
    new_count: int | None


@dataclass(frozen=True)
class Arrivals:
    """What was loaded after ``seen_until`` and is dated up to ``day``.

    ``seen_until`` is when the first run for that day ended, else the end of the day.
    """

    day: date
    has_run: bool
    seen_until: datetime
    first_load: datetime | None
    found: tuple[Arrival, ...]


def loaded_later(connection: Connection, settings: Settings, older: Side, newer: Side) -> Arrivals:
    """Return what came after the day of ``older``, as the live warehouse knows it.

    Raises ``NotToldError`` when that cannot be opened or is of another shop.
    """
    day = older.day
    if day is None:
        raise NotToldError(f"{older.letter} is of before the first order.")
    with _live(connection, settings):
        for side in (older, newer):
            if not _stems_from_live(connection, side):
                raise NotToldError(
                    f"{side.letter} has nobody in common with {settings.warehouse_path}, which "
                    "knows when records were loaded."
                )
        ends = datetime.combine(day + timedelta(days=1), time(), settings.shop_timezone)
        ends = ends.astimezone(UTC).replace(tzinfo=None)
        ended = connection.execute(
            "select min(finished_at) from live.sync.runs "
            "where as_of_date = ? and status = 'succeeded'",
            [day],
        ).fetchall()[0][0]
        seen_until = ended or ends
        return Arrivals(
            day,
            ended is not None,
            seen_until,
            _first_load(connection, settings),
            tuple(_found(connection, settings, day, ends, seen_until)),
        )


@contextmanager
def _live(connection: Connection, settings: Settings) -> Iterator[None]:
    path = settings.warehouse_path
    if not path.exists():
        raise NotToldError(f"there is no {path}, which knows when records were loaded.")
    try:
        with run_lock.hold(settings.var_folder / LOCK_NAME, 0):
            _attach(connection, path)
            try:
                yield
            finally:
                connection.execute("detach live")
    except run_lock.RunInProgressError as error:
        raise NotToldError("a run is going on; ask again when it has ended.") from error


def _attach(connection: Connection, path: Path) -> None:
    try:
        connection.execute(f"attach {literal(str(path))} as live (type duckdb, read_only)")
    except duckdb.IOException as error:
        raise NotToldError(f"{path} is open elsewhere; close it there.") from error


def _stems_from_live(connection: Connection, side: Side) -> bool:
    # dbt makes the table; without it nobody has been given an id.
    has_ids = connection.execute(
        "select count(*) from duckdb_tables() "
        "where database_name = 'live' and schema_name = 'sync' and table_name = 'customer_ids'"
    ).fetchall()
    if has_ids == [(0,)]:
        return False
    found = connection.execute(
        f"select count(*) from {side.database}.marts.customer_activity "
        "semi join live.sync.customer_ids using (customer_id)"
    )
    return found.fetchall() != [(0,)]


def _first_load(connection: Connection, settings: Settings) -> datetime | None:
    registries = " union all ".join(
        f"from live.raw_{source}.loaded_files" for source in settings.sources
    )
    found = connection.execute(f"select min(loaded_at) from ({registries})").fetchall()[0][0]
    return found if isinstance(found, datetime) else None


def _found(
    connection: Connection, settings: Settings, day: date, ends: datetime, seen_until: datetime
) -> Iterator[Arrival]:
    if SAMPLE in settings.sources:
        for table, happened in SAMPLE_DATES.items():
            rows = connection.execute(
                f"""
                select loaded_at, (
                    select count(*) from live.raw_{SAMPLE}.{table}
                    where coalesce(cast({happened} as date) <= $day, true)
                )
                from live.raw_{SAMPLE}.loaded_files
                where entity = $table and loaded_at > $seen_until
                """,
                {"day": day, "table": table, "seen_until": seen_until},
            ).fetchall()
            # The sample comes as a whole: which of it is new nobody knows.
            yield from (Arrival(table, at, count, None) for at, count in rows if count)
    for source in settings.sources:
        for entity in entities_of(source) if source in CONTRACT_SOURCES else ():
            rows = connection.execute(
                _dated_up_to(source, entity), {"ends": ends, "seen_until": seen_until}
            ).fetchall()
            yield from (Arrival(entity.name, *row) for row in rows)


def _dated_up_to(source: str, entity: Entity) -> str:
    schema = f"live.{schema_of(source)}"
    happened = DATES.get(entity.name, "null").format(schema=schema)
    changed = CHANGES.get(entity.name, "null")
    key = ", ".join(f'"{name}"' for name in entity.key)
    # Of a record whose versions are all of a later day the earliest stands.
    return f"""
        with dated as (
            select {key}, _loaded_at, coalesce({happened} < $ends, true) as has_happened,
                coalesce({changed}, timestamp '1970-01-01') as changed_at
            from {schema}.{entity.name} as records
        ),
        judged as (
            select _loaded_at,
                has_happened and (
                    changed_at < $ends or changed_at = min(changed_at) over (partition by {key})
                ) as is_of_the_day,
                min(_loaded_at) over (partition by {key}) > $seen_until as is_new
            from dated
        )
        select date_trunc('second', _loaded_at) as loaded_at, count(*), count(*) filter (is_new)
        from judged where is_of_the_day and _loaded_at > $seen_until
        group by loaded_at order by loaded_at
    """
