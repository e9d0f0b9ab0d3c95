import gzip
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from pipeline.sources.files import inbox_files
from tests.unit.inbox import ORDERS, Inbox, json_lines

ORDER = {"order_id": "1", "ordered_at": "2024-01-31 10:00", "email": "a@example.com", "total": "5"}
TEN = datetime.fromisoformat("2024-01-31 10:00")
LOADED = [("1", TEN, "a@example.com", Decimal("5.0000"))]
CSV = f"{ORDERS}\n1,2024-01-31 10:00,a@example.com,5\n"
READ = "select order_id, ordered_at, email, total from raw_files.orders order by order_id"


def test_files_are_ordered_by_the_numbers_in_their_names(inbox: Inbox) -> None:
    for name in ("day10.csv", "day9.csv", "day09.csv", "2024-2/x.csv", "a.csv.gz", "a.csv"):
        inbox.put(f"orders/{name}", "")

    names = [file.path.name for file in inbox_files(inbox.folder, "orders")]

    assert names == ["2024-2", "a.csv", "a.csv.gz", "day09.csv", "day9.csv", "day10.csv"]


def test_hidden_and_unfinished_files_are_passed_over(inbox: Inbox) -> None:
    for name in (".DS_Store", ".orders.csv", "orders.csv.tmp", "orders.csv.part", "X.TMP"):
        inbox.put(f"orders/{name}", "nonsense")

    assert inbox.load().refused == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", CSV.encode()),
        ("a.CSV", CSV.encode()),
        ("a.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
        (
            "in two pieces.csv.gz",
            gzip.compress(CSV[:40].encode(), mtime=0) + gzip.compress(CSV[40:].encode(), mtime=0),
        ),
        ("with a mark.csv", b"\xef\xbb\xbf" + CSV.encode()),
        ("windows.csv", CSV.replace("\n", "\r\n").encode()),
        ("mixed ends.csv", CSV.replace("\n", "\r\n", 1).encode()),
        ("no end.csv", CSV.rstrip("\n").encode()),
        ("empty lines.csv", CSV.replace("\n", "\n\n").encode()),
        ("semicolons.csv", CSV.replace(",", ";").encode()),
        ("tabs.csv", CSV.replace(",", "\t").encode()),
        ("pipes.csv", CSV.replace(",", "|").encode()),
        ("delimiter at the end.csv", CSV.replace("\n", ",\n").encode()),
        ("capitals.csv", CSV.replace("order_id", ' "Order_ID" ').encode()),
        (
            "quoted.csv",
            ('"' + CSV.strip().replace(",", '","').replace("\n", '"\n"') + '"').encode(),
        ),
        ("padded.csv", CSV.replace(",", " ,\t").encode()),
        ("a[1]*?{x,y}'\" ü 😀.csv", CSV.encode()),
        ("a.json", ("[" + json_lines([ORDER]) + "]").encode()),
        ("lines.json", json_lines([ORDER]).encode()),
        ("a.json.gz", gzip.compress(("[" + json_lines([ORDER]) + "]").encode(), mtime=0)),
        ("a.jsonl", json_lines([ORDER]).encode()),
        ("with a mark.jsonl", b"\xef\xbb\xbf" + json_lines([ORDER]).encode()),
        ("numbers.jsonl", json_lines([{**ORDER, "order_id": 1, "total": 5}]).encode()),
        ("capitals.jsonl", json_lines([{k.upper(): v for k, v in ORDER.items()}]).encode()),
        ("a.jsonl.gz", gzip.compress(json_lines([ORDER]).encode(), mtime=0)),
    ],
)
def test_a_file_of_any_kind_is_read(inbox: Inbox, name: str, content: bytes) -> None:
    inbox.put(f"orders/{name}", content)

    report = inbox.load()

    assert report.refused == ()
    assert inbox.rows(READ) == LOADED


@pytest.mark.parametrize(
    "columns",
    [
        {name: pa.array([value]) for name, value in ORDER.items()},
        {name.title(): pa.array([value.encode()]) for name, value in ORDER.items()},
        {**ORDER, "order_id": pa.array([1]), "ordered_at": pa.array([TEN]), "total": [5]},
        {**ORDER, "order_id": pa.array([1.0]), "ordered_at": pa.array([TEN]), "total": [5.0]},
        {**ORDER, "ordered_at": pa.array([TEN], pa.timestamp("ns")), "total": [Decimal("5.00")]},
        {**ORDER, "ordered_at": pa.array([TEN], pa.timestamp("ms", "America/New_York"))},
    ],
    ids=["text", "binary", "native", "floats", "nanoseconds", "zoned"],
)
def test_parquet_is_read_whatever_its_types(inbox: Inbox, columns: dict[str, object]) -> None:
    as_lists = {name: [v] if isinstance(v, str) else v for name, v in columns.items()}
    inbox.put_parquet("orders/a.parquet", as_lists)

    assert inbox.load().refused == ()
    assert inbox.rows(READ) == LOADED


