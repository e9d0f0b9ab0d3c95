import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from pipeline.loading.extracted import Extract
from pipeline.loading.load import LoadReport, Rules
from pipeline.sources import postgresql
from pipeline.sources.contract import ENTITY_BY_NAME
from pipeline.sources.extraction import BEGINNING, Backfill, SourceFailed, SourceRefused
from pipeline.sources.sql import SqlSource
from pipeline.warehouse import Warehouse
from tests.integration.shop import LAST_DAY, Shop
from tests.stand_ins import databases
from tests.stand_ins.databases import MySQLServer, PostgreSQLServer

pytestmark = pytest.mark.sources

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 1, 12)
ORDERS = """-- incremental: updated_at
-- overlap: 2 hours
select id as order_id, placed as ordered_at, mail as email, amount as total, updated_at
from shop_orders
"""
READ = "select order_id, ordered_at, email, total::double from raw_sql.orders order by all"
Server = PostgreSQLServer | MySQLServer


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgreSQLServer]:
    programs = databases.postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL's programs are not installed; .ci/run installs them")
    with databases.postgresql(programs) as server:
        yield server


@pytest.fixture(scope="module")
def maria() -> Iterator[MySQLServer]:
    if not databases.has_mysql():
        pytest.skip("MariaDB's programs are not installed; .ci/run installs them")
    with databases.mysql() as server:
        yield server


