"""What every source of the inbox contract promises us once it is loaded, entity by entity."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pipeline.sources.catalogue import schema_of
from pipeline.sources.entity import Column, Entity

if TYPE_CHECKING:
    import great_expectations as gx
    import great_expectations.expectations as gxe

PROVENANCE = ("_extra", "_file_id", "_row_number", "_record_hash", "_loaded_at")
FIRST_TIME = date(1970, 1, 1)
LAST_TIME = date(2200, 1, 1)
NEWEST = {"orders": ("ordered_at", 1), "email_events": ("occurred_at", 3)}
"""By which column an entity shows that its files still arrive, and how much later it may."""
NEVER_EMPTY = ("orders",)
DAY_OF_YEAR = "(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"


@dataclass(frozen=True)
class Table:
    """A table of a source; ``elsewhere`` are those of other chosen sources for the same entity."""

    source: str
    entity: Entity
    elsewhere: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Return the table with its schema."""
        return f"{schema_of(self.source)}.{self.entity.name}"


def suite(
    table: Table, *, as_of_date: date, rows_before: int, stale_after_days: int
) -> "gx.ExpectationSuite":
    """Return what holds for ``table``; of an empty one only its schema.

    ``rows_before`` is what the table held after the run before: raw only grows.
    """
    from expectations import rules

    entity = table.entity
    is_needed = entity.name in NEVER_EMPTY and not table.elsewhere
    versions = (*entity.key, "_record_hash", *(["_row_number"] * entity.is_replaced_by_key))
    expectations: list[gxe.Expectation] = [
        rules.has_columns([*(column.name for column in entity.columns), *PROVENANCE]),
        rules.has_rows(max(rows_before, int(is_needed))),
        rules.once(versions, "a version of a record"),
        rules.known(
            "_file_id",
            f"select file_id from {schema_of(table.source)}.loaded_files "
            f"where entity = '{entity.name}'",
            "the number of a loaded file",
        ),
        *_filled(entity),
    ]
    for column in entity.columns:
        expectations.extend(_values(column))
    if entity.name in NEWEST:
        expectations.append(_newest(table, as_of_date, stale_after_days))
    return rules.suite(table.name, expectations)


def _newest(table: Table, as_of_date: date, stale_after_days: int) -> "gxe.Expectation":
    from expectations import rules

    column, factor = NEWEST[table.entity.name]
    days = stale_after_days * factor
    is_needed = table.entity.name in NEVER_EMPTY
    if is_needed and table.elsewhere:
        return rules.recent_somewhere(
            column, table.elsewhere, as_of_date=as_of_date, stale_after_days=days
        )
    return rules.newest_is_recent(
        column, as_of_date=as_of_date, stale_after_days=days, is_needed=is_needed
    )


def _filled(entity: Entity) -> Iterator["gxe.Expectation"]:
    from expectations import rules

    for name in entity.required:
        if name not in entity.one_of:
            yield rules.filled(name)
    if entity.one_of:
        yield rules.no_rows(
            f"{' or '.join(entity.one_of)} is filled",
            f"select 1 as found from {{batch}} where coalesce({', '.join(entity.one_of)}) is null",
        )


def _values(column: Column) -> Iterator["gxe.Expectation"]:
    from expectations import rules

    if column.allowed:
        yield rules.among_in_any_case(column.name, column.allowed)
    if column.within:
        yield rules.between(column.name, *column.within)
    elif column.kind in ("money", "number") and not column.is_negative_allowed:
        yield rules.between(column.name, 0)
    if column.kind == "count":
        yield rules.between(column.name, 1)
    if column.kind == "day_of_year":
        yield rules.matches(column.name, DAY_OF_YEAR, "a day of the year")
    if column.kind == "time":
        yield rules.between(column.name, FIRST_TIME, LAST_TIME)
