from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.inbox import Inbox


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-07-01", "2024-06-30 23:00"),
        ("2024-01-31", "2024-01-31 00:00"),
        ("2024-07-01 12:00", "2024-07-01 11:00"),
        ("2024-07-01T12:00:01", "2024-07-01 11:00:01"),
        ("2024-07-01t12:00:01.123456", "2024-07-01 11:00:01.123456"),
        ("2024-07-01T12:00:01,5", "2024-07-01 11:00:01.500000"),
        ("2024-07-01T12:00:01.123456789", "2024-07-01 11:00:01.123456"),
        ("2024-07-01T12:00Z", "2024-07-01 12:00"),
        ("2024-07-01T12:00:00z", "2024-07-01 12:00"),
        ("2024-07-01 12:00:00 UTC", "2024-07-01 12:00"),
        ("2024-07-01T12:00:00+02:00", "2024-07-01 10:00"),
        ("2024-07-01T12:00:00.5-0330", "2024-07-01 15:30:00.500000"),
        ("2024-07-01 12:00:00 +0530", "2024-07-01 06:30"),
        ("2024-07-01 12:00+14", "2024-06-30 22:00"),
        ("2024-07-01T24:00:00Z", "2024-07-02 00:00"),
        ("  2024-07-01 12:00  ", "2024-07-01 11:00"),
        # the doubled hour is meant as its first showing, the missing one moves forward
        ("2024-10-27 01:30", "2024-10-27 00:30"),
        ("2024-03-31 01:30", "2024-03-31 01:30"),
        ("1970-01-02", "1970-01-01 23:00"),
        ("2199-12-31 23:59:59", "2199-12-31 23:59:59"),
    ],
)
def test_a_time_is_read_in_the_forms_of_iso_8601(inbox: Inbox, text: str, utc: str) -> None:
    assert inbox.value_of("orders", "ordered_at", text) == datetime.fromisoformat(utc)


@pytest.mark.parametrize(
    "text",
    [
        "31.31.2024",
        "31.01.2024",
        "01/31/2024",
        "2024-1-31",
        "2024-02-30",
        "2024-01-31 25:00",
        "2024-01-31 10:61",
        "2024-01-31T10:00+99:00",
        "2024-01-31T10:00 CET",
        "2024-01-31T",
        "2024-01",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "1969-12-31",
        "1970-01-01",
        "2200-01-01",
        "9999-12-31",
        "1706659200",
        "1706659200000",
        "infinity",
        "epoch",
        "now",
        "soon",
    ],
)
def test_an_unreadable_time_goes_to_quarantine(inbox: Inbox, text: str) -> None:
    assert inbox.value_of("orders", "ordered_at", text) == [f"ordered_at: unreadable time '{text}'"]


@pytest.mark.parametrize(
    "zone",
    [
        "Europe/London",
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "America/Sao_Paulo",
        "UTC",
    ],
)
def test_local_times_become_what_the_warehouse_makes_of_them(inbox: Inbox, zone: str) -> None:
    inbox.zone = zone
    times = inbox.rows(
        """select strftime(t, '%Y-%m-%d %H:%M') from range(timestamp '1970-01-03',
            timestamp '2038-01-01', interval '5 hours 15 minutes') as r (t)"""
    )
    lines = [f"{number},{time},{time}" for number, (time,) in enumerate(times)]
    inbox.put("orders/a.csv", "\n".join(["order_id,ordered_at,clock", *lines]))

    assert inbox.load().rows_kept == len(times)
    assert not inbox.rows(
        f"""select order_id, _extra, ordered_at from raw_files.orders where ordered_at is distinct
        from main.to_utc(cast(_extra ->> 'clock' as timestamp), '{zone}')"""
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1931-12-24", date(1931, 12, 24)),
        ("1980-02-29T00:00:00Z", date(1980, 2, 29)),
        ("1980-02-29 23:30", date(1980, 2, 29)),
        ("1980-02-30", ["birth_date: unreadable date"]),
        ("1899-12-31", ["birth_date: unreadable date"]),
        ("29.02.1980", ["birth_date: unreadable date"]),
    ],
)
def test_a_date_is_read_and_never_shown_when_it_is_personal(
    inbox: Inbox, text: str, found: object
) -> None:
    assert inbox.value_of("customers", "birth_date", text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0", 0),
        ("-0.00", 0),
        ("+12.5", "12.5"),
        (".5", "0.5"),
        ("5.", 5),
        ("1.23456", "1.2346"),
        ("1.5E+03", 1500),
        ("99999999999.9999", "99999999999.9999"),
        ("100000000000000", ["total: unreadable number '100000000000000'"]),
        ("1e99", ["total: unreadable number '1e99'"]),
        ("1,50", ["total: unreadable number '1,50'"]),
        ("1.234,50", ["total: unreadable number '1.234,50'"]),
        ("1 000", ["total: unreadable number '1 000'"]),
        ("1_000", ["total: unreadable number '1_000'"]),
        ("£5", ["total: unreadable number '£5'"]),
        ("nan", ["total: unreadable number 'nan'"]),
        ("inf", ["total: unreadable number 'inf'"]),
        ("-0.01", ["total: negative number '-0.01'"]),
    ],
)
def test_an_amount_is_read_exactly_or_not_at_all(inbox: Inbox, text: str, found: Any) -> None:
    expected = found if isinstance(found, list) else Decimal(found)
    assert inbox.value_of("orders", "total", text) == expected


