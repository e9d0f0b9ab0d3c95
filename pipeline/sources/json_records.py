"""Reads JSON files, one object per line or an array of objects; numbers keep the text they had."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

from pipeline.sources.records import FileRefused, RecordParts, Records, is_too_long, physical_lines

CHUNK_CHARACTERS = 2**20
MAX_ELEMENT_CHARACTERS = 2**24


class _Number(str):
    """A number as it was written."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


class _Doubled(dict[str, Any]):
    """An object that has a name twice, of which nobody can tell which was meant."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Doubled(found)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_Number,
    parse_int=_Number,
    parse_constant=_no_constant,
)


def read_json(path: Path, scratch: Path, *, is_array_allowed: bool) -> Records:
    """Return the records of a JSON file; raise ``FileRefused`` where it is none."""
    parts = RecordParts(scratch)
    with path.open("rb") as stream:
        start = stream.read(CHUNK_CHARACTERS).removeprefix(b"\xef\xbb\xbf").lstrip()
        stream.seek(0)
        if is_array_allowed and not start:
            raise FileRefused("it is empty; it has to hold an array or one object per line")
        if is_array_allowed and start.startswith(b"["):
            _take_array(path, parts)
        else:
            _take_lines(stream, parts)
    if parts.bad_count and not parts.good_count:
        raise FileRefused("it is no JSON: not one record of it is a JSON object")
    return parts.records()


def _take_lines(stream: IO[bytes], parts: RecordParts) -> None:
    for number, line in enumerate(physical_lines(stream)):
        content = line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line
        if not content.strip():
            continue
        if is_too_long(content):
            parts.add_bad("longer than a line may be", content)
            continue
        try:
            text = content.decode("utf-8").strip()
            parts.add(_flat(_DECODER.decode(text), text), len(text))
        except UnicodeDecodeError:
            parts.add_bad("not UTF-8", content)
        except (ValueError, RecursionError):
            parts.add_bad("not a JSON object, or a name twice", content)


def _take_array(path: Path, parts: RecordParts) -> None:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for element, text in _Array(stream):
                try:
                    parts.add(_flat(element, text), len(text))
                except ValueError:
                    parts.add_bad("not a JSON object, or a name twice", text.encode("utf-8"))
    except UnicodeDecodeError:
        raise FileRefused("it is not UTF-8; save it as such") from None
    except (ValueError, RecursionError):
        raise FileRefused("it is no JSON: its array is broken or cut off") from None


class _Array:
    """Yields the elements of an array with their texts, holding little of the file at a time."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._text = ""
        self._place = 0
        self._is_complete = False

    def __iter__(self) -> Iterator[tuple[Any, str]]:
        """Raise ``ValueError`` where the array is broken."""
        self._expect("[")
        if self._next_sign() != "]":
            yield self._element()
            while self._next_sign() != "]":
                self._expect(",")
                yield self._element()
        self._expect("]")
        if self._next_sign():
            raise ValueError("something follows the array")

    def _next_sign(self) -> str:
        """Return the next character that is no white space, "" at the end."""
        while True:
            while self._text[self._place : self._place + 1].isspace():
                self._place += 1
            if self._place < len(self._text) or self._is_complete:
                return self._text[self._place : self._place + 1]
            self._read_on()

    def _expect(self, sign: str) -> None:
        if self._next_sign() != sign:
            raise ValueError(f"no {sign}")
        self._place += 1

    def _element(self) -> tuple[Any, str]:
        self._next_sign()
        while True:
            try:
                element, end = _DECODER.raw_decode(self._text, self._place)
            except ValueError:
                rest = len(self._text) - self._place
                if self._is_complete or rest > MAX_ELEMENT_CHARACTERS:
                    raise
            else:
                # A number that ends where the text does may go on.
                if end < len(self._text) or self._is_complete:
                    text = self._text[self._place : end]
                    self._place = end
                    return element, text
            self._read_on()

    def _read_on(self) -> None:
        rest = self._text[self._place :]
        chunk = self._stream.read(max(CHUNK_CHARACTERS, len(rest)))
        self._text, self._place, self._is_complete = rest + chunk, 0, not chunk


def _flat(element: Any, text: str) -> dict[str, str | None]:
    """Return an object's values as text under names in lower case, else raise ``ValueError``."""
    if not isinstance(element, dict) or isinstance(element, _Doubled):
        raise ValueError("no object, or one with a name twice")
    flat = {name.strip().lower(): _as_text(value) for name, value in element.items()}
    if len(flat) < len(element):
        raise ValueError("two names that differ in case only")
    if "\\ud" in text or "\\uD" in text:
        # Half of a surrogate pair can be written in JSON, but it is no text.
        json.dumps(flat, ensure_ascii=False).encode("utf-8")
    return flat


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return _written(value)


def _written(value: Any) -> str:
    """Return a value as JSON with its numbers as they were written."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        items = (f"{_written(name)}: {_written(item)}" for name, item in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_written(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
