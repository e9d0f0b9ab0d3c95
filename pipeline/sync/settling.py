"""Finds out what became of everything that an earlier push left unknown."""

import duckdb
import pyarrow as pa

from pipeline.destinations.contract import Client, MailTool, OwnFolder
from pipeline.sql import has_table
from pipeline.sync import ledger, payloads
from pipeline.sync.ledger import Ended

Connection = duckdb.DuckDBPyConnection

CUSTOMER_IDS = "sync.customer_ids"

NOBODY = pa.table(
    {name: pa.array([], pa.string()) for name in ("customer_id", "payload_hash", "contact_id")}
)

# Every address that ever led to a person, besides the one that is sent now.
ADDRESSES = """
    create or replace temp table addresses as
    select coalesce(aliases.person_id, told.customer_id) as customer_id, told.email
    from (
        select customer_id, lower(trim(email)) as email from {profiles}
        {ever}
    ) as told
    left join aliases on told.customer_id = aliases.customer_id
    where told.email is not null
    group by all
"""
EVER = "union select customer_id, substr(key, 7) from sync.customer_ids where key like 'email:%'"


def settle(connection: Connection, client: Client) -> dict[str, int]:
    """Record what became of it, and count it by status."""
    ended: list[Ended] = []
    unsettled = ledger.unsettled(connection, client.name)
    if unsettled and isinstance(client, MailTool):
        know_addresses(connection, client.name)
    for number, audience in unsettled:
        if isinstance(client, OwnFolder):
            ended += ledger.settle(connection, number, audience, read_back(client, audience))
        elif isinstance(client, MailTool):
            there = _found(connection, client, audience, number)
            ended += ledger.settle(connection, number, audience, there, is_whole=False)
    return {
        status: sum(one.count for one in ended if one.status == status)
        for status in ("done", "lost")
    }


def read_back(client: OwnFolder, audience: str) -> pa.Table:
    """Return customer_id, payload_hash and contact_id of who is in a folder of our own."""
    there = client.read_back(audience)
    if there is None:
        return NOBODY
    return there.append_column("contact_id", pa.nulls(len(there), pa.string()))


def know_addresses(connection: Connection, destination: str) -> None:
    """Make the temporary table ``addresses``: everybody's, as they are sent and as they ever were.

    It is by the id that stands for a person, with the table ``aliases`` of those that do not.
    """
    connection.execute(payloads.ALIASES)
    ever = EVER if has_table(connection, CUSTOMER_IDS) else ""
    profiles = payloads.profiles_table(destination)
    connection.execute(ADDRESSES.format(profiles=profiles, ever=ever))


def _found(connection: Connection, tool: MailTool, audience: str, number: int) -> pa.Table:
    connection.register("in_question", ledger.open_adds(connection, number, audience))
    emails = connection.execute(
        """select distinct addresses.email from in_question
        left join aliases on in_question.customer_id = aliases.customer_id
        inner join addresses
            on coalesce(aliases.person_id, in_question.customer_id) = addresses.customer_id
        order by addresses.email"""
    ).fetchall()
    if not emails:
        return NOBODY
    connection.register("there", tool.find(audience, [str(email) for (email,) in emails]))
    try:
        return connection.execute(
            """select in_question.customer_id, cast(null as varchar) as payload_hash,
                min(there.contact_id) as contact_id
            from in_question
            left join aliases on in_question.customer_id = aliases.customer_id
            inner join addresses
                on coalesce(aliases.person_id, in_question.customer_id) = addresses.customer_id
            inner join there on addresses.email = lower(trim(there.email))
            group by in_question.customer_id"""
        ).to_arrow_table()
    finally:
        connection.unregister("there")
        connection.unregister("in_question")
