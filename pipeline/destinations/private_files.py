"""Files that nobody else may read, replaced as a whole and only when their content changes."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

CHUNK_BYTES = 1 << 20


@contextmanager
def database(folder: Path, memory_limit: str, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a database in memory; what does not fit goes to ``folder``, as it is personal data."""
    spill = folder / ".spill"
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "threads": threads,
        "temp_directory": str(spill),
    }
    connection = duckdb.connect(":memory:", config=config)
    try:
        connection.execute("set timezone = 'UTC'")
        yield connection
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


def make_closed_folder(folder: Path) -> None:
    """Make ``folder`` where it is missing, and let nobody else look into it."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def begin(path: Path) -> Path:
    """Return an empty file beside ``path`` to write its new content to."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return temporary


def finish(temporary: Path, path: Path) -> None:
    """Replace ``path`` by ``temporary`` unless it is the same already."""
    if path.exists() and _is_same(temporary, path):
        temporary.unlink()
        path.chmod(0o600)
        return
    _flush(temporary)
    temporary.replace(path)
    _flush(path.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_same(first: Path, second: Path) -> bool:
    if first.stat().st_size != second.stat().st_size:
        return False
    with first.open("rb") as one, second.open("rb") as other:
        while chunk := one.read(CHUNK_BYTES):
            if chunk != other.read(CHUNK_BYTES):
                return False
    return True
