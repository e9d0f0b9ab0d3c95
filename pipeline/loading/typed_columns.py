"""The SQL that turns what a file holds into the types of raw, NULL where it cannot be read."""

from dataclasses import dataclass

import duckdb

from pipeline.sources.entity import Column
from pipeline.sources.records import Field
from pipeline.sql import literal

FIRST_YEAR, LAST_YEAR = 1970, 2199
DAY = 86_400_000_000

OFFSET = r" ?(Z|UTC|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)"
ISO_TIME = rf"\d{{4}}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{{1,9}})?)?(?:{OFFSET})?)?"
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d{1,3})?"

FLOATS = ("FLOAT", "DOUBLE")
NUMBERS = (*FLOATS, "DECIMAL", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
NATIVE = {
    "time": ("TIMESTAMP", "DATE"),
    "date": ("TIMESTAMP", "DATE"),
    "money": (*NUMBERS, *(f"U{number}" for number in NUMBERS)),
    "number": (*NUMBERS, *(f"U{number}" for number in NUMBERS)),
    "count": (*NUMBERS, *(f"U{number}" for number in NUMBERS)),
    "flag": ("BOOLEAN",),
}
"""Types of Parquet that need no reading of text, by kind of column."""

MACROS = (
    # The first branch is for speed: trimming five million values takes longer than reading them.
    """inbox_text(x) as case
        when x >= '!' and not ends_with(x, ' ') and not ends_with(x, chr(9))
            and not ends_with(x, chr(10)) and not ends_with(x, chr(13))
            and not ends_with(x, chr(160)) and not starts_with(x, chr(160))
            and not starts_with(x, chr(65279)) then x
        else nullif(trim(x, ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(65279)), '')
        end""",
    # Ids that went through pandas are 12345.0 where the shop says 12345.
    """inbox_float_text(x) as case when isnan(x) then null
        when x = floor(x) and abs(x) < 1e15 then cast(cast(x as bigint) as varchar)
        else cast(x as varchar) end""",
    f"""inbox_number(x) as try_cast(
        case when regexp_full_match(x, '{NUMBER}', 'i') then x end as decimal(18, 4))""",
    # Where it is none, a count is NULL and not the nearest whole number.
    """inbox_count(x) as case when x = floor(x) then try_cast(x as integer) end""",
    # Of a leap year, so that the 29th of February is a day.
    """inbox_day_of_year(x) as case when regexp_full_match(x, '\\d\\d-\\d\\d')
        and try_cast('2000-' || x as date) is not null then x end""",
    """inbox_flag(x) as case
        when lower(x) in ('true', '1', 'yes', 't', 'y') then true
        when lower(x) in ('false', '0', 'no', 'f', 'n') then false end""",
    f"""inbox_clock(x) as case when regexp_full_match(x, '{ISO_TIME}', 'i') then try_cast(
        replace(case when length(x) > 10
            then regexp_replace(upper(x), '{OFFSET}$', '') else x end, ',', '.')
        as timestamp) end""",
    f"""inbox_offset(x) as case when length(x) > 10
        then nullif(regexp_extract(x, '{OFFSET}$', 1, 'i'), '') end""",
    """inbox_minutes(x) as case when x[1] in ('+', '-')
        then cast(x[1] || x[2:3] as integer) * 60
            + cast(x[1] || rpad(replace(x[4:], ':', ''), 2, '0') as integer)
        else 0 end""",
)


def make_macros(connection: duckdb.DuckDBPyConnection, zone: str) -> None:
    """Make the macros that the columns' SQL uses, for this connection only."""
    _note_offsets(connection, zone)
    zoned = (
        f"""inbox_instant(x) as case when year(x) between {FIRST_YEAR} and {LAST_YEAR}
            then coalesce(
                make_timestamp(
                    epoch_us(x) - getvariable('inbox_offsets')[1 + epoch_us(x) // {7 * DAY}]
                ),
                main.to_utc(x, {literal(zone)})
            ) end""",
        f"inbox_local(x) as timezone({literal(zone)}, x)",
        f"inbox_day(x) as cast(main.to_local(x, {literal(zone)}) as date)",
    )
    for macro in (*MACROS, *zoned):
        connection.execute(f"create or replace temp macro {macro}")


def _note_offsets(connection: duckdb.DuckDBPyConnection, zone: str) -> None:
    """Keep the offset of every week since 1970, NULL for one in or near which it changes.

    Asking ICU for the offset of each of five million times takes longer than all else.
    """
    connection.execute(
        f"""set variable inbox_offsets = (
            with days as (
                select day, epoch_us(day) - epoch_us(timezone({literal(zone)}, day)) as zone_offset
                from range(
                    timestamp '{FIRST_YEAR}-01-01',
                    timestamp '{LAST_YEAR + 1}-01-08',
                    interval 1 day
                ) as all_days (day)
            ),
            weeks as (
                select day, case when min(zone_offset) over near_by = max(zone_offset) over near_by
                    then zone_offset end as week_offset
                from days
                window near_by as (order by day rows between 1 preceding and 8 following)
            )
            select list(week_offset order by day) from weeks where epoch_us(day) % {7 * DAY} = 0
        )"""
    )


def text_of(field: Field) -> str:
    """Return the SQL of a field as trimmed text; nested values become JSON."""
    if field.sql_type == "VARCHAR":
        return f"inbox_text({field.sql})"
    if field.sql_type in FLOATS:
        return f"inbox_float_text({field.sql})"
    if field.sql_type.startswith(("STRUCT", "MAP")) or field.sql_type.endswith("]"):
        return f"cast(to_json({field.sql}) as varchar)"
    return f"cast({field.sql} as varchar)"


@dataclass(frozen=True)
class TypedColumn:
    """A column of the contract and the field of a file that fills it, if there is one.

    Its SQL goes in steps, each a column of the one before: ``g`` as given, ``l`` and ``o`` what
    the clock showed and its offset, ``v`` the value; the column's place follows the letter.
    """

    column: Column
    place: int
    field: Field | None

    @property
    def given(self) -> str:
        """Return the value as it came: text, or what Parquet has a fitting type for."""
        if self.field is None:
            return "cast(null as varchar)"
        return self.field.sql if self._is_native else text_of(self.field)

    @property
    def clock(self) -> tuple[str, ...]:
        """Return the steps between the text of a time and its value."""
        if self._is_native or self.column.kind not in ("time", "date"):
            return ()
        g = f"g{self.place}"
        return (
            f"inbox_clock({g}) as l{self.place}",
            f"inbox_offset({g}) as o{self.place}",
        )

    @property
    def value(self) -> str:
        """Return the value in the type of raw."""
        g = f"g{self.place}"
        match self.column.kind:
            case "time":
                return self._native_time(g) if self._is_native else self._written_time
            case "date":
                return self._native_date(g) if self._is_native else f"cast(l{self.place} as date)"
            case "money" | "number":
                return self._number(g)
            case "count":
                return f"inbox_count({self._number(g)})"
            case "day_of_year":
                return f"inbox_day_of_year({g})"
            case "flag":
                return g if self._is_native else f"inbox_flag({g})"
            case "currency":
                return f"upper({g})"
        return f"lower({g})" if self.column.allowed else g

    @property
    def _is_native(self) -> bool:
        native = NATIVE.get(self.column.kind, ())
        return self.field is not None and self.field.sql_type.startswith(native)

    @property
    def _is_instant(self) -> bool:
        return self.field is not None and self.field.sql_type.endswith("TIME ZONE")

    @property
    def _written_time(self) -> str:
        clock, offset = f"l{self.place}", f"o{self.place}"
        return f"""case when {offset} is null then inbox_instant({clock})
            else {clock} - to_minutes(inbox_minutes({offset})) end"""

    def _number(self, given: str) -> str:
        read = f"try_cast({given} as decimal(18, 4))"
        return read if self._is_native else f"inbox_number({given})"

    def _native_time(self, given: str) -> str:
        if self._is_instant:
            return f"timezone('UTC', {given})"
        return f"inbox_instant(cast({given} as timestamp))"

    def _native_date(self, given: str) -> str:
        return f"cast({f'inbox_local({given})' if self._is_instant else given} as date)"
