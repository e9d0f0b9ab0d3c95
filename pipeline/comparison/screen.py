"""What ``winback compare`` prints: two days side by side, in counts and ids."""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from pipeline.comparison import movements
from pipeline.comparison.arrivals import Arrivals, NotToldError, loaded_later
from pipeline.comparison.files import Side, opened
from pipeline.explanation import table
from pipeline.settings import Settings

MOST_LOADS = 10
MOST_MONTHS = 12


def compare(settings: Settings, first: Path, second: Path | None, customer_count: int = 0) -> str:
    """Return what moved from ``first`` to ``second``, else to the published tables.

    At the end stand up to ``customer_count`` ids of those whose lifecycle moved. Raises
    ``ComparisonError`` where the two cannot be compared.
    """
    with opened(settings, first, second) as (connection, a, b):
        movements.join_people(connection, a, b)
        parts = [
            _heads(a, b),
            *_who(connection),
            table(("sums", "in A", "in B", "change"), movements.sums(connection, a, b)),
            _lifecycle(connection, a, b),
            _segments(connection, a, b),
            _rfm(connection),
            _retention(connection, a, b),
            *_later(connection, settings, a, b),
        ]
        if customer_count:
            moved = movements.moved_customers(connection, a, b, customer_count)
            parts.append(table(("customer", "in A", "in B"), moved))
    return "\n\n".join(part for part in parts if part)


def _heads(a: Side, b: Side) -> str:
    days = (b.day - a.day).days if a.day and b.day else None
    if days is None:
        apart = ""
    elif days == 0:
        apart = ", the same day"
    else:
        apart = f", {abs(days)} days {'later' if days > 0 else 'earlier: B is the older one'}"
    width = max(len(str(side.path)) for side in (a, b))
    lines = [
        f"{side.letter}  {side.path!s:{width}}  "
        f"{f'as of {side.day}' if side.day else 'of before the first order'}"
        for side in (a, b)
    ]
    return "\n".join(lines) + apart


def _who(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    rows = movements.overlaps(connection)
    yield table(("", "in A", "only in A", "in both", "only in B", "in B"), rows)
    _, in_a, _, in_both, _, in_b = rows[0]
    if in_a and in_b and not in_both:
        yield "  Nobody is in both: these are two shops, or one that was set up anew."


def _lifecycle(connection: duckdb.DuckDBPyConnection, a: Side, b: Side) -> str:
    counts = movements.transitions(connection, a, b)
    order = (movements.NOT_YET, *movements.STATES, movements.GONE)
    rows = [state for state in order if any(pair[0] == state for pair in counts)]
    columns = [state for state in order if any(pair[1] == state for pair in counts)]
    cells = [(one, *(counts.get((one, other)) for other in columns)) for one in rows]
    return table(("lifecycle, A down to B across", *columns), cells)


def _segments(connection: duckdb.DuckDBPyConnection, a: Side, b: Side) -> str:
    rows = movements.segments(connection, a, b)
    return table(("segment", "in A", "left", "joined", "in B"), rows)


def _rfm(connection: duckdb.DuckDBPyConnection) -> str:
    largest, moved, both = movements.rfm_moves(connection)
    said = f"  RFM: {moved:,} of {both:,} buyers in both are in another segment"
    if not largest:
        return f"{said}."
    return f"{said}, most of them so:\n{table(('from', 'to', 'customers'), largest)}"


def _retention(connection: duckdb.DuckDBPyConnection, a: Side, b: Side) -> str:
    for side in (a, b):
        if not side.has("retention_monthly", "month", "customers_at_start", "kept"):
            return f"  Retention: {side.letter} has no marts.retention_monthly that tells it."
    differing, both = movements.retention(connection, a, b)
    said = f"  Retention differs in {len(differing)} of the {both} months that both have"
    if not differing:
        return f"{said}."
    more = f", the latest {MOST_MONTHS}" if len(differing) > MOST_MONTHS else ""
    head = ("month", "at start A", "at start B", "kept A", "kept B", "rate A", "rate B")
    return f"{said}{more}:\n{table(head, differing[-MOST_MONTHS:])}"


def _later(
    connection: duckdb.DuckDBPyConnection, settings: Settings, a: Side, b: Side
) -> Iterator[str]:
    older, newer = (b, a) if movements.is_older(b, a) else (a, b)
    try:
        yield _arrivals(loaded_later(connection, settings, older, newer), older)
    except NotToldError as error:
        yield f"  What was loaded later is left out: {error}"
    if older.day and newer.has("customer_lifecycle", "lifecycle", "valid_from", "valid_to"):
        yield _told_otherwise(connection, older, newer)


def _arrivals(arrivals: Arrivals, older: Side) -> str:
    day, lines = arrivals.day, []
    if arrivals.has_run:
        since = f"the first run for {day} ended ({arrivals.seen_until:%Y-%m-%d %H:%M} UTC)"
    else:
        since = f"{day} was over"
        lines.append(f"  No run for {day} has succeeded.")
        if arrivals.first_load and arrivals.first_load > arrivals.seen_until:
            lines.append(
                f"  Nothing had been loaded when it was over; the first load was on "
                f"{arrivals.first_load:%Y-%m-%d %H:%M} UTC, so {older.letter} was built later."
            )
    if not arrivals.found:
        return "\n".join([*lines, f"  Loaded since {since}, dated up to it: nothing."])
    lines.append(f"  Loaded since {since}, dated up to it; {older.letter} may know some of it:")
    latest = sorted(arrivals.found, key=lambda one: (one.loaded_at, one.entity))
    shown = [
        (one.entity, f"{one.loaded_at:%Y-%m-%d %H:%M:%S}", one.record_count, one.new_count)
        for one in latest[-MOST_LOADS:]
    ]
    lines.append(table(("entity", "loaded (UTC)", "records", "new ones"), shown))
    if earlier := latest[:-MOST_LOADS]:
        records = sum(one.record_count for one in earlier)
        lines.append(f"  and {records:,} records by {len(earlier)} earlier loads")
    return "\n".join(lines)


def _told_otherwise(connection: duckdb.DuckDBPyConnection, older: Side, newer: Side) -> str:
    """Say for how many people what came later changed the older day, as far as files tell."""
    lifecycle = movements.states_told_otherwise(connection, older, newer)
    said = (
        f"  Of {older.day} {newer.letter} tells another lifecycle than {older.letter} for "
        f"{lifecycle:,} {'person' if lifecycle == 1 else 'people'}"
    )
    if older.day == newer.day:
        rfm, activity = (
            movements.differing_rows(connection, older, newer, name)
            for name in ("customer_rfm", "customer_activity")
        )
        return f"{said}, other RFM values for {rfm:,}, another activity for {activity:,}."
    return (
        f"{said}. For RFM and activity\n  build that day again and compare with it: "
        f"winback run --as-of {older.day} --into again.duckdb"
    )
