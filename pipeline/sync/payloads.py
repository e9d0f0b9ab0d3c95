"""SQL for what is the same for every list: who is who, who may be reached, what is sent of them."""

from datetime import timedelta

import duckdb

from pipeline.clock import utc_now
from pipeline.destinations.contract import NOT_A_CONTACT
from pipeline.destinations.outlets import channel_of, exports_of
from pipeline.sql import has_table
from pipeline.sync import profile_hashes

Connection = duckdb.DuckDBPyConnection

ASK_AGAIN_AFTER = timedelta(days=7)


class PayloadError(Exception):
    """The exported tables cannot be sent as they are; a sentence says what is wrong."""


# Ids that have come to stand for another one. Most stand for themselves and need no join.
ALIASES = """
    create or replace temp table aliases as
    select customer_id, min(current_customer_id) as person_id
    from intermediate.int_customer_aliases
    where customer_id <> current_customer_id
    group by customer_id
"""

# Of two profiles of one person that of the id which stands for the person counts.
PAYLOADS = """
    create or replace temp table payloads as
    select
        coalesce(aliases.person_id, profiles.customer_id) as customer_id,
        profiles.customer_id as profile_id,
        profiles.payload_hash
    from hashes as profiles
    semi join suspects on hash(profiles.customer_id) = suspects.id_hash
    left join aliases on profiles.customer_id = aliases.customer_id
    qualify row_number() over (
        partition by coalesce(aliases.person_id, profiles.customer_id)
        order by aliases.person_id nulls first, profiles.customer_id
    ) = 1
"""

# Which suspects are known, with the hash of what may be sent of them, or why nothing may. The worst
# fact known of a person wins. Everybody has a row for e-mail, and for other channels who was asked.
PEOPLE = """
    create or replace temp table people as
    with known as (
        select
            coalesce(aliases.person_id, everybody.customer_id) as customer_id,
            coalesce(permissions.may_be_contacted, false) as may_be_contacted,
            case when permissions.customer_id is null then 'consent: never'
                else permissions.forbidden_reason end as forbidden_reason
        from intermediate.int_channel_permissions as everybody
        semi join suspects on hash(everybody.customer_id) = suspects.id_hash
        left join intermediate.int_channel_permissions as permissions
            on everybody.customer_id = permissions.customer_id and permissions.channel = $channel
        left join aliases on everybody.customer_id = aliases.customer_id
        where everybody.channel = 'email'
    ),

    permitted as (
        select
            customer_id,
            case when not bool_and(may_be_contacted) then coalesce(
                min(forbidden_reason) filter (not may_be_contacted), 'not_permitted'
            ) end as forbidden_reason
        from known
        group by customer_id
    ),

    -- What tools have told since the models were built can only take people out.
    suppressed as (
        select payloads.customer_id, 'tool: ' || min(suppressions.reason) as forbidden_reason
        from payloads
        inner join {profiles} as profiles on payloads.profile_id = profiles.customer_id
        inner join sync.suppressions as suppressions on {address} = suppressions.email
        group by payloads.customer_id
    )

    select
        permitted.customer_id,
        coalesce(permitted.forbidden_reason, suppressed.forbidden_reason) as forbidden_reason,
        case
            when permitted.forbidden_reason is null and suppressed.forbidden_reason is null
                then payloads.payload_hash
        end as payload_hash
    from permitted
    left join payloads on permitted.customer_id = payloads.customer_id
    left join suppressed on permitted.customer_id = suppressed.customer_id
"""

