"""``python -m benchmarks.first_load``: the first load of a shop from Shopify, from a local server.

Three steps, each measured in a process of its own: reading the bulk result into a landing file,
mapping that to orders, mapping it to lines.
"""

import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Any

import click
import duckdb

from benchmarks.cost import measured
from pipeline.apis.shopify import ShopifyApi
from pipeline.apis.shopify_queries import KINDS
from pipeline.sources.landing import write_pages
from pipeline.sources.mapping import json_lines, mappings_of, statements
from pipeline.sources.shopify import BEGINNING, ShopifyClient
from pipeline.warehouse import Warehouse

LANDED = "orders.jsonl.gz"
RESULT = "result.jsonl"
NEAR_BY = 1_000
"""Children stand somewhere among those of so many orders."""
NOW = datetime.fromisoformat("2026-06-01")


@click.command()
@click.option("--orders", default=200_000, show_default=True, help="Orders of the shop.")
@click.option("--step", type=click.Choice(["read", "orders", "order_lines"]), hidden=True)
@click.option("--folder", type=click.Path(path_type=Path), hidden=True)
@click.option("--address", default="", hidden=True)
def main(orders: int, step: str | None, folder: Path | None, address: str) -> None:
    """Measure the first load of a Shopify shop."""
    if step and folder:
        _take(step, folder, address)
        return
    with TemporaryDirectory() as scratch:
        counts = _write_result(Path(scratch) / RESULT, orders)
        server = _Server(Path(scratch) / RESULT, counts)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        size = (Path(scratch) / RESULT).stat().st_size
        click.echo(f"{counts[1]:,} orders, {counts[0]:,} lines, {size / 1e6:,.0f} MB")
        for name in ("read", "orders", "order_lines"):
            _measure(name, Path(scratch), f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def _measure(step: str, folder: Path, address: str) -> None:
    started = time.monotonic()
    command = [sys.executable, "-m", "benchmarks.first_load", "--step", step]
    cost, said = measured([*command, "--folder", str(folder), "--address", address])
    click.echo(
        f"{step}: {time.monotonic() - started:.1f} s, {cost.cpu_seconds:.1f} s of CPU, "
        f"peak {cost.peak_bytes / 1e6:,.0f} MB, {said.strip()} rows"
    )


def _take(step: str, folder: Path, address: str) -> None:
    landed = folder / LANDED
    if step == "read":
        client = ShopifyClient(ShopifyApi(address, "a token"), folder)
        click.echo(f"{write_pages(client.pages('orders', BEGINNING, NOW), landed):,}")
        return
    (mapping,) = mappings_of("shopify", step)
    target = folder / f"{step}.parquet"
    limits: dict[str, Any] = {"memory_limit": Warehouse.memory_limit, "threads": Warehouse.threads}
    with duckdb.connect(config=limits) as connection:
        for statement in statements(mapping.query or "", json_lines(landed), target):
            connection.execute(statement)
        ((count,),) = connection.execute(
            "select count(*) from read_parquet(?)", [str(target)]
        ).fetchall()
    click.echo(f"{count:,}")


def _write_result(path: Path, orders: int) -> tuple[int, int]:
    """Write a bulk result as Shopify does; return how many lines and how many orders it has."""
    lots = random.Random(7)  # noqa: S311
    line_count = 0
    with path.open("w") as file:
        for start in range(0, orders, NEAR_BY):
            lines = [
                json.dumps(record)
                for number in range(start, min(start + NEAR_BY, orders))
                for record in _order(number, lots)
            ]
            lots.shuffle(lines)
            line_count += len(lines)
            file.write("\n".join(lines) + "\n\n")
    return line_count, orders


def _order(number: int, lots: random.Random) -> Iterator[dict[str, Any]]:
    """Yield an order of one to four lines, a twentieth of it given back, and its lines."""
    order_id = f"gid://shopify/Order/{number}"
    at = f"20{lots.randint(16, 25)}-{lots.randint(1, 12):02}-{lots.randint(1, 28):02}T10:00:00Z"
    names = ("subtotal", "totalPrice", "totalTax", "totalDiscounts", "totalRefunded")
    refunds = [
        {
            "id": f"gid://shopify/Refund/{number}",
            "createdAt": at,
            "processedAt": at,
            "totalRefundedSet": _money("5.0"),
        }
    ]
    yield {
        "id": order_id,
        "legacyResourceId": str(number),
        "name": f"#{number}",
        "test": False,
        **dict.fromkeys(("createdAt", "processedAt", "updatedAt"), at),
        **dict.fromkeys(("cancelledAt", "cancelReason")),
        "displayFinancialStatus": "PAID",
        "taxesIncluded": True,
        "currencyCode": "EUR",
        "email": f"customer{number % 60_000}@example.com",
        "discountCodes": ["WELCOME"] if number % 9 == 0 else [],
        "sourceName": "web",
        "customer": {"id": f"gid://shopify/Customer/{number % 60_000}"},
        **{f"{name}Set": _money("59.5") for name in names},
        "subtotalPriceSet": _money("59.5"),
        "totalRefundedShippingSet": _money("0.0"),
        "refunds": refunds if number % 20 == 0 else [],
    }
    for line in range(lots.randint(1, 4)):
        yield {
            "id": f"gid://shopify/LineItem/{number * 10 + line}",
            "name": "Beeswax candle - red",
            "title": "Beeswax candle",
            "sku": f"CANDLE-{line}",
            "quantity": 1,
            "isGiftCard": False,
            "product": {"id": f"gid://shopify/Product/{line}", "productType": "Candles"},
            "originalUnitPriceSet": _money("29.75"),
            "discountAllocations": [{"allocatedAmountSet": _money("1.0")}],
            "taxLines": [{"priceSet": _money("4.75")}],
            "__parentId": order_id,
        }


def _money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, result: Path, counts: tuple[int, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.result = result
        scopes = [{"handle": scope} for scope in KINDS["orders"].scopes]
        operation = {
            "id": "gid://shopify/BulkOperation/1",
            "status": "COMPLETED",
            "errorCode": None,
            "objectCount": str(counts[0]),
            "rootObjectCount": str(counts[1]),
            "url": f"http://127.0.0.1:{self.server_port}/{RESULT}",
        }
        self.answers = {
            "accessScopes": {"currentAppInstallation": {"accessScopes": scopes}},
            "mutation Run": {
                "bulkOperationRunQuery": {"bulkOperation": operation, "userErrors": []}
            },
            "query Poll": {"bulkOperation": operation},
        }


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["query"]
        (data,) = [answer for words, answer in self.server.answers.items() if words in asked]
        content = json.dumps({"data": data}).encode()
        self._begin(len(content))
        self.wfile.write(content)

    def do_GET(self) -> None:
        self._begin(self.server.result.stat().st_size)
        with self.server.result.open("rb") as file:
            copyfileobj(file, self.wfile)

    def _begin(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


if __name__ == "__main__":
    main()
