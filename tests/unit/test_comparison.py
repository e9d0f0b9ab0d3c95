"""Two small made files compared, and what a warehouse was given after the day of one of them."""

import sqlite3
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from pipeline import run_lock
from pipeline.comparison.files import ComparisonError
from pipeline.comparison.screen import compare
from pipeline.resources import LOCK_NAME
from pipeline.settings import Settings
from pipeline.warehouse import Warehouse

MARTS = """
    create schema marts;
    create table marts.customer_activity (customer_id varchar, purchase_count integer,
        revenue decimal(18, 2), is_vip boolean, as_of_date date);
    create table marts.customer_churn (customer_id varchar, lifecycle varchar,
        predicted_value_365d double, as_of_date date);
    create table marts.customer_rfm (customer_id varchar, segment varchar, as_of_date date);
    create table marts.customer_lifecycle (customer_id varchar, lifecycle varchar,
        valid_from date, valid_to date, as_of_date date);
    create table marts.segment_members (customer_id varchar, segment varchar, as_of_date date);
    create table marts.retention_monthly (month date, customers_at_start bigint, kept bigint,
        retention_rate double, as_of_date date);
"""
JUNE, AUGUST = date(2026, 6, 30), date(2026, 8, 31)
NEVER: tuple[object, ...] = (0, 0, False, None, None, None)

# purchases, revenue, VIP, lifecycle, RFM segment, predicted value
PEOPLE_OF_JUNE: dict[str, tuple[object, ...]] = {
    "c1": (3, 300, True, "active", "champions", 100),
    "c2": (1, 50, False, "new", "new", 10.5),
    "c3": (2, 80, False, "dormant", "at_risk", 0),
    "c4": NEVER,
    "c5": (1, 1000.5, False, "lost", "lost", 0),
}
PEOPLE_OF_AUGUST: dict[str, tuple[object, ...]] = {
    "c1": (3, 250, False, "slipping", "at_risk", 40),
    "c2": (2, 90, True, "active", "loyal", 60),
    "c3": (2, 80, False, "dormant", "at_risk", 0),
    "c4": (1, 20, False, "new", "new", 5),
    "c6": NEVER,
}


def made(
    path: Path,
    day: date,
    people: dict[str, tuple[object, ...]],
    *,
    segments: dict[str, Sequence[str]] | None = None,
    months: Sequence[tuple[date, int, int]] = (),
    spans: Sequence[tuple[str, str, date, date | None]] = (),
) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute(MARTS)
        for customer, (purchases, revenue, vip, lifecycle, segment, value) in people.items():
            connection.execute(
                "insert into marts.customer_activity values (?, ?, ?, ?, ?)",
                [customer, purchases, revenue, vip, day],
            )
            if lifecycle:
                connection.execute(
                    "insert into marts.customer_churn values (?, ?, ?, ?)",
                    [customer, lifecycle, value, day],
                )
                connection.execute(
                    "insert into marts.customer_rfm values (?, ?, ?)", [customer, segment, day]
                )
        for name, members in (segments or {}).items():
            for member in members:
                connection.execute(
                    "insert into marts.segment_members values (?, ?, ?)", [member, name, day]
                )
        for month, started, kept in months:
            connection.execute(
                "insert into marts.retention_monthly values (?, ?, ?, ?, ?)",
                [month, started, kept, 100 * kept / started, day],
            )
        for span in spans:
            connection.execute(
                "insert into marts.customer_lifecycle values (?, ?, ?, ?, ?)", [*span, day]
            )
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        sources="files",
        inbox=tmp_path / "inbox",
        var=tmp_path / "var",
        timezone="Europe/Berlin",
        currency="EUR",
    )


@pytest.fixture
def june(tmp_path: Path) -> Path:
    return made(
        tmp_path / "june.duckdb",
        JUNE,
        PEOPLE_OF_JUNE,
        segments={"dormant": ["c3"], "vip": ["c1"]},
        months=[(date(2026, 4, 1), 4, 3), (date(2026, 5, 1), 4, 4)],
    )


