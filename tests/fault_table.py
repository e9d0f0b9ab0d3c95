"""The matrix of faults as it is printed: what went wrong by rows, e-mail tools by columns."""

from collections import Counter
from collections.abc import Iterable

Cell = tuple[str, str, int, int]
"""Fault, tool, how often it was tried, after how many of them all was as without it."""
ALL = "all of them"


def lines_of(cells: Iterable[Cell]) -> list[str]:
    """Return the lines of the matrix; nothing where there are no cells."""
    tried: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for fault, tool, tries, rights in cells:
        for row in (fault, ALL):
            tried[row, tool] += tries
            right[row, tool] += rights
    tools = sorted({tool for _, tool in tried})
    faults = sorted({fault for fault, _ in tried}, key=lambda fault: (fault == ALL, fault))
    rows = [["fault at a call", *tools]]
    for fault in faults:
        places = [(fault, tool) for tool in tools]
        rows.append([fault, *(f"{right[at]}/{tried[at]}" if tried[at] else "-" for at in places)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
