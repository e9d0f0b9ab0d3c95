import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from expectations import contract
from expectations.contract import Table
from expectations.runner import Outcome, validate
from pipeline.sources.contract import ENTITIES, ENTITY_BY_NAME
from pipeline.warehouse import Warehouse

AS_OF = date(2026, 3, 31)
NAMES = [entity.name for entity in ENTITIES]

LOADED = """
insert into raw_files.loaded_files
select
    1 + row_number() over () as file_id, entity, entity || '/1.csv', '1.csv', 1, 1, 1, '', 2, 2, 0,
    0, timestamp '2026-03-31'
from (select unnest(?) as entity)
"""
TOLD = """
    select '{name}1' as id, 'o1' as order_id, timestamp '2026-01-15' as occurred_at, 5 as amount
    union all by name
    select '{name}2' as id, 'ann@example.org' as email, timestamp '2026-01-16' as occurred_at,
        timestamp '2026-01-17' as resolved_at, 1 as score"""
GOOD = {
    "orders": """
        select 'o1' as order_id, timestamp '2026-03-30 12:00' as ordered_at, 'c1' as customer_id,
            'paid' as status, 12.5 as total, 0 as discount, 0 as refunded, 'EUR' as currency
        union all by name
        select 'o1' as order_id, timestamp '2026-03-30 12:00' as ordered_at, 'c1' as customer_id,
            'Refunded' as status, 12.5 as total, 12.5 as refunded,
            timestamp '2026-03-31' as refunded_at, 'EUR' as currency""",
    "order_lines": """
        select 'o1' as order_id, 'p1' as product_id, 1 as quantity, 5 as unit_price, 0 as discount
        union all by name
        select 'o1' as order_id, 'p2' as product_id, 2 as quantity, 3.75 as unit_price""",
    "customers": """
        select 'c1' as customer_id, 'ann@example.org' as email, date '1950-01-01' as birth_date,
            timestamp '2020-01-01' as registered_at, 'subscribed' as email_consent
        union all by name
        select 'c2' as customer_id, 'bea@example.org' as email""",
    "consents": """
        select 'c1' as customer_id, 'email' as channel, 'subscribed' as state,
            timestamp '2020-01-01' as "at"
        union all by name
        select 'cid@example.org' as email, 'sms' as channel, 'never' as state,
            timestamp '2020-01-01' as "at\"""",
    "email_events": """
        select 'e1' as event_id, 'ann@example.org' as email, 'sent' as event,
            timestamp '2026-01-15' as occurred_at
        union all by name
        select 'e2' as event_id, 'c2' as customer_id, 'bounced' as event, 'hard' as bounce_type,
            timestamp '2026-01-16' as occurred_at""",
    "carts": """
        select 'k1' as cart_id, 'c1' as customer_id, timestamp '2026-01-15' as updated_at,
            'p1' as product_id, 1 as quantity, 5 as unit_price
        union all by name
        select 'k1' as cart_id, 'c1' as customer_id, timestamp '2026-01-15' as updated_at,
            'p2' as product_id""",
    "visits": """
        select 'v1' as visit_id, 'ann@example.org' as email, timestamp '2026-01-15' as occurred_at,
            'product' as page_type, 'p1' as product_id
        union all by name
        select 'v1' as visit_id, 'c1' as customer_id, timestamp '2026-01-15' as occurred_at""",
    "returns": TOLD.format(name="r"),
    "complaints": TOLD.format(name="k"),
    "answers": TOLD.format(name="a"),
    "products": """
        select 'p1' as product_id, 5 as price, -1.5 as margin, 30 as cycle_days,
            '11-15' as season_from, '02-29' as season_to
        union all by name
        select 'p2' as product_id""",
}
KEYS = {
    "orders": "a version of a record stands once (by order_id, _record_hash)",
    "order_lines": "a version of a record stands once (by order_id, _record_hash, _row_number)",
    "customers": "a version of a record stands once (by customer_id, _record_hash)",
    "consents": "a version of a record stands once"
    " (by customer_id, email, channel, state, at, _record_hash)",
    "email_events": "a version of a record stands once (by event_id, _record_hash)",
    "carts": "a version of a record stands once (by cart_id, _record_hash, _row_number)",
    "visits": "a version of a record stands once"
    " (by visit_id, occurred_at, page_type, product_id, _record_hash)",
    **dict.fromkeys(
        ("returns", "complaints", "answers"),
        "a version of a record stands once (by id, _record_hash)",
    ),
    "products": "a version of a record stands once (by product_id, _record_hash)",
}

