"""Hashes of exported profiles, remembered so that only those that have changed are hashed anew."""

from dataclasses import dataclass

import duckdb

from pipeline.destinations.contract import payload_hash
from pipeline.destinations.outlets import exports_of
from pipeline.sql import identifier, literal, transaction

Connection = duckdb.DuckDBPyConnection

PLAIN = {
    "VARCHAR", "BOOLEAN", "DATE", "TINYINT", "SMALLINT", "INTEGER", "BIGINT",
    "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
}  # fmt: skip
"""Types of which no two values are equal that have different texts."""

REMEMBER = (
    """
    delete from sync.profile_hashes
    where exports = $exports and (
        customer_id in (select profile_id from payloads)
        or customer_id not in (select customer_id from {table})
    )
    """,
    """
    insert into sync.profile_hashes
    select $exports, profile_id, quick_hash, payload_hash from payloads
    """,
)


@dataclass(frozen=True)
class Profiles:
    """A table of exported profiles, and SQL over its columns as those of ``profiles``.

    ``exact`` is the payload's hash. ``quick`` is a number that changes with it and costs a tenth;
    to another release of DuckDB it means nothing, and then all profiles are hashed anew.
    ``address`` is what tools suppress people by.
    """

    table: str
    exact: str
    quick: str
    address: str


def profiles_in(connection: Connection, table: str) -> Profiles:
    """Return what ``table`` is to be asked with, given the columns it has now."""
    described = connection.execute(f"describe {table}").fetchall()
    kinds = {str(name): str(kind) for name, kind, *_ in described}
    texts = {name: f"cast(profiles.{identifier(name)} as varchar)" for name in kinds}
    exact = payload_hash(texts)
    values = [
        f"profiles.{identifier(name)}" if kind in PLAIN else texts[name]
        for name, kind in sorted(kinds.items())
        if name != "customer_id"
    ]
    # What is told of the rule and the types, so that a hash is forgotten when they change.
    rule = f"md5_number_lower({literal(exact + str(sorted(kinds.items())))})"
    # Lists without addresses are of no concern to an e-mail tool.
    email = "email" if "email" in kinds else "customer_id"
    return Profiles(
        table=table,
        exact=exact,
        quick=f"hash({', '.join([rule, *values])})",
        address=f"lower(trim(profiles.{email}))",
    )


def remember(connection: Connection, destination: str, table: str) -> None:
    """Keep the hashes in the temporary table ``payloads``, and none of who has no profile."""
    with transaction(connection):
        for statement in REMEMBER:
            connection.execute(statement.format(table=table), {"exports": exports_of(destination)})
