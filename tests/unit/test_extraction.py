import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipeline.loading.extracted import Extract
from pipeline.loading.load import LoadReport, LoadStopped, Rules
from pipeline.sources.contract import ENTITY_BY_NAME
from pipeline.sources.extraction import (
    BEGINNING,
    Backfill,
    PagedSource,
    Stream,
    Window,
    backfill_window,
    next_window,
    parse_backfill,
)
from pipeline.sources.mapping import Mapping, mappings_of
from pipeline.warehouse import Warehouse

NOON = datetime(2026, 6, 1, 12)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STREAM = Stream("orders", overlap=HOUR, margin=timedelta(minutes=5))
READ = timedelta(minutes=5)

ORDERS = """-- stream: orders
with told as (select record from records)
select record ->> '$.id' as order_id, record ->> '$.placed' as ordered_at,
    record ->> '$.mail' as email, record ->> '$.amount' as total
from told
"""
LINES = """-- stream: orders
select record ->> '$.id' as order_id, line ->> '$.sku' as product_id,
    line ->> '$.pieces' as quantity, line ->> '$.price' as unit_price
from (select record, unnest(cast(record -> '$.lines' as json[])) as line from records)
"""
ENTITIES = ("orders", "order_lines")


@dataclass
class Vendor:
    """A shop with an API: it yields what changed in a window, two records a page."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)
    breaks_after: int | None = None

    def change(self, number: str, at: datetime, **values: Any) -> None:
        line = {"sku": "cup", "pieces": 2, "price": "4.95"}
        told = {"placed": "2026-05-01T10:00:00Z", "mail": f"{number}@example.com", "amount": "9.90"}
        self.records[number] = {"id": number, "at": at, "lines": [line, line], **told, **values}

    def pages(
        self, stream: str, since: datetime, until: datetime
    ) -> Iterator[list[dict[str, Any]]]:
        self.asked.append((since, until))
        found = [one for one in self.records.values() if since <= one["at"] < until]
        for place in range(0, len(found), 2):
            if self.breaks_after is not None and place >= self.breaks_after:
                raise ConnectionError("the shop has hung up")
            yield [{**one, "at": one["at"].isoformat()} for one in found[place : place + 2]]

    def problems(self) -> list[str]:
        return []


@dataclass
class Shop:
    """A vendor that runs read, and a look at what they make of it."""

    folder: Path
    vendor: Vendor = field(default_factory=Vendor)

    def __post_init__(self) -> None:
        self.warehouse = Warehouse(self.folder / "var" / "warehouse.duckdb")
        self.warehouse.prepare()
        mappings = self.folder / "mappings" / "shopify"
        mappings.mkdir(parents=True)
        (mappings / "orders.sql").write_text(ORDERS)
        (mappings / "order_lines.sql").write_text(LINES)

    def run(
        self,
        now: datetime = NOON,
        entities: Sequence[str] = ENTITIES,
        backfills: Sequence[Backfill] = (),
    ) -> list[LoadReport]:
        rules = Rules("Europe/Berlin", {"EUR": date.min}, max_share=0.05)
        source = _Source("shopify", (STREAM,), self.vendor, folder=self.folder / "mappings")
        extract = Extract(self.warehouse, source, rules, now, backfills)
        return [extract.load(ENTITY_BY_NAME[name]) for name in entities]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.warehouse.connect() as connection:
            return connection.execute(query).fetchall()

    @property
    def watermark(self) -> datetime | None:
        found = self.rows("select until from sync.watermarks where stream = 'orders'")
        return found[0][0] if found else None

    @property
    def landed(self) -> list[Path]:
        return sorted((self.folder / "var" / "landing" / "shopify" / "orders").iterdir())


@dataclass(frozen=True)
class _Source(PagedSource):
    folder: Path = Path()

    def mappings(self, entity: str) -> Sequence[Mapping]:
        return mappings_of(self.name, entity, self.folder)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_first_window_takes_all_there_is_but_what_is_being_written() -> None:
    assert next_window(STREAM, None, NOON) == Window(BEGINNING, NOON - READ)


def test_a_window_begins_before_the_last_one_ended() -> None:
    found = next_window(STREAM, NOON, NOON + DAY)
    assert found == Window(NOON - HOUR, NOON + DAY - READ)


def test_days_of_downtime_leave_no_gap() -> None:
    found = next_window(STREAM, NOON, NOON + 30 * DAY)
    assert found == Window(NOON - HOUR, NOON + 30 * DAY - READ)


@pytest.mark.parametrize("now", [NOON, NOON - 3 * DAY])
def test_a_clock_that_stands_or_goes_back_reads_nothing(now: datetime) -> None:
    assert next_window(STREAM, NOON, now) is None


def test_a_back_fill_is_of_the_shops_days_and_never_of_what_is_being_written() -> None:
    zone, days = ZoneInfo("Europe/Berlin"), Backfill("sql", date(2026, 3, 28), date(2026, 3, 29))
    whole = backfill_window(days, STREAM, zone, NOON)
    # Of the second of these nights an hour is missing.
    assert whole == Window(datetime(2026, 3, 27, 23), datetime(2026, 3, 29, 22), is_backfill=True)
    cut = backfill_window(days, STREAM, zone, datetime(2026, 3, 29, 12))
    assert cut == Window(whole.since, datetime(2026, 3, 29, 11, 55), is_backfill=True)
    assert backfill_window(days, STREAM, zone, datetime(2026, 3, 27)) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sql", "write SOURCE:FROM:TO"),
        ("sql:2026-01-01:soon", "write SOURCE:FROM:TO"),
        ("sql:2026-01-02:2026-01-01", "the first day comes before"),
        ("files:2026-01-01:2026-01-02", "name a source that is read by windows"),
    ],
)
def test_a_back_fill_that_cannot_be_is_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_backfill(text, ["sql"])
    assert parse_backfill("sql:2026-01-01:2026-01-01", ["sql"]).last == date(2026, 1, 1)


def test_records_become_those_of_each_entity(shop: Shop) -> None:
    shop.vendor.change("1", NOON - DAY)

    orders, lines = shop.run()

    assert (orders.rows_kept, lines.rows_kept) == (1, 2)
    assert shop.rows(
        "select order_id, ordered_at, email, total::double from raw_shopify.orders"
    ) == [("1", datetime(2026, 5, 1, 10), "1@example.com", 9.9)]
    assert shop.rows(
        "select quantity::int, _row_number from raw_shopify.order_lines order by 2"
    ) == [
        (2, 1),
        (2, 2),
    ]


def test_what_the_source_sent_is_kept_as_it_came(shop: Shop) -> None:
    shop.vendor.change("1", NOON - DAY, note="über")
    shop.run()

    (path,) = shop.landed
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        (record,) = [json.loads(line) for line in lines]
    assert record["note"] == "über"
    assert path.name == "00010101T000000_20260601T115500_20260601T120000.jsonl.gz"


def test_a_watermark_moves_when_all_that_read_the_stream_are_loaded(shop: Shop) -> None:
    shop.vendor.change("1", NOON - DAY)

    shop.run(entities=["orders"])
    assert shop.watermark is None
    shop.run()

    assert shop.watermark == NOON - READ
    assert shop.rows("select count(*) from raw_shopify.orders") == [(1,)]
    assert shop.rows("select count(*) from raw_shopify.order_lines") == [(2,)]


def test_an_empty_window_changes_nothing_but_the_watermark(shop: Shop) -> None:
    reports = shop.run()

    assert [report.files_read for report in reports] == [0, 0]
    assert shop.landed == []
    assert shop.watermark == NOON - READ


def test_a_page_that_fails_is_read_again_from_the_start_of_its_window(shop: Shop) -> None:
    for number in range(5):
        shop.vendor.change(str(number), NOON - DAY)
    shop.vendor.breaks_after = 2
    with pytest.raises(ConnectionError):
        shop.run()
    assert shop.watermark is None
    assert shop.rows("from raw_shopify.loaded_files") == []

    shop.vendor.breaks_after = None
    shop.run(NOON + HOUR)

    assert shop.rows("select count(*) from raw_shopify.orders") == [(5,)]
    # Nothing is left of the page that was there.
    assert len(shop.landed) == 1


def test_a_run_that_was_killed_after_landing_loses_and_doubles_nothing(shop: Shop) -> None:
    shop.vendor.change("1", NOON - DAY)
    shop.run(entities=["orders"])
    # Killed before the lines. By then the order has changed, and another has come.
    shop.vendor.change("1", NOON + HOUR, lines=[{"sku": "jug", "pieces": 1, "price": "1"}])
    shop.vendor.change("2", NOON + HOUR)

    shop.run(NOON + DAY)
    shop.run(NOON + 2 * DAY)

    lines = shop.rows("select order_id, product_id from raw_shopify.order_lines order by all")
    assert lines == [("1", "jug"), ("2", "cup"), ("2", "cup")]


def test_records_read_twice_are_kept_once(shop: Shop) -> None:
    shop.vendor.change("1", NOON - READ - timedelta(minutes=1))
    shop.run()

    orders, lines = shop.run(NOON + HOUR / 2)

    assert (orders.rows_kept, lines.rows_kept) == (0, 0)


def test_what_was_fetched_last_stands_even_in_a_back_fill(shop: Shop) -> None:
    shop.vendor.change("1", NOON - 40 * DAY)
    shop.run()
    shop.run(NOON + DAY)
    # The lines have changed and the order does not say so.
    line = {"sku": "jug", "pieces": 1, "price": "1"}
    shop.vendor.change("1", NOON - 40 * DAY, lines=[line])
    before = shop.watermark

    shop.run(NOON + DAY, backfills=[Backfill("shopify", date(2026, 4, 1), date(2026, 4, 30))])

    (newest,) = shop.rows(
        """select product_id from raw_shopify.order_lines inner join raw_shopify.loaded_files
        on _file_id = file_id qualify row_number() over (order by sort_key desc) = 1"""
    )
    assert newest == ("jug",)
    assert shop.watermark == before


def test_a_bad_record_is_in_quarantine_until_it_comes_again(shop: Shop) -> None:
    waiting = "select source, entity, reason from quarantine.unread_rows"
    shop.vendor.change("1", NOON - DAY, placed="yesterday")
    shop.run()
    assert shop.rows(waiting) == [("shopify", "orders", "ordered_at: unreadable time 'yesterday'")]

    shop.vendor.change("1", NOON + HOUR, placed="last week")
    shop.run(NOON + DAY)
    assert shop.rows(waiting) == [("shopify", "orders", "ordered_at: unreadable time 'last week'")]

    shop.vendor.change("1", NOON + DAY + HOUR)
    shop.run(NOON + 2 * DAY)
    assert shop.rows(waiting) == []


def test_too_many_bad_records_hold_the_watermark_until_they_are_mended(shop: Shop) -> None:
    for number in range(30):
        shop.vendor.change(str(number), NOON - DAY, placed="yesterday")
    with pytest.raises(LoadStopped, match="mend the records in shopify"):
        shop.run()
    assert shop.watermark is None

    for number in range(30):
        shop.vendor.change(str(number), NOON + HOUR)
    shop.run(NOON + DAY)

    assert shop.rows("select count(*) from raw_shopify.orders") == [(30,)]
    assert shop.rows("from quarantine.unread_rows") == []


def test_a_record_of_one_source_settles_none_of_another(shop: Shop) -> None:
    shop.vendor.change("1", NOON - DAY, placed="yesterday")
    shop.run()
    with shop.warehouse.connect() as connection:
        connection.execute("update quarantine.rows set source = 'woocommerce'")

    shop.vendor.change("1", NOON + HOUR)
    shop.run(NOON + DAY)

    assert shop.rows("select source from quarantine.unread_rows") == [("woocommerce",)]


def test_files_of_all_sources_are_numbered_in_one_row(shop: Shop) -> None:
    shop.vendor.change("1", NOON - DAY)
    with shop.warehouse.connect() as connection:
        connection.execute(
            """insert into raw_klaviyo.loaded_files
            values (7, 'consents', 'a', 'a', 1, 1, 1, 'x', 1, 1, 0, 0, now())"""
        )

    shop.run()

    assert shop.rows("select file_id from raw_shopify.loaded_files order by 1") == [(8,), (9,)]


def test_a_mapping_names_its_stream(tmp_path: Path) -> None:
    folder = tmp_path / "shopify"
    folder.mkdir()
    (folder / "consents.sql").write_text("-- stream: customers\nselect 1")
    (folder / "consents__checkout.sql").write_text("-- stream: orders\nselect 1;\n")
    (folder / "carts.sql").write_text("select 1")

    found = [(one.stream, one.note) for one in mappings_of("shopify", "consents", tmp_path)]

    assert found == [("customers", ""), ("orders", "checkout")]
    assert mappings_of("shopify", "visits", tmp_path) == ()
    with pytest.raises(ValueError, match="the first line has to be like '-- stream: orders'"):
        mappings_of("shopify", "carts", tmp_path)
