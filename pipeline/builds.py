"""Whether the models' tables are those that a build would make again: what they were built from.

The same facts, models and day give the same tables, so a run that finds nothing new builds none.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from pipeline import churn_model
from pipeline.settings import TRANSFORMS
from pipeline.sql import has_table
from pipeline.warehouse import MACROS, Warehouse

BUILT_FROM = "built_from"

# What the models read: the files that were loaded and those in quarantine, what tools suppress,
# and what was sent and decided before the day. Relations are there so that one that was dropped is
# built again. Sums of hashes, because these are the same in any order.
STATE = """
    with
    facts as (
        select concat_ws(' ', 'file', entity, path, load_number, sha256) as fact
        from (from raw_files.loaded_files union all from raw_online_retail.loaded_files)
        union all
        select concat_ws(' ', 'bad', entity, file, file_sha256, row_number, reason)
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
        select concat_ws(' ', 'relation', table_schema, table_name)
        from information_schema.tables
        where table_schema not like 'raw%' and table_catalog = current_database()
    )
    select count(*), sum(md5_number_lower(fact) // 2) from facts
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
    inside = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [TRANSFORMS / "dbt_project.yml", TRANSFORMS / "profiles.yml", *inside]


def _fitted_by() -> list[Path]:
    """Return the files of the churn model, which a dbt model imports."""
    return list(Path(churn_model.__file__).parent.glob("*.py"))


def is_current(warehouse: Warehouse, models: str, day: date) -> bool:
    """Say whether the tables were built by ``models`` from what is there now for ``day``."""
    with warehouse.connect() as connection:
        found = connection.execute(
            "select value from sync.settings where name = ?", [BUILT_FROM]
        ).fetchall()
        return bool(found) and found[0][0] == _state(connection, models, day)


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Note that the tables are about to change; a build that is killed leaves it so."""
    connection.execute("delete from sync.settings where name = ?", [BUILT_FROM])


def remember(warehouse: Warehouse, models: str, day: date) -> None:
    """Note that the tables are now what ``models`` make of what is there for ``day``."""
    with warehouse.connect() as connection:
        connection.execute(
            "insert or replace into sync.settings values (?, ?)",
            [BUILT_FROM, _state(connection, models, day)],
        )


def _state(connection: duckdb.DuckDBPyConnection, models: str, day: date) -> str:
    facts = connection.execute(STATE, {"day": day}).fetchall()
    has_ids = has_table(connection, "sync.customer_ids")
    ids = connection.execute(IDS).fetchall() if has_ids else []
    return f"{models} {facts} {ids}"
