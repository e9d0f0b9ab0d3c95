"""What the models export, made small and by hand, and an outside tool that keeps lists."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.destinations.contract import Changes, Client, Outcome
from pipeline.warehouse import Warehouse

DAY = date(2026, 1, 31)

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
    """An outside tool under the name files, with contacts of its own, told apart by address."""

    name: str = "files"
    batch_size: int | None = 2
    refuses: Mapping[str, str] = field(default_factory=dict)
    there: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    contacts: dict[str, str] = field(default_factory=dict)
    shows_late: set[str] = field(default_factory=set)

    def count(self, audience: str) -> int | None:
        """Return how many are there and show."""
        return len(self.members(audience)) if audience in self.there else None

    def members(self, audience: str) -> pa.Table:
        """Return who is there and shows."""
        shown = [
            (contact, row["email"])
            for contact, row in self.there.get(audience, {}).items()
            if row["email"] not in self.shows_late
        ]
        ids, emails = zip(*shown, strict=True) if shown else ((), ())
        return pa.table(
            {"contact_id": pa.array(ids, pa.string()), "email": pa.array(emails, pa.string())}
        )

    def find(self, audience: str, emails: Sequence[str]) -> pa.Table:
        """Return those of ``emails`` who are there and show."""
        there = self.members(audience)
        return there.filter(pc.is_in(there["email"], pa.array(list(emails), pa.string())))

    def problems(self) -> Iterator[str]:
        """Find none."""
        return iter(())

    def apply(self, audience: str, changes: Changes) -> Outcome:
        """Keep the profiles but those with a name that is refused."""
        people = self.there.setdefault(audience, {})
        refused, contacts = {}, {}
        for row in changes.removes.to_pylist():
            people.pop(row["contact_id"], None)
        for row in [*changes.adds.to_pylist(), *changes.updates.to_pylist()]:
            contact = self.contacts.setdefault(row["email"], f"contact {len(self.contacts)}")
            before = row.pop("contact_id", contact)
            was_there = before in people
            if before != contact or row["first_name"] in self.refuses:
                people.pop(before, None)
            if row["first_name"] in self.refuses:
                people.pop(contact, None)
                refused[row["customer_id"]] = self.refuses[row["first_name"]]
            elif row in changes.adds.to_pylist() or was_there:
                people[contact] = row
                contacts[row["customer_id"]] = contact
        unseen = [
            row["customer_id"]
            for row in changes.adds.to_pylist()
            if row["email"] in self.shows_late and row["customer_id"] not in refused
        ]
        return Outcome(refused=refused, contacts=contacts, unseen=unseen)

    def profile(self, audience: str, person: str) -> dict[str, Any]:
        """Return what was sent of somebody on a list."""
        [found] = [row for row in self.there[audience].values() if row["customer_id"] == person]
        return found

    def lists(self) -> dict[str, list[str]]:
        """Return who is on each list that has anybody."""
        return {
            audience: sorted(row["customer_id"] for row in people.values())
            for audience, people in self.there.items()
            if people
        }


@dataclass
class Dying:
    """A destination whose process dies at one of its calls, before or after having acted."""

    client: Client
    dies_at: int | None = None
    having_acted: bool = False
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name = self.client.name
        self.batch_size = self.client.batch_size

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return one of the client's calls; what it does not have this has not either."""
        call = getattr(self.client, name)

        def called(*told: Any) -> Any:
            self.calls.append(name)
            is_last = len(self.calls) == self.dies_at
            if is_last and not self.having_acted:
                raise Crash
            found = call(*told)
            if is_last:
                raise Crash
            return found

        return called
