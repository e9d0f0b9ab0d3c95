"""A made-up day of the programmes: facts as tables written by hand, models as dbt compiled them.

What the models of programmes read from earlier layers is given row by row; what they build, and
what is written down at the end of a day, is the product's own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import duckdb

from pipeline.compiled_models import CompiledModels
from pipeline.sync import enrolling
from pipeline.sync.ledger import Attempt

COMPILED_FOR = date(2011, 12, 9)
TARGETS = (
    "programme_decisions",
    "programme_lists",
    "programme_holds",
    "exp_sync__enrolments",
    "exp_sync__programme_steps",
    "programme_outcomes",
    "exp_email__list_members",
)
FACTS = {
    "marts.customer_activity": {
        "purchase_count": 2,
        "cycle_days": 60,
        "overdue_ratio": 3.5,
        "is_unhappy": False,
        "average_order_value": 50,
    },
    "marts.customer_churn": {"lifecycle": "dormant", "p_buys_90d": 0.3, "value_band": "middle"},
    "segments.programme_candidates": {},
    "intermediate.int_channel_permissions": {
        "channel": "email",
        "may_be_contacted": True,
    },
    "intermediate.int_contact_permissions": {"may_be_mailed": True},
    "intermediate.int_purchases": {},
    "intermediate.int_revenue_by_customer": {},
    "intermediate.int_orders_open_by_customer": {},
    "intermediate.int_email_events_unioned": {},
    "intermediate.int_email_mails": {},
    "intermediate.int_email_recipients": {},
    "intermediate.int_customer_keys": {},
    "intermediate.int_customer_aliases": {},
    "intermediate.int_category_traits": {},
    "marts.segment_members": {},
    "marts.backtest": {},
}
"""What is given, with what a row has where a test says nothing else."""


@dataclass
class Programmes:
    """A connection to a warehouse whose earlier layers hold what a test says."""

    connection: duckdb.DuckDBPyConnection
    models: CompiledModels
    day: date = date(2024, 3, 1)
    _shapes: dict[str, dict[str, str]] = field(default_factory=dict)

    def give(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Replace the rows of a table by ``rows``; columns that they do not name are null."""
        columns = self._shape(table)
        given = [{**FACTS[table], **row} for row in rows]
        unknown = {name for row in given for name in row} - set(columns)
        assert not unknown, f"{table} has no {unknown}"
        self.connection.execute(f"delete from {table}")
        for row in given:
            names = ", ".join(row)
            marks = ", ".join("?" for _ in row)
            self.connection.execute(
                f"insert into {table} ({names}) values ({marks})", list(row.values())
            )

    def seed(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Replace the rows of a seed."""
        table = f"reference.{name}"
        self.connection.execute(f"delete from {table}")
        for row in rows:
            names = ", ".join(row)
            marks = ", ".join("?" for _ in row)
            self.connection.execute(
                f"insert into {table} ({names}) values ({marks})", list(row.values())
            )

    def _shape(self, table: str) -> dict[str, str]:
        """Make a table of what may be a view, once, and return its columns."""
        if table not in self._shapes:
            described = self.connection.execute(f"describe {table}").fetchall()
            self._shapes[table] = {str(name): str(kind) for name, kind, *_ in described}
            columns = ", ".join(f'"{name}" {kind}' for name, kind in self._shapes[table].items())
            schema, name = table.split(".")
            (kind,) = self.connection.execute(
                "select table_type from information_schema.tables "
                "where table_schema = ? and table_name = ?",
                [schema, name],
            ).fetchall()[0]
            self.connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} {table}")
            self.connection.execute(f"create table {table} ({columns})")
        return self._shapes[table]

    def build(self) -> None:
        """Build the models for the day."""
        self.models.build(self.connection, self.day)

    def run(self) -> None:
        """Build the day and write down what it decided, as a push does that holds no list."""
        self.build()
        self.write_down()

    def write_down(self) -> None:
        """Write down who enters and moves by what was built."""
        attempt = Attempt(1, "run", self.day, "files")
        enrolling.enrol_others(self.connection, attempt, [])

    def next_day(self, days: int = 1) -> None:
        self.day += timedelta(days=days)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def decision(self, customer: str = "ada", programme: str = "dormant") -> tuple[str, str | None]:
        """Return what was decided of somebody and which gate was shut."""
        found = self.ask(
            "select decision, gate from marts.programme_decisions "
            f"where customer_id = '{customer}' and programme = '{programme}'"
        )
        return found[0] if found else ("none", None)

    def details(self, customer: str = "ada", programme: str = "dormant") -> str:
        """Return what was told of a decision, from the last semicolon on."""
        ((told,),) = self.ask(
            "select details from marts.programme_decisions "
            f"where customer_id = '{customer}' and programme = '{programme}'"
        )
        return str(told).rsplit("; ", 1)[-1]

    def lists(self, customer: str = "ada") -> list[str]:
        """Return the lists that somebody is on."""
        found = self.ask(
            "select audience from programmes.programme_lists "
            f"where customer_id = '{customer}' order by all"
        )
        return [str(audience) for (audience,) in found]

    def state(self, customer: str = "ada", programme: str = "dormant") -> tuple[Any, ...]:
        """Return the last step that somebody took, when the ladder ended and why."""
        found = self.ask(
            "select last_step, ended_on, end_reason from programmes.programme_ladders "
            f"where customer_id = '{customer}' and programme = '{programme}' "
            "order by entered_on desc limit 1"
        )
        return found[0] if found else ()


def compiled(manifest: Mapping[str, Any]) -> CompiledModels:
    """Return the models of programmes, and the exports that are written down from them."""
    return CompiledModels.of(manifest, COMPILED_FOR, *TARGETS, layers=("programmes", "exports"))


def events(customer: str, mail: str, kinds: Mapping[str, date]) -> list[dict[str, Any]]:
    """Return what a tool reports of one mail: by event its day."""
    return [
        {
            "person_key": customer,
            "event": kind,
            "occurred_date": day,
            "is_human": kind in ("opened", "clicked"),
            "campaign_id": mail,
            "mail_key": mail,
        }
        for kind, day in kinds.items()
    ]
