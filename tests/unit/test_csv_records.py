import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.sources import csv_records
from pipeline.sources.csv_lines import read_lines
from pipeline.sources.csv_records import read_csv
from tests.unit.inbox import Inbox

CUSTOMERS = "customer_id,first_name,email"
BROKEN_LAST = "x,y\n"
"""A line that makes DuckDB's result be thrown away."""

NAMES = [
    "O'Neil",
    "Ada, Countess of Lovelace",
    'Ana "Nana" López',
    "👩‍🚀 Zoë",
    "two\nlines",
    "two\r\nlines",
    "李小龙",
    "a;b|c\td",
    "#1",
    "back\\slash",
    '"',
    "NULL",
    "=1+1",
]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _customers(*names: str) -> str:
    rows = [f"{number},{name},x{number}@example.com" for number, name in enumerate(names, start=1)]
    return "\n".join([CUSTOMERS, *rows]) + "\n"


def _names(inbox: Inbox) -> list[object]:
    found = inbox.rows("select first_name from raw_files.customers order by _row_number")
    return [name for (name,) in found]


@pytest.mark.parametrize("last", ["", BROKEN_LAST], ids=["by DuckDB", "line by line"])
def test_odd_names_come_through(inbox: Inbox, last: str) -> None:
    inbox.put("customers/a.csv", _customers(*map(_quoted, NAMES)) + last)

    report = inbox.load("customers")

    assert _names(inbox) == NAMES
    assert (report.rows_kept, report.rows_quarantined) == (len(NAMES), int(bool(last)))


@pytest.mark.parametrize("last", ["", BROKEN_LAST], ids=["by DuckDB", "line by line"])
def test_values_are_trimmed_and_empty_ones_are_null(inbox: Inbox, last: str) -> None:
    names = ["  a ", "\tb\t", "\u00a0c\u00a0", '" d "', "", '""', "   ", '"  "', "a  b"]
    inbox.put("customers/a.csv", _customers(*names) + last)

    inbox.load("customers")

    assert _names(inbox) == ["a", "b", "c", "d", None, None, None, None, "a  b"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("9,short", "broken CSV line: 2 columns where the header has 3"),
        ("9,Ada,a@example.com,more", "broken CSV line: 4 columns where the header has 3"),
        ('9,"Ada,a@example.com', "broken CSV line: a quote is not closed"),
        ('9,"Ada"x,a@example.com', "broken CSV line: text beside a quote"),
        (b"9,M\xfcller,a@example.com", "broken CSV line: not UTF-8"),
        ("9," + "x" * 2**21, "broken CSV line: longer than 2097152 bytes"),
    ],
)
def test_a_broken_line_goes_to_quarantine_alone(
    inbox: Inbox, line: str | bytes, reason: str
) -> None:
    text = line if isinstance(line, bytes) else line.encode()
    before, after = _customers("a", '"b\nb"'), '3,c,c@example.com\n4,"d\nd",d@example.com\n'
    inbox.put("customers/a.csv", before.encode() + text + b"\n" + after.encode())

    report = inbox.load("customers")

    assert _names(inbox) == ["a", "b\nb", "c", "d\nd"]
    assert (report.rows_read, report.rows_kept, report.rows_quarantined) == (5, 4, 1)
    ((file, row_number, found, payload),) = inbox.quarantined()
    assert (file, row_number, found) == ("customers/a.csv", 3, reason)
    assert text.decode("utf-8", "backslashreplace").startswith(payload)
    assert inbox.rows("select _row_number from raw_files.customers order by all") == [
        (1,),
        (2,),
        (4,),
        (5,),
    ]


@pytest.mark.parametrize("closing", ["", '5000,last,"\n', '5000,"x",y\n', '5000,x,y"\n'])
def test_an_open_quote_costs_one_line_however_many_follow(inbox: Inbox, closing: str) -> None:
    rows = [f"{number},name,x{number}@example.com" for number in range(1, 3001)]
    rows[9] = '10,name,"x10@example.com'
    inbox.put("customers/a.csv", "\n".join([CUSTOMERS, *rows]) + "\n" + closing)

    inbox.load("customers")

    kept = inbox.rows(
        "select customer_id::int from raw_files.customers where customer_id::int <= 3000"
    )
    assert sorted(number for (number,) in kept) == [n for n in range(1, 3001) if n != 10]
    assert inbox.quarantined()[0][1:3] == (10, "broken CSV line: a quote is not closed")


def test_row_numbers_follow_the_file_when_it_is_read_in_parallel(inbox: Inbox) -> None:
    rows = "\n".join(f"{number},name,x@example.com" for number in range(1, 400_001))
    inbox.put("customers/a.csv", f"{CUSTOMERS}\n{rows}\n")

    inbox.load("customers")

    wrong = "select count(*) from raw_files.customers where customer_id <> _row_number::varchar"
    assert inbox.rows(wrong) == [(0,)]
    assert inbox.rows("select count(*) from raw_files.customers") == [(400_000,)]


def test_a_file_of_one_column_skips_empty_lines_too(inbox: Inbox) -> None:
    inbox.put("customers/a.csv", "customer_id\n1\n\n2\n")

    assert inbox.load("customers").rows_kept == 2
    assert inbox.rows("select _row_number from raw_files.customers order by all") == [(1,), (2,)]


PIECES = [b"a", b",", b'"', b'""', b"\n", b"\r\n", b"\r", b" ", b"\xc3\xa4", b"\xe4", b"\0", b"\t"]
VALUES = st.lists(
    st.sampled_from([b"a", b"b c", b'""', b",", b"\n", b"\xc3\xa4", b" "]), max_size=3
)
FIELDS = VALUES.map(lambda parts: b'"' + b"".join(parts) + b'"')
ROWS = st.lists(FIELDS, min_size=2, max_size=2).map(b",".join)
LINES = st.one_of(ROWS, ROWS, st.lists(st.sampled_from(PIECES), max_size=5).map(b"".join))


@settings(max_examples=300, deadline=None)
@example(lines=[b"1,2\r,3"], end=b"\n")
@example(lines=[b"1,2,\0"], end=b"\n")
@example(lines=[b'1,  "x"'], end=b"\n")
@example(lines=[b'1,"" ""'], end=b"\n")
@example(lines=[b'"1" ,"x" ', b' "2", "y"'], end=b"\n")
@example(lines=[b"1,2,,", b'3,"4",""'], end=b"\n")
@given(lines=st.lists(LINES, max_size=6), end=st.sampled_from([b"\n", b"\r\n"]))
def test_what_duckdb_reads_is_what_is_read_line_by_line(lines: list[bytes], end: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "a.csv"
        path.write_bytes(end.join([b"one,two", *lines]))
        carefully, otherwise = Path(folder) / "carefully", Path(folder) / "otherwise"
        carefully.mkdir()
        otherwise.mkdir()
        header = csv_records._read_header(path)
        expected = read_lines(path, header, carefully)

        found = read_csv(connection, path, otherwise)

        query = "select row_number, fault, nullif(trim(c0), ''), nullif(trim(c1), '') from {}"
        rows = [
            connection.execute(query.format(records.relation) + " order by 1").fetchall()
            for records in (expected, found)
        ]
        assert rows[0] == rows[1]
