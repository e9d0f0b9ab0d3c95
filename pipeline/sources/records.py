"""What reading a file yields: numbered records as a DuckDB relation, broken ones among them."""

import glob
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.sql import literal

MAX_LINE_BYTES = 2**21
MAX_COLUMNS = 1000
BATCH_ROWS = 20_000
BATCH_CHARACTERS = 2**25


class FileRefused(Exception):
    """A file that cannot be read as a whole. The message says why and what to do."""


@dataclass(frozen=True)
class Field:
    """A column of a relation: how SQL names it and DuckDB's type of it."""

    sql: str
    sql_type: str = "VARCHAR"


@dataclass(frozen=True)
class Records:
    """The records of one file.

    ``relation`` stands after FROM and has ``row_number``, ``fault``, ``line`` (the last two only
    filled for a record that could not be read) and the fields. ``columns`` maps the names in the
    file, in lower case, to the fields. ``ignored_count`` is of records of other things.
    """

    relation: str
    columns: Mapping[str, Field]
    ignored_count: int = 0


def path_literal(path: Path) -> str:
    """Return a path as an SQL string that means this file, whatever characters it has."""
    return literal(glob.escape(str(path)))


def column_names(given: Iterable[str]) -> list[str]:
    """Return the names of a file's columns in lower case; refuse one that comes twice."""
    names = [name.strip().lower() for name in given]
    if len(names) > MAX_COLUMNS:
        raise FileRefused(f"it has {len(names)} columns, more than {MAX_COLUMNS}")
    names = [name or f"column_{place}" for place, name in enumerate(names, start=1)]
    for place, name in enumerate(names):
        if name in names[:place]:
            # Without its name: where the header is missing, that would be somebody's data.
            first = names.index(name) + 1
            raise FileRefused(f"columns {first} and {place + 1} have the same name; rename one")
    return names


def physical_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file, cut after ``MAX_LINE_BYTES``: such a line is broken."""
    while line := stream.readline(MAX_LINE_BYTES):
        yield line
        while len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE_BYTES)


def is_too_long(line: bytes) -> bool:
    """Say whether ``physical_lines`` has cut a line."""
    return len(line) == MAX_LINE_BYTES


class RecordParts:
    """Takes records one by one and keeps them in small Parquet files.

    Columns may turn up at any time; those of records that lack them are NULL.
    """

    def __init__(self, folder: Path, columns: Iterable[str] = ()) -> None:
        self.good_count = 0
        self.bad_count = 0
        self._folder = folder
        self._places = {name: place for place, name in enumerate(columns)}
        self._rows: list[Mapping[str, str | None]] = []
        self._numbers: list[int] = []
        self._bad: list[tuple[int, str, str]] = []
        self._characters = 0
        self._part_count = 0

    def add(self, values: Mapping[str, str | None], size: int) -> None:
        """Take a record whose text is ``size`` characters long."""
        for name in values.keys() - self._places.keys():
            self._places[name] = len(self._places)
        if len(self._places) > MAX_COLUMNS:
            raise FileRefused(f"it has more than {MAX_COLUMNS} columns")
        self.good_count += 1
        self._numbers.append(self.good_count + self.bad_count)
        self._rows.append(values)
        self._write_when_full(size)

    def add_bad(self, fault: str, line: bytes) -> None:
        """Take a record that could not be read, with what is wrong and its text."""
        self.bad_count += 1
        text = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
        self._bad.append((self.good_count + self.bad_count, fault, text))
        self._write_when_full(len(text))

    def records(self) -> Records:
        """Return all that was taken."""
        self._write_part()
        parts = literal(f"{glob.escape(str(self._folder))}/part-*.parquet")
        return Records(
            relation=f"read_parquet({parts}, union_by_name = true, hive_partitioning = false)",
            columns={name: Field(f"c{place}") for name, place in self._places.items()},
        )

    def _write_when_full(self, size: int) -> None:
        self._characters += size
        if len(self._numbers) + len(self._bad) >= BATCH_ROWS or self._characters > BATCH_CHARACTERS:
            self._write_part()

    def _write_part(self) -> None:
        no_values = [None] * len(self._bad)
        no_fault = [None] * len(self._numbers)
        numbers, faults, lines = zip(*self._bad, strict=True) if self._bad else ((), (), ())
        columns: dict[str, pa.Array] = {
            "row_number": pa.array([*self._numbers, *numbers], pa.int64()),
            "fault": pa.array([*no_fault, *faults], pa.string()),
            "line": pa.array([*no_fault, *lines], pa.string()),
        }
        for name, place in self._places.items():
            values = [*(row.get(name) for row in self._rows), *no_values]
            columns[f"c{place}"] = pa.array(values, pa.string())
        pq.write_table(pa.table(columns), self._folder / f"part-{self._part_count:06}.parquet")
        self._part_count += 1
        self._rows, self._numbers, self._bad, self._characters = [], [], [], 0
