"""Mappings say which stream they read, and compare what they mean to compare."""

import re
from pathlib import Path

import pytest

from pipeline.settings import PROJECT_ROOT

MAPPINGS = sorted((PROJECT_ROOT / "pipeline" / "sources" / "mappings").rglob("*.sql"))
# DuckDB binds these more tightly than the arrow: a ->> 'b' = 'c' asks for the member 'b' = 'c'.
BARE_ARROW = re.compile(
    r"(?<!\()\b[\w.]+ ->>? '[^']*' (=|<>|<|>|is|in|not|like|between|and|or|\|\|)( |$)"
    r"|\|\| [\w.]+ ->",
    re.MULTILINE,
)


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_mapping_names_its_stream_and_brackets_what_it_compares(path: Path) -> None:
    query = path.read_text()
    assert re.match(r"-- stream: \w+\n", query)
    assert BARE_ARROW.search(query) is None


def test_a_bare_arrow_would_be_found() -> None:
    for wrong in ("a ->> '$.b' = 'c'", "a.b -> '$.c' is null", "'x' || a ->> '$.b'"):
        assert BARE_ARROW.search(wrong), wrong
    for right in ("(a ->> '$.b') = 'c'", "a ->> '$.b' as c", "coalesce(a ->> '$.b', c)"):
        assert BARE_ARROW.search(right) is None, right
