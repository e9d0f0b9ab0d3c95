"""Shopify's bulk operations: run one, wait for it, take its result whole or not at all."""

import json
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pipeline.apis.shopify import ShopifyApi, protected_data_sentence
from pipeline.apis.shopify_queries import POLL_BULK, RUN_BULK, Kind, bulk_query
from pipeline.http_answers import HttpError

Record = dict[str, Any]

PAGE_RECORDS = 500
PART_BYTES = 2**23
MOST_PARTS = 256
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 30.0
PATIENCE_SECONDS = 12 * 3600.0
"""How long an operation is waited for; Shopify ends one after ten days."""
UNDER_WAY = ("CREATED", "RUNNING", "CANCELING")
BUSY = ("OPERATION_IN_PROGRESS", "LIMIT_REACHED")


def bulk_pages(api: ShopifyApi, kind: Kind, search: str, scratch: Path) -> Iterator[list[Record]]:
    """Yield all records that a search finds, with their children, in no order.

    Nothing is yielded before every line of the result was read and counted. Holds a few megabytes
    of the result at a time; the rest waits in a folder under ``scratch``, for one reader at a time.
    """
    operation = _finished(api, kind, _started(api, bulk_query(kind, search)))
    if operation["url"] is None:
        _require(kind, operation, lines=0, roots=0)
        return
    with _emptied(scratch / "shopify_bulk_result") as folder:
        result = folder / "result.jsonl"
        try:
            size = api.http.download(operation["url"], result)
        except HttpError as error:
            raise HttpError(f"Shopify: the result of {kind.name}: {error.sentence}") from error
        parts = _Parts(folder, min(MOST_PARTS, 1 + size // PART_BYTES))
        parts.take(kind, result)
        _require(kind, operation, parts.line_count, parts.root_count)
        result.unlink()
        for part in parts.paths:
            yield from _pages(kind, part)


def _started(api: ShopifyApi, query: str) -> str:
    """Return the id of a new operation, once Shopify lets another one begin."""
    for seconds in _waits():
        answer = api.ask(RUN_BULK, {"query": query})["bulkOperationRunQuery"]
        errors = answer["userErrors"]
        if not errors:
            return str(answer["bulkOperation"]["id"])
        if errors[0]["code"] not in BUSY:
            raise HttpError(f"Shopify refuses a bulk operation: {errors[0]['message']}")
        api.http.sleep(seconds)
    raise HttpError("Shopify: other bulk operations of this app do not end; cancel them there")


def _finished(api: ShopifyApi, kind: Kind, operation_id: str) -> Mapping[str, Any]:
    """Return the operation once it is complete; raise ``HttpError`` for any other end."""
    for seconds in _waits():
        operation = api.ask(POLL_BULK, {"id": operation_id})["bulkOperation"]
        if operation is None:
            raise HttpError(f"Shopify knows nothing of its bulk operation for {kind.name}")
        if operation["status"] == "COMPLETED" and not operation["errorCode"]:
            return operation
        if operation["status"] not in UNDER_WAY:
            code = operation["errorCode"] or "no reason given"
            # What it had read by then could be had too, but nothing tells what is missing.
            raise HttpError(
                f"Shopify's bulk operation for {kind.name} ended {operation['status']} ({code}); "
                "nothing of it was taken, the next run reads again"
                + (f". {protected_data_sentence()}" if code == "ACCESS_DENIED" else "")
            )
        api.http.sleep(seconds)
    raise HttpError(
        f"Shopify's bulk operation for {kind.name} goes on for {PATIENCE_SECONDS / 3600:.0f} "
        "hours; the next run reads again"
    )


def _waits() -> Iterator[float]:
    waited, seconds = 0.0, FIRST_WAIT_SECONDS
    while waited < PATIENCE_SECONDS:
        yield seconds
        waited += seconds
        seconds = min(seconds * 2, LONGEST_WAIT_SECONDS)


def _require(kind: Kind, operation: Mapping[str, Any], lines: int, roots: int) -> None:
    """Raise ``HttpError`` unless so many lines are what Shopify says that it wrote."""
    promised = int(operation["objectCount"]), int(operation["rootObjectCount"])
    if promised != (lines, roots):
        raise HttpError(
            f"Shopify's bulk result for {kind.name} has {lines:,} lines with {roots:,} "
            f"{kind.name}, but {promised[0]:,} with {promised[1]:,} were promised; "
            "nothing of it was taken, the next run reads again"
        )


@contextmanager
def _emptied(folder: Path) -> Iterator[Path]:
    """Give a folder that holds nothing, not even what a killed run left there, and goes after."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class _Parts:
    """The lines of a result in files small enough to hold, each with all lines of its records.

    Children stand anywhere in the result, so what belongs together is brought together first.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self.paths = [folder / f"{number}.jsonl" for number in range(count)]
        self.line_count = 0
        self.root_count = 0

    def take(self, kind: Kind, result: Path) -> None:
        """Share out the lines of ``result`` and count them; blank ones are none."""
        with ExitStack() as stack:
            files = [stack.enter_context(path.open("wb")) for path in self.paths]
            for number, line in enumerate(stack.enter_context(result.open("rb")), start=1):
                if not line.strip():
                    continue
                found = _parsed(kind, line, number)
                root_id: str = found.get("__parentId") or found["id"]
                self.line_count += 1
                self.root_count += "__parentId" not in found
                files[zlib.crc32(root_id.encode()) % len(files)].write(line.rstrip() + b"\n")


def _parsed(kind: Kind, line: bytes, number: int) -> Record:
    try:
        found: Record = json.loads(line)
    except ValueError:
        raise HttpError(
            f"Shopify's bulk result for {kind.name} is no JSON in line {number:,}"
        ) from None
    return found


def _pages(kind: Kind, part: Path) -> Iterator[list[Record]]:
    """Yield the records of a part, built by id: a child may stand before what it belongs to."""
    records: dict[str, Record] = {}
    children: dict[str, dict[str, Record]] = {}
    with part.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            found = _parsed(kind, line, number)
            parent_id = found.pop("__parentId", None)
            if parent_id is None:
                records[found["id"]] = found
            else:
                children.setdefault(parent_id, {})[found["id"]] = found
    if children.keys() - records.keys():
        raise HttpError(f"Shopify's bulk result for {kind.name} has parts of records it lacks")
    for record_id, record in records.items():
        for name in kind.children:
            record[name] = {"nodes": list(children.get(record_id, {}).values())}
    found_records = list(records.values())
    for start in range(0, len(found_records), PAGE_RECORDS):
        yield found_records[start : start + PAGE_RECORDS]
