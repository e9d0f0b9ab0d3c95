"""What suites are made of: expectations that DuckDB computes, each under the statement it checks.

Suites import this module when they are built, because it brings in all of Great Expectations.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.row_conditions import Column

ADDRESS = r"""^[^@\s,;"<>]+@[^@\s,;"<>]+\.[^@\s,;"<>]+$"""


class ExpectNoRows(gxe.UnexpectedRowsExpectation):
    """Expect a query to find nothing. Unlike its parent it counts and fetches no row."""

    metric_dependencies = ("unexpected_rows_query.row_count",)

    def _validate(self, metrics: dict, *_: Any, **__: Any) -> dict:
        count = metrics["unexpected_rows_query.row_count"]
        return {"success": count == 0, "result": {"observed_value": _exceptions(count)}}


class ExpectNoNames(gxe.UnexpectedRowsExpectation):
    """Expect a query to find nothing, and name what it finds: its first column may be shown."""

    def _validate(self, metrics: dict, *_: Any, **__: Any) -> dict:
        count = metrics["unexpected_rows_query.row_count"]
        names = [str(next(iter(row.values()))) for row in metrics["unexpected_rows_query.table"]]
        return {
            "success": count == 0,
            "result": {"observed_value": _exceptions(count), "names": names},
        }


class ExpectNewestToBeRecent(gxe.ExpectColumnMaxToBeBetween):
    """Expect the newest time of a column to be recent, or the column to be empty."""

    def _validate(self, metrics: dict, *arguments: Any, **keywords: Any) -> dict:
        if metrics["column.max"] is None:
            return {"success": True, "result": {"observed_value": "none yet"}}
        return super()._validate(metrics, *arguments, **keywords)


def suite(name: str, expectations: Sequence[gxe.Expectation]) -> gx.ExpectationSuite:
    """Return a suite of ``expectations``; they block unless their severity is a warning."""
    return gx.ExpectationSuite(name=name, expectations=list(expectations))


def has_columns(names: Sequence[str]) -> gxe.ExpectTableColumnsToMatchSet:
    """Expect the table to have these columns, and perhaps others."""
    return gxe.ExpectTableColumnsToMatchSet(
        column_set=list(names),
        exact_match=False,
        description=f"the {len(names)} promised columns are there",
    )


def has_rows(at_least: int, at_most: int | None = None) -> gxe.ExpectTableRowCountToBeBetween:
    """Expect a number of rows."""
    exactly = at_least == at_most
    return gxe.ExpectTableRowCountToBeBetween(
        min_value=at_least,
        max_value=at_most,
        description=f"there are {'exactly' if exactly else 'at least'} {at_least} rows",
    )


def filled(column: str) -> gxe.ExpectColumnValuesToNotBeNull:
    """Expect a value in every row."""
    return gxe.ExpectColumnValuesToNotBeNull(column=column, description=f"{column} is filled")


def among(column: str, values: Sequence[str]) -> gxe.ExpectColumnValuesToBeInSet:
    """Expect every value to be one of ``values``."""
    return gxe.ExpectColumnValuesToBeInSet(
        column=column,
        value_set=list(values),
        description=f"{column} is one of {', '.join(values)}",
    )


def among_in_any_case(column: str, values: Sequence[str]) -> ExpectNoRows:
    """Expect every value, written in small letters, to be one of ``values``."""
    quoted = ", ".join(f"'{value}'" for value in values)
    return no_rows(
        f"{column} is one of {', '.join(values)}",
        f'select 1 as found from {{batch}} where lower(trim("{column}")) not in ({quoted})',
    )


def between(
    column: str, low: float | date, high: float | date | None = None
) -> gxe.ExpectColumnValuesToBeBetween:
    """Expect every value to lie in a range, its ends included."""
    described = f"{column} is {low} or more" if high is None else f"{column} is {low} to {high}"
    return gxe.ExpectColumnValuesToBeBetween(
        column=column,
        min_value=_instant(low),
        max_value=_instant(high),
        description=described,
    )


def newest_is_recent(
    column: str, *, as_of_date: date, stale_after_days: int, is_needed: bool = True
) -> gxe.ExpectColumnMaxToBeBetween:
    """Expect the newest time known on a day to be at most so many days old.

    A column that is not needed may be empty, and too old a one of it is a warning.

    Later ones are left out: they do not exist yet on that day, and one that a slip of the pen
    put into the far future must not hide that the others stopped.
    """
    expectation = gxe.ExpectColumnMaxToBeBetween if is_needed else ExpectNewestToBeRecent
    oldest = as_of_date - timedelta(days=stale_after_days)
    # The day is the shop's and raw times may be UTC, in which it ends up to half a day later.
    end = datetime.combine(as_of_date, time()) + timedelta(days=1, hours=12)
    return expectation(
        column=column,
        min_value=_instant(oldest),
        row_condition=Column(column) < end,
        description=f"the newest {column} is of {oldest} or later",
        severity=FailureSeverity.CRITICAL if is_needed else FailureSeverity.WARNING,
    )


def recent_somewhere(
    column: str, elsewhere: Sequence[str], *, as_of_date: date, stale_after_days: int
) -> ExpectNoRows:
    """Expect a time at most so many days old in the table or in one of those ``elsewhere``."""
    oldest = as_of_date - timedelta(days=stale_after_days)
    known = (
        f"\"{column}\" >= date '{oldest}' and \"{column}\" < date '{as_of_date}' + interval 36 hour"
    )
    others = " ".join(f"and not exists (from {table} where {known})" for table in elsewhere)
    return no_rows(
        f"a {column} of {oldest} or later is in one of the sources",
        f"""select 1 as found from (select count(*) filter ({known}) as found_here from {{batch}})
        where found_here = 0 {others}""",
    )


def no_rows(statement: str, query: str) -> ExpectNoRows:
    """Expect ``query`` over ``{batch}`` to find nothing. It neither joins nor names the batch."""
    return ExpectNoRows(unexpected_rows_query=query, description=statement)


def no_names(statement: str, query: str) -> ExpectNoNames:
    """Expect ``query`` to find nothing, and show the first column of what it finds."""
    return ExpectNoNames(unexpected_rows_query=query, description=statement)


def matches(column: str, pattern: str, meaning: str) -> ExpectNoRows:
    """Expect every value to match a regular expression as a whole."""
    quoted = pattern.replace("'", "''").replace("{", "{{").replace("}", "}}").replace(":", r"\:")
    return no_rows(
        f"{column} is {meaning}",
        f"select 1 as found from {{batch}} where not regexp_full_match(\"{column}\", '{quoted}')",
    )


def once(columns: Sequence[str], meaning: str) -> ExpectNoRows:
    """Expect no two rows to have the same values in ``columns``; empty ones are equal too."""
    names = ", ".join(f'"{name}"' for name in columns)
    return no_rows(
        f"{meaning} stands once (by {', '.join(columns)})",
        f"select 1 as found from {{batch}} group by {names} having count(*) > 1",
    )


def known(column: str, query: str, meaning: str) -> ExpectNoRows:
    """Expect every value to be one of those that ``query`` yields."""
    return no_rows(
        f"{column} is {meaning}",
        f'select 1 as found from {{batch}} where "{column}" is not null'
        f' and ("{column}" in ({query})) is not true',
    )


def _exceptions(count: int) -> str:
    return "1 exception" if count == 1 else f"{count} exceptions"


def _instant(value: float | date | None) -> float | datetime | None:
    return datetime.combine(value, time()) if isinstance(value, date) else value