def test_the_same_records_are_one_version_in_every_format(inbox: Inbox) -> None:
    record = {**ORDER, "channel": "web", "shelf": "7"}
    inbox.put("orders/1.csv", ",".join(record) + "\n" + ",".join(record.values()) + "\n")
    inbox.put("orders/2.jsonl", json_lines([record]))
    typed = {**{name: [value] for name, value in record.items()}, "ordered_at": [TEN], "shelf": [7]}
    inbox.put_parquet("orders/3.parquet", typed)

    report = inbox.load()

    assert (report.rows_kept, report.rows_duplicate) == (1, 2)
    assert inbox.rows("select _extra::varchar from raw_files.orders") == [
        ('{"channel": "web", "shelf": "7"}',)
    ]


REFUSED = [
    ("empty.csv", b"", "first line is empty"),
    ("only a mark.csv", b"\xef\xbb\xbf", "first line is empty"),
    ("starts empty.csv", b"\n" + CSV.encode(), "first line is empty"),
    ("parquet.csv", b"PAR1\x00\x01", "it is a Parquet file"),
    ("sheet.csv", b"PK\x03\x04\x00", "a spreadsheet"),
    ("zipped.csv", gzip.compress(CSV.encode(), mtime=0), "it is gzipped"),
    ("json.csv", json_lines([ORDER]).encode(), "it is JSON"),
    ("array.csv", b"[" + json_lines([ORDER]).encode() + b"]", "it is JSON"),
    ("binary.csv", bytes(range(256)), "UTF-8"),
    ("utf-16.csv", CSV.encode("utf-16"), "UTF-8"),
    ("latin.csv", "order_id,ordered_at,größe\n".encode("latin-1"), "header is not UTF-8"),
    ("no line ends.csv", b"x" * 3_000_000, "UTF-8"),
    ("mac.csv", CSV.replace("\n", "\r").encode(), "old Macs"),
    ("open.csv", b'order_id,"ordered_at\n1,2\n', "its header is broken: a quote"),
    ("twice.csv", b"order_id,ordered_at,total, TOTAL\n", "columns 3 and 4"),
    ("wide.csv", (",".join(f"c{n}" for n in range(10_000)) + "\n").encode(), "10000 columns"),
    ("no id.csv", b"ordered_at\n", "the required column order_id is missing"),
    ("nothing.csv", b"colour\n", "order_id is missing (and ordered_at)"),
    ("text.csv.gz", CSV.encode(), "no gzip"),
    ("cut off.csv.gz", gzip.compress(CSV.encode() * 999, mtime=0)[:-9], "cut off"),
    ("csv.parquet", CSV.encode(), "no Parquet"),
    ("empty.parquet", b"", "no Parquet"),
    ("magic.parquet", b"PAR1" + b"x" * 40 + b"PAR1", "no Parquet"),
    ("empty.json", b" \n", "it is empty"),
    ("csv.json", CSV.encode(), "no JSON"),
    ("csv.jsonl", CSV.encode(), "no JSON"),
    ("number.json", b"7", "no JSON"),
    ("cut off.json", b'[{"order_id": "1"}, {"order', "broken or cut off"),
    ("no comma.json", b'[{"order_id": "1"} {"order_id": "2"}]', "broken or cut off"),
    ("more.json", b"[] []", "broken or cut off"),
    ("latin.json", b'[{"order_id": "\xe4"}]', "not UTF-8"),
    ("deep.json", b"[" * 100_000, "broken or cut off"),
    ("no id.jsonl", b'{"ordered_at": "2024-01-31"}\n', "order_id is missing"),
    ("orders.xlsx", b"x", "its name has to end in .csv"),
    ("orders.csv.zip", b"x", "its name has to end in .csv"),
]


@pytest.mark.parametrize(("name", "content", "why"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_a_file_that_is_not_what_its_name_says_is_refused_as_a_whole(
    inbox: Inbox, name: str, content: bytes, why: str
) -> None:
    inbox.put(f"orders/{name}", content)
    inbox.put("orders/good.csv", CSV)

    report = inbox.load()
    again = inbox.load()

    assert report.files_read == report.rows_read == report.rows_kept == 1
    assert [f"orders/{name} " in sentence and why in sentence for sentence in report.refused] == [
        True
    ]
    assert again.refused == report.refused
    ((file, row_number, reason, payload),) = inbox.quarantined()
    assert (file, row_number, payload) == (f"orders/{name}", None, None)
    assert why in reason


def test_a_folder_within_a_folder_is_reported(inbox: Inbox) -> None:
    inbox.put("orders/2024/orders.csv", CSV)

    (sentence,) = inbox.load().refused

    assert "it is a folder" in sentence


def test_files_without_records_are_fine(inbox: Inbox) -> None:
    inbox.put("orders/header.csv", f"{ORDERS}\n")
    inbox.put("orders/header without end.csv", ORDERS)
    inbox.put("orders/empty.jsonl", "")
    inbox.put("orders/empty.json", "[ ]")
    inbox.put_parquet("orders/empty.parquet", {n: pa.array([], pa.string()) for n in ORDER})

    report = inbox.load()

    assert (report.files_read, report.rows_read, report.refused) == (5, 0, ())
    assert inbox.load().files_unchanged == 5
