"""SQL that finds how what is wanted differs from what is there, on all lists at once."""

import duckdb
import pyarrow as pa

from pipeline.destinations.contract import Changes
from pipeline.sync import payloads, suspects

Connection = duckdb.DuckDBPyConnection


EMPTY = (
    """create or replace temp table differences (
        audience varchar, customer_id varchar, action varchar, reason varchar,
        payload_hash varchar, is_forced boolean)""",
    "create or replace temp table kept_out (audience varchar, reason varchar, people bigint)",
    "create or replace temp table strangers (audience varchar, customer_id varchar)",
)

# What was sent counts as what is there, but for what a list that was read back deviates in.
UNEQUAL = """
    create or replace temp table unequal as
    with wanted as (
        select
            lists.audience,
            coalesce(aliases.person_id, lists.customer_id) as customer_id,
            people.payload_hash,
            case
                when people.payload_hash is null
                    then coalesce(
                        people.forbidden_reason,
                        case when people.customer_id is null then 'gone' else 'no_profile' end
                    )
            end as kept_out_reason
        from {lists} as lists
        semi join suspects on hash(lists.customer_id) = suspects.id_hash
        left join aliases on lists.customer_id = aliases.customer_id
        left join people on coalesce(aliases.person_id, lists.customer_id) = people.customer_id
    ),

    present as (
        select
            members.audience,
            members.customer_id,
            coalesce(aliases.person_id, members.customer_id) as person_id,
            members.payload_hash,
            true as is_member,
            deviations.customer_id is null as is_there,
            members.missing_since is not null as is_missing
        from sync.members as members
        semi join suspects on hash(members.customer_id) = suspects.id_hash
        left join aliases on members.customer_id = aliases.customer_id
        left join deviations
            on members.audience = deviations.audience
            and members.customer_id = deviations.customer_id
        where members.destination = $destination

        union all

        select audience, customer_id, null, null, false, true, false
        from deviations where is_stranger
    )

    select distinct
        coalesce(wanted.audience, present.audience) as audience,
        coalesce(wanted.customer_id, present.customer_id) as customer_id,
        wanted.customer_id is not null and wanted.kept_out_reason is null as is_wanted,
        wanted.payload_hash,
        wanted.kept_out_reason,
        coalesce(present.is_member, false) as is_member,
        present.customer_id is not null and not present.is_member as is_stranger,
        coalesce(present.is_there, false) as is_there,
        coalesce(present.is_missing, false) as is_missing,
        coalesce(present.person_id, wanted.customer_id) as person_id
    from wanted
    full join present
        on wanted.audience = present.audience and wanted.customer_id = present.customer_id
    where
        wanted.payload_hash is distinct from present.payload_hash
        or wanted.kept_out_reason is not null
        or not present.is_there
        or not present.is_member
"""

# From the list of a programme's step people move on, many on one day: the brake counts none of
# them.
# A row that somebody has taken out or altered there is put right for people who are wanted; for
# others there is nothing that may be written, so they go. Who is erased is known as that; people
# who are gone without it are what a source that is missing looks like, so the brake counts them.
REMOVES = """
    insert into differences
    select
        unequal.audience, unequal.customer_id, 'remove',
        case
            when people.forbidden_reason is not null then people.forbidden_reason
            when people.customer_id is null and unequal.is_there then 'gone'
            when people.customer_id is not null and unequal.customer_id <> unequal.person_id
                then 'merged'
            when not unequal.is_there then 'changed_there'
            when passing_lists.audience is not null then 'moved_on'
            else 'left_list'
        end as reason,
        cast(null as varchar),
        people.forbidden_reason is not null or reason in ('merged', 'changed_there', 'moved_on')
    from unequal
    left join people on unequal.person_id = people.customer_id
    left join passing_lists on unequal.audience = passing_lists.audience
    where unequal.is_member and not unequal.is_wanted
"""

