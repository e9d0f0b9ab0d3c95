"""docs/worked_examples.md as its reader finds it: sections, queries, tables with what they show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.integration.shop import ROOT

DOCUMENT = (ROOT / "docs" / "worked_examples.md").read_text()
BY_HAND = "by hand"


@dataclass(frozen=True)
class Table:
    section: str
    name: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def facts(self) -> tuple[str, ...]:
        return tuple(name for name in self.head if not name.endswith(BY_HAND))

    def column(self, name: str) -> list[str]:
        return [row[self.head.index(name)] for row in self.rows]

    def calculations(self) -> Iterator[tuple[str, str]]:
        """What is written by hand, and the value beside it."""
        for place, name in enumerate(self.head):
            if name.endswith(BY_HAND):
                for row in self.rows:
                    yield row[place], row[place + 1]


def cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip("|").split("|"))


def sections() -> dict[str, str]:
    parts = re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)[1:]
    return {part.split("\n", 1)[0]: part for part in parts}


def tables() -> list[Table]:
    found = []
    for section, text in sections().items():
        for name, block in re.findall(r"^\*(\w+)\*\n\n((?:\|.*\n)+)", text, re.MULTILINE):
            head, _, *rows = block.splitlines()
            found.append(Table(section, name, cells(head), tuple(map(cells, rows))))
    return found


TABLES = tables()
QUERIES = dict(re.findall(r"```sql\n-- (\w+)\n(.*?)```", DOCUMENT, re.DOTALL))
CUSTOMERS = [name.split()[1] for name in sections() if name.startswith("Customer ")]
SHOP_TABLES = [table for table in TABLES if not table.section.startswith("Customer ")]


def of_customer(account: str) -> list[Table]:
    return [table for table in TABLES if table.section == f"Customer {account}"]


def decimals(shown: str) -> int:
    return len(shown.partition(".")[2])


def number(shown: str) -> float:
    return float(shown.replace("−", "-"))


def is_shown(value: Any, shown: str, slack: float = 0.0) -> bool:
    """Whether a cell shows a value: exactly, or a number within the digits it has."""
    match value:
        case None:
            return shown == "null"
        case bool():
            return shown == str(value).lower()
        case int():
            return shown == str(value)
        case list():
            return shown == " ".join(value)
        case date() | datetime():
            return shown == str(value)
        case float() | Decimal():
            exact = float(value)
            if not re.fullmatch(r"−?\d+(\.\d+)?", shown):
                return False
            near = 0.5 * 10.0 ** -decimals(shown) * (1 + 1e-6) + slack * abs(exact)
            has_digits = len(shown.replace(".", "").lstrip("−0")) >= 4
            return abs(exact - number(shown)) <= near and (
                has_digits or abs(exact - number(shown)) < 1e-9
            )
    return shown == value


def is_whole(result: Any, shown: str) -> bool:
    """Whether a whole number came out of rounded ones, like 191 of 3 × 63.66667."""
    return isinstance(result, float) and shown.isdigit() and abs(result - int(shown)) < 1e-4


def numbers(text: str) -> set[str]:
    """Every number and day in a text, but those in names."""
    return set(re.findall(r"(?<![\w.])\d{4}-\d\d-\d\d|(?<![\w.-])\d+(?:\.\d+)?(?![\w-])", text))
