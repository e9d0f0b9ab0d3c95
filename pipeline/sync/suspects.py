"""SQL that finds in one pass over all lists who is not as wanted; the rest is asked of them."""

import duckdb
import pyarrow as pa

from pipeline.destinations.outlets import channel_of
from pipeline.sync import payloads

Connection = duckdb.DuckDBPyConnection

EMPTY = (
    "create or replace temp table suspects (id_hash ubigint)",
    """create or replace temp table deviations (
        audience varchar, customer_id varchar, is_stranger boolean)""",
)

# Who is missing from a list that was read back, or stands there otherwise than he was sent, or was
# never sent.
DEVIATIONS = """
    insert into deviations
    select
        $audience, coalesce(members.customer_id, there.customer_id),
        members.customer_id is null
    from (
        select customer_id, payload_hash from sync.members
        where destination = $destination and audience = $audience
    ) as members
    full join there on members.customer_id = there.customer_id
    where
        members.customer_id is null
        or there.customer_id is null
        or there.payload_hash <> members.payload_hash
"""

# Every row adds a number or takes one off, and nothing is left of a person whose lists, and payload
# on each of them, are those that were sent; that numbers of 44 bits cancel out otherwise is as good
# as impossible. That many bits are added up exactly, and faster than more, up to 256 lists to a
# person. Hashes stand for ids too, because they are smaller; whoever has the same hash as a suspect
# is looked at beside him.
SUSPECTS = """
    insert into suspects
    with rows_of_lists as (
        select
            hash(customer_id) as id_hash,
            cast(hash(audience) >> 20 as double) as number,
            null as is_member
        from {lists}

        union all

        select
            hash(customer_id),
            -cast(hash(audience) >> 20 as double) - cast(hash(payload_hash) >> 20 as double),
            true
        from sync.members
        where destination = $destination
    ),

    people as (
        select id_hash, sum(number) as number, count(is_member) as list_count
        from rows_of_lists
        group by id_hash
    ),

    permitted as (
        select hash(customer_id) as id_hash
        from intermediate.int_channel_permissions
        where channel in ('email', $channel)
        group by id_hash
        having
            bool_or(channel = 'email')
            and bool_and(coalesce(may_be_contacted, false)) filter (channel = $channel)
    ),

    known as (
        select
            hash(customer_id) as id_hash,
            cast(hash(payload_hash) >> 20 as double) as number
        from hashes
        semi join permitted on hash(hashes.customer_id) = permitted.id_hash
    )

    select people.id_hash
    from people
    left join known on people.id_hash = known.id_hash
    where
        known.id_hash is null
        or people.number + people.list_count * known.number <> 0
"""

# Whoever is more than one id, is not found as he was sent, or was suppressed by a tool.
OTHERS = """
    insert into suspects
    select hash(customer_id) from aliases
    union all
    select hash(person_id) from aliases
    union all
    select hash(customer_id) from deviations
    union all
    select hash(profiles.customer_id)
    from {profiles} as profiles
    inner join sync.suppressions as suppressions on {address} = suppressions.email
"""


def begin(connection: Connection) -> None:
    """Make the temporary tables that are filled here."""
    for statement in EMPTY:
        connection.execute(statement)


def note_found(connection: Connection, destination: str, audience: str, there: pa.Table) -> None:
    """Take down where a list that was read back deviates from what was sent.

    ``there`` has customer_id and payload_hash, NULL where that cannot be told.
    """
    connection.register("there", there)
    connection.execute(DEVIATIONS, {"destination": destination, "audience": audience})
    connection.unregister("there")


def find(connection: Connection, destination: str) -> None:
    """Fill the table of everybody who may differ, by the hash of the id; some stand there twice."""
    connection.execute(
        SUSPECTS.format(lists=payloads.lists_table(destination)),
        {"destination": destination, "channel": channel_of(destination)},
    )
    connection.execute(
        OTHERS.format(
            profiles=payloads.profiles_table(destination),
            address=payloads.address_of(connection, destination),
        )
    )