# Whoever was there under an id that has become an alias is no newcomer.
ADDS = """
    insert into differences
    with merged as (
        select distinct audience, person_id
        from unequal where is_member and customer_id <> person_id
    )

    select
        unequal.audience, unequal.customer_id, 'add',
        case when merged.person_id is not null then 'merged' end,
        unequal.payload_hash, merged.person_id is not null
    from unequal
    left join merged
        on unequal.audience = merged.audience and unequal.customer_id = merged.person_id
    anti join refusals
        on unequal.audience = refusals.audience
        and unequal.customer_id = refusals.customer_id
        and unequal.payload_hash = refusals.payload_hash
    where unequal.is_wanted and not unequal.is_member
"""

# Whom others have taken off a tool's list is not sent again: it might start the mails anew.
UPDATES = """
    insert into differences
    select
        audience, customer_id, 'update', case when not is_there then 'restored' end,
        payload_hash, not is_there
    from unequal where is_wanted and is_member and not is_missing
"""

KEPT_OUT = """
    insert into kept_out
    select
        unequal.audience, coalesce(unequal.kept_out_reason, 'refused_before') as reason, count(*)
    from unequal
    left join refusals
        on unequal.audience = refusals.audience
        and unequal.customer_id = refusals.customer_id
        and unequal.payload_hash = refusals.payload_hash
    where
        unequal.kept_out_reason is not null
        or (unequal.is_wanted and not unequal.is_member and refusals.customer_id is not null)
    group by unequal.audience, reason
"""

CONTACTS = """
    select customer_id, contact_id from sync.members
    where destination = $destination and audience = $audience
"""

STRANGERS = """
    insert into strangers select audience, customer_id from unequal where is_stranger
"""


def begin(connection: Connection, destination: str) -> None:
    """Make the temporary tables that ``find`` reads and fills."""
    payloads.prepare(connection, destination)
    suspects.begin(connection)
    for statement in EMPTY:
        connection.execute(statement)


def find(connection: Connection, destination: str) -> None:
    """Fill the temporary tables of ``begin`` with the differences of all lists.

    Of lists that ``suspects.note_found`` was not told of, what was sent counts as what is there.
    """
    suspects.find(connection, destination)
    payloads.look_up(connection, destination)
    connection.execute(
        UNEQUAL.format(lists=payloads.lists_table(destination)), {"destination": destination}
    )
    for statement in (REMOVES, ADDS, UPDATES, KEPT_OUT, STRANGERS):
        connection.execute(statement)


def released(*, is_held: bool) -> str:
    """Return SQL for the differences of list ``$audience`` that are carried out."""
    forced = "and is_forced" if is_held else ""
    return f"from differences where audience = $audience {forced}"


def changes_of(
    connection: Connection, destination: str, audience: str, *, is_held: bool, is_outside: bool
) -> Changes:
    """Return what the client is to do to one list, strangers in a list of our own included."""
    asked = {"audience": audience, "destination": destination}

    def profiles(action: str, contact: str) -> pa.Table:
        return connection.execute(
            f"""
            select ready.customer_id, {contact} profiles.* exclude (customer_id)
            from ({released(is_held=is_held)}) as ready
            inner join payloads on ready.customer_id = payloads.customer_id
            inner join {payloads.profiles_table(destination)} as profiles
                on payloads.profile_id = profiles.customer_id
            left join ({CONTACTS}) as contacts on ready.customer_id = contacts.customer_id
            where ready.action = $action
            order by ready.customer_id
            """,
            {**asked, "action": action},
        ).to_arrow_table()

    removes = connection.execute(
        f"""
        with ready as ({released(is_held=is_held)})

        select leaving.customer_id, contacts.contact_id
        from (
            select customer_id from ready where action = 'remove'
            union
            select customer_id from strangers
            where audience = $audience and customer_id not in (select customer_id from ready)
        ) as leaving
        left join ({CONTACTS}) as contacts on leaving.customer_id = contacts.customer_id
        order by leaving.customer_id
        """,
        asked,
    ).to_arrow_table()
    updates = profiles("update", "contacts.contact_id," if is_outside else "")
    return Changes(adds=profiles("add", ""), updates=updates, removes=removes)
