"""Loads the shipped sample, real orders and simulated e-mail events, into raw as it is."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from pipeline.clock import utc_now
from pipeline.loading.load import LoadReport, LoadStopped
from pipeline.sql import count_of
from pipeline.warehouse import SAMPLE_TABLES, Warehouse

SCHEMA = "raw_online_retail"


@dataclass(frozen=True)
class _State:
    """What tells one content of a file from another."""

    size_bytes: int
    modified_ns: int
    sha256: str


def load_sample(warehouse: Warehouse, table: str, path: Path) -> LoadReport:
    """Make ``raw_online_retail.<table>`` the rows of the Parquet file ``path``, as they are.

    One transaction with the file's registration. A registered file of the same size and time is
    not opened, one of the same content not read; a file without rows changes nothing. Raises
    ``LoadStopped`` where the file is missing or not that table.
    """
    if table not in SAMPLE_TABLES:
        raise ValueError(f"the sample has no table {table}, only {', '.join(SAMPLE_TABLES)}")
    if not path.is_file():
        raise LoadStopped(_sentence(table, path, "it is not there"))
    stat = path.stat()
    with warehouse.connect() as connection:
        known = _registered(connection, table, path.name)
        if known and (known.size_bytes, known.modified_ns) == (stat.st_size, stat.st_mtime_ns):
            return _report(table, is_unchanged=True)
        state = _State(stat.st_size, stat.st_mtime_ns, _sha256(path))
        if known and known.sha256 == state.sha256:
            _note_time(connection, table, state)
            return _report(table, is_unchanged=True)
        return _report(table, row_count=_take(connection, table, path, state))


def _registered(connection: duckdb.DuckDBPyConnection, table: str, file_name: str) -> _State | None:
    """Return what was loaded, unless the table has lost rows since then."""
    rows = connection.execute(
        f"""select size_bytes, modified_ns, sha256, rows_kept from {SCHEMA}.loaded_files
        where entity = ? and path = ?""",
        [table, file_name],
    ).fetchall()
    if not rows or rows[0][3] != count_of(connection, f"{SCHEMA}.{table}"):
        return None
    return _State(*rows[0][:3])


def _note_time(connection: duckdb.DuckDBPyConnection, table: str, state: _State) -> None:
    connection.execute(
        f"update {SCHEMA}.loaded_files set modified_ns = ? where entity = ?",
        [state.modified_ns, table],
    )


def _take(connection: duckdb.DuckDBPyConnection, table: str, path: Path, state: _State) -> int:
    try:
        _require_columns(connection, table, path)
        return _replace(connection, table, path, state)
    except duckdb.Error as error:
        fault = f"DuckDB cannot read it ({str(error).splitlines()[0]})"
        raise LoadStopped(_sentence(table, path, fault)) from error


def _require_columns(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    expected = _columns(connection, f"{SCHEMA}.{table}")
    found = _columns(connection, "read_parquet(?)", str(path))
    wrong = sorted({name for name, _ in expected ^ found})
    if wrong:
        fault = f"missing, unknown or of another type: {', '.join(wrong)}"
        raise LoadStopped(_sentence(table, path, fault))


def _columns(
    connection: duckdb.DuckDBPyConnection, relation: str, *parameters: str
) -> set[tuple[str, str]]:
    rows = connection.execute(f"describe from {relation}", list(parameters)).fetchall()
    return {(str(name), str(kind)) for name, kind, *_ in rows}


def _replace(connection: duckdb.DuckDBPyConnection, table: str, path: Path, state: _State) -> int:
    connection.execute("begin")
    connection.execute(f"delete from {SCHEMA}.{table}")
    ((row_count,),) = connection.execute(
        f"insert into {SCHEMA}.{table} by name from read_parquet(?)", [str(path)]
    ).fetchall()
    if row_count == 0:
        connection.execute("rollback")
        return 0
    _register(connection, table, path.name, state, row_count)
    connection.execute("commit")
    return int(row_count)


def _register(
    connection: duckdb.DuckDBPyConnection, table: str, name: str, state: _State, row_count: int
) -> None:
    ((file_id, load_number),) = connection.execute(
        f"""select coalesce(max(file_id), 0) + 1, coalesce(max(load_number), 0) + 1
        from {SCHEMA}.loaded_files"""
    ).fetchall()
    connection.execute(f"delete from {SCHEMA}.loaded_files where entity = ?", [table])
    row = {
        "file_id": file_id,
        "entity": table,
        "path": name,
        "sort_key": name,
        "load_number": load_number,
        **asdict(state),
        "rows_read": row_count,
        "rows_kept": row_count,
        "rows_duplicate": 0,
        "rows_quarantined": 0,
        "loaded_at": utc_now(),
    }
    values = ", ".join(f"${column}" for column in row)
    connection.execute(
        f"insert into {SCHEMA}.loaded_files ({', '.join(row)}) values ({values})", row
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sentence(table: str, path: Path, fault: str) -> str:
    return (
        f"{SCHEMA}.{table} cannot be loaded from {path.name}: {fault}; put the file back as it is "
        "in the repository (git checkout -- data)."
    )


def _report(table: str, *, row_count: int = 0, is_unchanged: bool = False) -> LoadReport:
    return LoadReport(
        entity=table,
        files_read=0 if is_unchanged else 1,
        files_unchanged=1 if is_unchanged else 0,
        rows_read=row_count,
        rows_kept=row_count,
        rows_duplicate=0,
        rows_quarantined=0,
        refused=(),
        reasons=(),
    )
