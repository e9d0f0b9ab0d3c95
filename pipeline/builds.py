"""What the models' tables were built from, so that no build does again what the last one did.

The same facts, models and day give the same tables, so a run that finds nothing new builds none.
Where files were added and nothing else has changed, tables that are kept take in what arrived.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from pipeline import churn_model
from pipeline.loading.file_registry import last_file_id
from pipeline.settings import TRANSFORMS
from pipeline.sources.catalogue import CONTRACT_SOURCES, schema_of
from pipeline.sql import has_table
from pipeline.warehouse import MACROS, SAMPLE_SCHEMA, Warehouse

BUILT_FROM = "built_from"
LAST_BUILD = "last_build"

CONTRACT_FILES = " union all ".join(
    f"select '{source}' as source, * from {schema_of(source)}.loaded_files"
    for source in CONTRACT_SOURCES
)

# What the models read: the files that were loaded and those in quarantine, what tools suppress,
# and what was sent and decided before the day. Relations are there so that one that was dropped is
# built again. Sums of hashes, because these are the same in any order.
STATE = f"""
    with
    facts as (
        select concat_ws(' ', source, entity, path, load_number, sha256) as fact
        from (
            {CONTRACT_FILES}
            union all select 'sample', * from {SAMPLE_SCHEMA}.loaded_files
        )
        union all
        select concat_ws(' ', 'bad', source, entity, file, file_sha256, row_number, reason)
        from quarantine.rows
        union all
        select concat_ws(' ', 'suppressed', destination, email, reason, suppressed_at)
        from sync.suppressions
        union all
        select concat_ws(' ', 'sent', count(*), max(recorded_at))
        from sync.ledger where as_of_date < $day
        union all
        select concat_ws(' ', 'entered', count(*), max(recorded_at))
        from sync.enrolments where as_of_date < $day
        union all
        select concat_ws(' ', 'moved', count(*), max(recorded_at))
        from sync.programme_steps where as_of_date < $day
        union all
        select concat_ws(' ', 'relation', table_schema, table_name)
        from information_schema.tables
        where table_schema not like 'raw%' and table_catalog = current_database()
    )
    select count(*), sum(md5_number_lower(fact) // 2) from facts
"""
# Files are only added, each with a higher number than all before it; a sample's are replaced.
FILES = f"""
    with files as (
        select concat_ws(' ', source, file_id, entity, path, load_number, sha256) as file
        from ({CONTRACT_FILES}) where file_id <= $file_id
        union all
        select concat_ws(' ', 'sample', entity, path, load_number, sha256)
        from {SAMPLE_SCHEMA}.loaded_files
    )
    select count(*), sum(md5_number_lower(file) // 2) from files
"""
IDS = (
    "select count(*), sum(md5_number_lower(key || ' ' || customer_id) // 2) from sync.customer_ids"
)


def fingerprint(shape: Mapping[str, Any]) -> str:
    """Return what tells these models with these variables from any others."""
    digest = hashlib.sha256(json.dumps(shape, sort_keys=True).encode())
    digest.update("".join((*MACROS, version("duckdb"), version("dbt-core"))).encode())
    for path in sorted(project_files()):
        digest.update(f"{path.relative_to(TRANSFORMS)}\n".encode() + path.read_bytes())
    for path in sorted(_fitted_by()):
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def project_files() -> list[Path]:
    """Return every file that makes up the dbt project."""
    folders = [TRANSFORMS / folder for folder in ("models", "seeds", "macros", "tests")]
    inside = [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    ]
    return [TRANSFORMS / "dbt_project.yml", TRANSFORMS / "profiles.yml", *inside]


def _fitted_by() -> list[Path]:
    """Return the files of the churn model, which a dbt model imports."""
    return list(Path(churn_model.__file__).parent.glob("*.py"))


@dataclass(frozen=True)
class LastBuild:
    """How far the last finished build went: its day and the newest file it knew."""

    day: str
    file_id: int


def is_current(warehouse: Warehouse, models: str, day: date) -> bool:
    """Say whether the tables were built by ``models`` from what is there now for ``day``."""
    with warehouse.connect() as connection:
        return _noted(connection, BUILT_FROM) == _state(connection, models, day)


def extendable(warehouse: Warehouse, models: str, day: date) -> LastBuild | None:
    """Return the last build if one for ``day`` can go on from it, None if it has to begin anew.

    It can where the same models finished for the same or an earlier day and the files that they
    knew are still those that they were.
    """
    with warehouse.connect() as connection:
        noted = _noted(connection, LAST_BUILD)
        if noted is None:
            return None
        told = json.loads(noted)
        last = LastBuild(**told["last"])
        is_same = told["models"] == models and told["files"] == _files(connection, last.file_id)
        return last if is_same and last.day <= day.isoformat() else None


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Note that the tables are about to change; a build that is killed leaves it so."""
    connection.execute("delete from sync.settings where name in (?, ?)", [BUILT_FROM, LAST_BUILD])


def remember(warehouse: Warehouse, models: str, day: date) -> None:
    """Note that the tables are now what ``models`` make of what is there for ``day``."""
    with warehouse.connect() as connection:
        file_id = last_file_id(connection)
        told = {
            "models": models,
            "last": asdict(LastBuild(day.isoformat(), file_id)),
            "files": _files(connection, file_id),
        }
        for name, value in (
            (BUILT_FROM, _state(connection, models, day)),
            (LAST_BUILD, json.dumps(told)),
        ):
            connection.execute("insert or replace into sync.settings values (?, ?)", [name, value])


def _noted(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    found = connection.execute("select value from sync.settings where name = ?", [name]).fetchall()
    return str(found[0][0]) if found else None


def _files(connection: duckdb.DuckDBPyConnection, file_id: int) -> str:
    return str(connection.execute(FILES, {"file_id": file_id}).fetchall())


def _state(connection: duckdb.DuckDBPyConnection, models: str, day: date) -> str:
    facts = connection.execute(STATE, {"day": day}).fetchall()
    has_ids = has_table(connection, "sync.customer_ids")
    ids = connection.execute(IDS).fetchall() if has_ids else []
    return f"{models} {day} {facts} {ids}"
