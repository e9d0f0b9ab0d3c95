"""The SQL that takes the good records of new files into raw, each version of a record once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from pipeline.sources.catalogue import schema_of
from pipeline.sources.entity import Entity
from pipeline.sql import literal

ROWS_OF_A_FILE = 2**40
"""More than any file has: the rank of a file times this, plus a row's number, orders all rows."""


@dataclass(frozen=True)
class Settled:
    """What became of the good rows of one file.

    ``moved`` of the duplicates now stand for a version that raw had already.
    """

    kept: int = 0
    duplicate: int = 0
    moved: int = 0


def settle(
    connection: duckdb.DuckDBPyConnection, source: str, entity: Entity, now: datetime
) -> Mapping[int, Settled]:
    """Take the good rows of intake.staged into raw; return what became of them by file.

    Raw has a version of a record once, as its last occurrence in the order of the files' names,
    whichever was loaded first. It keeps the time of its first load. Needs a transaction.
    """
    _rank_files(connection, source, entity)
    _find_arrivals(connection, entity)
    _compare(connection, source, entity)
    settled = {
        file_id: Settled(*counts)
        for file_id, *counts in connection.execute(
            """select _file_id,
                count(*) filter (is_last and stored is null),
                count(*) filter (not is_last or stored is not null),
                count(*) filter (is_last and standing > stored)
            from temp.compared group by _file_id"""
        ).fetchall()
    }
    stored = _store(connection, source, entity, now)
    due = sum(counts.kept + counts.moved for counts in settled.values())
    if stored != due:
        raise RuntimeError(f"{entity.name}: {stored} rows were stored where {due} were due")
    return settled


def _rank_files(connection: duckdb.DuckDBPyConnection, source: str, entity: Entity) -> None:
    connection.execute(
        f"""create or replace temp table file_ranks as
        select file_id as _file_id, row_number() over (order by sort_key, load_number) as file_rank
        from (
            select file_id, sort_key, load_number from {schema_of(source)}.loaded_files
            where entity = {literal(entity.name)}
            union all
            select file_id, sort_key, load_number from temp.new_files
        )"""
    )


def _find_arrivals(connection: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    """Make temp.arrivals: the good rows with what tells their versions apart."""
    if not entity.is_replaced_by_key:
        connection.execute(
            """create or replace temp view arrivals as
            select * from intake.staged where _problem is null"""
        )
        return
    key = ", ".join(f'"{name}"' for name in entity.key)
    # Sums, because they are the same in any order of the lines and tell how often each is there;
    # of halves, because those of whole hashes would overflow.
    connection.execute(
        f"""create or replace temp table groups as
        select _file_id, {key}, cast(md5_number(concat_ws(' ',
            sum(_record_hash >> 64), sum(_record_hash & {2**64 - 1}))) >> 1 as hugeint
        ) as group_hash
        from intake.staged where _problem is null group by _file_id, {key}"""
    )
    connection.execute(
        f"""create or replace temp view arrivals as
        select * exclude (group_hash) replace (group_hash as _record_hash)
        from intake.staged inner join temp.groups using (_file_id, {key})
        where _problem is null"""
    )


def _compare(connection: duckdb.DuckDBPyConnection, source: str, entity: Entity) -> None:
    """Make temp.compared: the good rows, where they stand and where their version stood."""
    row = "0" if entity.is_replaced_by_key else "_row_number"
    standing = f"file_rank * {ROWS_OF_A_FILE} + {row}"
    connection.execute(
        f"""create or replace temp table newest as
        select _record_hash, max({standing}) as newest
        from temp.arrivals inner join temp.file_ranks using (_file_id) group by _record_hash"""
    )
    connection.execute(
        f"""create or replace temp table known as
        select _record_hash, max({standing}) as stored, min(_loaded_at) as first_loaded_at
        from {schema_of(source)}.{entity.name} inner join temp.file_ranks using (_file_id)
        where _record_hash in (select _record_hash from temp.newest)
        group by _record_hash"""
    )
    connection.execute(
        f"""create or replace temp view compared as
        select *, {standing} as standing, {standing} = newest as is_last
        from temp.arrivals
        inner join temp.file_ranks using (_file_id)
        inner join temp.newest using (_record_hash)
        left join temp.known using (_record_hash)"""
    )


def _store(
    connection: duckdb.DuckDBPyConnection, source: str, entity: Entity, now: datetime
) -> int:
    table = f"{schema_of(source)}.{entity.name}"
    connection.execute(
        f"""delete from {table} where _record_hash in (
            select _record_hash from temp.known inner join temp.newest using (_record_hash)
            where newest > stored)"""
    )
    names = [f'"{column.name}"' for column in entity.columns]
    columns = ", ".join((*names, "_extra", "_file_id", "_row_number", "_record_hash"))
    inserted = connection.execute(
        f"""insert into {table} ({columns}, _loaded_at)
        select {columns}, coalesce(first_loaded_at, ?) from temp.compared
        where is_last and (stored is null or standing > stored)""",
        [now],
    ).fetchall()
    return int(inserted[0][0])
