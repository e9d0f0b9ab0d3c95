"""Reads CSV files: DuckDB where all is well, line by line in Python where anything is broken."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import duckdb

from pipeline.sources.records import (
    MAX_LINE_BYTES,
    Field,
    FileRefused,
    RecordParts,
    Records,
    column_names,
    is_too_long,
    literal,
    path_literal,
    physical_lines,
)

DELIMITERS = ",;\t|"
MAX_RECORD_LINES = 50
"""A quoted value goes over no more lines than this; beyond it a quote was left open."""

FOREIGN_STARTS = {
    b"PAR1": "it is a Parquet file; name it .parquet",
    b"PK\x03\x04": "it is a zip file or a spreadsheet; save it as CSV",
    b"\x1f\x8b": "it is gzipped; name it .csv.gz",
    b"{": "it is JSON; name it .json or .jsonl",
    b"[": "it is JSON; name it .json or .jsonl",
}


QUOTED = r' *"([^"]*(?:""[^"]*)*)'
OPEN_QUOTE = re.compile(rf"{QUOTED}\Z")
VALUE = rf'{QUOTED}" *(?={{delimiter}}|\Z)|(?! *")([^{{delimiter}}]*)'


class _Broken(Exception):
    """A record that cannot be read; the message says why."""


class _OpenQuote(_Broken):
    """A record that may go on in the next line."""


@dataclass(frozen=True)
class _Header:
    names: list[str]
    delimiter: str


def read_csv(connection: duckdb.DuckDBPyConnection, path: Path, scratch: Path) -> Records:
    """Return the records of a CSV file; raise ``FileRefused`` where it is none.

    DuckDB's reader takes everything up to the next quote for one rejected record when a quote was
    left open, good lines included. So what it read counts only if it rejected nothing.
    """
    header = _read_header(path)
    if len(header.names) > 1 and _is_plain(path) and _is_read_fast(connection, path, header):
        fields = ", ".join(_fields(header))
        return Records(
            relation=f"""(select rowid + 1 as row_number, cast(null as varchar) as fault,
                cast(null as varchar) as line, {fields} from temp.csv_records)""",
            columns={
                name: Field(sql) for name, sql in zip(header.names, _fields(header), strict=True)
            },
        )
    return _read_carefully(path, header, scratch)


def drop_csv(connection: duckdb.DuckDBPyConnection) -> None:
    """Let go of what ``read_csv`` has left in memory."""
    for table in ("csv_records", "csv_rejects", "csv_scans"):
        connection.execute(f"drop table if exists temp.{table}")


def _fields(header: _Header) -> list[str]:
    return [f"c{place}" for place in range(len(header.names))]


def _read_header(path: Path) -> _Header:
    with path.open("rb") as stream:
        first = next(physical_lines(stream), b"")
    start = first.removeprefix(b"\xef\xbb\xbf").lstrip()
    for foreign, what in FOREIGN_STARTS.items():
        if start.startswith(foreign):
            raise FileRefused(what)
    if not start:
        raise FileRefused("its first line is empty; it has to name the columns")
    if b"\0" in first or is_too_long(first):
        raise FileRefused("it is no CSV in UTF-8; save it as such")
    if b"\r" in first.rstrip(b"\r\n"):
        raise FileRefused("its line ends are those of old Macs; save it with line feeds")
    try:
        text = first.decode("utf-8-sig")
        delimiter = max(DELIMITERS, key=text.count)
        names = _values(text.rstrip("\r\n"), delimiter)
    except UnicodeDecodeError:
        raise FileRefused("its header is not UTF-8; save it as such") from None
    except _Broken as broken:
        raise FileRefused(f"its header is broken: {broken}") from None
    return _Header(column_names(names), delimiter)


def _is_plain(path: Path) -> bool:
    """Say whether a file is free of what DuckDB reads in a way of its own, and in silence.

    That is line ends of old Macs, zero bytes, and quotes after more than one space or with
    nothing but a space between them.
    """
    before = b""
    with path.open("rb") as stream:
        while chunk := stream.read(2**20):
            if chunk.endswith(b"\r"):
                chunk += stream.read(1)
            has_stray_end = chunk.count(b"\r") > chunk.count(b"\r\n")
            has_odd_quotes = any(odd in before + chunk for odd in (b'  "', b'" "'))
            if has_stray_end or has_odd_quotes or b"\0" in chunk:
                return False
            before = chunk[-2:]
    return True


def _is_read_fast(connection: duckdb.DuckDBPyConnection, path: Path, header: _Header) -> bool:
    """Read the file into temp.csv_records and say whether all of it can be trusted."""
    drop_csv(connection)
    columns = ", ".join(f"{field}: 'VARCHAR'" for field in _fields(header))
    try:
        connection.execute(
            f"""create temp table csv_records as select * from read_csv(
                {path_literal(path)}, auto_detect = false, header = true, strict_mode = true,
                delim = {literal(header.delimiter)}, quote = '"', escape = '"',
                columns = {{{columns}}}, store_rejects = true, rejects_limit = 1,
                rejects_table = 'csv_rejects', rejects_scan = 'csv_scans')"""
        )
    except duckdb.InvalidInputException:  # line ends of several kinds, for one
        return False
    # A quote left open may by chance be closed by another one many lines below.
    swallowed = " or ".join(
        f"(contains({field}, chr(10)) and length({field}) - length(replace({field}, chr(10), ''))"
        f" >= {MAX_RECORD_LINES})"
        for field in _fields(header)
    )
    ((is_suspect,),) = connection.execute(
        f"""select exists (from temp.csv_rejects)
            or exists (select 1 from temp.csv_records where {swallowed})"""
    ).fetchall()
    return not is_suspect


class _Lines:
    """The lines of a file, with a look at those that follow."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._lines = physical_lines(stream)
        self._ahead: deque[bytes] = deque()

    def take(self) -> bytes:
        return self._ahead.popleft() if self._ahead else next(self._lines, b"")

    def take_more(self, count: int) -> None:
        for _ in range(count):
            self._ahead.popleft()

    def following(self) -> Iterator[str]:
        """Yield the lines that may belong to the last one taken, and leave them there."""
        for place in range(MAX_RECORD_LINES - 1):
            if place == len(self._ahead):
                self._ahead.extend(islice(self._lines, 1))
            if place == len(self._ahead) or is_too_long(self._ahead[place]):
                return
            try:
                yield self._ahead[place].decode("utf-8")
            except UnicodeDecodeError:
                return


