"""What it costs to plan a push to twenty lists, beside one long join of the same tables."""

from collections import Counter
from datetime import date
from pathlib import Path
from time import process_time

import duckdb

from pipeline.destinations.contract import payload_hash
from pipeline.sql import identifier
from pipeline.sync import profile_hashes
from pipeline.sync.plan import make_plan
from pipeline.warehouse import Warehouse

Counts = dict[str, int]

PROFILES = "exports.exp_email__profiles"
DAY = date(2025, 12, 31)

EXPORTS = (
    "create schema if not exists exports",
    "create schema if not exists intermediate",
    """create or replace table exports.exp_email__list_members as
    select audience, customer_id, 'person' || person || '@example.com' as email
    from lists_of({day}) order by audience, person""",
    f"create or replace table {PROFILES} as from profiles_of({{day}})",
)

PEOPLE = (
    """create table intermediate.int_customer_aliases as
    select customer_id, customer_id as current_customer_id from people""",
    """create table intermediate.int_channel_permissions as
    select
        customer_id, channel, fate <> 'forbidden' as may_be_contacted,
        case when fate = 'forbidden' then 'consent: unsubscribed' end as forbidden_reason
    from people, unnest(['email', 'ads']) as channels (channel)
    where channel = 'email' or person % 5 = 0""",
)

SENT = """
    insert into sync.members (destination, audience, customer_id, payload_hash, since_date)
    select 'files', audience, customer_id, payload_hash, $day
    from exports.exp_email__list_members inner join hashes using (customer_id)
    order by audience, customer_id
"""

LONG = """
    create temp table differences as
    with payloads as (
        select profiles.customer_id, {hash} as payload_hash from {profiles} as profiles
    ),

    wanted as (
        select lists.audience, lists.customer_id, payloads.payload_hash
        from exports.exp_email__list_members as lists
        inner join payloads on lists.customer_id = payloads.customer_id
        inner join intermediate.int_channel_permissions as permissions
            on lists.customer_id = permissions.customer_id
            and permissions.channel = 'email' and permissions.may_be_contacted
    ),

    members as (
        select audience, customer_id, payload_hash from sync.members where destination = 'files'
    )

    select
        audience, customer_id, wanted.payload_hash,
        case
            when members.payload_hash is null then 'add'
            when wanted.payload_hash is null then 'remove'
            else 'update'
        end as action
    from wanted
    full outer join members using (audience, customer_id)
    where wanted.payload_hash is distinct from members.payload_hash
"""


def write_lists(warehouse: Warehouse, customers: int) -> None:
    """Write the exports of a day and what was sent on the day before, into a new warehouse.

    Each person is on eight of twenty lists, one in a hundred has changed in between.
    """
    warehouse.path.unlink(missing_ok=True)
    warehouse.prepare()
    with warehouse.connect() as connection:
        _draw(connection, customers)
        _export(connection, 0)
        profile_hashes.compute(connection, "files", PROFILES)
        profile_hashes.remember(connection, "files")
        connection.execute(SENT, {"day": DAY})
    with warehouse.connect() as connection:
        # As dbt writes models.
        connection.execute("set force_compression = 'uncompressed'")
        _draw(connection, customers)
        _export(connection, 1)
        for statement in PEOPLE:
            connection.execute(statement)


def _draw(connection: duckdb.DuckDBPyConnection, customers: int) -> None:
    connection.execute("set variable customers = ?", [customers])
    connection.execute(Path(__file__).with_suffix(".sql").read_text("utf-8"))


def _export(connection: duckdb.DuckDBPyConnection, day: int) -> None:
    for statement in EXPORTS:
        connection.execute(statement.format(day=day))


def plan(warehouse: Warehouse) -> tuple[float, Counts]:
    """Return CPU seconds of the plan, and how many people it gives to each list and action."""
    _warm_up(warehouse)
    began = process_time()
    made = make_plan(warehouse, "files")
    cost = process_time() - began
    counts: Counter[str] = Counter()
    for one in made.lists:
        counts[f"{one.audience} add"] = one.adds
        counts[f"{one.audience} update"] = one.updates
        counts[f"{one.audience} remove"] = one.removed
    return cost, dict(counts)


def plan_long(warehouse: Warehouse) -> tuple[float, Counts]:
    """Return the same, done by one join of all rows with all rows."""
    _warm_up(warehouse)
    began = process_time()
    with warehouse.connect() as connection:
        described = connection.execute(f"describe {PROFILES}").fetchall()
        texts = {
            str(name): f"cast(profiles.{identifier(name)} as varchar)" for name, *_ in described
        }
        connection.execute(LONG.format(hash=payload_hash(texts), profiles=PROFILES))
        found = connection.execute(
            "select audience || ' ' || action, count(*) from differences group by all"
        ).fetchall()
        cost = process_time() - began
    return cost, dict(found)


def _warm_up(warehouse: Warehouse) -> None:
    """Load what Python loads at the first parameter of all."""
    with warehouse.connect() as connection:
        connection.execute("select ?", [1]).fetchall()
