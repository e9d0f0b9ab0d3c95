"""Two nights of lists kept in an outside tool: the second has everything that may come at once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from pipeline.sync import suppressing
from pipeline.sync.engine import PushReport, push
from pipeline.warehouse import SYNC_TABLES, Warehouse
from tests.integration.outside_accounts import Account, State, address
from tests.unit.exported_lists import DAY, Exported

SLIPPING, DORMANT, LOST = "winback_slipping", "winback_dormant", "winback_lost"
KNOWN = (
    *("abe", "ann", "bob", "cid", "dan", "eve", "fay", "fay-new"),
    *("gus", "hal", "ivy", "kim", "lee", "nora", "yan"),
)
"""Who is a contact. abe was put on a list by others, nora has unsubscribed long ago."""
FIRST = {
    SLIPPING: ["ann", "bob", "cid", "dan", "eve", "fay", "gus-old", "hal", "nora"],
    DORMANT: ["ann", "ivy"],
}
SECOND = {
    SLIPPING: ["ann", "bob", "eve", "fay", "gus", "hal", "kim", "lee", "mia", "nora"],
    DORMANT: ["ann", "cid", "ivy"],
    LOST: ["kim", "ann"],
}
LATER = {SLIPPING: ["bob", "fay", "gus", "hal", "lee", "mia", "nora"], DORMANT: ["ivy"]}
"""What is wanted when all who came in the second night have gone again."""
MINUTE, HOUR = 60, 3600
NAMES = {"ann": "Anna", "bob": "Robert"}
BARRED = ("dan", "eve", "lee", "nora")
"""Who may not be contacted in the second night."""


@dataclass(frozen=True)
class InMemory(Warehouse):
    """A warehouse that is open all the time, as opening one costs more than what is asked of it."""

    root: duckdb.DuckDBPyConnection = field(
        default_factory=lambda: duckdb.connect(config={"threads": 1})
    )

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a connection of its own, with temporary tables of its own."""
        connection = self.root.cursor()
        try:
            connection.execute("set timezone = 'UTC'")
            yield connection
        finally:
            connection.close()


