"""Which lists there are."""

import duckdb

from pipeline.destinations.outlets import OUTLETS
from pipeline.sql import has_table, identifier
from pipeline.sync import payloads

Connection = duckdb.DuckDBPyConnection


def known_audiences(connection: Connection, destination: str) -> list[str]:
    """Return every list that is wanted, that has members, or that ever was sent."""
    found = connection.execute(
        f"""
        select audience from {payloads.lists_table(destination)}
        union select audience from sync.members where destination = $destination
        union select audience from sync.ledger where destination = $destination
        order by audience
        """,
        {"destination": destination},
    )
    return [str(audience) for (audience,) in found.fetchall()]


def lists_for_people(connection: Connection) -> list[str]:
    """Return the lists of all outlets, wherever their tables have been built."""
    return [
        audience
        for outlet in OUTLETS
        if has_table(connection, payloads.lists_table(outlet))
        for audience in known_audiences(connection, outlet)
    ]


def planned_audiences(connection: Connection, destination: str) -> list[str]:
    """Return what ``known_audiences`` does, given the differences; it costs less."""
    found = connection.execute(
        """
        select audience from sync.members where destination = $destination
        union select audience from sync.ledger where destination = $destination
        union select audience from differences
        union select audience from kept_out
        order by audience
        """,
        {"destination": destination},
    )
    return [str(audience) for (audience,) in found.fetchall()]


def known_anywhere(connection: Connection) -> set[str]:
    """Return the lists of every destination that the last build, members or the ledger know."""
    exported = connection.execute(
        """
        select table_name from duckdb_tables()
        where schema_name = 'exports' and suffix(table_name, '__list_members')
        """
    ).fetchall()
    wanted = " ".join(
        f"union select audience from exports.{identifier(table)}" for (table,) in exported
    )
    found = connection.execute(
        f"select audience from sync.members union select audience from sync.ledger {wanted}"
    )
    return {str(audience) for (audience,) in found.fetchall()}