def _read_carefully(path: Path, header: _Header, scratch: Path) -> Records:
    parts = RecordParts(scratch, header.names)
    with path.open("rb") as stream:
        lines = _Lines(stream)
        lines.take()
        while line := lines.take():
            if not line.strip(b"\r\n"):
                continue
            try:
                values = _record(line, lines, header)
            except _Broken as broken:
                parts.add_bad(f"broken CSV line: {broken}", line)
            else:
                parts.add(dict(zip(header.names, values, strict=False)), len(line))
    return parts.records()


def _record(line: bytes, lines: _Lines, header: _Header) -> list[str]:
    """Return the values of the record that starts with ``line``, taking more lines if it does."""
    if is_too_long(line):
        raise _Broken(f"longer than {MAX_LINE_BYTES} bytes")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise _Broken("not UTF-8") from None
    values, line_count = _split(text, lines, header.delimiter)
    width = len(header.names)
    # Some exports end each line with delimiters of columns that the header does not have.
    if len(values) < width or any(values[width:]):
        raise _Broken(f"{len(values)} columns where the header has {width}")
    lines.take_more(line_count - 1)
    return values


def _split(text: str, lines: _Lines, delimiter: str) -> tuple[list[str], int]:
    """Return the values of a record and over how many lines they go."""
    bare = text.rstrip("\r\n")
    if '"' not in bare:
        return bare.split(delimiter), 1
    try:
        return _values(bare, delimiter), 1
    except _OpenQuote:
        for line_count, following in enumerate(lines.following(), start=2):
            text += following
            if '"' not in following:
                continue
            try:
                return _values(text.rstrip("\r\n"), delimiter), line_count
            except _OpenQuote:
                continue
            except _Broken:
                break
        raise


def _values(text: str, delimiter: str) -> list[str]:
    """Return the values of a record in which quotes occur, without these."""
    value = re.compile(VALUE.format(delimiter=re.escape(delimiter)))
    values: list[str] = []
    place = 0
    while place <= len(text):
        found = value.match(text, place)
        if not found:
            raise (
                _OpenQuote("a quote is not closed")
                if OPEN_QUOTE.match(text, place)
                else _Broken("text beside a quote")
            )
        quoted, plain = found.groups()
        values.append(plain if quoted is None else quoted.replace('""', '"'))
        place = found.end() + 1
    return values