@pytest.fixture
def august(tmp_path: Path) -> Path:
    return made(
        tmp_path / "august.duckdb",
        AUGUST,
        PEOPLE_OF_AUGUST,
        segments={"dormant": ["c3"], "vip": ["c2"], "new": ["c4"]},
        months=[(date(2026, 4, 1), 4, 3), (date(2026, 5, 1), 4, 2), (date(2026, 6, 1), 5, 5)],
        # c1 is told as due on the day on which the run of June took him for active.
        spans=[
            ("c1", "active", date(2026, 1, 1), date(2026, 6, 30)),
            ("c1", "due", date(2026, 6, 30), date(2026, 7, 20)),
            ("c1", "slipping", date(2026, 7, 20), None),
            ("c2", "new", date(2026, 6, 1), date(2026, 7, 1)),
            ("c2", "active", date(2026, 7, 1), None),
            ("c3", "dormant", date(2026, 6, 1), None),
            ("c4", "new", date(2026, 7, 1), None),
            ("c5", "lost", date(2026, 1, 1), date(2026, 8, 1)),
        ],
    )


def words(text: str, *starts: str) -> list[list[str]]:
    """The words of the lines that begin with ``starts``."""
    found = [line.strip() for line in text.splitlines()]
    return [line.split() for start in starts for line in found if line.startswith(start)]


def test_people_sums_and_states_are_put_side_by_side(
    settings: Settings, june: Path, august: Path
) -> None:
    said = compare(settings, june, august)

    assert "as of 2026-06-30" in said
    assert "as of 2026-08-31, 62 days later" in said
    assert words(said, "people", "buyers", "VIPs") == [
        ["people", "5", "1", "4", "1", "5"],
        ["buyers", "4", "1", "3", "1", "4"],
        ["VIPs", "1", "1", "0", "1", "1"],
    ]
    assert words(said, "purchases", "revenue", "predicted") == [
        ["purchases", "7", "8", "+1"],
        ["revenue", "1,430.50", "440.00", "-990.50"],
        ["predicted", "value,", "365", "days", "110.50", "105.00", "-5.50"],
    ]
    matrix = said.split("lifecycle, A down to B across")[1].split("\n\n")[0].splitlines()
    assert [line.split() for line in matrix] == [
        ["new", "active", "slipping", "dormant", "gone"],
        matrix[1].split(),
        ["not", "a", "buyer", "yet", "1", "-", "-", "-", "-"],
        ["new", "-", "1", "-", "-", "-"],
        ["active", "-", "-", "1", "-", "-"],
        ["dormant", "-", "-", "-", "1", "-"],
        ["lost", "-", "-", "-", "-", "1"],
    ]


def test_segments_and_months_tell_what_changed(
    settings: Settings, june: Path, august: Path
) -> None:
    said = compare(settings, june, august)

    assert ["vip", "1", "1", "1", "1"] in words(said, "vip")
    assert ["dormant", "1", "0", "0", "1"] in words(said, "dormant")
    assert "RFM: 2 of 3 buyers in both" in said
    assert ["champions", "at_risk", "1"] in words(said, "champions")
    assert "Retention differs in 1 of the 2 months that both have" in said
    assert words(said, "2026-05") == [["2026-05", "4", "4", "4", "2", "100.00", "50.00"]]


def test_the_older_file_may_come_second(settings: Settings, june: Path, august: Path) -> None:
    said = compare(settings, august, june, 9)

    assert "62 days earlier: B is the older one" in said
    assert words(said, "c4", "c5") == [
        ["c4", "new", "not", "a", "buyer", "yet"],
        ["c5", "gone", "lost"],
    ]
    assert "Of 2026-06-30 A tells another lifecycle than B for 1 person" in said


def test_no_more_customers_are_named_than_are_asked_for(
    settings: Settings, june: Path, august: Path
) -> None:
    assert not words(compare(settings, june, august), "c1", "c2", "c4", "c5")
    said = compare(settings, june, august, 3)
    assert words(said, "c1", "c2", "c3", "c4", "c5") == [
        ["c1", "active", "slipping"],
        ["c2", "new", "active"],
        ["c4", "not", "a", "buyer", "yet", "new"],
    ]


def test_of_one_day_rows_that_differ_are_counted(
    settings: Settings, june: Path, tmp_path: Path
) -> None:
    # One more order of c2, which changes neither his state nor his segment.
    again = PEOPLE_OF_JUNE | {"c2": (1, 70, False, "new", "new", 10.5)}
    spans = [
        (customer, str(one[3]), JUNE, None) for customer, one in PEOPLE_OF_JUNE.items() if one[3]
    ]
    said = compare(settings, june, made(tmp_path / "again.duckdb", JUNE, again, spans=spans))

    assert "the same day" in said
    assert (
        "another lifecycle than A for 0 people, other RFM values for 0, another activity for 1."
    ) in said