@pytest.fixture(params=["postgres", "maria"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    instant = "timestamptz" if found.scheme == "postgresql" else "timestamp null"
    clock = "timestamp" if found.scheme == "postgresql" else "datetime"
    found.execute(
        "drop table if exists shop_orders",
        f"create table shop_orders (id int, placed {clock}, mail varchar(99), "
        f"amount decimal(12, 2), updated_at {instant})",
    )
    return found


class Reading:
    """A database that runs read, each at its own time."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.queries = folder / "queries"
        self.queries.mkdir()
        self.warehouse = Warehouse(folder / "var" / "warehouse.duckdb")
        self.warehouse.prepare()
        self.write("orders", ORDERS)

    def write(self, entity: str, text: str) -> None:
        (self.queries / f"{entity}.sql").write_text(text)

    def source(self, user: str = "reader", timeout_seconds: int = 60) -> SqlSource:
        return SqlSource(SecretStr(self.server.url(user)), self.queries, BERLIN, timeout_seconds)

    def insert(self, *rows: tuple[object, ...]) -> None:
        is_postgres = self.server.scheme == "postgresql"
        for number, placed, mail, amount, updated in rows:
            zoned = (
                f"'{updated}+00'" if is_postgres else f"convert_tz('{updated}', '+00:00', 'SYSTEM')"
            )
            self.server.execute(
                f"insert into shop_orders values ({number}, '{placed}', '{mail}', {amount}, "
                f"{zoned if updated else 'null'})"
            )

    def run(
        self, now: datetime = NOON, entity: str = "orders", backfills: list[Backfill] | None = None
    ) -> LoadReport:
        rules = Rules("Europe/Berlin", {"EUR": date.min}, max_share=0.05)
        extract = Extract(self.warehouse, self.source(), rules, now, backfills or [])
        return extract.load(ENTITY_BY_NAME[entity])

    def rows(self, query: str = READ) -> list[tuple[Any, ...]]:
        with self.warehouse.connect() as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def reading(server: Server, tmp_path: Path) -> Reading:
    return Reading(server, tmp_path)


@pytest.fixture
def postgres_reading(postgres: PostgreSQLServer, tmp_path: Path) -> Reading:
    postgres.execute(
        "drop table if exists shop_orders",
        "create table shop_orders (id int, placed timestamp, mail text, amount numeric, "
        "updated_at timestamptz)",
    )
    return Reading(postgres, tmp_path)


def test_rows_come_with_times_of_the_shops_clock_and_of_any_zone(reading: Reading) -> None:
    reading.insert(
        (1, "2026-05-01 14:30", 'ann, "the" 1st@example.com', "49.90", "2026-05-01 12:31")
    )

    assert reading.run().rows_kept == 1

    # Half past two on the shop's clock is half past twelve in UTC.
    expected = ("1", datetime(2026, 5, 1, 12, 30), 'ann, "the" 1st@example.com', 49.9)
    assert reading.rows() == [expected]
    assert reading.rows("select updated_at from raw_sql.orders") == [
        (datetime(2026, 5, 1, 12, 31),)
    ]


def test_a_run_reads_what_has_changed_since_the_last_one(reading: Reading) -> None:
    reading.insert(
        (1, "2026-05-01 14:30", "a@example.com", 10, "2026-05-01 12:00"),
        (2, "2026-05-02 14:30", "b@example.com", 20, "2026-05-02 12:00"),
    )
    reading.run()
    # An order of long ago is changed, another one is new; nothing else is read again.
    reading.server.execute("delete from shop_orders where id = 1")
    reading.insert(
        (1, "2026-05-01 14:30", "a@example.com", 5, "2026-06-01 12:30"),
        (3, "2026-06-01 14:40", "c@example.com", 30, "2026-06-01 12:40"),
    )

    report = reading.run(NOON + timedelta(days=1))

    assert (report.rows_read, report.rows_kept) == (2, 2)
    assert [(row[0], row[3]) for row in reading.rows()] == [
        ("1", 5.0),
        ("1", 10.0),
        ("2", 20.0),
        ("3", 30.0),
    ]


def test_a_row_that_appears_late_is_found_within_the_overlap(reading: Reading) -> None:
    reading.run()
    reading.insert(
        (1, "2026-06-01 12:00", "a@example.com", 1, "2026-06-01 10:30"),
        (2, "2026-06-01 12:00", "b@example.com", 1, "2026-06-01 09:30"),
    )

    reading.run(NOON + timedelta(days=1))

    assert [row[0] for row in reading.rows()] == ["1"]


def test_a_row_without_the_time_is_read_each_time_and_kept_once(reading: Reading) -> None:
    reading.insert((1, "2026-05-01 14:30", "a@example.com", 10, None))

    kept = [reading.run(NOON + timedelta(days=days)).rows_kept for days in range(3)]

    assert kept == [1, 0, 0]
    assert len(reading.rows()) == 1


def test_a_time_that_a_clock_shows_twice_is_not_lost(reading: Reading) -> None:
    reading.write("orders", ORDERS.replace("2 hours", "0 minutes").replace("updated_at", "placed"))
    # The shop's clocks go back at one in UTC: the last run saw five to three for the first time.
    reading.run(datetime(2026, 10, 25, 0, 55))
    reading.insert((1, "2026-10-25 02:05", "a@example.com", 1, "2026-10-25 01:05"))
    reading.run(datetime(2026, 10, 25, 1, 15))
    reading.run(datetime(2026, 10, 25, 2, 15))

    assert [row[0] for row in reading.rows()] == ["1"]


def test_a_query_without_a_time_is_read_whole_and_costs_nothing_while_it_rests(
    reading: Reading,
) -> None:
    reading.write(
        "orders", "select id as order_id, placed as ordered_at from shop_orders order by id"
    )
    reading.insert((1, "2026-05-01 14:30", "", 10, None), (2, "2026-05-01 14:30", "", 10, None))

    reports = [reading.run(NOON + timedelta(days=days)) for days in range(3)]

    assert [report.files_read for report in reports] == [1, 0, 0]
    assert len(list((reading.warehouse.path.parent / "landing").rglob("*.parquet"))) == 1


def test_days_that_are_asked_for_are_read_again_and_move_no_watermark(reading: Reading) -> None:
    reading.run()
    reading.insert(
        (1, "2026-03-01 14:30", "a@example.com", 1, "2026-03-01 22:59"),
        (2, "2026-03-01 14:30", "b@example.com", 1, "2026-03-01 23:01"),
    )
    watermark = "select until from sync.watermarks"
    before = reading.rows(watermark)

    reading.run(backfills=[Backfill("sql", date(2026, 3, 1), date(2026, 3, 1))])

    # The day ends at the shop's midnight.
    assert [row[0] for row in reading.rows()] == ["1"]
    assert reading.rows(watermark) == before


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select id as order_id, no_such as ordered_at from shop_orders", "no_such"),
        ("select id as order_id from shop_orders", "orders need the column ordered_at"),
        ("select * from no_such_table", "no_such_table"),
        (ORDERS.replace("incremental: updated_at", "incremental: total"), "dates or times"),
        (ORDERS.replace("2 hours", "some time"), "like 2 days or 12 hours"),
        ("delete from shop_orders", "orders.sql: "),
    ],
)
def test_a_query_that_does_not_fit_is_named_with_what_to_do(
    reading: Reading, query: str, said: str
) -> None:
    reading.write("orders", query)

    with pytest.raises(SourceRefused) as refused:
        reading.run()

    assert str(refused.value).startswith("orders.sql: ")
    assert said in str(refused.value)
    assert "geheim" not in str(refused.value)
    assert [str(refused.value)] == reading.source().problems()


def test_a_table_that_may_not_be_read_is_named(reading: Reading) -> None:
    if reading.server.scheme == "postgresql":
        reading.server.execute("revoke select on shop_orders from reader")
    else:
        reading.server.execute(
            "create database if not exists other", "create table if not exists other.t (a int)"
        )
        reading.write("orders", "select a as order_id, a as ordered_at from other.t")

    (problem,) = reading.source().problems()

    assert problem.startswith("orders.sql: the database says: ")
    assert "denied" in problem


def test_nothing_can_be_written_whoever_the_user_is(postgres_reading: Reading) -> None:
    postgres_reading.server.execute(
        "create or replace function spoil() returns text language sql as "
        "$$ delete from shop_orders returning 'gone' $$"
    )
    postgres_reading.insert((1, "2026-05-01 14:30", "", 10, "2026-05-01 12:00"))
    postgres_reading.write(
        "orders", "select spoil() as order_id, now() as ordered_at from shop_orders"
    )
    rules = Rules("Europe/Berlin", {"EUR": date.min}, max_share=0.05)
    owner = postgres_reading.source("shop")

    with pytest.raises(SourceRefused, match="read-only transaction"):
        Extract(postgres_reading.warehouse, owner, rules, NOON).load(ENTITY_BY_NAME["orders"])


def test_a_wrong_password_and_a_server_that_is_down_are_one_sentence(reading: Reading) -> None:
    wrong = SqlSource(
        SecretStr(reading.server.url("reader", "falsch")), reading.queries, BERLIN, 60
    )
    port = str(reading.server.port)
    gone = SqlSource(
        SecretStr(reading.server.url().replace(port, "1")), reading.queries, BERLIN, 60
    )

    for source in (wrong, gone):
        (problem,) = source.problems()
        assert "falsch" not in problem
        assert "geheim" not in problem


def test_a_query_that_takes_too_long_is_given_up(postgres_reading: Reading) -> None:
    postgres_reading.write("orders", "select pg_sleep(9)::text as order_id, now() as ordered_at")
    source = postgres_reading.source(timeout_seconds=1)

    with pytest.raises(SourceRefused, match="took too long"):
        source.write("orders", BEGINNING, NOON, postgres_reading.queries / "x.parquet")


def many_orders(server: PostgreSQLServer, count: int) -> None:
    server.execute(
        "truncate shop_orders",
        "insert into shop_orders select n, '2026-01-01', "
        "'person' || n || '@' || repeat('x', 200) || '.example.com', n, "
        f"'2026-01-01+00' from generate_series(1, {count}) n",
    )


def test_many_rows_are_streamed(postgres_reading: Reading, tmp_path: Path) -> None:
    many_orders(postgres_reading.server, 300_000)
    target, source = tmp_path / "all.parquet", postgres_reading.source()
    source.write("orders", BEGINNING, datetime(2025, 1, 1), target)
    before = psutil.Process().memory_info().rss
    highest: list[int] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.01):
            highest.append(psutil.Process().memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        count = source.write("orders", BEGINNING, NOON, target)
    finally:
        stop.set()
        watching.join()

    assert count == pq.read_metadata(target).num_rows == 300_000
    # As Python's own rows they would be some 150 MB.
    assert max(highest) - before < 80 * 2**20


def test_a_connection_that_is_lost_half_way_loses_nothing_and_doubles_nothing(
    postgres_reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_orders(postgres_reading.server, 300_000)
    batches = postgresql.PostgreSQL.batches

    def interrupted(self: postgresql.PostgreSQL, *arguments: Any) -> Iterator[Any]:
        for number, batch in enumerate(batches(self, *arguments)):
            if number == 3:
                assert postgres_reading.server.cut_off() == 1
            yield batch

    monkeypatch.setattr(postgresql.PostgreSQL, "batches", interrupted)
    with pytest.raises(SourceFailed):
        postgres_reading.run()
    monkeypatch.undo()

    assert postgres_reading.rows("select count(*) from raw_sql.orders") == [(0,)]
    assert postgres_reading.rows("from sync.watermarks") == []
    assert postgres_reading.run().rows_kept == 300_000
    assert [
        path.suffix for path in (postgres_reading.warehouse.path.parent / "landing").rglob("*.p*")
    ] == [".parquet"]


def test_a_whole_run_reads_a_database_beside_files(postgres: PostgreSQLServer, shop: Shop) -> None:
    postgres.execute(
        "drop table if exists shop_orders",
        "create table shop_orders (id text, placed timestamptz, mail text, amount numeric, "
        "updated_at timestamptz)",
        *(
            f"insert into shop_orders values ('1-1', '{LAST_DAY}', 'person{n}@example.com', 7, "
            f"'{LAST_DAY}')"
            for n in range(1)
        ),
    )
    queries = shop.folder / "queries"
    queries.mkdir()
    (queries / "orders.sql").write_text(ORDERS)
    shop.settings = {
        "WINBACK_SOURCES": "files,sql",
        "WINBACK_SQL_URL": postgres.url(),
        "WINBACK_SQL_QUERIES": str(queries),
    }

    said = shop.daily()

    assert "geheim" not in said
    # The same number as one of the files' orders: another order, of the same person by address.
    assert shop.rows(
        "select source, count(*) from intermediate.int_orders_unioned "
        "where order_id = '1-1' group by source order by source"
    ) == [("files", 1), ("sql", 1)]
    assert "sql: can be read" in shop.run("doctor").stdout
    assert shop.rows("select count(*) from sync.watermarks where stream = 'orders'") == [(1,)]
    for path in shop.var.rglob("*"):
        assert not path.is_file() or b"geheim" not in path.read_bytes(), path
