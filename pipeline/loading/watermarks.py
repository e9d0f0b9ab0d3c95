"""The SQL of sync.watermarks: up to when each stream of a source is in raw."""

from datetime import datetime

import duckdb


def watermark_of(
    connection: duckdb.DuckDBPyConnection, source: str, stream: str
) -> datetime | None:
    """Return up to when a stream is in raw, None before its first load."""
    found = connection.execute(
        "select until from sync.watermarks where source = ? and stream = ?", [source, stream]
    ).fetchall()
    return found[0][0] if found else None


def move_watermark(
    connection: duckdb.DuckDBPyConnection, source: str, stream: str, until: datetime
) -> None:
    """Note up to when a stream is in raw. It never moves back. Needs a transaction."""
    before = watermark_of(connection, source, stream)
    if before is None or before < until:
        connection.execute(
            "delete from sync.watermarks where source = ? and stream = ?", [source, stream]
        )
        connection.execute("insert into sync.watermarks values (?, ?, ?)", [source, stream, until])
