"""The SQL that tells who and what moved between two files that are attached."""

from collections.abc import Sequence
from datetime import date

import duckdb

from pipeline.comparison.files import Side

Connection = duckdb.DuckDBPyConnection
Rows = Sequence[tuple[object, ...]]

STATES = ("new", "active", "due", "slipping", "dormant", "long_dormant", "lost")
NOT_YET = "not a buyer yet"
GONE = "gone"
MOST_MOVES = 10

PEOPLE = """
    create or replace temp table people as
    with
    {both}
    select
        customer_id,
        coalesce(of_a.is_in, false) as is_in_a,
        coalesce(of_b.is_in, false) as is_in_b,
        of_a.lifecycle as lifecycle_a,
        of_b.lifecycle as lifecycle_b,
        of_a.segment as segment_a,
        of_b.segment as segment_b,
        coalesce(of_a.is_vip, false) as is_vip_a,
        coalesce(of_b.is_vip, false) as is_vip_b
    from of_a full join of_b using (customer_id)
"""
OF_ONE = """
    of_{letter} as (
        select customer_id, true as is_in, is_vip, lifecycle, segment
        from {database}.marts.customer_activity
        left join {database}.marts.customer_churn using (customer_id)
        left join {database}.marts.customer_rfm using (customer_id)
    )
"""


def join_people(connection: Connection, a: Side, b: Side) -> None:
    """Make temp table people, which the other functions read: everybody and his state in both."""
    both = ",".join(
        OF_ONE.format(letter=side.letter.lower(), database=side.database) for side in (a, b)
    )
    connection.execute(PEOPLE.format(both=both))


def overlaps(connection: Connection) -> Rows:
    """Return of people, buyers and VIPs how many are in A, only there, in both, only in B, in B."""
    counted = " union all ".join(
        f"""select {number} as number, '{what}' as what, count(*) filter ({in_a}),
            count(*) filter ({in_a} and not {in_b}), count(*) filter ({in_a} and {in_b}),
            count(*) filter ({in_b} and not {in_a}), count(*) filter ({in_b}) from people"""
        for number, (what, in_a, in_b) in enumerate(
            (
                ("people", "is_in_a", "is_in_b"),
                ("buyers", "(lifecycle_a is not null)", "(lifecycle_b is not null)"),
                ("VIPs", "is_vip_a", "is_vip_b"),
            )
        )
    )
    return connection.execute(
        f"select * exclude (number) from ({counted}) order by number"
    ).fetchall()


def transitions(connection: Connection, a: Side, b: Side) -> dict[tuple[str, str], int]:
    """Return how many buyers went from which state in A to which in B.

    Who has no state in the older file has not bought yet, who has none in the newer is gone.
    """
    found = connection.execute(
        f"select from_state, to_state, count(*) from ({_moves(a, b)}) group by all"
    ).fetchall()
    return {(from_state, to_state): count for from_state, to_state, count in found}


def moved_customers(connection: Connection, a: Side, b: Side, limit: int) -> Rows:
    """Return id, state in A and state in B of up to ``limit`` customers whose state differs."""
    return connection.execute(
        f"""select * from ({_moves(a, b)}) where from_state <> to_state
        order by customer_id limit {limit:d}"""
    ).fetchall()


def _moves(a: Side, b: Side) -> str:
    none_in_a, none_in_b = (GONE, NOT_YET) if is_older(b, a) else (NOT_YET, GONE)
    return f"""
        select customer_id, coalesce(lifecycle_a, '{none_in_a}') as from_state,
            coalesce(lifecycle_b, '{none_in_b}') as to_state
        from people where coalesce(lifecycle_a, lifecycle_b) is not null
    """


def is_older(side: Side, other: Side) -> bool:
    """Say whether ``side`` is of an earlier day; one without a row is of before the first order."""
    return (side.day or date.min) < (other.day or date.min)


def segments(connection: Connection, a: Side, b: Side) -> Rows:
    """Return of each segment its members in A, who left, who joined, its members in B."""
    return connection.execute(
        f"""
        select segment, count(of_a.is_in), count(*) filter (of_b.is_in is null),
            count(*) filter (of_a.is_in is null), count(of_b.is_in)
        from (
            select distinct segment, customer_id, true as is_in
            from {a.database}.marts.segment_members
        ) as of_a
        full join (
            select distinct segment, customer_id, true as is_in
            from {b.database}.marts.segment_members
        ) as of_b using (segment, customer_id)
        group by segment order by segment
        """
    ).fetchall()