# Of each entity: the column that is spoilt, with what, and the statement that no longer holds.
SPOILT = [
    ("orders", "order_id", "null", "order_id is filled"),
    ("orders", "ordered_at", "null", "ordered_at is filled"),
    ("orders", "status", "'lost'", "status is one of paid, pending, cancelled, refunded"),
    ("orders", "total", "-0.01", "total is 0 or more"),
    ("orders", "discount", "-1", "discount is 0 or more"),
    ("orders", "refunded", "-1", "refunded is 0 or more"),
    ("orders", "ordered_at", "'1969-12-31'", "ordered_at is 1970-01-01 to 2200-01-01"),
    ("orders", "refunded_at", "'1969-12-31'", "refunded_at is 1970-01-01 to 2200-01-01"),
    ("orders", "cancelled_at", "'2200-01-02'", "cancelled_at is 1970-01-01 to 2200-01-01"),
    ("orders", "updated_at", "'2200-01-02'", "updated_at is 1970-01-01 to 2200-01-01"),
    ("order_lines", "order_id", "null", "order_id is filled"),
    ("order_lines", "product_id", "null", "product_id is filled"),
    ("order_lines", "quantity", "null", "quantity is filled"),
    ("order_lines", "quantity", "-1", "quantity is 0 or more"),
    ("order_lines", "unit_price", "null", "unit_price is filled"),
    ("order_lines", "unit_price", "-1", "unit_price is 0 or more"),
    ("order_lines", "discount", "-1", "discount is 0 or more"),
    ("customers", "customer_id", "null", "customer_id is filled"),
    ("customers", "registered_at", "'1969-01-01'", "registered_at is 1970-01-01 to 2200-01-01"),
    ("customers", "updated_at", "'2200-01-02'", "updated_at is 1970-01-01 to 2200-01-01"),
    ("customers", "consent_at", "'1969-01-01'", "consent_at is 1970-01-01 to 2200-01-01"),
    ("customers", "email_consent", "'yes'", "email_consent is one of subscribed, soft_opt_in,"),
    ("consents", "customer_id", "null", "customer_id or email is filled"),
    ("consents", "channel", "null", "channel is filled"),
    ("consents", "channel", "'fax'", "channel is one of email, sms, phone, ads"),
    ("consents", "state", "null", "state is filled"),
    ("consents", "state", "'yes'", "state is one of subscribed, soft_opt_in,"),
    ("consents", "at", "null", "at is filled"),
    ("consents", "at", "'1969-01-01'", "at is 1970-01-01 to 2200-01-01"),
    ("email_events", "event_id", "null", "event_id is filled"),
    ("email_events", "email", "null", "email or customer_id is filled"),
    ("email_events", "event", "null", "event is filled"),
    ("email_events", "event", "'lost'", "event is one of sent, delivered, opened,"),
    ("email_events", "bounce_type", "'firm'", "bounce_type is one of hard, soft"),
    ("email_events", "occurred_at", "null", "occurred_at is filled"),
    ("email_events", "occurred_at", "'1969-01-01'", "occurred_at is 1970-01-01 to 2200-01-01"),
    ("carts", "cart_id", "null", "cart_id is filled"),
    ("carts", "customer_id", "null", "customer_id or email is filled"),
    ("carts", "updated_at", "null", "updated_at is filled"),
    ("carts", "updated_at", "'1969-01-01'", "updated_at is 1970-01-01 to 2200-01-01"),
    ("carts", "quantity", "-1", "quantity is 0 or more"),
    ("carts", "unit_price", "-1", "unit_price is 0 or more"),
    ("visits", "visit_id", "null", "visit_id is filled"),
    ("visits", "email", "null", "customer_id or email is filled"),
    ("visits", "occurred_at", "null", "occurred_at is filled"),
    ("visits", "occurred_at", "'2200-01-02'", "occurred_at is 1970-01-01 to 2200-01-01"),
    *(
        (name, *case)
        for name in ("returns", "complaints", "answers")
        for case in (
            ("id", "null", "id is filled"),
            ("order_id", "null", "order_id or customer_id or email is filled"),
            ("occurred_at", "null", "occurred_at is filled"),
            ("occurred_at", "'1969-01-01'", "occurred_at is 1970-01-01 to 2200-01-01"),
            ("resolved_at", "'1969-01-01'", "resolved_at is 1970-01-01 to 2200-01-01"),
            ("amount", "-1", "amount is 0 or more"),
            ("score", "5.5", "score is 1 to 5"),
        )
    ),
    ("products", "product_id", "null", "product_id is filled"),
    ("products", "price", "-1", "price is 0 or more"),
    ("products", "cycle_days", "0", "cycle_days is 1 or more"),
    ("products", "season_from", "'13-01'", "season_from is a day of the year"),
    ("products", "season_to", "'1 May'", "season_to is a day of the year"),
    *((name, "_file_id", "99", "_file_id is the number of a loaded file") for name in NAMES),
]
FOR_ALL = ("there are at least", "a version of a record stands once", "promised columns are there")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with two sound rows of each entity."""
    made = Warehouse(tmp_path_factory.mktemp("raw") / "warehouse.duckdb")
    made.prepare()
    with made.connect() as connection:
        connection.execute(LOADED, [NAMES])
        for name, rows in GOOD.items():
            connection.execute(
                f"""insert into raw_files.{name} by name
                select
                    *, (select file_id from raw_files.loaded_files where entity = '{name}')
                        as _file_id,
                    row_number() over () as _row_number,
                    cast(row_number() over () as hugeint) as _record_hash,
                    timestamp '2026-03-31 01:00' as _loaded_at,
                from ({rows})"""
            )
    return made.path


@pytest.fixture
def path(loaded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(loaded, tmp_path))


def spoil(path: Path, statement: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement)


def check(path: Path, name: str, *, rows_before: int = 0, as_of: date = AS_OF) -> Outcome:
    suite = contract.suite(
        Table("files", ENTITY_BY_NAME[name]),
        as_of_date=as_of,
        rows_before=rows_before,
        stale_after_days=30,
    )
    return validate(path, f"raw_files.{name}", suite)


@pytest.mark.parametrize("name", NAMES)
def test_sound_rows_pass(path: Path, name: str) -> None:
    outcome = check(path, name, rows_before=2)

    assert (outcome.passed, outcome.failures) == (True, ())
    assert outcome.figures["there are at least 2 rows"] == 2


@pytest.mark.parametrize(("name", "column", "value", "statement"), SPOILT)
def test_one_bad_value_fails_and_names_its_column(
    path: Path, name: str, column: str, value: str, statement: str
) -> None:
    spoil(path, f'update raw_files.{name} set "{column}" = {value} where _row_number = 1')

    outcome = check(path, name)

    assert [failure.startswith(statement) for failure in outcome.failures] == [True]
    assert column in outcome.failures[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_expectation_of_values_has_its_bad_value_above(name: str) -> None:
    suite = contract.suite(
        Table("files", ENTITY_BY_NAME[name]), as_of_date=AS_OF, rows_before=0, stale_after_days=30
    )
    spoilt = tuple(case[3] for case in SPOILT if case[0] == name)

    untested = [
        each.description
        for each in suite.expectations
        if not each.description.startswith((*spoilt, "the newest"))
        and not any(general in each.description for general in FOR_ALL)
    ]
    assert untested == []


@pytest.mark.parametrize("name", NAMES)
def test_a_record_that_is_there_twice_fails(path: Path, name: str) -> None:
    spoil(path, f"insert into raw_files.{name} from raw_files.{name} where _row_number = 2")

    assert check(path, name).failures == (f"{KEYS[name]}: found 1 exception",)


def test_equal_lines_of_one_file_are_no_duplicates(path: Path) -> None:
    spoil(path, "update raw_files.order_lines set _record_hash = 1")

    assert check(path, "order_lines").passed


def test_a_file_of_another_entity_is_no_provenance(path: Path) -> None:
    spoil(path, "update raw_files.loaded_files set entity = 'elsewhere' where entity = 'orders'")

    assert check(path, "orders").failures == (
        "_file_id is the number of a loaded file: found 2 exceptions",
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_table_that_shrank_fails(path: Path, name: str) -> None:
    assert check(path, name, rows_before=3).failures == ("there are at least 3 rows: found 2",)


@pytest.mark.parametrize("name", NAMES)
def test_a_column_that_is_gone_fails_and_is_named(path: Path, name: str) -> None:
    column = {"orders": "is_test", "order_lines": "category", "consents": "source"}
    gone = column.get(name, "_extra")
    spoil(path, f"alter table raw_files.{name} drop column {gone}")

    failures = check(path, name).failures
    assert [failure.endswith(f"without {gone}") for failure in failures] == [True]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "orders"])
def test_an_empty_table_passes(path: Path, name: str) -> None:
    spoil(path, f"truncate raw_files.{name}")

    assert check(path, name).passed


def test_orders_may_not_be_empty(path: Path) -> None:
    spoil(path, "truncate raw_files.orders")

    assert check(path, "orders").failures == (
        "there are at least 1 rows: found 0",
        "the newest ordered_at is of 2026-03-01 or later: found nothing",
    )


@pytest.mark.parametrize(
    ("name", "as_of", "failures"),
    [
        ("orders", date(2026, 4, 29), ()),
        (
            "orders",
            date(2026, 5, 1),
            ("the newest ordered_at is of 2026-04-01 or later: found 2026-03-30 12:00:00",),
        ),
        ("email_events", date(2026, 4, 16), ()),
        (
            "email_events",
            date(2026, 4, 17),
            ("the newest occurred_at is of 2026-01-17 or later: found 2026-01-16 00:00:00",),
        ),
        ("customers", date(2036, 1, 1), ()),
        ("consents", date(2036, 1, 1), ()),
    ],
)
def test_what_stopped_coming_is_stale_events_three_times_later_than_orders(
    path: Path, name: str, as_of: date, failures: tuple[str, ...]
) -> None:
    outcome = check(path, name, as_of=as_of)
    # Without orders every customer looks gone; without events nobody may be kept from leaving.
    assert (outcome.failures if name == "orders" else outcome.warnings) == failures
    assert outcome.passed == (name != "orders" or not failures)


@pytest.mark.parametrize(
    ("here", "elsewhere", "passes"),
    [
        ("2026-03-30", "2020-01-01", True),
        ("2020-01-01", "2026-03-30", True),
        ("2020-01-01", "2020-01-01", False),
        (None, "2026-03-30", True),
        (None, "2036-01-01", False),
    ],
)
def test_of_two_sources_with_orders_one_may_stop(
    path: Path, here: str | None, elsewhere: str, passes: bool
) -> None:
    spoil(path, f"update raw_files.orders set ordered_at = '{here or elsewhere}'")
    spoil(
        path,
        f"insert into raw_sql.orders select * replace (timestamp '{elsewhere}' as ordered_at) "
        "from raw_files.orders",
    )
    if here is None:
        spoil(path, "truncate raw_files.orders")
    suite = contract.suite(
        Table("files", ENTITY_BY_NAME["orders"], elsewhere=("raw_sql.orders",)),
        as_of_date=AS_OF,
        rows_before=0,
        stale_after_days=30,
    )

    assert validate(path, "raw_files.orders", suite).passed is passes


def test_no_address_stands_in_a_failure(path: Path) -> None:
    spoil(path, "update raw_files.customers set email_consent = email, customer_id = null")

    outcome = check(path, "customers")

    assert not outcome.passed
    assert "example.org" not in repr(outcome)
