"""Queries that turn a source's own records into those of the inbox contract.

They lie in ``mappings/<source>/<entity>.sql``; where an entity is told in several streams, also in
``<entity>__<note>.sql``. The first line names the stream: ``-- stream: orders``. The query reads
``records``, which has a column ``record`` (JSON, one of the source's records a row) and its
``row_number``, which it may pass on so that a bad row says where it came from.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.sources.records import path_literal
from pipeline.sql import literal

FOLDER = Path(__file__).parent / "mappings"
HEADER = re.compile(r"-- stream: (\w+)\s*$", re.MULTILINE)
LONGEST_RECORD = 2**26
"""Bytes; an order with thousands of lines is some megabytes."""


@dataclass(frozen=True)
class Mapping:
    """How records of a stream become records of an entity; without a query they are that already.

    ``note`` tells several mappings of one entity apart.
    """

    stream: str
    query: str | None = None
    note: str = ""


def mappings_of(source: str, entity: str, folder: Path = FOLDER) -> tuple[Mapping, ...]:
    """Return the mappings of a source for an entity; none where it brings no such records."""
    paths = [folder / source / f"{entity}.sql", *sorted((folder / source).glob(f"{entity}__*.sql"))]
    return tuple(_read(path) for path in paths if path.exists())


def statements(query: str, records: str, target: Path) -> tuple[str, ...]:
    """Return what writes that which ``query`` makes of ``records`` to a Parquet file."""
    return (
        f"create or replace temp view records as {records}",
        f"copy (\n{query}\n) to {literal(str(target))} (format parquet)",
        "drop view records",
    )


def json_lines(path: Path) -> str:
    """Return the query for the records of a file of JSON lines that is whole."""
    return f"""select row_number() over () as row_number, json as record
        from read_json_objects({path_literal(path)}, format = 'newline_delimited',
            maximum_object_size = {LONGEST_RECORD})"""


def _read(path: Path) -> Mapping:
    query = path.read_text(encoding="utf-8")
    header = HEADER.match(query)
    if header is None:
        raise ValueError(f"{path.name}: the first line has to be like '-- stream: orders'")
    return Mapping(header[1], query.strip().rstrip(";"), path.stem.partition("__")[2])