def rfm_moves(connection: Connection) -> tuple[Rows, int, int]:
    """Return the largest moves between RFM segments, how many moved and how many are in both."""
    largest = connection.execute(
        f"""
        select segment_a, segment_b, count(*) as customers from people
        where segment_a <> segment_b group by all
        order by customers desc, segment_a, segment_b limit {MOST_MOVES}
        """
    ).fetchall()
    ((moved, both),) = connection.execute(
        """
        select count(*) filter (segment_a <> segment_b),
            count(*) filter (segment_a is not null and segment_b is not null) from people
        """
    ).fetchall()
    return largest, moved, both


def sums(connection: Connection, a: Side, b: Side) -> Rows:
    """Return purchases, revenue and, where both have it, predicted value: in A, in B, change."""
    counted = [_summed(connection, side, "customer_activity", "purchase_count") for side in (a, b)]
    money = [_summed(connection, side, "customer_activity", "revenue") for side in (a, b)]
    shown = [_change("purchases", "", *counted), _change("revenue", ".2f", *money)]
    if all(side.has("customer_churn", "predicted_value_365d") for side in (a, b)):
        values = [
            _summed(connection, side, "customer_churn", "predicted_value_365d") for side in (a, b)
        ]
        if None not in values:
            shown.append(_change("predicted value, 365 days", ".2f", *values))
    return shown


def _summed(connection: Connection, side: Side, table: str, column: str) -> float | None:
    found = connection.execute(f"select sum({column}) from {side.database}.marts.{table}")
    value: float | None = found.fetchall()[0][0]
    return value


def _change(what: str, form: str, a: float | None, b: float | None) -> tuple[str, str, str, str]:
    one, other = a or 0, b or 0
    return what, f"{one:,{form}}", f"{other:,{form}}", f"{other - one:+,{form}}"


def retention(connection: Connection, a: Side, b: Side) -> tuple[Rows, int]:
    """Return the months in which B has another retention than A, and how many are in both."""
    months = f"""
        from {a.database}.marts.retention_monthly as of_a
        inner join {b.database}.marts.retention_monthly as of_b using (month)
    """
    differing = connection.execute(
        f"""
        select strftime(month, '%Y-%m'), of_a.customers_at_start, of_b.customers_at_start,
            of_a.kept, of_b.kept, format('{{:.2f}}', of_a.retention_rate),
            format('{{:.2f}}', of_b.retention_rate)
        {months}
        where (of_a.customers_at_start, of_a.kept) is distinct from
            (of_b.customers_at_start, of_b.kept)
        order by month
        """
    ).fetchall()
    return differing, connection.execute(f"select count(*) {months}").fetchall()[0][0]


def states_told_otherwise(connection: Connection, older: Side, newer: Side) -> int:
    """Return of how many people ``newer`` tells another state on the day of ``older``."""
    found = connection.execute(
        f"""
        select count(*) from (
            select customer_id, lifecycle from {newer.database}.marts.customer_lifecycle
            where valid_from <= $day and coalesce(valid_to > $day, true)
        ) as told
        full join {older.database}.marts.customer_churn as then_told using (customer_id)
        where told.lifecycle is distinct from then_told.lifecycle
        """,
        {"day": older.day},
    )
    return int(found.fetchall()[0][0])


def differing_rows(connection: Connection, a: Side, b: Side, table: str) -> int:
    """Return how many people have another row in ``table``, by the columns that both have."""
    shared = sorted((a.columns[table] & b.columns[table]) - {"customer_id"})
    facts = ", ".join(f"'{column}': {column}" for column in shared)
    found = connection.execute(
        f"""
        select count(*) from (
            select customer_id, {{{facts}}} as facts from {a.database}.marts.{table}
        ) as of_a full join (
            select customer_id, {{{facts}}} as facts from {b.database}.marts.{table}
        ) as of_b using (customer_id)
        where of_a.facts is distinct from of_b.facts
        """
    )
    return int(found.fetchall()[0][0])