def test_two_shops_are_told_from_one(settings: Settings, june: Path, tmp_path: Path) -> None:
    others = {f"x{customer}": one for customer, one in PEOPLE_OF_JUNE.items()}
    said = compare(settings, june, made(tmp_path / "other.duckdb", AUGUST, others))
    assert "Nobody is in both" in said


def test_a_day_before_the_first_order_can_be_compared(
    settings: Settings, june: Path, tmp_path: Path
) -> None:
    said = compare(settings, made(tmp_path / "empty.duckdb", date(2020, 1, 1), {}), june)

    assert "of before the first order" in said
    assert ["buyers", "0", "0", "0", "4", "4"] in words(said, "buyers")
    assert "left out: A is of before the first order" in said


def test_what_cannot_be_compared_is_refused_with_a_reason(
    settings: Settings, june: Path, tmp_path: Path
) -> None:
    text, foreign, empty = (tmp_path / name for name in ("notes.txt", "foreign.db", "empty.db"))
    text.write_text("no database")
    with sqlite3.connect(foreign) as connection:
        connection.execute("create table customers (id integer)")
    duckdb.connect(str(empty)).close()
    (tmp_path / "link.duckdb").symlink_to(june)
    settings.warehouse_path.parent.mkdir()
    settings.warehouse_path.touch()

    for first, second, why in (
        (tmp_path / "none.duckdb", june, r"none\.duckdb is no file"),
        (text, june, r"notes\.txt is no file of Winback"),
        (june, foreign, r"foreign\.db is no file of Winback"),
        (june, empty, r"empty\.db is no file of Winback"),
        (june, tmp_path / "link.duckdb", "are the same file"),
        (june, settings.warehouse_path, "what runs own"),
        (june, None, "nothing is published yet"),
    ):
        with pytest.raises(ComparisonError, match=why):
            compare(settings, first, second)


def test_another_version_is_told_by_what_its_tables_lack(
    settings: Settings, june: Path, august: Path
) -> None:
    with duckdb.connect(str(june)) as connection:
        connection.execute("drop table marts.customer_rfm")
        connection.execute("alter table marts.customer_activity drop column is_vip")

    with pytest.raises(
        ComparisonError, match=r"activity has no is_vip; marts\.customer_rfm is not there"
    ):
        compare(settings, june, august)


def test_what_only_one_version_has_is_left_out(
    settings: Settings, june: Path, august: Path
) -> None:
    with duckdb.connect(str(june)) as connection:
        connection.execute("drop table marts.retention_monthly")
        connection.execute("alter table marts.customer_churn drop column predicted_value_365d")

    said = compare(settings, june, august)

    assert "predicted" not in said
    assert "A has no marts.retention_monthly" in said


def test_the_published_file_is_read_while_it_is_replaced(
    settings: Settings, june: Path, august: Path
) -> None:
    settings.published_path.parent.mkdir(parents=True)
    august.rename(settings.published_path)
    settings.published_path.chmod(0o444)

    with duckdb.connect(str(settings.published_path), read_only=True):
        assert "62 days later" in compare(settings, june, None)


def order(order_id: str, ordered: str, loaded: str, updated: str | None = None) -> list[object]:
    return [order_id, ordered, updated, 1, 1, 1, loaded]


