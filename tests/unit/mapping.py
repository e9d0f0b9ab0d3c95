"""Runs a mapping on records of a vendor, as the loader does."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

MAPPINGS = Path(__file__).resolve().parents[2] / "pipeline" / "sources" / "mappings"


def mapped(source: str, entity: str, records: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the rows that a mapping makes of ``records``, columns without a value left out."""
    with duckdb.connect() as connection:
        connection.execute("create table records (row_number bigint, record json)")
        for number, record in enumerate(records, start=1):
            connection.execute("insert into records values (?, ?)", [number, json.dumps(record)])
        cursor = connection.execute((MAPPINGS / source / f"{entity}.sql").read_text())
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    numbers = range(1, len(records) + 1)
    assert all(row.pop("row_number") in numbers for row in rows), "where a row came from is kept"
    return [{name: value for name, value in row.items() if value is not None} for row in rows]
