"""An inbox to put files into, and a look at what a load makes of them."""

import gzip
import itertools
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.loading.inbox import load_entity
from pipeline.loading.load import LoadReport, Rules
from pipeline.sources.contract import ENTITY_BY_NAME
from pipeline.warehouse import Warehouse

CLOCK = itertools.count(1_700_000_000_000_000_000, 1_000_000_000)
ORDERS = "order_id,ordered_at,email,total"

GOOD = "1,2024-01-31,a@example.com,5"
FILES = """
    select path, load_number, rows_read, rows_kept, rows_duplicate, rows_quarantined
    from raw_files.loaded_files order by file_id
"""
REQUIRED = {
    "orders": {"order_id": "1", "ordered_at": "2024-01-31"},
    "order_lines": {"order_id": "1", "product_id": "p", "quantity": "1", "unit_price": "2"},
    "customers": {"customer_id": "1"},
    "consents": {
        "email": "a@example.com",
        "channel": "email",
        "state": "never",
        "at": "2024-01-31",
    },
    "email_events": {
        "event_id": "1",
        "email": "a@example.com",
        "event": "sent",
        "occurred_at": "2024-01-31",
    },
    "carts": {"cart_id": "1", "email": "a@example.com", "updated_at": "2024-01-31"},
    "visits": {"visit_id": "1", "email": "a@example.com", "occurred_at": "2024-01-31"},
    "returns": {"id": "1", "email": "a@example.com", "occurred_at": "2024-01-31"},
    "complaints": {"id": "1", "email": "a@example.com", "occurred_at": "2024-01-31"},
    "answers": {"id": "1", "email": "a@example.com", "occurred_at": "2024-01-31"},
    "products": {"product_id": "p"},
}
"""The least that a record of each entity has."""


@dataclass
class Inbox:
    """A shop in London that sells in pounds and euros."""

    folder: Path
    warehouse: Warehouse
    zone: str = "Europe/London"
    first_rates: Mapping[str, date] = field(
        default_factory=lambda: {"GBP": date.min, "EUR": date(1970, 1, 1)}
    )

    def put(self, name: str, content: str | bytes) -> Path:
        """Write a file, later than the one before it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        modified_ns = next(CLOCK)
        os.utime(path, ns=(modified_ns, modified_ns))
        return path

    def put_gzip(self, name: str, content: str) -> Path:
        return self.put(name, gzip.compress(content.encode("utf-8"), mtime=0))

    def put_parquet(self, name: str, columns: Mapping[str, Any]) -> Path:
        path = self.put(name, b"")
        pq.write_table(pa.table(dict(columns)), path)
        return path

    def orders(self, name: str, *rows: str) -> Path:
        return self.put(f"orders/{name}", "\n".join([ORDERS, *rows]) + "\n")

    def load(self, entity: str = "orders", max_share: float = 0.05) -> LoadReport:
        return load_entity(
            self.warehouse,
            ENTITY_BY_NAME[entity],
            self.folder,
            Rules(self.zone, self.first_rates, max_share),
        )

    def value_of(self, entity: str, column: str, value: str | None) -> Any:
        """Load a record with this value; return what raw has of it, or the reasons if nothing."""
        self.put(f"{entity}/a.jsonl", json_lines([{**REQUIRED[entity], column: value}]))
        report = self.load(entity)
        assert (report.rows_read, report.refused) == (1, ())
        if report.rows_quarantined:
            return self.reasons()
        ((found,),) = self.rows(f'select "{column}" from raw_files.{entity}')
        return found

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.warehouse.connect() as connection:
            return connection.execute(query).fetchall()

    def quarantined(self) -> list[tuple[Any, ...]]:
        """Return file, row number, reason and payload; JSON is read."""
        return [
            (file, row_number, reason, _read(payload))
            for file, row_number, reason, payload in self.rows(
                """select file, row_number, reason, payload from quarantine.rows
                order by file, row_number, reason"""
            )
        ]

    def reasons(self) -> list[str]:
        return [reason for _, _, reason, _ in self.quarantined()]

    def versions(self, entity: str = "orders") -> list[tuple[Any, ...]]:
        """Return raw with the file's place in the order instead of its number and load time."""
        return self.rows(
            f"""select r.* exclude (_file_id, _loaded_at), sort_key, load_number
            from raw_files.{entity} as r
            inner join raw_files.loaded_files as f on f.file_id = r._file_id order by all"""
        )


def json_lines(records: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _read(payload: str | None) -> Any:
    try:
        return json.loads(payload or "null")
    except ValueError:
        return payload
