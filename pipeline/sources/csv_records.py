"""Reads CSV files: DuckDB where all is well, line by line in Python where anything is broken."""

from pathlib import Path

import duckdb

from pipeline.sources.csv_lines import (
    MAX_RECORD_LINES,
    BrokenRecord,
    Header,
    read_lines,
    values_of,
)
from pipeline.sources.records import (
    Field,
    FileRefused,
    Records,
    column_names,
    is_too_long,
    path_literal,
    physical_lines,
)
from pipeline.sql import literal

DELIMITERS = ",;\t|"

FOREIGN_STARTS = {
    b"PAR1": "it is a Parquet file; name it .parquet",
    b"PK\x03\x04": "it is a zip file or a spreadsheet; save it as CSV",
    b"\x1f\x8b": "it is gzipped; name it .csv.gz",
    b"{": "it is JSON; name it .json or .jsonl",
    b"[": "it is JSON; name it .json or .jsonl",
}


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
    return read_lines(path, header, scratch)


def drop_csv(connection: duckdb.DuckDBPyConnection) -> None:
    """Let go of what ``read_csv`` has left in memory."""
    for table in ("csv_records", "csv_rejects", "csv_scans"):
        connection.execute(f"drop table if exists temp.{table}")


def _fields(header: Header) -> list[str]:
    return [f"c{place}" for place in range(len(header.names))]


def _read_header(path: Path) -> Header:
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
        names = values_of(text.rstrip("\r\n"), delimiter)
    except UnicodeDecodeError:
        raise FileRefused("its header is not UTF-8; save it as such") from None
    except BrokenRecord as broken:
        raise FileRefused(f"its header is broken: {broken}") from None
    return Header(column_names(names), delimiter)


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


def _is_read_fast(connection: duckdb.DuckDBPyConnection, path: Path, header: Header) -> bool:
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
