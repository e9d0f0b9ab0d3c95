"""Reads CSV files: DuckDB where all is well, line by line in Python where anything is broken."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
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


STRAY = re.compile(rb"\r(?!\n)|\0")
"""Line ends of old Macs, and zero bytes."""


class _Broken(Exception):
    """A record that cannot be read; the message becomes the reason in quarantine."""


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
        (names,) = csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=True)
    except UnicodeDecodeError:
        raise FileRefused("its header is not UTF-8; save it as such") from None
    except csv.Error:
        raise FileRefused("a quote in its header is not closed") from None
    return _Header(column_names(names), delimiter)


def _is_plain(path: Path) -> bool:
    """Say whether a file is free of what DuckDB passes over in silence."""
    with path.open("rb") as stream:
        while chunk := stream.read(2**20):
            if STRAY.search(chunk + (stream.read(1) if chunk.endswith(b"\r") else b"")):
                return False
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
            yield self._ahead[place].decode("utf-8")


def _read_carefully(path: Path, header: _Header, scratch: Path) -> Records:
    csv.field_size_limit(MAX_LINE_BYTES * MAX_RECORD_LINES)
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
                parts.add_bad(str(broken), line)
            else:
                parts.add(dict(zip(header.names, values, strict=False)), len(line))
    return parts.records()


def _record(line: bytes, lines: _Lines, header: _Header) -> list[str]:
    """Return the values of the record that starts with ``line``, taking more lines if it does."""
    if is_too_long(line):
        raise _Broken(f"broken CSV line: longer than {MAX_LINE_BYTES} bytes")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise _Broken("not UTF-8") from None
    values, line_count = _split(text, lines, header.delimiter)
    width = len(header.names)
    # Some exports end each line with delimiters of columns that the header does not have.
    if len(values) < width or any(values[width:]):
        raise _Broken(f"broken CSV line: {len(values)} columns where the header has {width}")
    lines.take_more(line_count - 1)
    return values


def _split(text: str, lines: _Lines, delimiter: str) -> tuple[list[str], int]:
    """Return the values of a record and over how many lines they go."""
    bare = text.rstrip("\r\n")
    if '"' not in bare and "\r" not in bare:
        return bare.split(delimiter), 1
    reader = csv.reader(
        chain([text], lines.following()), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    try:
        return next(reader), reader.line_num
    except (csv.Error, UnicodeDecodeError) as error:
        is_open = isinstance(error, UnicodeDecodeError) or "end of data" in str(error)
        what = "a quote is not closed" if is_open else "text beside a quote or a stray line end"
        raise _Broken(f"broken CSV line: {what}") from None