@pytest.fixture
def warehouse(settings: Settings, june: Path, august: Path) -> Warehouse:
    live = Warehouse(settings.warehouse_path)
    live.prepare()
    with live.connect() as connection:
        connection.execute("create table sync.customer_ids (key varchar, customer_id varchar)")
        connection.execute("insert into sync.customer_ids values ('account:1', 'c1')")
        connection.executemany(
            "insert into raw_files.orders (order_id, ordered_at, updated_at, _file_id, "
            "_row_number, _record_hash, _loaded_at) values (?, ?, ?, ?, ?, ?, ?)",
            [
                order("1", "2026-06-30 10:00", "2026-07-01 04:00"),
                # Half past ten in the evening of UTC is the next day in Berlin.
                order("2", "2026-06-30 22:30", "2026-07-02 04:00"),
                order("3", "2026-06-29 10:00", "2026-07-02 04:00"),
                order("4", "2026-05-01 10:00", "2026-07-05 04:00"),
                # Of an order that was known: once as it stood in June, once as it stands in July.
                order("1", "2026-06-30 10:00", "2026-07-02 04:00", "2026-06-30 11:00"),
                order("1", "2026-06-30 10:00", "2026-07-05 04:00", "2026-07-03 11:00"),
                # Known from July only, so that is how it stood in June too.
                order("5", "2026-06-01 10:00", "2026-07-05 04:00", "2026-07-03 11:00"),
                order("6", "2026-07-10 10:00", "2026-07-11 04:00"),
            ],
        )
        connection.execute(
            "insert into raw_files.order_lines (order_id, product_id, _file_id, _row_number, "
            "_record_hash, _loaded_at) values ('4', 'p', 1, 1, 1, '2026-07-05 04:00')"
        )
        connection.execute(
            "insert into raw_files.loaded_files values "
            "(1, 'orders', 'a', 'a', 1, 0, 0, '', 0, 0, 0, 0, '2026-06-01 04:00')"
        )
    return live


def ran(warehouse: Warehouse, day: date, ended: str, status: str = "succeeded") -> None:
    with warehouse.connect() as connection:
        connection.execute(
            "insert into sync.runs values ('r', ?, ?, ?, ?)",
            [day, ended, datetime.fromisoformat(ended), status],
        )


def test_what_came_after_the_run_of_the_day_is_listed(
    settings: Settings, warehouse: Warehouse, june: Path, august: Path
) -> None:
    ran(warehouse, JUNE, "2026-07-01 04:30")
    ran(warehouse, JUNE, "2026-07-06 04:30")
    ran(warehouse, AUGUST, "2026-09-01 04:30")

    said = compare(settings, june, august)

    assert "the first run for 2026-06-30 ended (2026-07-01 04:30 UTC)" in said
    assert words(said, "orders", "order_lines") == [
        ["orders", "2026-07-02", "04:00:00", "2", "1"],
        ["orders", "2026-07-05", "04:00:00", "2", "2"],
        ["order_lines", "2026-07-05", "04:00:00", "1", "1"],
    ]
    assert "Of 2026-06-30 B tells another lifecycle than A for 1 person" in said
    assert "winback run --as-of 2026-06-30 --into again.duckdb" in said


def test_without_a_run_of_the_day_its_end_counts(
    settings: Settings, warehouse: Warehouse, june: Path, august: Path
) -> None:
    ran(warehouse, JUNE, "2026-07-06 04:30", "failed")

    said = compare(settings, august, june)

    assert "No run for 2026-06-30 has succeeded." in said
    assert "Nothing had been loaded" not in said
    assert words(said, "orders")[0] == ["orders", "2026-07-01", "04:00:00", "1", "1"]


def test_many_loads_are_summed(
    settings: Settings, warehouse: Warehouse, june: Path, august: Path
) -> None:
    with warehouse.connect() as connection:
        connection.execute(
            """insert into raw_files.consents
                (email, channel, state, "at", _file_id, _row_number, _record_hash, _loaded_at)
            select 'a', 'email', 'subscribed', '2026-06-01', 1, 1, number,
                timestamp '2026-08-01' + number * interval 1 day
            from range(20) as numbers (number)"""
        )

    said = compare(settings, june, august)

    assert len(words(said, "consents")) == 10
    assert "and 16 records by 14 earlier loads" in said


def test_a_run_that_goes_on_leaves_the_loads_out(
    settings: Settings, warehouse: Warehouse, june: Path, august: Path
) -> None:
    with run_lock.hold(settings.var_folder / LOCK_NAME, 0):
        said = compare(settings, june, august)

    assert "What was loaded later is left out: a run is going on" in said
    assert "people " in said


def test_a_warehouse_of_others_says_nothing_about_their_loads(
    settings: Settings, warehouse: Warehouse, june: Path, august: Path
) -> None:
    with warehouse.connect() as connection:
        connection.execute("update sync.customer_ids set customer_id = 'x'")

    assert "left out: A has nobody in common with" in compare(settings, june, august)


def test_nothing_of_a_person_but_the_id_is_shown(
    settings: Settings, warehouse: Warehouse, june: Path, august: Path
) -> None:
    said = compare(settings, june, august, 100)
    assert "@" not in said
    assert "account:" not in said
