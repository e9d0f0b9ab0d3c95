"""The SQL that keeps bad rows of staged files, and files refused as a whole, in quarantine."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from pipeline.sources.entity import Entity

THE_SAME = """
    there.source = $source and there.entity = $entity and there.file = rejected.file
    and there.file_sha256 = rejected.sha256
    and there.row_number is not distinct from rejected.row_number
    and there.reason = rejected.reason
"""


@dataclass(frozen=True)
class Refusal:
    """A file that was not read, and why."""

    file: str
    sha256: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file} was not loaded: {self.reason}"


def problems(connection: duckdb.DuckDBPyConnection) -> Mapping[int, Counter[str]]:
    """Return how often each problem occurs in each file of intake.staged that has any."""
    found: dict[int, Counter[str]] = {}
    for file_id, problem, count in connection.execute(
        """select _file_id, _problem, count(*) from intake.staged
        where _problem is not null group by _file_id, _problem"""
    ).fetchall():
        found.setdefault(file_id, Counter())[problem] = count
    return found


def quarantine(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    entity: Entity,
    refused: Iterable[Refusal],
    now: datetime,
) -> None:
    """Keep the bad rows of intake.staged and the refusals, none of them twice.

    A file that is read again may bring the same bad rows: they are as bad now as they were.
    """
    connection.execute(
        """create or replace temp table rejected as
        select path as file, sha256, _row_number as row_number, _reason as reason,
            _payload as payload
        from intake.staged inner join temp.new_files on file_id = _file_id
        where _problem is not null"""
    )
    for refusal in refused:
        connection.execute(
            "insert into temp.rejected values (?, ?, null, ?, null)",
            [refusal.file, refusal.sha256, refusal.reason],
        )
    values = {"source": source, "entity": entity.name, "now": now}
    connection.execute(
        f"update quarantine.rows as there set quarantined_at = $now, settled_at = null "
        f"from temp.rejected where {THE_SAME}",
        values,
    )
    connection.execute(
        f"""insert into quarantine.rows
        select $source, file, sha256, row_number, $entity, reason, payload, $now, null
        from temp.rejected
        where not exists (select 1 from quarantine.rows as there where {THE_SAME})""",
        values,
    )
