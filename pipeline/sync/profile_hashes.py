"""Hashes of exported profiles, remembered so that only those that have changed are hashed anew."""

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

HASHES = """
    create or replace temp table hashes as
    select
        profiles.customer_id,
        profiles.quick_hash,
        case
            when remembered.payload_hash is null then {exact} else remembered.payload_hash
        end as payload_hash,
        remembered.payload_hash is not null as is_remembered
    from (select *, {quick} as quick_hash from {table} as profiles) as profiles
    left join sync.profile_hashes as remembered
        on hash(profiles.customer_id) = hash(remembered.customer_id)
        and profiles.quick_hash = remembered.quick_hash
        and remembered.exports = $exports
"""

REMEMBER = (
    """
    delete from sync.profile_hashes
    where exports = $exports
        and customer_id not in (select customer_id from hashes where is_remembered)
    """,
    """
    insert into sync.profile_hashes
    select $exports, customer_id, quick_hash, payload_hash from hashes where not is_remembered
    """,
)


def compute(connection: Connection, destination: str, table: str) -> None:
    """Make the temporary table ``hashes`` of the profiles in ``table``."""
    described = connection.execute(f"describe {table}").fetchall()
    kinds = {str(name): str(kind) for name, kind, *_ in described}
    texts = {name: f"cast(profiles.{identifier(name)} as varchar)" for name in kinds}
    exact = payload_hash(texts)
    statement = HASHES.format(table=table, exact=exact, quick=_quick(kinds, texts, exact))
    connection.execute(statement, {"exports": exports_of(destination)})


def _quick(kinds: dict[str, str], texts: dict[str, str], exact: str) -> str:
    """Return SQL for a number that changes with a profile and costs a tenth of its hash.

    To another release of DuckDB it means nothing; then all profiles are hashed anew, and so they
    are when their columns change or the rule by which they are hashed.
    """
    values = [
        f"profiles.{identifier(name)}" if kind in PLAIN else texts[name]
        for name, kind in sorted(kinds.items())
        if name != "customer_id"
    ]
    rule = f"md5_number_lower({literal(exact + str(sorted(kinds.items())))})"
    return f"hash({', '.join([rule, *values])})"


def remember(connection: Connection, destination: str) -> None:
    """Keep what ``compute`` has made for the next plan, and nothing of who has no profile now."""
    with transaction(connection):
        for statement in REMEMBER:
            connection.execute(statement, {"exports": exports_of(destination)})
