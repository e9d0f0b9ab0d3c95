"""Reads CSV line by line: what is broken in a line costs that line, and no other."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from pipeline.sources.records import (
    MAX_LINE_BYTES,
    RecordParts,
    Records,
    is_too_long,
    physical_lines,
)

MAX_RECORD_LINES = 50
"""A quoted value goes over no more lines than this; beyond it a quote was left open."""

QUOTED = r' *"([^"]*(?:""[^"]*)*)'
OPEN_QUOTE = re.compile(rf"{QUOTED}\Z")
VALUE = rf'{QUOTED}" *(?={{delimiter}}|\Z)|(?! *")([^{{delimiter}}]*)'


class BrokenRecord(Exception):
    """A record that cannot be read; the message says why."""


class _OpenQuote(BrokenRecord):
    """A record that may go on in the next line."""


@dataclass(frozen=True)
class Header:
    """The first line of a file: its columns and what stands between them."""

    names: Sequence[str]
    delimiter: str


class _Lines:
    """The lines of a file, with a look at those that follow."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._lines = physical_lines(stream)
        self._ahead: deque[bytes] = deque()

    def take(self) -> bytes:
        return self._ahead.popleft() if self._ahead else next(self._lines, b"")

    def take_more(self, count: int) -> None:
        for _ in range(count):
            self._ahead.popleft()

    def following(self) -> Iterator[str]:
        """Yield the lines that may belong to the last one taken, and leave them there."""
        for place in range(MAX_RECORD_LINES - 1):
            if place == len(self._ahead):
                self._ahead.extend(islice(self._lines, 1))
            if place == len(self._ahead) or is_too_long(self._ahead[place]):
                return
            try:
                yield self._ahead[place].decode("utf-8")
            except UnicodeDecodeError:
                return


def read_lines(path: Path, header: Header, scratch: Path) -> Records:
    """Return the records of a CSV file; each line that is no record is one that is broken."""
    parts = RecordParts(scratch, header.names)
    with path.open("rb") as stream:
        lines = _Lines(stream)
        lines.take()
        while line := lines.take():
            if not line.strip(b"\r\n"):
                continue
            try:
                values = _record(line, lines, header)
            except BrokenRecord as broken:
                parts.add_bad(f"broken CSV line: {broken}", line)
            else:
                parts.add(dict(zip(header.names, values, strict=False)), len(line))
    return parts.records()


def _record(line: bytes, lines: _Lines, header: Header) -> list[str]:
    """Return the values of the record that starts with ``line``, taking more lines if it does."""
    if is_too_long(line):
        raise BrokenRecord(f"longer than {MAX_LINE_BYTES} bytes")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise BrokenRecord("not UTF-8") from None
    values, line_count = _split(text, lines, header.delimiter)
    width = len(header.names)
    # Some exports end each line with delimiters of columns that the header does not have.
    if len(values) < width or any(values[width:]):
        raise BrokenRecord(f"{len(values)} columns where the header has {width}")
    lines.take_more(line_count - 1)
    return values


def _split(text: str, lines: _Lines, delimiter: str) -> tuple[list[str], int]:
    """Return the values of a record and over how many lines they go."""
    bare = text.rstrip("\r\n")
    if '"' not in bare:
        return bare.split(delimiter), 1
    try:
        return values_of(bare, delimiter), 1
    except _OpenQuote:
        for line_count, following in enumerate(lines.following(), start=2):
            text += following
            if '"' not in following:
                continue
            try:
                return values_of(text.rstrip("\r\n"), delimiter), line_count
            except _OpenQuote:
                continue
            except BrokenRecord:
                break
        raise


def values_of(text: str, delimiter: str) -> list[str]:
    """Return the values of a record in which quotes occur, without these."""
    value = re.compile(VALUE.format(delimiter=re.escape(delimiter)))
    values: list[str] = []
    place = 0
    while place <= len(text):
        found = value.match(text, place)
        if not found:
            raise (
                _OpenQuote("a quote is not closed")
                if OPEN_QUOTE.match(text, place)
                else BrokenRecord("text beside a quote")
            )
        quoted, plain = found.groups()
        values.append(plain if quoted is None else quoted.replace('""', '"'))
        place = found.end() + 1
    return values
