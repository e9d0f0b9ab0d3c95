"""SQL for CSV that a spreadsheet opens without running anything in it, and for reading it again."""

import csv
import glob
from collections.abc import Sequence
from pathlib import Path

from pipeline.sql import identifier, literal

DANGEROUS = r"^'*[=+\-@\t\n\r]"
"""How texts begin that a spreadsheet takes for a formula, or looks behind for one."""

NOT_TEXT = ("INT", "INTEGER", "DECIMAL", "DOUBLE", "FLOAT", "DATE", "TIME", "BOOLEAN")
"""How the names of types begin or end whose values cannot hold what somebody typed."""


def is_unsafe(text: str) -> str:
    """Return SQL for whether ``text`` would be run, also behind apostrophes."""
    return f"coalesce(regexp_matches({text}, {literal(DANGEROUS)}), false)"


def as_cell(value: str, kind: str) -> str:
    """Return SQL for the cell that shows ``value`` of the SQL type ``kind``.

    Texts get an apostrophe where they would be run; numbers and dates stay what they are.
    """
    text = f"cast({value} as varchar)"
    if _is_number_or_date(kind):
        return text
    # Most texts begin with a letter; comparing is many times cheaper than looking into them.
    return f"""case
        when {text} >= 'A' then {text}
        when {is_unsafe(text)} then '''' || {text}
        else {text} end"""


def as_text(cell: str) -> str:
    """Return SQL for the text that ``cell`` shows, without the apostrophe of ``as_cell``."""
    return f"""case
        when not starts_with({cell}, '''') then {cell}
        when {is_unsafe(cell)} then {cell}[2:]
        else {cell} end"""


def header_of(path: Path, keys: Sequence[str]) -> list[str] | None:
    """Return the columns of a file that is there and begins with ``keys`` as a list does."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file, strict=True), [])
    except (FileNotFoundError, UnicodeDecodeError, csv.Error):
        return None
    is_list = columns[: len(keys)] == list(keys)
    distinct = {name.lower() for name in columns}
    return columns if is_list and all(columns) and len(distinct) == len(columns) else None


def rows_of(path: Path, columns: Sequence[str]) -> str:
    """Return SQL for the rows of the file as texts, without the apostrophes of ``as_cell``."""
    kinds = ", ".join(f"{literal(name)}: 'varchar'" for name in columns)
    texts = ", ".join(f"{as_text(identifier(name))} as {identifier(name)}" for name in columns)
    return f"""(
        select {texts} from read_csv(
            {literal(glob.escape(str(path)))}, columns = {{{kinds}}}, header = true,
            auto_detect = false, delim = ',', quote = '"', escape = '"',
            allow_quoted_nulls = false, parallel = false
        )
    )"""


def _is_number_or_date(kind: str) -> bool:
    name = kind.upper().split("(")[0].split(" ")[0].removesuffix("_NS").removesuffix("_MS")
    return not name.endswith("[]") and (name.endswith(NOT_TEXT) or name.startswith("TIMESTAMP"))
