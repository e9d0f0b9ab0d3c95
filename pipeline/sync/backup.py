"""Copies of schema sync, which cannot be fetched again, and the way back from one."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipeline import builds
from pipeline.sql import identifier, literal, transaction
from pipeline.warehouse import Warehouse

KEPT = 14
FORMAT = 1
NAME = re.compile(r"sync-\d{8}T\d{6}\.\d{6}Z\.duckdb")


OWN_SALT = "select value from {sync}.settings where name = 'identity_salt'"
"""What two warehouses never share: it is made of the first people of each."""
NOT_TO_BE_FORGOTTEN = ("ledger", "enrolments")
"""Tables that keep people from getting something twice."""


class BackupError(Exception):
    """A file cannot be restored from; a sentence says why and what to do."""


def back_up(warehouse: Warehouse, folder: Path, now: datetime | None = None) -> Path:
    """Copy schema sync to a new file in ``folder``, keep the newest of them, return the file.

    The file appears under its name when it is complete, readable by its owner only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    path = folder / f"sync-{moment:%Y%m%dT%H%M%S.%fZ}.duckdb"
    for left_over in folder.glob(".sync-*.part*"):
        left_over.unlink()
    temporary = path.with_name(f".{path.stem}.part")
    with warehouse.connect() as connection, _attached(connection, temporary, ""):
        _copy(connection, moment)
        connection.execute("checkpoint kept_copy")
    temporary.chmod(0o600)
    temporary.replace(path)
    for old in backups(folder)[KEPT:]:
        old.unlink()
    return path


def is_due(warehouse: Warehouse, folder: Path) -> bool:
    """Return whether a run was cut short, or has ended, since the newest backup was made."""
    newest = next(iter(backups(folder)), None)
    if newest is None:
        return True
    made_at = datetime.strptime(newest.stem, "sync-%Y%m%dT%H%M%S.%f%z").replace(tzinfo=None)
    with warehouse.connect() as connection:
        (later,) = connection.execute(
            "select count(*) from sync.runs where status = 'started' or finished_at > ?", [made_at]
        ).fetchall()[0]
    return bool(later)


def backups(folder: Path) -> list[Path]:
    """Return the backups in ``folder``, the newest first."""
    found = [path for path in folder.glob("sync-*.duckdb") if NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: path.name, reverse=True)


def restore(warehouse: Warehouse, path: Path, *, may_forget: bool = False) -> dict[str, int]:
    """Put the tables of a backup back in place of what is there; return the rows of each.

    Either all of them or none. A table that the backup does not know stays as it is. What was sent
    and who entered since the backup is forgotten only with ``may_forget``, else ``BackupError``.
    """
    if not path.is_file():
        raise BackupError(f"there is no file {path.name} in {path.parent}")
    if path.resolve() == warehouse.path.resolve():
        raise BackupError(f"{path.name} is the warehouse itself; backups are in var/backup")
    warehouse.prepare()
    with warehouse.connect() as connection:
        try:
            with _attached(connection, path, "(read_only)"):
                _check(connection, path)
                _refuse_another_shops(connection, path)
                if not may_forget:
                    _refuse_to_forget(connection, path)
                with transaction(connection):
                    tables = sorted(_columns(connection, "kept_copy"))
                    row_counts = {table: _put_back(connection, table) for table in tables}
                    # The backup knows of other tables than those that are there now.
                    builds.forget(connection)
                    return row_counts
        except (duckdb.IOException, duckdb.CatalogException) as error:
            raise BackupError(f"{path.name} is no backup of Winback's: {error}") from error


def _refuse_another_shops(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    salts = [
        {str(salt) for (salt,) in connection.execute(OWN_SALT.format(sync=sync)).fetchall()}
        for sync in ("sync", "kept_copy.sync")
    ]
    if all(salts) and salts[0] != salts[1]:
        raise BackupError(
            f"{path.name} is of another warehouse; to start anew from it, name an empty folder in "
            "WINBACK_VAR"
        )


def _refuse_to_forget(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    known = _columns(connection, "kept_copy")
    unknown = {
        table: _rows_unknown(connection, table, known[table])
        for table in NOT_TO_BE_FORGOTTEN
        if table in known
    }
    told = " and ".join(f"{rows:,} rows of sync.{table}" for table, rows in unknown.items() if rows)
    if told:
        raise BackupError(
            f"{path.name} does not know {told} that are here: who was sent something since could "
            "get it once more. Restore the newest backup; with --forget all that came after this "
            "one is forgotten"
        )


def _rows_unknown(connection: duckdb.DuckDBPyConnection, table: str, columns: set[str]) -> int:
    named = ", ".join(identifier(column) for column in sorted(columns))
    name = identifier(table)
    (count,) = connection.execute(
        f"""select count(*) from (
            select {named} from sync.{name} except all select {named} from kept_copy.sync.{name})"""
    ).fetchall()[0]
    return int(count)


def _copy(connection: duckdb.DuckDBPyConnection, moment: datetime) -> None:
    connection.execute("create schema kept_copy.sync")
    for (table,) in connection.execute(
        """select table_name from duckdb_tables()
        where database_name = current_database() and schema_name = 'sync'
            -- Watermarks go with the rows that are in raw, which is read anew where it is lost;
            -- hashes are computed anew.
            and table_name not in ('watermarks', 'profile_hashes')
        order by table_name"""
    ).fetchall():
        name = identifier(str(table))
        connection.execute(f"create table kept_copy.sync.{name} as from sync.{name}")
    connection.execute("create table kept_copy.main.backup_of_sync (format int, made_at timestamp)")
    connection.execute(
        "insert into kept_copy.main.backup_of_sync values (?, ?)",
        [FORMAT, moment.replace(tzinfo=None)],
    )


def _check(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    formats = connection.execute("select format from kept_copy.main.backup_of_sync").fetchall()
    if formats != [(FORMAT,)]:
        raise BackupError(f"{path.name} was made by another version of Winback; restore it there")
    for table, columns in _columns(connection, "kept_copy").items():
        here = _columns(connection, "current").get(table, columns)
        if unknown := sorted(columns - here):
            raise BackupError(
                f"{path.name} has columns that sync.{table} does not have "
                f"({', '.join(unknown)}); restore it with the version that made it"
            )


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, set[str]]:
    found = connection.execute(
        """select table_name, list(column_name) from duckdb_columns()
        where schema_name = 'sync' and database_name = case
            when $database = 'current' then current_database() else $database end
        group by table_name""",
        {"database": database},
    ).fetchall()
    return {str(table): set(columns) for table, columns in found}


def _put_back(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    name = identifier(table)
    connection.execute(
        f"create table if not exists sync.{name} as from kept_copy.sync.{name} limit 0"
    )
    connection.execute(f"delete from sync.{name}")
    written = connection.execute(f"insert into sync.{name} by name from kept_copy.sync.{name}")
    return int(written.fetchall()[0][0])


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, path: Path, options: str) -> Iterator[None]:
    connection.execute(f"attach {literal(str(path))} as kept_copy {options}")
    try:
        yield
    finally:
        connection.execute("detach kept_copy")
