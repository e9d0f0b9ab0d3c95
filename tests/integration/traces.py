"""Finds a secret in whatever a run wrote: as it is, quoted, coded, or within packed files."""

import base64
import gzip
import json
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb

SQLITE, PARQUET, GZIP = b"SQLite format 3\0", b"PAR1", b"\x1f\x8b"
DUCKDB = b"DUCK"


def forms(secret: str) -> set[bytes]:
    """Return what a secret looks like wherever it may have been put."""
    plain = secret.encode()
    written = {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        plain.hex(),
    }
    return {text.encode() for text in written} | set(_in_base64(plain))


def _in_base64(plain: bytes) -> Iterator[bytes]:
    """Yield what is the same whatever stands before and behind, as in a header with the user."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + plain)
        # The first and the last characters depend on the neighbours.
        inner = coded[4 if before else 0 : -4]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def traces(folder: Path, secrets: dict[str, str]) -> list[str]:
    """Return which secrets stand in which files under ``folder``."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            contents = list(_contents(path))
            found += [f"{name} in {path}" for name in traces_in(contents, secrets)]
    return found


def traces_in(contents: list[bytes], secrets: dict[str, str]) -> list[str]:
    """Return the names of the secrets that stand in ``contents``."""
    return [
        name
        for name, secret in secrets.items()
        if any(form in content for form in forms(secret) for content in contents)
    ]


def _contents(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield content
    if content.startswith(SQLITE):
        yield from _rows_of_sqlite(path)
    elif content[8:12] == DUCKDB:
        yield from _rows_of_duckdb(path)
    elif content.startswith(PARQUET):
        rows = duckdb.execute("from read_parquet(?)", [str(path)]).fetchall()
        yield repr(rows).encode()
    elif content.startswith(GZIP):
        yield gzip.decompress(content)


def _rows_of_sqlite(path: Path) -> Iterator[bytes]:
    """Yield every cell; Dagster packs what it knows of a job."""
    with sqlite3.connect(path) as connection:
        tables = connection.execute(
            "select name from sqlite_master where type = 'table'"
        ).fetchall()
        for (table,) in tables:
            for row in connection.execute(f'select * from "{table}"'):
                for cell in row:
                    yield cell if isinstance(cell, bytes) else str(cell).encode()
                    if isinstance(cell, bytes):
                        yield from _unpacked(cell)


def _unpacked(cell: bytes) -> Iterator[bytes]:
    try:
        yield zlib.decompress(cell)
    except zlib.error:
        return


def _rows_of_duckdb(path: Path) -> Iterator[bytes]:
    """Yield every table, which the file holds compressed, and how views were written."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal"
        ).fetchall()
        for schema, table in tables:
            yield repr(connection.execute(f'from "{schema}"."{table}"').fetchall()).encode()
        yield repr(connection.execute("select sql from duckdb_views()").fetchall()).encode()