@dataclass
class Nights:
    """What the models export in an account's second night, after the first one went well."""

    account: Account
    world: Exported

    @classmethod
    def begun(cls, account: Account, folder: Path) -> "Nights":
        """Let the first night pass."""
        path = folder / "warehouse.duckdb"
        path.touch()
        warehouse = InMemory(path)
        warehouse.prepare()
        nights = cls(account, Exported(warehouse))
        nights._know_addresses()
        nights._first()
        return nights

    def _know_addresses(self) -> None:
        """Write down by what addresses people ever came, as the models do."""
        people = {name: name for name in KNOWN} | {"fay-new": "fay", "gus": "gus-old"}
        with self.world.warehouse.connect() as connection:
            connection.execute("create table sync.customer_ids (key varchar, customer_id varchar)")
            for name, customer in people.items():
                known = [f"email:{address(name)}", customer]
                connection.execute("insert into sync.customer_ids values (?, ?)", known)

    def _first(self) -> None:
        for name in KNOWN:
            self.account.add(name)
        self.account.unsubscribe("nora")
        self.account.server.clock.sleep(HOUR)
        world = self.world
        world.lists = FIRST
        world.emails = {"gus-old": address("gus"), "gus": address("gus")}
        world.build()
        self.account.barred = {address("nora")}
        self.run("first")
        self.account.put_on(SLIPPING, "abe")
        self.run("first again")
        assert not self.account.trespasses
        self.account.keep()
        with world.warehouse.connect() as connection:
            connection.execute("create schema kept")
            for table in SYNC_TABLES:
                connection.execute(f"create table kept.{table} as from sync.{table}")
        world.known = {"ann", "cid", "dan", "eve", "gus-old", "kim"}
        world.forbidden = {"dan": "consent: unsubscribed"}
        world.aliases = {"gus-old": "gus"}
        world.emails["fay"] = address("fay-new")
        self.build()

    def build(self, names: dict[str, str] = NAMES, lists: dict[str, list[str]] = SECOND) -> None:
        """Let the models tell these first names and lists."""
        self.world.names, self.world.lists = names, lists
        self.world.build()

    def restore(self) -> None:
        """Go back to the evening before the second night."""
        with self.world.warehouse.connect() as connection:
            for table in SYNC_TABLES:
                connection.execute(f"delete from sync.{table}")
                connection.execute(f"insert into sync.{table} from kept.{table}")
        self.account.restore()
        self.account.unsubscribe("eve")
        self.account.unsubscribe("lee")
        self.account.take_off(SLIPPING, "hal")
        self.account.server.clock.sleep(HOUR)
        self.account.count_anew()
        self.account.barred = {address(name) for name in BARRED}

    def forget_readings(self) -> None:
        """Let whom the tool does not mail be read as if for the first time, all of it."""
        with self.world.warehouse.connect() as connection:
            connection.execute("delete from sync.suppression_readings")

    def run(self, run_id: str) -> PushReport:
        """Do what a run does with the tool: read whom it does not mail, twice, and push."""
        self.account.server.clock.sleep(MINUTE)
        warehouse, name, started = self.world.warehouse, self.account.name, self.account.now()
        suppressing.read(warehouse, name, self.account.reader(), started)
        self.account.server.clock.sleep(MINUTE)
        # Who says no from here on may be put on once more: nothing that is read can tell of it.
        self.account.barred |= self.account.said_no
        suppressing.read(warehouse, name, self.account.reader(), self.account.now())
        why = suppressing.problem_since(warehouse, name, started)
        return push(warehouse, self.account.tool(), run_id=run_id, as_of_date=DAY, held_because=why)

    def history(self) -> list[tuple[Any, ...]]:
        """Return all that a run goes by, but for times and numbers of runs."""
        ledger = self.world.ask(
            """select audience, customer_id, action, payload_hash, status, reason
            from sync.ledger order by push_number, rowid"""
        )
        lists = self.world.ask("select audience, strangers from sync.list_readings order by rowid")
        readings = self.world.ask("select problem from sync.suppression_readings order by rowid")
        return [*ledger, *lists, *readings]

    def found(self) -> "Found":
        """Return what there is to be compared, in the tool and in the ledger."""
        return Found(
            tool=self.account.state(),
            made=self.account.made(),
            starts=Counter(self.account.starts),
            ended=self._ended(),
            members=self.world.ask(
                """select audience, customer_id, contact_id, payload_hash, missing_since is null
                from sync.members order by all"""
            ),
            suppressed=self.world.ask("select email, reason from sync.suppressions order by all"),
        )

    def _ended(self) -> dict[tuple[str, str], tuple[str, str]]:
        """Return by list and customer how the last intent ended: on or off, and its status."""
        rows = self.world.ask(
            """select audience, customer_id, if(action = 'remove', 'off', 'on'), status
            from sync.ledger
            qualify row_number() over (
                partition by audience, customer_id
                order by push_number desc, status = 'intent'
            ) = 1"""
        )
        return {(audience, who): (action, status) for audience, who, action, status in rows}


@dataclass(frozen=True)
class Found:
    """What tool and ledger hold after a night."""

    tool: State
    made: list[str]
    starts: Counter[tuple[str, str]]
    ended: dict[tuple[str, str], tuple[str, str]]
    members: list[tuple[Any, ...]]
    suppressed: list[tuple[Any, ...]]

    def without(self, *names: str) -> "Found":
        """Return the same without some people, whose ids are their names."""
        emails = {address(name) for name in names}
        return replace(
            self,
            tool={
                audience: {email: told for email, told in people.items() if email not in emails}
                for audience, people in self.tool.items()
            },
            starts=Counter({key: n for key, n in self.starts.items() if key[1] not in emails}),
            ended={key: how for key, how in self.ended.items() if key[1] not in names},
            members=[row for row in self.members if row[1] not in names],
            suppressed=[row for row in self.suppressed if row[0] not in emails],
        )

    def unlike(self, wanted: "Found") -> dict[str, Any]:
        """Return what is otherwise than wanted, by its name."""
        return {
            name: (value, getattr(wanted, name))
            for name, value in vars(self).items()
            if value != getattr(wanted, name)
        }
