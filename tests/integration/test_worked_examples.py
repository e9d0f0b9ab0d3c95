"""docs/worked_examples.md, line by line: its queries, its arithmetic, the tables of the sample."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from pipeline.churn_model.simulation import DRAWS, STEPS
from tests.integration.arithmetic import worked_out
from tests.integration.shop import ROOT, Shop
from tests.integration.worked_document import (
    CUSTOMERS,
    DOCUMENT,
    QUERIES,
    SHOP_TABLES,
    TABLES,
    Table,
    is_shown,
    is_whole,
    numbers,
    of_customer,
    sections,
)

pytestmark = pytest.mark.sample

MARTS = ("customer_activity", "customer_rfm", "customer_churn")
# A fit may differ in its last digits between processors.
PLATFORM = 2e-6
# What formulas bring with them: days of a week and of the horizons, fifths, tenths, 80 %, places.
OF_FORMULAS = {"0", "1", "2", "3", "5", "7", "10", "90", "100", "365", "0.1", "0.9", "80"}


@pytest.fixture(scope="module")
def warehouse(sample: Shop) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(sample.var / "warehouse.duckdb"), read_only=True) as connection:
        yield connection


def choose(warehouse: duckdb.DuckDBPyConnection, account: str) -> None:
    (choice,) = re.findall(r"set variable customer = .*?;", DOCUMENT, re.DOTALL)
    warehouse.execute(re.sub(r"online_retail:\d+", f"online_retail:{account}", choice))


def answers(warehouse: duckdb.DuckDBPyConnection, table: Table) -> list[str]:
    """Where a table of the document is not what its query gives."""
    found = warehouse.execute(QUERIES[table.name])
    names = tuple(column[0] for column in found.description)
    rows = found.fetchall()
    where = f"{table.section}, {table.name}"
    if names != table.facts or len(rows) != len(table.rows):
        return [f"{where}: {names}, {len(rows)} rows"]
    return [
        f"{where}, {name}: {shown} is {value}"
        for place, name in enumerate(names)
        for shown, value in zip(table.column(name), (row[place] for row in rows), strict=True)
        if not is_shown(value, shown, PLATFORM)
    ]


def test_facts_and_figures_of_the_shop_are_what_the_queries_give(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    wrong = []
    for table in SHOP_TABLES:
        if table.name in QUERIES:
            wrong += answers(warehouse, table)
    for account in CUSTOMERS:
        choose(warehouse, account)
        for table in of_customer(account):
            if table.name in QUERIES:
                wrong += answers(warehouse, table)
    assert wrong == []


def test_no_table_is_without_a_check_and_no_query_without_a_table() -> None:
    assert len(CUSTOMERS) == 3
    assert {table.name for table in TABLES} == {*QUERIES, *MARTS, "steps", "shop_steps"}
    for account in CUSTOMERS:
        assert {*MARTS, "orders", "lifecycle"} <= {table.name for table in of_customer(account)}
    # Every table but that of contents has its name above it.
    heads = re.findall(r"^\|(?:---\|)+$", DOCUMENT, re.MULTILINE)
    assert len(heads) == len(TABLES) + 1


@pytest.mark.parametrize("account", CUSTOMERS)
@pytest.mark.parametrize("mart", MARTS)
def test_every_column_has_a_line_with_its_value(
    warehouse: duckdb.DuckDBPyConnection, account: str, mart: str
) -> None:
    choose(warehouse, account)
    found = warehouse.execute(f"from marts.{mart} where customer_id = getvariable('customer')")
    names = [column[0] for column in found.description]
    (row,) = found.fetchall()
    values = dict(zip(names, row, strict=True))
    (table,) = (table for table in of_customer(account) if table.name == mart)
    lines = dict(zip(table.column("figure"), table.column("value"), strict=True))
    assert list(lines) == list(values), "every column has a line, in the order of the table"
    assert {
        name: (shown, values[name])
        for name, shown in lines.items()
        if not is_shown(values[name], shown, PLATFORM)
    } == {}


@pytest.mark.parametrize("table", TABLES, ids=[f"{table.section} {table.name}" for table in TABLES])
def test_every_line_by_hand_comes_to_its_value(table: Table) -> None:
    wrong = []
    for written, shown in table.calculations():
        assert written, f"{table.name}: {shown} comes from nowhere"
        if table.name.endswith("steps"):
            assert written.startswith("`"), f"{written} is no arithmetic"
        if written.startswith("`"):
            result = worked_out(written.split("`")[1])
            # What comes out whole may stand for a number with digits, like 67.20 or 4.
            if isinstance(result, int) and not isinstance(result, bool):
                result = float(result)
            if not is_shown(result, shown) and not is_whole(result, shown):
                wrong.append(f"{written} is {result}, not {shown}")
    assert wrong == []


def known(shown: list[Table]) -> set[str]:
    """The numbers that stand in checked cells, and those that settings and formulas bring."""
    settings = (ROOT / "transforms" / "dbt_project.yml").read_text().split("\nvars:")[1]
    checked = [
        cell
        for table in [*SHOP_TABLES, *shown]
        for name in table.facts
        for cell in table.column(name)
    ]
    drawn = {str(DRAWS), str(STEPS), str(STEPS + 1)}
    return numbers("\n".join(checked)) | numbers(settings) | OF_FORMULAS | drawn


@pytest.mark.parametrize("account", CUSTOMERS)
def test_what_is_read_off_a_table_stands_in_it(account: str) -> None:
    its = {table.name: table for table in [*SHOP_TABLES, *of_customer(account)]}
    wrong = []
    for mart in MARTS:
        for written, shown in its[mart].calculations():
            named = re.match(r"\*(\w+)\*, (.*)", written)
            if not named or shown in ("true", "false"):
                continue
            table = its[named[1]]
            found = {cell for row in table.rows for cell in row}
            if named[2] == "rows":
                found = {str(len(table.rows))}
            elif named[1] == "mails":
                # What never happened has no row.
                found |= {"0"}
            if shown not in found:
                wrong.append(f"{written}: {shown}")
    assert wrong == []


@pytest.mark.parametrize("account", CUSTOMERS)
def test_segments_and_stages_are_those_of_the_scores(account: str) -> None:
    its = {table.name: table for table in [*SHOP_TABLES, *of_customer(account)]}
    values = {
        name: shown
        for table in (its["customer_rfm"], its["steps"])
        for name, shown in zip(table.column("figure"), table.column("value"), strict=True)
    }
    for figure, of, scores in (
        ("segment", "segments", ("r_score", "f_score")),
        ("stage", "stages", ("r_score", "f_score")),
        ("previous_segment", "segments", ("r_score_before", "f_score_before")),
    ):
        r, f = (int(values[score]) for score in scores)
        (found,) = (
            name
            for name, *limits in its[of].rows
            if int(limits[0]) <= r <= int(limits[1]) and int(limits[2]) <= f <= int(limits[3])
        )
        line = its["customer_rfm"].column("figure").index(figure)
        assert f"r {r}, f {f}" in its["customer_rfm"].rows[line][1]
        assert values[figure] == found


@pytest.mark.parametrize("account", CUSTOMERS)
def test_every_number_put_in_stands_in_a_table(account: str) -> None:
    its = of_customer(account)
    text = sections()[f"Customer {account}"]
    assert numbers(text) - known(its) - {account} == set()


def test_every_number_about_the_shop_stands_in_a_table() -> None:
    # Days of a month are those of the calendar.
    of_months = {"8", "22", "28", "29", "30", "31"}
    for name in ("The shop", "The queries"):
        text = re.sub(r"```.*?```", "", sections()[name], flags=re.DOTALL)
        assert numbers(text) - known([]) - of_months == set()


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("(2 × 58 + 729) ÷ (2 + 48)", 16.9),
        ("2^3 − −1", 9),
        ("√(1 ÷ 4) + ln(exp(2))", 2.5),
        ("2011-11-30 + 17", date(2011, 12, 17)),
        ("2011-12-09 − 2011-11-30", 9),
        ("up(34.6) − down(34.6) + round(2.5)", 4),
        ("mean(1, 2, 6) + squares(1, 2, 6)", 17),
        ("3 ≥ 3 and 1 > 2 or 0 < 1", True),
    ],
)
def test_arithmetic_is_worked_out(written: str, value: Any) -> None:
    expected = pytest.approx(value) if isinstance(value, float) else value
    assert worked_out(written) == expected


@pytest.mark.parametrize("written", ["x", "date(1)", "(1).real", "[1]", "1 if 2 else 3", "'a'"])
def test_nothing_but_arithmetic_is_worked_out(written: str) -> None:
    with pytest.raises(ValueError, match="no arithmetic"):
        worked_out(written)
