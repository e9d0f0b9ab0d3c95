"""SQL that finds, list by list, how what is wanted differs from what is there."""

import duckdb
import pyarrow as pa

from pipeline import payloads
from pipeline.destinations.contract import Changes

Connection = duckdb.DuckDBPyConnection


EMPTY = (
    """create or replace temp table differences (
        audience varchar, customer_id varchar, action varchar, reason varchar,
        payload_hash varchar, is_forced boolean)""",
    "create or replace temp table kept_out (audience varchar, reason varchar, people bigint)",
    "create or replace temp table strangers (audience varchar, customer_id varchar)",
)

WANTED = """
    create or replace temp table wanted as
    with listed as (
        select distinct coalesce(aliases.person_id, lists.customer_id) as customer_id
        from {lists} as lists
        left join aliases on lists.customer_id = aliases.customer_id
        where lists.audience = $audience
    )

    select
        listed.customer_id,
        payloads.payload_hash,
        case
            when people.customer_id is null then 'gone'
            when not people.may_be_mailed then people.forbidden_reason
            when payloads.customer_id is null then 'no_profile'
        end as kept_out_reason
    from listed
    left join people on listed.customer_id = people.customer_id
    left join payloads on listed.customer_id = payloads.customer_id
"""

MEMBERS = """
    create or replace temp table members_now as
    select
        members.customer_id,
        coalesce(aliases.person_id, members.customer_id) as person_id,
        members.payload_hash,
        {is_there} as is_there
    from sync.members as members
    left join aliases on members.customer_id = aliases.customer_id
    {there}
    where members.destination = $destination and members.audience = $audience
"""

# A row that somebody has taken out or altered there is put right for people who are wanted; for
# others there is nothing that may be written, so they go.
REMOVES = """
    insert into differences
    select
        $audience, members_now.customer_id, 'remove',
        case
            when people.customer_id is null then 'gone'
            when not people.may_be_mailed then people.forbidden_reason
            when members_now.customer_id <> members_now.person_id then 'merged'
            when not members_now.is_there then 'changed_there'
            else 'left_list'
        end as reason,
        cast(null as varchar),
        people.customer_id is null or not people.may_be_mailed or reason <> 'left_list'
    from members_now
    left join people on members_now.person_id = people.customer_id
    anti join (select customer_id from wanted where kept_out_reason is null) as wanted
        on members_now.customer_id = wanted.customer_id
"""

# Whoever was there under an id that has become an alias is no newcomer.
ADDS = """
    insert into differences
    with merged as (
        select distinct person_id from members_now where customer_id <> person_id
    )

    select
        $audience, wanted.customer_id, 'add',
        case when merged.person_id is not null then 'merged' end,
        wanted.payload_hash, merged.person_id is not null
    from wanted
    left join merged on wanted.customer_id = merged.person_id
    anti join members_now on wanted.customer_id = members_now.customer_id
    anti join (from refusals where audience = $audience and status = 'refused') as refusals
        on wanted.customer_id = refusals.customer_id
        and wanted.payload_hash = refusals.payload_hash
    where wanted.kept_out_reason is null
"""

UPDATES = """
    insert into differences
    select
        $audience, wanted.customer_id, 'update',
        case when not members_now.is_there then 'restored' end,
        wanted.payload_hash, not members_now.is_there
    from wanted
    inner join members_now on wanted.customer_id = members_now.customer_id
    where
        wanted.kept_out_reason is null
        and (wanted.payload_hash <> members_now.payload_hash or not members_now.is_there)
"""

KEPT_OUT = """
    insert into kept_out
    select $audience, coalesce(kept_out_reason, 'refused_before'), count(*)
    from wanted
    where kept_out_reason is not null or customer_id in (
        select customer_id from refusals
        where
            audience = $audience and status = 'refused'
            and payload_hash = wanted.payload_hash
    )
    group by all
"""

STRANGERS = """
    insert into strangers
    select $audience, there.customer_id from there
    anti join members_now on there.customer_id = members_now.customer_id
"""


def known_audiences(connection: Connection, destination: str) -> list[str]:
    """Return every list that is wanted, that has members, or that ever was sent."""
    found = connection.execute(
        f"""
        select audience from {payloads.lists_table(destination)}
        union select audience from sync.members where destination = $destination
        union select audience from sync.ledger where destination = $destination
        order by audience
        """,
        {"destination": destination},
    )
    return [str(audience) for (audience,) in found.fetchall()]


def begin(connection: Connection, destination: str) -> None:
    """Make the temporary tables that ``find`` reads and fills."""
    payloads.prepare(connection, destination)
    for statement in EMPTY:
        connection.execute(statement)


def find(connection: Connection, destination: str, audience: str, there: pa.Table | None) -> None:
    """Add the differences of one list to the temporary tables of ``begin``.

    ``there`` is what the destination was found to hold, with customer_id and payload_hash;
    without it what was sent counts as what is there.
    """
    one_list = {"audience": audience}
    connection.execute(WANTED.format(lists=payloads.lists_table(destination)), one_list)
    if there is None:
        members = MEMBERS.format(is_there="true", there="")
    else:
        connection.register("there", there)
        members = MEMBERS.format(
            is_there="""there.customer_id is not null
                and coalesce(there.payload_hash = members.payload_hash, true)""",
            there="left join there on members.customer_id = there.customer_id",
        )
    connection.execute(members, {**one_list, "destination": destination})
    for statement in (REMOVES, ADDS, UPDATES, KEPT_OUT):
        connection.execute(statement, one_list)
    if there is not None:
        connection.execute(STRANGERS, one_list)
        connection.unregister("there")


def released(*, is_held: bool) -> str:
    """Return SQL for the differences of list ``$audience`` that are carried out."""
    forced = "and is_forced" if is_held else ""
    return f"from differences where audience = $audience {forced}"


def changes_of(
    connection: Connection, destination: str, audience: str, *, is_held: bool
) -> Changes:
    """Return what the client is to do to one list, strangers in a list of our own included."""

    def profiles(action: str) -> pa.Table:
        return connection.execute(
            f"""
            select ready.customer_id, profiles.* exclude (customer_id)
            from ({released(is_held=is_held)}) as ready
            inner join payloads on ready.customer_id = payloads.customer_id
            inner join {payloads.profiles_table(destination)} as profiles
                on payloads.profile_id = profiles.customer_id
            where ready.action = $action
            order by ready.customer_id
            """,
            {"audience": audience, "action": action},
        ).to_arrow_table()

    removes = connection.execute(
        f"""
        with ready as ({released(is_held=is_held)})

        select customer_id from ready where action = 'remove'
        union
        select customer_id from strangers
        where audience = $audience and customer_id not in (select customer_id from ready)
        order by customer_id
        """,
        {"audience": audience},
    ).to_arrow_table()
    return Changes(adds=profiles("add"), updates=profiles("update"), removes=removes)
