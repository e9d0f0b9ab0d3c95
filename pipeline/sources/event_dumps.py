"""Reads what webhooks of mail services sent: a request's body a line, in the service's own shape.

The service stands in the file's name, before its ending: ``2026-11-02.sendgrid.jsonl``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from pipeline.sources.files import InboxFile, unpacked
from pipeline.sources.mapped_records import ignored_count, mapped_records
from pipeline.sources.mapping import mappings_of
from pipeline.sources.records import (
    FileRefused,
    RecordParts,
    Records,
    is_too_long,
    physical_lines,
)

SERVICES = (
    "amazon_ses",
    "brevo_webhooks",
    "mailersend",
    "mailgun",
    "mailjet",
    "mailtrap",
    "mandrill",
    "postmark",
    "resend",
    "sendgrid",
    "sparkpost",
)
NO_JSON = "not JSON"


def service_of(name: str) -> str | None:
    """Return the service that a file's name names, None where it names none."""
    parts = name.lower().removesuffix(".gz").rsplit(".", 2)
    return parts[1] if len(parts) == 3 and parts[1] in SERVICES else None


@dataclass(frozen=True)
class DumpFile(InboxFile):
    """A file of the inbox that holds a service's own events; ``entity`` names its folder."""

    service: str
    entity: str

    @contextmanager
    def read(self, connection: duckdb.DuckDBPyConnection, scratch: Path) -> Iterator[Records]:
        """Give the events in the shape of the contract."""
        name = self.name.lower()
        if not name.removesuffix(".gz").endswith(".jsonl"):
            raise FileRefused(
                f"events of {self.service} have to come as JSON lines; end its name in .jsonl"
            )
        mappings = mappings_of(self.service, self.entity)
        if not mappings:
            raise FileRefused(f"{self.service} tells of email_events alone; put it in that folder")
        with TemporaryDirectory(dir=scratch) as folder:
            path = self.path
            if name.endswith(".gz"):
                path = unpacked(path, Path(folder) / "unpacked")
            yield read_dump(connection, path, mappings[0].query or "", Path(folder))


def as_dump(file: InboxFile, entity: str) -> InboxFile:
    """Return a file as what its name says it is."""
    service = service_of(file.name)
    return DumpFile(file.path, file.name, service, entity) if service else file


def read_dump(
    connection: duckdb.DuckDBPyConnection, path: Path, query: str, folder: Path
) -> Records:
    """Return the events of a dump; lines that are no JSON are broken, other news are left out."""
    lines = _lines(path, folder)
    whole = f"""select row_number, cast(line_text as json) as record from {lines}
        where line_text is not null and json_valid(line_text)"""
    mapped = mapped_records(connection, query, whole, folder)
    relation = f"""(select * from {mapped.relation} as mapped
        union all by name
        select row_number, coalesce(fault, '{NO_JSON}') as fault, coalesce(line, line_text) as line
        from {lines} as lines where line_text is null or not json_valid(line_text))"""
    return replace(
        mapped, relation=relation, ignored_count=ignored_count(connection, whole, mapped)
    )


def _lines(path: Path, folder: Path) -> str:
    """Return what stands after FROM for the lines of a file: row_number, fault, line, line_text."""
    parts = RecordParts(folder, ("line_text",))
    with path.open("rb") as stream:
        for line in physical_lines(stream):
            if not line.strip():
                continue
            if is_too_long(line):
                parts.add_bad("longer than a line may be", line)
                continue
            try:
                text = line.decode("utf-8").strip()
            except UnicodeDecodeError:
                parts.add_bad("not UTF-8", line)
            else:
                parts.add({"line_text": text}, len(text))
    records = parts.records()
    place = records.columns["line_text"].sql
    return f"(select row_number, fault, line, {place} as line_text from {records.relation})"
