import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from expectations import raw_online_retail
from expectations.runner import Outcome, validate
from pipeline.warehouse import SAMPLE_TABLES, Warehouse

DATA = Path(__file__).parents[2] / "data"
AS_OF = date(2011, 12, 9)
TABLES = list(SAMPLE_TABLES)
FILES = {name: name for name in TABLES} | {"lines": "online_retail_ii"}

LINES = """
insert into raw_online_retail.lines values
    ('Year 2009-2010', '489434', '85048', 'LIGHTS', 12, '2009-12-01 07:45', 6.95, 13085, 'Japan'),
    ('Year 2010-2011', 'C536379', 'D', null, -1, '2011-12-09 12:50', 27.5, 14527, 'Japan'),
    ('Year 2010-2011', 'A563186', 'B', 'BAD DEBT', 1, '2011-08-12 14:51', -1106.2, null, 'Japan')
"""
CUSTOMERS = """
insert into raw_online_retail.simulated_customers values
    ('13085', 'customer-13085@example.com', 'ja', 'Japan', '2009-12-01 07:45'),
    ('14527', 'customer-14527@example.com', 'en', 'Japan', '2010-12-01 09:41')
"""
CONSENTS = """
insert into raw_online_retail.simulated_consents values
    ('13085', 'customer-13085@example.com', 'email', 'subscribed', '2009-12-01', 'simulated'),
    ('13085', 'customer-13085@example.com', 'email', 'unsubscribed', '2010-12-01', 'simulated')
"""
EVENTS = """
insert into raw_online_retail.simulated_email_events values
    ('e1', '13085', 'customer-13085@example.com', 'sent', '2009-12-17', 'n', 'm', null, null, null),
    ('e2', '13085', 'customer-13085@example.com', 'bounced', '2009-12-17', 'n', 'm', 'soft', null,
        null)
"""
FIRST = {
    "lines": "\"Invoice\" = '489434'",
    "simulated_customers": "customer_id = '13085'",
    "simulated_consents": "state = 'subscribed'",
    "simulated_email_events": "event_id = 'e1'",
}
IN_TIME = "is 2009-12-01 to 2011-12-10"
MADE_UP = "email is made up (customer-<number>@example.com)"
SIX_DIGITS = "Invoice is six digits, with a C or an A before them or without"
KNOWN = "customer_id is a simulated customer"

