"""Finds the files of the inbox and reads one of them, whatever its format."""

import errno
import gzip
import hashlib
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.sources.csv_records import drop_csv, read_csv
from pipeline.sources.json_records import read_json
from pipeline.sources.records import Field, FileRefused, Records, column_names, path_literal

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".json", ".json.gz", ".jsonl", ".jsonl.gz")
UNFINISHED = (".tmp", ".part")
NUMBER_WIDTH = 32

_NO_FAULTS_OF_THE_FILE = (
    duckdb.OutOfMemoryException,
    duckdb.InternalException,
    duckdb.FatalException,
    duckdb.InterruptException,
    duckdb.BinderException,
    duckdb.ParserException,
    duckdb.CatalogException,
)


@dataclass(frozen=True)
class FileState:
    """What tells, without opening it, that a file has changed."""

    size_bytes: int
    modified_ns: int


class SourceFile(Protocol):
    """A file of records on its way into raw, wherever it came from."""

    @property
    def name(self) -> str:
        """Return what the file is known by; the same name is the same file with other content."""
        ...

    @property
    def sort_key(self) -> str:
        """Return what files are ordered by, the one that stands last."""
        ...

    def state(self) -> FileState:
        """Return size and time of the file; raise ``FileRefused`` for what is never read."""
        ...

    def sha256(self) -> str:
        """Return what tells the content of the file from any other."""
        ...

    def read(
        self, connection: duckdb.DuckDBPyConnection, scratch: Path
    ) -> AbstractContextManager[Records]:
        """Give the records, which may lie in ``scratch`` until they are used."""
        ...


@dataclass(frozen=True)
class InboxFile:
    """A file of the inbox. ``name`` is its path from the inbox on."""

    path: Path
    name: str

    @property
    def sort_key(self) -> str:
        """Return what files are ordered by: the name, its numbers compared as numbers.

        The name itself follows, so that 1.csv and 01.csv have an order too.
        """
        padded = re.sub("[0-9]+", lambda digits: digits[0].zfill(NUMBER_WIDTH), self.name)
        return f"{padded}\t{self.name}"

    def state(self) -> FileState:
        """Return size and time of the file; raise ``FileRefused`` for what is never read."""
        if self.path.is_dir():
            raise FileRefused("it is a folder; move its files out of it or the folder away")
        if not self.name.lower().endswith(SUFFIXES):
            raise FileRefused(f"its name has to end in {', '.join(SUFFIXES)}; or move it away")
        if not _is_text(str(self.path)):
            raise FileRefused("its name is not UTF-8; rename it")
        stat = self.path.stat()
        if not self.path.is_file():
            raise FileRefused("it is no ordinary file; move it away")
        # Who writes into a file and sets its time back cannot set back when that was done.
        return FileState(stat.st_size, max(stat.st_mtime_ns, stat.st_ctime_ns))

    def sha256(self) -> str:
        """Return what tells the content of the file from any other."""
        return sha256_of(self.path)

    def read(
        self, connection: duckdb.DuckDBPyConnection, scratch: Path
    ) -> AbstractContextManager[Records]:
        """Give the records, which may lie in ``scratch`` until they are used."""
        return read_file(connection, self.path, self.name.lower(), scratch)


def sha256_of(path: Path) -> str:
    """Return what tells the content of a file from any other."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def inbox_files(inbox: Path, entity: str) -> list[InboxFile]:
    """Return all that lies in an entity's folder, in order, but what is hidden or unfinished."""
    folder = inbox / entity
    if not folder.exists():
        return []
    found = [
        InboxFile(path.absolute(), _printable(f"{entity}/{path.name}"))
        for path in folder.iterdir()
        if not path.name.startswith(".") and not path.name.lower().endswith(UNFINISHED)
    ]
    return sorted(found, key=lambda file: file.sort_key)


@contextmanager
def faults_of_the_file() -> Iterator[None]:
    """Turn what fails because of the file into ``FileRefused``, without any of its content."""
    try:
        yield
    except FileNotFoundError:
        raise FileRefused("it has vanished; put it back or run again") from None
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise FileRefused(f"it cannot be read ({error.strerror}); mend that, run again") from None
    except duckdb.Error as error:
        if isinstance(error, _NO_FAULTS_OF_THE_FILE) or "No space left" in str(error):
            raise
        raise FileRefused(f"it is damaged ({type(error).__name__}); write it anew") from None


@contextmanager
def read_file(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, scratch: Path
) -> Iterator[Records]:
    """Give the records of ``path``, which may lie in the folder ``scratch`` until they are used.

    Raises ``FileRefused`` where the file is not what the ending of ``name`` says.
    """
    with TemporaryDirectory(dir=scratch) as folder:
        if name.endswith(".parquet"):
            yield read_parquet(connection, path)
            return
        if name.endswith(".gz"):
            path = unpacked(path, Path(folder) / "unpacked")
            name = name.removesuffix(".gz")
        if name.endswith(".csv"):
            yield read_csv(connection, path, Path(folder))
            drop_csv(connection)
        else:
            yield read_json(path, Path(folder), is_array_allowed=name.endswith(".json"))


def unpacked(path: Path, target: Path) -> Path:
    """Write what a gzip file holds to ``target``; raise ``FileRefused`` where it is none."""
    # By Python, because DuckDB takes the end of a file that was cut off for the end of the data.
    try:
        with gzip.open(path, "rb") as source, target.open("wb") as plain:
            shutil.copyfileobj(source, plain, 2**20)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise FileRefused("it is no gzip file, or is cut off") from None
    return target


def read_parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> Records:
    """Give the records of a Parquet file in the types that it has."""
    try:
        names = column_names(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise FileRefused("it is no Parquet file, or is damaged") from None
    if not names:
        raise FileRefused("it has no columns")
    fields = ", ".join(f"c{place}" for place in range(len(names)))
    relation = f"""(select file_row_number + 1 as row_number, cast(null as varchar) as fault,
        cast(null as varchar) as line, {fields}
        from read_parquet({path_literal(path)}, file_row_number = true, binary_as_string = true,
            hive_partitioning = false) as given ({fields}, file_row_number))"""
    described = connection.execute(f"describe select {fields} from {relation}").fetchall()
    return Records(
        relation=relation,
        columns={
            name: Field(sql, sql_type)
            for name, (sql, sql_type, *_) in zip(names, described, strict=True)
        },
    )


def _printable(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _is_text(name: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in name)