@pytest.mark.parametrize(
    ("column", "values", "found"),
    [
        ("ordered_at", pa.array([datetime.fromisoformat("2024-07-01 12:00")]), "11:00"),
        ("ordered_at", pa.array([datetime(2024, 7, 1, 12, tzinfo=UTC)]), "12:00"),
        ("ordered_at", pa.array([date(2024, 7, 1)]), "23:00"),
        ("ordered_at", pa.array([1_719_835_200]), "ordered_at: unreadable time '1719835200'"),
        ("ordered_at", pa.array([date(9999, 1, 1)]), "ordered_at: unreadable time '9999-01-01'"),
        ("total", pa.array([float("nan")]), "total: unreadable number 'nan'"),
        ("total", pa.array([float("-inf")]), "total: unreadable number '-inf'"),
        ("total", pa.array([1e15]), "total: unreadable number '1000000000000000.0'"),
        ("total", pa.array([2**63 - 1]), f"total: unreadable number '{2**63 - 1}'"),
        ("total", pa.array([-1]), "total: negative number '-1'"),
        ("is_test", pa.array([2]), "is_test: unreadable flag '2'"),
    ],
    ids=range(11),
)
def test_types_of_parquet_are_held_to_the_contract(
    inbox: Inbox, column: str, values: pa.Array, found: str
) -> None:
    given = {"order_id": ["1"], "ordered_at": [datetime.fromisoformat("2024-01-31")]}
    inbox.put_parquet("orders/a.parquet", {**given, column: values})

    inbox.load()

    kept = inbox.rows("select strftime(ordered_at, '%H:%M') from raw_files.orders")
    assert inbox.reasons() or [time for (time,) in kept] == [found]
    assert (inbox.reasons() or [found]) == [found]


def test_ids_that_went_through_pandas_are_the_same_ids(inbox: Inbox) -> None:
    ids = pa.array([12345.0, None, float("nan")])
    times = [datetime.fromisoformat("2024-01-31")] * 3
    inbox.put_parquet(
        "orders/a.parquet",
        {
            "order_id": ["1", "2", "3"],
            "ordered_at": times,
            "customer_id": ids,
            "is_test": [1.0] * 3,
        },
    )

    inbox.load()

    assert inbox.rows("select customer_id, is_test from raw_files.orders order by order_id") == [
        ("12345", True),
        (None, True),
        (None, True),
    ]


def test_nested_parquet_is_kept_as_json(inbox: Inbox) -> None:
    inbox.put_parquet(
        "customers/a.parquet", {"customer_id": ["1"], "tags": [["a", "b"]], "place": [{"Zip": "1"}]}
    )

    inbox.load("customers")

    assert inbox.rows("select _extra ->> 'tags', _extra ->> 'place' from raw_files.customers") == [
        ('["a","b"]', '{"Zip":"1"}')
    ]
