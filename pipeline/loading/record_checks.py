"""The SQL that says, record by record, what a file brought and what is wrong with it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from pipeline.loading.typed_columns import FIRST_YEAR, LAST_YEAR, TypedColumn, text_of
from pipeline.sources.entity import Entity
from pipeline.sources.records import Field, Records
from pipeline.sql import literal

FIRST_BIRTH_YEAR = 1900
SHOWN_CHARACTERS = 60
UNREADABLE = {
    "money": "unreadable number",
    "number": "unreadable number",
    "count": "no whole number",
    "flag": "unreadable flag",
    "day_of_year": "no day of the year like 03-01",
}
"""What is wrong with a value that cannot be read, by kind of column."""
LARGEST_COUNT = 36_500
"""The longest count of days that makes sense: a hundred years."""
IMPLAUSIBLE = 10**11
"""Money and pieces from here on are slips, and their sums would not fit the tables."""


def missing_columns(entity: Entity, names: Iterable[str]) -> str:
    """Return what keeps a file with these columns from being read, "" if nothing does."""
    given = set(names)
    missing = [name for name in entity.required if name not in given]
    if missing:
        return f"the required column {missing[0]} is missing" + (
            f" (and {', '.join(missing[1:])})" if missing[1:] else ""
        )
    if entity.one_of and not given.intersection(entity.one_of):
        return f"one of the columns {', '.join(entity.one_of)} has to be there"
    return ""


def checked(entity: Entity, records: Records, file_id: int, first_rates: Mapping[str, date]) -> str:
    """Return a query for the records with typed columns, hash, and what is wrong with bad ones.

    ``_problem`` has no value of the record in it, ``_reason`` may have one, ``_payload`` has all.
    """
    columns = [
        TypedColumn(column, place, records.columns.get(column.name))
        for place, column in enumerate(entity.columns)
    ]
    names = [column.name for column in entity.columns]
    extra = {name: field for name, field in records.columns.items() if name not in names}
    given = [f"{column.given} as g{column.place}" for column in columns]
    clocks = [step for column in columns for step in column.clock]
    values = [f"{column.value} as v{column.place}" for column in columns]
    named = [f'v{place} as "{name}"' for place, name in enumerate(names)]
    return f"""
        with given as (select *, {", ".join(given)} from {records.relation}),
        clocked as ({", ".join(["select *", *clocks])} from given),
        typed as (select *, {", ".join(values)}, nullif({_json(extra)}, '{{}}') as extra
            from clocked),
        judged as (select *, coalesce(fault, {_problem(entity, columns, first_rates)}) as problem
            from typed)
        select {", ".join(named)}, cast(extra as json) as _extra, {file_id} as _file_id,
            row_number as _row_number, {_hash(columns)} as _record_hash, problem as _problem,
            problem || {_shown_value(columns)} as _reason,
            case when problem is not null then coalesce(line, {_json(records.columns)}) end
                as _payload
        from judged"""


def _problem(
    entity: Entity, columns: Sequence[TypedColumn], first_rates: Mapping[str, date]
) -> str:
    known = ", ".join(literal(currency) for currency in sorted(first_rates))
    conditions = [
        (condition, f"{column.column.name}: {what}")
        for column in columns
        for condition, what in _conditions(column, known)
    ]
    conditions += _conditions_together(entity, columns, first_rates)
    cases = "\n".join(f"when {condition} then {literal(what)}" for condition, what in conditions)
    return f"case {cases} end"


def _conditions(column: TypedColumn, currencies: str) -> Iterator[tuple[str, str]]:
    """Yield what a value of the column may not be, as SQL and in words."""
    given, value, kind = f"g{column.place}", f"v{column.place}", column.column.kind
    if column.column.is_required:
        yield f"{given} is null", "missing"
    if kind in ("time", "date"):
        first = FIRST_YEAR if kind == "time" else FIRST_BIRTH_YEAR
        is_readable = f"coalesce(year({value}) between {first} and {LAST_YEAR}, false)"
        yield f"{given} is not null and not {is_readable}", f"unreadable {kind}"
    if kind in UNREADABLE:
        yield f"{given} is not null and {value} is null", UNREADABLE[kind]
    yield from _ranges(column)
    if kind == "currency":
        yield f"{value} not in ({currencies})", "unknown currency"
    if column.column.allowed:
        allowed = ", ".join(literal(value) for value in column.column.allowed)
        yield f"{value} not in ({allowed})", "unknown value"


def _ranges(column: TypedColumn) -> Iterator[tuple[str, str]]:
    """Yield where a number of the column may not lie, as SQL and in words."""
    value, kind = f"v{column.place}", column.column.kind
    within = (1, LARGEST_COUNT) if kind == "count" else column.column.within
    if kind in ("money", "number"):
        yield f"abs({value}) >= {IMPLAUSIBLE}", "implausible number"
    if within:
        yield (
            f"{value} not between {within[0]} and {within[1]}",
            f"not from {within[0]} to {within[1]}",
        )
    elif kind in ("money", "number") and not column.column.is_negative_allowed:
        yield f"{value} < 0", "negative number"


def _conditions_together(
    entity: Entity, columns: Sequence[TypedColumn], first_rates: Mapping[str, date]
) -> Iterator[tuple[str, str]]:
    """Yield what several columns may not be together, as SQL and in words."""
    place = {column.column.name: column.place for column in columns}
    if entity.one_of:
        names = " or ".join(entity.one_of)
        given = [f"g{place[name]}" for name in entity.one_of]
        yield f"coalesce({', '.join(given)}) is null", f"{names}: missing"
        # A word of somebody whom nobody can find is kept where it is seen and can be mended.
        usable = [
            f"main.email_address(g{place[name]})" if name == "email" else f"g{place[name]}"
            for name in entity.one_of
        ]
        yield f"coalesce({', '.join(usable)}) is null", f"{names}: no address"
    if entity.together:
        filled = " + ".join(
            f"cast(g{place[name]} is not null as integer)" for name in entity.together
        )
        names = " and ".join(entity.together)
        yield f"{filled} not in (0, {len(entity.together)})", f"{names}: one without the other"
    if {"currency", "ordered_at"} <= place.keys():
        for currency, day in sorted(first_rates.items()):
            is_it = f"v{place['currency']} = {literal(currency)}"
            is_before = f"inbox_day(v{place['ordered_at']}) < date '{day:%Y-%m-%d}'"
            if day > date.min:
                yield f"{is_it} and {is_before}", "currency: no exchange rate for its day"
    if {"quantity", "unit_price"} <= place.keys():
        total = f"cast(v{place['quantity']} as double) * v{place['unit_price']}"
        yield f"abs({total}) >= {IMPLAUSIBLE}", "quantity: implausible with this unit_price"


def _shown_value(columns: Sequence[TypedColumn]) -> str:
    """Return the SQL of the value that the problem is with, where it may be shown."""
    values = " ".join(
        f"when {literal(column.column.name)} then cast(g{column.place} as varchar)"
        for column in columns
        if not column.column.is_personal
    )
    value = f"case split_part(problem, ':', 1) {values} end"
    return f"coalesce(' ''' || left({value}, {SHOWN_CHARACTERS}) || '''', '')"


def _json(columns: Mapping[str, Field]) -> str:
    """Return the SQL of a JSON object of all filled columns, in the order of their names."""
    items = ", ".join(
        f"{literal(json.dumps(name, ensure_ascii=False) + ': ')}"
        f" || cast(to_json({text_of(field)}) as varchar)"
        for name, field in sorted(columns.items())
    )
    return f"'{{' || concat_ws(', ', {items or 'null'}) || '}}'"


def _hash(columns: Sequence[TypedColumn]) -> str:
    """Return the SQL of what tells versions of a record apart.

    Text goes with its length before it, so no two records are written the same way; there is no
    empty text, so NULL is the only value written as nothing.
    """
    parts = []
    for column in columns:
        value = f"v{column.place}"
        is_text = column.column.sql_type == "varchar"
        parts.append(f"strlen({value}), ':', {value}" if is_text else f"{value}, ';'")
    return f"cast(md5_number(concat({', '.join(parts)}, extra)) >> 1 as hugeint)"
