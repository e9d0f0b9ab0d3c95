"""An inbox to put files into, and a look at what a load makes of them."""

import gzip
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.loading import LoadReport, load_entity
from pipeline.sources.contract import ENTITY_BY_NAME
from pipeline.warehouse import Warehouse

ORDERS = "order_id,ordered_at,email,total"


@dataclass
class Inbox:
    """A shop in London that sells in pounds and euros."""

    folder: Path
    warehouse: Warehouse
    zone: str = "Europe/London"
    _clock_ns: int = 1_700_000_000_000_000_000

    def put(self, name: str, content: str | bytes) -> Path:
        """Write a file, later than the one before it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        self._clock_ns += 1_000_000_000
        os.utime(path, ns=(self._clock_ns, self._clock_ns))
        return path

    def put_gzip(self, name: str, content: str) -> Path:
        return self.put(name, gzip.compress(content.encode("utf-8")))

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
            zone=self.zone,
            currencies=frozenset({"GBP", "EUR"}),
            max_share=max_share,
        )

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
