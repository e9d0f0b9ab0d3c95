"""A small made-up shop that brings its records as files, and the command that runs on it."""

import csv
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import duckdb

WINBACK = str(Path(sys.executable).parent / "winback")
ROOT = Path(__file__).parents[2]
LAST_DAY = date(2026, 6, 30)
ORDERS = ("order_id", "ordered_at", "customer_id", "email", "status", "total", "currency")
LINES = ("order_id", "product_id", "quantity", "unit_price")
CONSENTS = ("email", "channel", "state", "at")
EVENTS = ("event_id", "email", "event", "occurred_at", "message_id", "is_machine")


@dataclass
class Shop:
    """An inbox and a folder for what runs write."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = (WINBACK,)

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def var(self) -> Path:
        return self.folder / "var"

    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if "WINBACK" not in name}
        clean.pop("DAGSTER_HOME", None)
        return clean | {
            "WINBACK_SOURCES": "files",
            "WINBACK_INBOX": str(self.inbox),
            "WINBACK_VAR": str(self.var),
            "WINBACK_TIMEZONE": "Europe/Berlin",
            "WINBACK_CURRENCY": "EUR",
            **self.settings,
        }

    def write(self, entity: str, name: str, head: Sequence[str], rows: Sequence[Sequence]) -> Path:
        path = self.inbox / entity / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([head, *rows])
        return path

    def run(self, *arguments: str, succeeds: bool = True) -> subprocess.CompletedProcess[str]:
        finished = self.start(*arguments)
        out, err = finished.communicate(timeout=900)
        assert (finished.returncode == 0) == succeeds, f"{out}\n{err}"
        return subprocess.CompletedProcess(arguments, finished.returncode, out, err)

    def daily(self, day: date = LAST_DAY, *arguments: str, succeeds: bool = True) -> str:
        finished = self.run("run", "--as-of", day.isoformat(), *arguments, succeeds=succeeds)
        return finished.stdout + finished.stderr

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *arguments],
            env=self.environment(),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def rows(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.var / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def listed(self, name: str) -> list[str]:
        path = self.var / "outbox" / f"winback_{name}.csv"
        if not path.exists():
            return []
        with path.open(newline="") as file:
            return [row["email"] for row in csv.DictReader(file)]


def marts_of(path: Path) -> Mapping[str, list[tuple]]:
    """Return all rows of every mart of a warehouse, in one order."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by 1"
        ).fetchall()
        return {
            name: connection.execute(f"from marts.{name} order by all").fetchall()
            for (name,) in tables
        }


def small_shop(folder: Path, customers: int = 60) -> Shop:
    """Return a shop whose customers have bought monthly and stopped, each at another time."""
    shop = Shop(folder)
    shop.inbox.mkdir(parents=True)
    orders, lines, consents, events = [], [], [], []
    for number in range(customers):
        email = f"person{number}@example.com"
        last = LAST_DAY - timedelta(days=number * 9)
        for purchase in range(1 + number % 5):
            day = last - timedelta(days=30 * purchase)
            order_id = f"{number}-{purchase}"
            orders.append((order_id, f"{day} 12:00", "", email, "paid", f"{20 + number}.50", ""))
            lines.append((order_id, f"product{number % 7}", 2, "10.25"))
        consents.append((email, "email", "subscribed", "2024-01-01 08:00"))
        for mail in range(10):
            at = LAST_DAY - timedelta(days=20 * mail)
            events.append((f"{number}-{mail}", email, "delivered", f"{at} 09:00", f"m{mail}", ""))
    shop.write("orders", "orders.csv", ORDERS, orders)
    shop.write("order_lines", "order_lines.csv", LINES, lines)
    shop.write("consents", "consents.csv", CONSENTS, consents)
    shop.write("email_events", "email_events.csv", EVENTS, events)
    return shop
