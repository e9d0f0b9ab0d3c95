"""Writes the inbox of a made-up shop of any size, and the files of one more day."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

SEED = 20_260_101
FIRST_DAY = date(2023, 1, 1)
LAST_DAY = date(2025, 12, 31)
NEXT_DAY = date(2026, 1, 1)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
DAYS_OF_A_FILE = 92
ORDERS_OF_A_DAY = 0.01
MAILS_OF_A_DAY = 0.04
NEWCOMERS_OF_A_DAY = 0.0015
"""Per customer that the shop has."""

RATE = (0.85, 3.2)
LEAVING = (0.55, 6.5)
SPENDING = (6.0, 4.0, 90.0)
"""Parameters of MBG/NBD (in weeks) and Gamma-Gamma: the habits that the shop's people have."""

TOTAL_ORDER = {
    "orders": "order_id, updated_at",
    "customers": "person, customer_id",
    "consents": "person",
    "email_events": "occurred_at, event_id",
}
"""What is written, and the total order of its rows."""


@dataclass(frozen=True)
class People:
    """Who buys from when on, how often (purchases a day), how surely and for how much."""

    first_day: np.ndarray
    rate: np.ndarray
    leaving: np.ndarray
    mean_value: np.ndarray


def write_inbox(inbox: Path, customers: int, seed: int = SEED) -> None:
    """Write three years of a shop with so many customers.

    The same number and seed give the same files.
    """
    with _shop(customers, seed, inbox) as connection:
        for start in range(0, DAYS, DAYS_OF_A_FILE):
            end = min(start + DAYS_OF_A_FILE, DAYS)
            name = f"day{start:04d}"
            _write(connection, inbox, "orders", f"told_on >= {start} and told_on < {end}", name)
            connection.execute(
                f"create or replace table mails as from mails_between({start}, {end})"
            )
            connection.execute("create or replace view email_events as from events_of('mails')")
            _write(connection, inbox, "email_events", "true", name)
        for entity in ("customers", "consents"):
            _write(connection, inbox, entity, "not is_new", "day0000")


def write_next_day(inbox: Path, customers: int, seed: int = SEED) -> None:
    """Add the files of the day after: ten orders and a hundred events per thousand customers."""
    with _shop(customers, seed, inbox) as connection:
        name = f"day{DAYS:04d}"
        _write(connection, inbox, "orders", f"told_on = {DAYS}", name)
        for entity in ("customers", "consents"):
            _write(connection, inbox, entity, "is_new", name)
        connection.execute(
            f"""create table mails as
            select 'c{DAYS}' as campaign_id, moment({DAYS}, 0.2) as sent_at, person, email,
                eagerness, leaving_draw, false as is_last
            from people where draw('mail of the day', person) < {MAILS_OF_A_DAY}"""
        )
        connection.execute(
            f"""create view email_events as from events_of('mails')
            where occurred_at < moment({DAYS + 1}, 0) - interval 7 hour"""
        )
        _write(connection, inbox, "email_events", "true", name)


def draw_people(customers: int, generator: np.random.Generator) -> People:
    """Draw the habits of so many people."""
    shape, weeks = RATE
    rate = generator.gamma(shape, 1 / weeks, customers) / 7
    leaving = generator.beta(*LEAVING, customers)
    p, q, scale = SPENDING
    mean_value = p * scale / np.maximum(generator.gamma(q, 1.0, customers), 0.05) / p
    return People(generator.uniform(0, DAYS, customers), rate, leaving, mean_value)


def draw_purchases(
    people: People, days: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return person and day of every purchase before ``days``: exponential gaps until he leaves."""
    person = np.arange(len(people.first_day))
    day = people.first_day
    found = []
    while len(person):
        found.append((person, day))
        stays = generator.uniform(size=len(person)) >= people.leaving[person]
        day = day + generator.exponential(size=len(person)) / people.rate[person]
        is_next = stays & (day < days)
        person, day = person[is_next], day[is_next]
    return np.concatenate([who for who, _ in found]), np.concatenate([when for _, when in found])


@contextmanager
def _shop(customers: int, seed: int, inbox: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    generator = np.random.Generator(np.random.PCG64(seed))
    newcomers = max(1, round(customers * NEWCOMERS_OF_A_DAY))
    people = draw_people(customers + newcomers, generator)
    people.first_day[customers:] = DAYS + 0.5
    person, day = draw_purchases(people, DAYS, generator)
    bought_today = generator.integers(0, customers, round(customers * ORDERS_OF_A_DAY) - newcomers)
    person = np.concatenate([person, bought_today])
    day = np.concatenate([day, np.full(len(bought_today), DAYS + 0.5)])
    spread = generator.gamma(SPENDING[0], 1 / SPENDING[0], len(person))
    purchases = pa.table(  # noqa: F841
        {
            "person": person,
            "day": np.floor(day).astype(np.int32),
            "value": np.round(np.maximum(people.mean_value[person] * spread, 1), 2),
        }
    )
    drawn_people = pa.table(  # noqa: F841
        {
            "person": np.arange(customers + newcomers),
            "first_day": np.floor(people.first_day).astype(np.int32),
            "is_new": np.arange(customers + newcomers) >= customers,
        }
    )
    inbox.mkdir(parents=True, exist_ok=True)
    scratch = inbox.parent / "shop.duckdb"
    scratch.unlink(missing_ok=True)
    with duckdb.connect(str(scratch), config={"memory_limit": "3GB"}) as connection:
        connection.execute("set variable seed = ?", [str(seed)])
        connection.execute("set variable first_day = ?", [FIRST_DAY])
        connection.execute((Path(__file__).parent / "shop.sql").read_text("utf-8"))
        yield connection
    scratch.unlink()


def _write(
    connection: duckdb.DuckDBPyConnection, inbox: Path, entity: str, which: str, name: str
) -> None:
    folder = inbox / entity
    folder.mkdir(exist_ok=True)
    path = str(folder / f"{name}.parquet").replace("'", "''")
    columns = {"orders": "told_on", "customers": "person, is_new", "consents": "person, is_new"}
    kept = f"* exclude ({columns[entity]})" if entity in columns else "*"
    connection.execute(
        f"""copy (select {kept} from {entity} where {which} order by {TOTAL_ORDER[entity]})
        to '{path}' (format parquet, compression zstd)"""
    )
