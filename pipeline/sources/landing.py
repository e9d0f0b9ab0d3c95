"""Files that hold what a source sent in a window: written whole or not at all, read by mappings."""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from pipeline.sources import mapping as mappings
from pipeline.sources.files import FileState, read_parquet, sha256_of
from pipeline.sources.mapped_records import mapped_records
from pipeline.sources.records import Records

PART = ".part"
NAME = re.compile(r"\d{8}T\d{6}_\d{8}T\d{6}_(\d{8}T\d{6})\.(jsonl\.gz|parquet)")
COMPRESSION = 3
"""A tenth larger than by default and written in a third of the time."""


@dataclass(frozen=True)
class LandedFile:
    """What one stream sent in one window, as an entity reads it."""

    path: Path
    mapping: mappings.Mapping

    @property
    def name(self) -> str:
        """Return the file with its stream; where an entity reads it in two ways, also which."""
        note = f" ({self.mapping.note})" if self.mapping.note else ""
        return f"{self.path.parent.name}/{self.path.name}{note}"

    @property
    def sort_key(self) -> str:
        """Return when it was fetched: what came later is what the source says now.

        A back-fill brings old records in their latest state, so the window does not tell.
        """
        return f"{fetched_at(self.path)}\t{self.name}"

    def state(self) -> FileState:
        """Return size and time of the file, which is never written again."""
        stat = self.path.stat()
        return FileState(stat.st_size, stat.st_mtime_ns)

    def sha256(self) -> str:
        """Return what tells the content of the file from any other."""
        return sha256_of(self.path)

    def read(
        self, connection: duckdb.DuckDBPyConnection, scratch: Path
    ) -> AbstractContextManager[Records]:
        """Give the records in the shape of the contract."""
        return _mapped(connection, self.path, self.mapping, scratch)


def land(
    folder: Path,
    ending: str,
    window: tuple[datetime, datetime],
    now: datetime,
    write: Callable[[Path], int],
) -> Path | None:
    """Let ``write`` make a file in ``folder``; return it, None where there were no records.

    It appears under its name when it is complete. Where it says the same as the last one it is
    that one: so a table that is read as a whole each night costs nothing while it rests.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for unfinished in folder.glob(f"*{PART}"):
        unfinished.unlink()
    stamps = [_stamp(moment) for moment in (*window, now)]
    path = folder / f"{'_'.join(stamps)}{ending}"
    part = path.with_name(path.name + PART)
    before = landed_files(folder)
    if write(part) == 0:
        part.unlink(missing_ok=True)
        return None
    if before and _is_same(part, before[-1]):
        part.unlink()
        return before[-1]
    part.replace(path)
    return path


def landed_files(folder: Path) -> list[Path]:
    """Return the complete files of a stream in the order in which they were fetched."""
    found = [path for path in folder.glob("*") if NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: (fetched_at(path), path.name))


def fetched_at(path: Path) -> str:
    """Return when a landed file was fetched, as its name says it."""
    return path.name.split(".")[0].split("_")[-1]


def write_pages(pages: Iterable[Sequence[Mapping[str, Any]]], target: Path) -> int:
    """Write records as gzipped JSON lines; return how many there were."""
    count = 0
    # Without the time in its head the same records make the same file.
    with target.open("wb") as raw, gzip.GzipFile("", "wb", COMPRESSION, raw, mtime=0) as packed:
        for page in pages:
            lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in page)
            packed.write(lines.encode("utf-8", "backslashreplace"))
            count += len(page)
    return count


@contextmanager
def _mapped(
    connection: duckdb.DuckDBPyConnection, path: Path, mapping: mappings.Mapping, scratch: Path
) -> Iterator[Records]:
    if mapping.query is None:
        yield read_parquet(connection, path)
        return
    with TemporaryDirectory(dir=scratch) as folder:
        lines = mappings.json_lines(path)
        yield mapped_records(connection, mapping.query, lines, Path(folder))


def _stamp(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat().replace("-", "").replace(":", "")


def _is_same(path: Path, other: Path) -> bool:
    return path.stat().st_size == other.stat().st_size and sha256_of(path) == sha256_of(other)
