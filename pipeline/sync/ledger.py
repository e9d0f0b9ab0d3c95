"""SQL that writes down what was sent, how it ended and who is there since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from pipeline.clock import utc_now
from pipeline.sql import transaction

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Attempt:
    """One push, as the ledger knows it. A run that is tried again pushes under a new number."""

    number: int
    run_id: str
    as_of_date: date
    destination: str


@dataclass(frozen=True)
class Ended:
    """How many intents of one kind ended in one way."""

    action: str
    status: str
    reason: str | None
    count: int


def next_push_number(connection: Connection) -> int:
    """Return the number of the push that comes now; later ones are greater."""
    found = connection.execute("select coalesce(max(push_number), 0) + 1 from sync.ledger")
    return int(found.fetchall()[0][0])


def record_intents(
    connection: Connection,
    attempt: Attempt,
    audience: str,
    source: str,
    alongside: Sequence[str] = (),
) -> None:
    """Write one intent for each row of ``source``, all of them or none.

    ``source`` is SQL that yields customer_id, action, payload_hash and reason; it may use
    ``$audience``. The statements in ``alongside`` are carried out in the same transaction, with
    ``$audience``, ``$as_of_date`` and ``$now``.
    """
    with transaction(connection):
        now = utc_now()
        told = {"audience": audience, "as_of_date": attempt.as_of_date, "now": now}
        for statement in alongside:
            connection.execute(statement, told)
        connection.execute(
            f"""
            insert into sync.ledger
            select
                $number, $run_id, $as_of_date, $destination, $audience, customer_id, action,
                payload_hash, 'intent', reason, $now
            from ({source}) as intents
            order by customer_id
            """,
            {
                "number": attempt.number,
                "run_id": attempt.run_id,
                "as_of_date": attempt.as_of_date,
                "destination": attempt.destination,
                "audience": audience,
                "now": now,
            },
        )


def record_results(
    connection: Connection, number: int, audience: str, outcomes: pa.Table
) -> list[Ended]:
    """Write how intents of a push ended, and who is on the list since, in one transaction.

    ``outcomes`` has customer_id, status (done, refused or lost), the reason of a refusal and the
    contact_id of an outside tool.
    Contacts without an intent in that push are passed over.
    """
    connection.register("outcomes", outcomes)
    try:
        with transaction(connection):
            connection.execute(ENDED, [utc_now(), number, audience])
            for statement in TAKE_INTO_ACCOUNT:
                connection.execute(statement)
            counted = connection.execute(
                "select action, status, reason, count(*) from ended group by all order by all"
            )
            return [Ended(*row) for row in counted.fetchall()]
    finally:
        connection.unregister("outcomes")


ENDED = """
    create or replace temp table ended as
    select
        intents.* exclude (status, reason, recorded_at),
        outcomes.status,
        coalesce(outcomes.reason, intents.reason) as reason,
        cast(? as timestamp) as recorded_at,
        outcomes.contact_id
    from sync.ledger as intents
    inner join outcomes on intents.customer_id = outcomes.customer_id
    where intents.push_number = ? and intents.audience = ? and intents.status = 'intent'
"""

# Whose profile was refused is not there, whatever was there before.
TAKE_INTO_ACCOUNT = (
    """
    insert into sync.ledger by name
    select * exclude (contact_id) from ended order by customer_id
    """,
    """
    delete from sync.members using ended
    where
        members.destination = ended.destination and members.audience = ended.audience
        and members.customer_id = ended.customer_id
        and ended.status = case when ended.action = 'remove' then 'done' else 'refused' end
    """,
    """
    update sync.members set
        payload_hash = ended.payload_hash,
        contact_id = coalesce(ended.contact_id, members.contact_id)
    from ended
    where
        members.destination = ended.destination and members.audience = ended.audience
        and members.customer_id = ended.customer_id
        and ended.status = 'done' and ended.action <> 'remove'
    """,
    """
    insert into sync.members
    select destination, audience, customer_id, payload_hash, as_of_date, contact_id, null
    from ended
    anti join sync.members using (destination, audience, customer_id)
    where status = 'done' and action <> 'remove'
    order by customer_id
    """,
)


def unsettled(connection: Connection, destination: str) -> list[tuple[int, str]]:
    """Return push number and audience wherever a crash has left intents without a result."""
    found = connection.execute(
        """
        select push_number, audience from sync.ledger where destination = ?
        group by push_number, audience
        having count(*) filter (status = 'intent') > count(*) filter (status <> 'intent')
        order by push_number, audience
        """,
        [destination],
    )
    return [(int(number), str(audience)) for number, audience in found.fetchall()]


def open_adds(connection: Connection, number: int, audience: str) -> pa.Table:
    """Return customer_id of everybody of whom nobody knows whether a push has added them."""
    return connection.execute(
        """
        select customer_id from sync.ledger where push_number = ? and audience = ?
        group by customer_id having count(*) = 1 and any_value(action) = 'add'
        order by customer_id
        """,
        [number, audience],
    ).to_arrow_table()


def settle(
    connection: Connection, number: int, audience: str, there: pa.Table, *, is_whole: bool = True
) -> list[Ended]:
    """Record for each open intent whether it was carried out, given who is ``there``.

    ``there`` has customer_id, payload_hash and contact_id. An update that cannot be told from what
    was there before counts as lost, so it is repeated, and so does a removal unless ``there`` is
    the whole list.
    """
    connection.register("there", there)
    try:
        outcomes = connection.execute(
            """
            with open_intents as (
                select customer_id, any_value(action) as action, any_value(payload_hash) as wanted
                from sync.ledger where push_number = $number and audience = $audience
                group by customer_id having count(*) = 1
            )
            select
                open_intents.customer_id,
                case
                    when action = 'remove' then $is_whole and there.customer_id is null
                    when there.payload_hash is null
                        then action = 'add' and there.customer_id is not null
                    else there.payload_hash = wanted
                end as is_done,
                case when is_done then 'done' else 'lost' end as status,
                cast(null as varchar) as reason,
                there.contact_id
            from open_intents left join there on open_intents.customer_id = there.customer_id
            """,
            {"number": number, "audience": audience, "is_whole": is_whole},
        ).to_arrow_table()
    finally:
        connection.unregister("there")
    return record_results(connection, number, audience, outcomes)
