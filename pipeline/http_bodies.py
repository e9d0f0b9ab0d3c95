"""Bodies of HTTP calls as they travel, and lists cut to what one call may carry."""

import json
from collections.abc import Iterable, Iterator
from typing import Any


def json_bytes(value: Any) -> bytes:
    """Return ``value`` as the bytes that travel; limits of vendors count these."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def batches(
    items: Iterable[Any], *, most: int, most_bytes: int, envelope_bytes: int = 1024
) -> Iterator[list[Any]]:
    """Yield ``items`` in lists that hold both limits once they travel as JSON in an envelope."""
    batch: list[Any] = []
    size = envelope_bytes
    for item in items:
        item_bytes = len(json_bytes(item)) + 1
        if batch and (len(batch) == most or size + item_bytes > most_bytes):
            yield batch
            batch, size = [], envelope_bytes
        batch.append(item)
        size += item_bytes
    if batch:
        yield batch
