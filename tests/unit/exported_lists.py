"""What the models export, made small and by hand, and an outside tool that keeps lists."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from pipeline.destinations.contract import Changes, Client
from pipeline.warehouse import Warehouse

DAY = date(2026, 1, 31)
Found = TypeVar("Found")

TABLES = """
    create schema if not exists exports;
    create schema if not exists intermediate;
    create or replace table exports.exp_email__list_members (
        audience varchar, customer_id varchar, email varchar);
    create or replace table exports.exp_email__profiles (
        customer_id varchar, email varchar, first_name varchar, winback_orders integer);
    create or replace table intermediate.int_channel_permissions (
        customer_id varchar, channel varchar, may_be_contacted boolean, forbidden_reason varchar);
    create or replace table intermediate.int_customer_aliases (
        customer_id varchar, current_customer_id varchar);
"""


class Crash(Exception):
    """The process dies here."""


@dataclass
class Exported:
    """A warehouse with exports. Whoever is on a list or ``known`` is a person with a profile."""

    warehouse: Warehouse
    lists: dict[str, list[str]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    forbidden: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)

    def build(self) -> "Exported":
        """Write the tables, as a run of the models would."""
        listed = sorted({person for people in self.lists.values() for person in people})
        people = sorted((set(listed) | self.known) - set(self.aliases))
        email = {person: self.emails.get(person, f"{person}@example.com") for person in people}
        rows = {
            "exports.exp_email__list_members": [
                (audience, person, email.get(person))
                for audience, on_list in self.lists.items()
                for person in on_list
            ],
            "exports.exp_email__profiles": [
                (person, email.get(person), self.names.get(person, "Ada"), 3) for person in listed
            ],
            "intermediate.int_channel_permissions": [
                (person, "email", person not in self.forbidden, self.forbidden.get(person))
                for person in people
            ],
            "intermediate.int_customer_aliases": [
                *((person, person) for person in people),
                *self.aliases.items(),
            ],
        }
        with self.warehouse.connect() as connection:
            connection.execute(TABLES)
            for table, values in rows.items():
                columns = [list(column) for column in zip(*values, strict=True)]
                unnested = ", ".join(["unnest(?)"] * len(columns))
                if columns:
                    connection.execute(f"insert into {table} select {unnested}", columns)
        return self

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self.warehouse.connect() as connection:
            return connection.execute(query).fetchall()

    def members(self) -> dict[str, list[str]]:
        """Return who is on each list according to the ledger's side."""
        found: dict[str, list[str]] = {}
        for audience, person in self.ask(
            "select audience, customer_id from sync.members order by all"
        ):
            found.setdefault(audience, []).append(person)
        return found

    def ledger(self, run_id: str = "%") -> list[tuple[Any, ...]]:
        """Return audience, customer, action, status and reason, oldest push first."""
        return self.ask(
            f"""select audience, customer_id, action, status, reason from sync.ledger
            where run_id like '{run_id}' order by push_number, rowid"""
        )


def exported(folder: Path) -> Exported:
    """Return an empty warehouse with its tables."""
    warehouse = Warehouse(folder / "warehouse.duckdb")
    warehouse.prepare()
    return Exported(warehouse).build()


@dataclass
class FakeTool:
    """An outside tool under the name files; it cannot tell with what profile people are there."""

    name: str = "files"
    is_outside: bool = True
    batch_size: int | None = 2
    refuses: Mapping[str, str] = field(default_factory=dict)
    there: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def audiences(self) -> list[str]:
        """Return the lists that were ever sent."""
        return list(self.there)

    def read_back(self, audience: str) -> pa.Table | None:
        """Return who is there."""
        people = list(self.there.get(audience, {}))
        nothing = pa.nulls(len(people), pa.string())
        return pa.table({"customer_id": pa.array(people, pa.string()), "payload_hash": nothing})

    def apply(self, audience: str, changes: Changes) -> Mapping[str, str]:
        """Keep the profiles but those with a name that is refused."""
        people = self.there.setdefault(audience, {})
        refused = {}
        for row in [*changes.adds.to_pylist(), *changes.updates.to_pylist()]:
            people[row["customer_id"]] = row
            if row["first_name"] in self.refuses:
                refused[row["customer_id"]] = self.refuses[row["first_name"]]
                del people[row["customer_id"]]
        for row in changes.removes.to_pylist():
            people.pop(row["customer_id"], None)
        return refused

    def lists(self) -> dict[str, list[str]]:
        """Return who is on each list that has anybody."""
        return {audience: sorted(people) for audience, people in self.there.items() if people}


@dataclass
class Dying:
    """A client whose process dies at one of its calls, before or after having acted."""

    client: Client
    dies_at: int | None = None
    having_acted: bool = False
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name = self.client.name
        self.is_outside = self.client.is_outside
        self.batch_size = self.client.batch_size

    def audiences(self) -> Collection[str]:
        """Ask the client."""
        return self.client.audiences()

    def read_back(self, audience: str) -> pa.Table | None:
        """Ask the client, or die."""
        return self._call("read_back", lambda: self.client.read_back(audience))

    def apply(self, audience: str, changes: Changes) -> Mapping[str, str]:
        """Let the client act, or die."""
        return self._call("apply", lambda: self.client.apply(audience, changes))

    def _call(self, name: str, call: Callable[[], Found]) -> Found:
        self.calls.append(name)
        is_last = len(self.calls) == self.dies_at
        if is_last and not self.having_acted:
            raise Crash
        found = call()
        if is_last:
            raise Crash
        return found
