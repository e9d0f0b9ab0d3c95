"""The SQL of each source's loaded_files: which content of which file is in raw already."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from pipeline.sources.catalogue import CONTRACT_SOURCES, schema_of
from pipeline.sources.entity import Entity
from pipeline.sources.files import FileState, SourceFile

NEW_FILES = """
    file_id integer, path varchar, sort_key varchar, load_number integer, size_bytes bigint,
    modified_ns bigint, sha256 varchar
"""


@dataclass(frozen=True)
class LoadedFile:
    """The last load of a path."""

    file_id: int
    load_number: int
    state: FileState
    sha256: str


@dataclass(frozen=True)
class NewFile:
    """A file that is being loaded."""

    file_id: int
    load_number: int
    file: SourceFile
    state: FileState
    sha256: str
    rows_read: int


@dataclass(frozen=True)
class RowCounts:
    """What became of the rows of one file."""

    rows_read: int
    rows_kept: int
    rows_duplicate: int
    rows_quarantined: int

    def check(self, name: str) -> None:
        """Raise an error when a row of the file ``name`` was lost or counted twice."""
        told = self.rows_kept + self.rows_duplicate + self.rows_quarantined
        if told != self.rows_read:
            raise RuntimeError(f"{name}: {self.rows_read} rows were read and {told} accounted for")


def last_loads(
    connection: duckdb.DuckDBPyConnection, source: str, entity: Entity
) -> Mapping[str, LoadedFile]:
    """Return the last load of each path of ``entity`` from ``source``."""
    rows = connection.execute(
        f"""select path, file_id, load_number, size_bytes, modified_ns, sha256
        from {schema_of(source)}.loaded_files where entity = ? order by load_number""",
        [entity.name],
    ).fetchall()
    return {
        path: LoadedFile(file_id, load_number, FileState(size_bytes, modified_ns), sha256)
        for path, file_id, load_number, size_bytes, modified_ns, sha256 in rows
    }


def last_file_id(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the highest number that a file of any source has been given, 0 before the first.

    Numbers are given once over all sources, because tables that are kept from run to run take in
    all files above the last number they knew.
    """
    registries = " union all ".join(
        f"select file_id from {schema_of(source)}.loaded_files" for source in CONTRACT_SOURCES
    )
    ((file_id,),) = connection.execute(
        f"select coalesce(max(file_id), 0) from ({registries})"
    ).fetchall()
    return int(file_id)


def list_new_files(connection: duckdb.DuckDBPyConnection, files: Iterable[NewFile]) -> None:
    """Make temp.new_files, which the other statements of a load join."""
    connection.execute(f"create or replace temp table new_files ({NEW_FILES})")
    for new in files:
        connection.execute(
            "insert into temp.new_files values (?, ?, ?, ?, ?, ?, ?)",
            [
                new.file_id,
                new.file.name,
                new.file.sort_key,
                new.load_number,
                new.state.size_bytes,
                new.state.modified_ns,
                new.sha256,
            ],
        )


def register(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    entity: Entity,
    counts: Mapping[int, RowCounts],
    now: datetime,
) -> None:
    """Note the files of temp.new_files as loaded."""
    for file_id, rows in counts.items():
        connection.execute(
            f"""insert into {schema_of(source)}.loaded_files
            select file_id, ?, path, sort_key, load_number, size_bytes, modified_ns, sha256,
                ?, ?, ?, ?, ?
            from temp.new_files where file_id = ?""",
            [
                entity.name,
                rows.rows_read,
                rows.rows_kept,
                rows.rows_duplicate,
                rows.rows_quarantined,
                now,
                file_id,
            ],
        )


def note_times(
    connection: duckdb.DuckDBPyConnection, source: str, modified: Mapping[int, int]
) -> None:
    """Note the new time of change of files whose content is the same."""
    for file_id, modified_ns in modified.items():
        connection.execute(
            f"update {schema_of(source)}.loaded_files set modified_ns = ? where file_id = ?",
            [modified_ns, file_id],
        )