# Payloads whose last attempt was refused: the same again would be refused again. Whom the tool did
# not know it may know by now, so it is asked after a week.
REFUSALS = """
    create or replace temp table refusals as
    with ever_refused as (
        select distinct audience, customer_id from sync.ledger
        where destination = $destination and status = 'refused'
    ),

    results as (
        select
            ledger.audience, ledger.push_number, ledger.status, ledger.payload_hash,
            coalesce(ledger.reason = $not_a_contact, false)
                and ledger.recorded_at < $a_week_ago as is_worth_a_try,
            coalesce(aliases.person_id, ledger.customer_id) as person_id,
            ledger.customer_id
        from sync.ledger as ledger
        semi join ever_refused using (audience, customer_id)
        left join aliases on ledger.customer_id = aliases.customer_id
        where ledger.destination = $destination and ledger.status in ('done', 'refused')
    )

    select audience, person_id as customer_id, payload_hash
    from results
    qualify status = 'refused' and not is_worth_a_try and row_number() over (
        partition by audience, person_id order by push_number desc, customer_id
    ) = 1
"""

# Pushes of a list that a crash has cut short, since the last one that was not: the brake judges
# them together with what comes now, so that a crash changes no decision.
CUT_SHORT = """
    create or replace temp table cut_short as
    with pushes as (
        select
            audience, push_number,
            count(*) filter (status = 'intent')
                > count(*) filter (status in ('done', 'refused')) as is_cut_short,
            count(*) filter (status = 'done' and action = 'add') as added,
            count(*) filter (status = 'done' and action = 'remove')
                + count(*) filter (status = 'refused' and action = 'update') as removed,
            count(*) filter (status = 'done' and reason in ('left_list', 'gone')) as left_list
        from sync.ledger where destination = $destination
        group by audience, push_number
    ),

    numbered as (
        select *, max(push_number) filter (not is_cut_short) over (partition by audience) as whole
        from pushes
    )

    select audience, sum(removed - added) as fewer_members, sum(left_list) as left_list
    from numbered where push_number > coalesce(whole, 0)
    group by audience
"""


PROGRAMME_AUDIENCES = "exports.exp_sync__programme_audiences"
"""Lists that people pass through: they leave one when they take the next step."""


def lists_table(destination: str) -> str:
    """Return the table that says who belongs on which list of ``destination``."""
    return f"exports.exp_{exports_of(destination)}__list_members"


def profiles_table(destination: str) -> str:
    """Return the table of the payloads for ``destination``."""
    return f"exports.exp_{exports_of(destination)}__profiles"


def prepare(connection: Connection, destination: str) -> None:
    """Make the temporary tables that tell who is who and what was refused, cut short or passing."""
    profiles = profiles_table(destination)
    profile_hashes.compute(connection, destination, profiles)
    _check(connection, profiles)
    connection.execute(ALIASES)
    connection.execute(CUT_SHORT, {"destination": destination})
    connection.execute(
        REFUSALS,
        {
            "destination": destination,
            "not_a_contact": NOT_A_CONTACT,
            "a_week_ago": utc_now() - ASK_AGAIN_AFTER,
        },
    )
    connection.execute("create or replace temp table passing_lists (audience varchar)")
    if has_table(connection, PROGRAMME_AUDIENCES):
        connection.execute(f"insert into passing_lists from {PROGRAMME_AUDIENCES}")


def look_up(connection: Connection, destination: str) -> None:
    """Make the temporary tables of what is sent of those in table ``suspects``, and whether."""
    connection.execute(PAYLOADS)
    people = PEOPLE.format(
        profiles=profiles_table(destination), address=address_of(connection, destination)
    )
    connection.execute(people, {"channel": channel_of(destination)})


def address_of(connection: Connection, destination: str) -> str:
    """Return SQL for what tools suppress people of table ``profiles`` by.

    Lists without addresses are of no concern to an e-mail tool.
    """
    described = connection.execute(f"describe {profiles_table(destination)}").fetchall()
    has_email = "email" in {str(name) for name, *_ in described}
    return f"lower(trim(profiles.{'email' if has_email else 'customer_id'}))"


def _check(connection: Connection, profiles: str) -> None:
    doubled = connection.execute(
        "select count(*) - count(distinct customer_id) from hashes"
    ).fetchall()[0][0]
    if doubled:
        raise PayloadError(
            f"{profiles} has {doubled} rows too many: each customer_id may have one profile. "
            "Nothing was sent; see the tests of that model"
        )