# Of each table: the column that is spoilt, with what, and the statements that no longer hold.
SPOILT = [
    ("lines", "Invoice", "null", ["Invoice is filled"]),
    ("lines", "Invoice", "'48943'", [SIX_DIGITS]),
    ("lines", "Invoice", "'4894345'", [SIX_DIGITS]),
    ("lines", "Invoice", "'B489434'", [SIX_DIGITS]),
    ("lines", "Invoice", "'489434 '", [SIX_DIGITS]),
    ("lines", "StockCode", "null", ["StockCode is filled"]),
    ("lines", "Quantity", "null", ["Quantity is filled"]),
    ("lines", "Quantity", "100001", ["Quantity is -100000 to 100000"]),
    ("lines", "Quantity", "-100001", ["Quantity is -100000 to 100000"]),
    ("lines", "Price", "null", ["Price is filled"]),
    ("lines", "Price", "100001", ["Price is -100000 to 100000"]),
    ("lines", "Price", "-1", ["Price is negative for bad debts only (an Invoice with an A)"]),
    ("lines", "InvoiceDate", "null", ["InvoiceDate is filled"]),
    ("lines", "InvoiceDate", "'2009-11-30'", [f"InvoiceDate {IN_TIME}"]),
    ("lines", "InvoiceDate", "'2011-12-11'", [f"InvoiceDate {IN_TIME}"]),
    ("lines", "Customer ID", "9999", ["Customer ID is 10000 to 99999"]),
    ("lines", "Country", "null", ["Country is filled"]),
    ("lines", "sheet", "null", ["sheet is filled"]),
    ("lines", "sheet", "'Sheet1'", ["sheet is one of Year 2009-2010, Year 2010-2011"]),
    ("simulated_customers", "customer_id", "null", ["customer_id is filled"]),
    ("simulated_customers", "customer_id", "'99'", ["customer_id is a customer of the orders"]),
    (
        "simulated_customers",
        "customer_id",
        "'14527'",
        ["a customer stands once (by customer_id)"],
    ),
    ("simulated_customers", "email", "null", ["email is filled"]),
    ("simulated_customers", "email", "'ann@example.org'", [MADE_UP]),
    (
        "simulated_customers",
        "email",
        "'customer-14527@example.com'",
        ["an address stands once (by email)"],
    ),
    ("simulated_customers", "language", "null", ["language is filled"]),
    ("simulated_customers", "language", "'english'", ["language is a language of two letters"]),
    ("simulated_customers", "registered_at", "null", ["registered_at is filled"]),
    ("simulated_customers", "registered_at", "'2000-01-01'", [f"registered_at {IN_TIME}"]),
    ("simulated_consents", "customer_id", "null", ["customer_id is filled"]),
    ("simulated_consents", "customer_id", "'99'", [KNOWN]),
    ("simulated_consents", "email", "null", ["email is filled"]),
    ("simulated_consents", "email", "'customer-1@example.org'", [MADE_UP]),
    ("simulated_consents", "channel", "null", ["channel is filled"]),
    ("simulated_consents", "channel", "'fax'", ["channel is one of email, sms, phone, ads"]),
    ("simulated_consents", "state", "null", ["state is filled"]),
    (
        "simulated_consents",
        "state",
        "'yes'",
        [
            "state is one of subscribed, soft_opt_in, unsubscribed, never, pending, objected,"
            " redacted"
        ],
    ),
    ("simulated_consents", "at", "null", ["at is filled"]),
    ("simulated_consents", "at", "'2012-01-01'", [f"at {IN_TIME}"]),
    ("simulated_consents", "source", "null", ["source is filled"]),
    ("simulated_consents", "source", "'shop'", ["source is one of simulated"]),
    ("simulated_email_events", "event_id", "null", ["event_id is filled"]),
    ("simulated_email_events", "event_id", "'e2'", ["an event stands once (by event_id)"]),
    ("simulated_email_events", "customer_id", "null", ["customer_id is filled"]),
    ("simulated_email_events", "customer_id", "'14528'", [KNOWN]),
    ("simulated_email_events", "email", "null", ["email is filled"]),
    ("simulated_email_events", "email", "'ann@example.com'", [MADE_UP]),
    ("simulated_email_events", "event", "null", ["event is filled"]),
    (
        "simulated_email_events",
        "event",
        "'lost'",
        ["event is one of sent, delivered, opened, clicked, bounced, unsubscribed, complained"],
    ),
    ("simulated_email_events", "bounce_type", "'firm'", ["bounce_type is one of hard, soft"]),
    ("simulated_email_events", "occurred_at", "null", ["occurred_at is filled"]),
    ("simulated_email_events", "occurred_at", "'2012-01-01'", [f"occurred_at {IN_TIME}"]),
]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with two or three sound rows of each table."""
    made = Warehouse(tmp_path_factory.mktemp("raw") / "warehouse.duckdb")
    made.prepare()
    with made.connect() as connection:
        for statement in (LINES, CUSTOMERS, CONSENTS, EVENTS):
            connection.execute(statement)
    return made.path


@pytest.fixture
def path(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(raw_online_retail, "LINE_COUNT", 3)
    return Path(shutil.copy(loaded, tmp_path))


def spoil(path: Path, statement: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement)


def check(path: Path, table: str, *, as_of: date = AS_OF, rows_before: int = 0) -> Outcome:
    suite = raw_online_retail.suite(
        table, as_of_date=as_of, rows_before=rows_before, stale_after_days=30
    )
    return validate(path, f"raw_online_retail.{table}", suite)


def test_the_shipped_sample_keeps_its_promises(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    warehouse.prepare()
    with warehouse.connect() as connection:
        for table, file in FILES.items():
            connection.execute(
                f"insert into raw_online_retail.{table} by name from read_parquet(?)",
                [str(DATA / f"{file}.parquet")],
            )

    outcomes = {table: check(warehouse.path, table) for table in TABLES}

    assert [failure for each in outcomes.values() for failure in each.failures] == []
    assert outcomes["lines"].figures["there are exactly 1067371 rows"] == 1_067_371


@pytest.mark.parametrize("table", TABLES)
def test_sound_rows_pass(path: Path, table: str) -> None:
    assert check(path, table).failures == ()


@pytest.mark.parametrize(("table", "column", "value", "statements"), SPOILT)
def test_one_bad_value_fails_and_names_its_column(
    path: Path, table: str, column: str, value: str, statements: list[str]
) -> None:
    spoil(path, f'update raw_online_retail.{table} set "{column}" = {value} where {FIRST[table]}')

    outcome = check(path, table)

    assert [failure.split(": ")[0] for failure in outcome.failures] == statements
    assert all(column in statement for statement in statements)
    assert "@example.com" not in "".join(outcome.failures).replace(MADE_UP, "")


@pytest.mark.parametrize("table", TABLES)
def test_every_expectation_has_its_bad_value_above(table: str) -> None:
    suite = raw_online_retail.suite(table, as_of_date=AS_OF, rows_before=0, stale_after_days=30)
    spoilt = {statement for case in SPOILT if case[0] == table for statement in case[3]}

    untested = {str(each.description) for each in suite.expectations} - spoilt
    others = ("there are", "the newest InvoiceDate", "the ", "a consent stands once")
    assert {each for each in untested if not each.startswith(others)} == set()


def test_a_consent_that_is_there_twice_fails(path: Path) -> None:
    spoil(
        path,
        "insert into raw_online_retail.simulated_consents"
        " from raw_online_retail.simulated_consents where state = 'subscribed'",
    )

    assert check(path, "simulated_consents").failures == (
        "a consent stands once (by customer_id, channel, state, at): found 1 exception",
    )


@pytest.mark.parametrize(
    "change", ["delete from {table} where {row}", "insert into {table} {copy}"]
)
def test_lines_are_exactly_as_many_as_shipped(path: Path, change: str) -> None:
    table, row = "raw_online_retail.lines", FIRST["lines"]
    spoil(path, change.format(table=table, row=row, copy=f"from {table} where {row}"))

    failures = check(path, "lines").failures
    assert [each.split(":")[0] for each in failures] == ["there are exactly 3 rows"]


@pytest.mark.parametrize("table", TABLES[1:])
def test_simulated_tables_neither_shrink_nor_are_empty(path: Path, table: str) -> None:
    assert check(path, table, rows_before=3).failures == ("there are at least 3 rows: found 2",)

    spoil(path, f"truncate raw_online_retail.{table}")
    assert check(path, table).failures == ("there are at least 1 rows: found 0",)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("lines", "Description"),
        ("simulated_customers", "country"),
        ("simulated_consents", "source"),
        ("simulated_email_events", "user_agent"),
    ],
)
def test_a_column_that_is_gone_fails_and_is_named(path: Path, table: str, column: str) -> None:
    spoil(path, f'alter table raw_online_retail.{table} drop column "{column}"')

    failure = check(path, table).failures[0]
    assert "promised columns are there" in failure
    assert failure.endswith(f"without {column}")


@pytest.mark.parametrize(
    ("as_of", "failures"),
    [
        (date(2012, 1, 8), ()),
        (
            date(2012, 1, 9),
            ("the newest InvoiceDate is of 2011-12-10 or later: found 2011-12-09 12:50:00",),
        ),
        (date(2009, 12, 31), ()),
        (
            date(2010, 1, 2),
            ("the newest InvoiceDate is of 2009-12-03 or later: found 2009-12-01 07:45:00",),
        ),
    ],
)
def test_lines_are_stale_by_what_was_known_on_the_day(
    path: Path, as_of: date, failures: tuple[str, ...]
) -> None:
    assert check(path, "lines", as_of=as_of).failures == failures


def test_the_promised_columns_are_those_of_the_warehouse(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        found = {
            table: tuple(connection.table(f"raw_online_retail.{table}").columns) for table in TABLES
        }

    assert found == raw_online_retail.COLUMNS
