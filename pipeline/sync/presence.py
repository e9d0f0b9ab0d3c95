"""Looks at lists in an outside tool, which others change too.

Reading a whole list costs by its size: so it is counted, and read only where the count is not what
it should be, or after a week.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta

import duckdb

from pipeline.clock import utc_now
from pipeline.destinations.contract import MailTool
from pipeline.sql import count_of, transaction
from pipeline.sync import ledger, settling
from pipeline.sync.ledger import Attempt

Connection = duckdb.DuckDBPyConnection

READ_WHOLE_EVERY = timedelta(days=7)

# Whose id has come to stand for another one is the same contact there: to take them off and put
# them on again would start the tool's mails anew.
RENAMED = """
    update sync.members set customer_id = aliases.person_id
    from aliases
    where
        members.destination = $destination and members.customer_id = aliases.customer_id
        and not exists (
            select 1 from sync.members as standing
            where
                standing.destination = members.destination
                and standing.audience = members.audience
                and standing.customer_id = aliases.person_id
        )
        and aliases.customer_id = (
            select min(others.customer_id) from aliases as others
            inner join sync.members as theirs on others.customer_id = theirs.customer_id
            where
                others.person_id = aliases.person_id and theirs.destination = members.destination
                and theirs.audience = members.audience
        )
"""

# A contact that was merged with another there, or made anew, is found by an address.
SEEN = """
    create or replace temp table seen as
    with known as (
        select customer_id, contact_id from sync.members
        where destination = $destination and audience = $audience
    ),

    by_contact as (
        select known.customer_id, there.contact_id
        from known inner join there on known.contact_id = there.contact_id
    ),

    by_address as (
        select known.customer_id, min(there.contact_id) as contact_id
        from known
        anti join by_contact on known.customer_id = by_contact.customer_id
        inner join addresses on known.customer_id = addresses.customer_id
        inner join there on addresses.email = lower(trim(there.email))
        anti join by_contact as taken on there.contact_id = taken.contact_id
        group by known.customer_id
    )

    from by_contact union all from by_address
"""

COMPARED = (
    """
    update sync.members set contact_id = seen.contact_id, missing_since = null
    from seen
    where
        members.destination = $destination and members.audience = $audience
        and members.customer_id = seen.customer_id
        and (members.missing_since is not null
            or members.contact_id is distinct from seen.contact_id)
    """,
    """
    update sync.members set missing_since = $now
    where
        destination = $destination and audience = $audience and missing_since is null
        and customer_id not in (select customer_id from seen)
    """,
)

# They were accepted once and showed only after they had been given up.
LATECOMERS = """
    create or replace temp table latecomers as
    with tried as (
        select coalesce(aliases.person_id, ledger.customer_id) as customer_id
        from sync.ledger as ledger
        left join aliases on ledger.customer_id = aliases.customer_id
        where
            ledger.destination = $destination and ledger.audience = $audience
            and ledger.action = 'add'
        group by all
        having arg_max(ledger.status, (ledger.push_number, ledger.status <> 'intent')) = 'lost'
    )

    select tried.customer_id, min(there.contact_id) as contact_id
    from tried
    inner join addresses on tried.customer_id = addresses.customer_id
    inner join there on addresses.email = lower(trim(there.email))
    anti join seen on there.contact_id = seen.contact_id
    anti join (
        from sync.members where destination = $destination and audience = $audience
    ) as members on tried.customer_id = members.customer_id
    group by tried.customer_id
"""

# The hash of nothing that is sent, so that what is known of them is sent next.
ADOPTED = """
    select customer_id, 'add' as action, '' as payload_hash, 'found_there' as reason, contact_id
    from latecomers
"""

FORGOTTEN = """
    select customer_id, 'remove' as action, payload_hash, 'list_gone' as reason, contact_id
    from sync.members where destination = $destination and audience = $audience
"""

READ = "insert into sync.list_readings values ($destination, $audience, $now, $strangers)"


def compare(
    connection: Connection,
    tool: MailTool,
    attempt: Attempt,
    audiences: Sequence[str],
    confirmed: Collection[str],
) -> dict[str, str]:
    """Note who of our members is on the tool's lists no more; return why a list cannot be sent.

    Whom others took off stays off until they enter anew. A list that is gone there is made again
    when it is confirmed.
    """
    settling.know_addresses(connection, tool.name)
    with transaction(connection):
        connection.execute(RENAMED, {"destination": tool.name})
    why = {}
    for audience in audiences:
        known, wanted_count, is_due = _expected(connection, tool.name, audience)
        count = tool.count(audience)
        if count is None and known and audience in confirmed:
            _record(connection, attempt, audience, FORGOTTEN)
        elif count is None and known:
            why[audience] = (
                f"{tool.name} has no list of this name any more. If it was renamed there, give it "
                "its name back; to make it again and send it to everybody on it: "
                f"winback run --confirm {audience}"
            )
        elif count is None:
            made_new = {"destination": tool.name, "audience": audience, "now": utc_now()}
            connection.execute(READ, {**made_new, "strangers": 0})
        elif is_due or count != wanted_count:
            _read_whole(connection, tool, attempt, audience)
    return why


def _expected(connection: Connection, destination: str, audience: str) -> tuple[int, int, bool]:
    """Return our members there, how many contacts should be there, whether a week has passed."""
    asked = {"destination": destination, "audience": audience}
    known, there = connection.execute(
        """select count(*), count(*) filter (missing_since is null) from sync.members
        where destination = $destination and audience = $audience""",
        asked,
    ).fetchall()[0]
    read_at, strangers = connection.execute(
        """select max(read_at), coalesce(arg_max(strangers, read_at), 0) from sync.list_readings
        where destination = $destination and audience = $audience""",
        asked,
    ).fetchall()[0]
    is_due = bool(known) and (read_at is None or utc_now() - read_at >= READ_WHOLE_EVERY)
    return int(known), int(there) + int(strangers), is_due


def _record(connection: Connection, attempt: Attempt, audience: str, source: str) -> None:
    """Write down what others have done as if it were ours, in two steps as all else."""
    told = {"destination": attempt.destination, "audience": audience}
    needed = {name: value for name, value in told.items() if f"${name}" in source}
    outcomes = connection.execute(
        f"select customer_id, 'done' as status, reason, contact_id from ({source}) as ended", needed
    ).to_arrow_table()
    ledger.record_intents(connection, attempt, audience, source)
    ledger.record_results(connection, attempt.number, audience, outcomes)


def _read_whole(connection: Connection, tool: MailTool, attempt: Attempt, audience: str) -> None:
    there = tool.members(audience)
    told = {"destination": tool.name, "audience": audience}
    now = utc_now()
    connection.register("there", there)
    try:
        connection.execute(SEEN, told)
        connection.execute(LATECOMERS, told)
    finally:
        connection.unregister("there")
    late = count_of(connection, "latecomers")
    strangers = len(there) - count_of(connection, "seen") - late
    with transaction(connection):
        for statement in COMPARED:
            connection.execute(statement, {**told, "now": now} if "$now" in statement else told)
        connection.execute(READ, {**told, "now": now, "strangers": strangers})
    if late:
        _record(connection, attempt, audience, ADOPTED)
