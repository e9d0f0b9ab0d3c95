"""The SQL that says which records in quarantine a load has settled, and which still wait."""

from collections.abc import Mapping
from datetime import date, datetime

import duckdb

from pipeline.sources.catalogue import schema_of
from pipeline.sources.entity import Entity

INBOX = "files"
"""The source whose files somebody mends; others send a record again as it is by then."""

KEYS = {
    "orders": "order_id",
    "customers": "customer_id",
    "consents": None,
    "email_events": "event_id",
    "complaints": "id",
}
"""Entities whose records may be somebody's no, purchase or complaint, and by what a record is
known again."""

SAME_PERSON = """(
    told.customer_id = nullif(trim(came.customer_id), '')
    or list_contains(told.emails, main.email_address(came.email))
)"""

# A yes of an earlier day undoes no refusal that could not be read: the same word has to come, or
# a later one. Where even the channel is not known, what is said about e-mail counts.
SAME_CONSENT = f"""
    {SAME_PERSON}
    and came.channel in (told.channel, case
        when told.channel in ('email', 'sms', 'phone', 'ads') then told.channel else 'email' end)
    and (came.state = told.state or came."at" >= coalesce(told.said_at, told.quarantined_at))
"""

# Without its number an event is settled only by a no of the same person, which says the worst.
SAME_EVENT = f"""
    {SAME_PERSON} and came.event in ('unsubscribed', 'complained', 'bounced')
"""


def settle_unread(
    connection: duckdb.DuckDBPyConnection, source: str, entity: Entity, now: datetime
) -> None:
    """Mark the rows in quarantine that the good rows of intake.staged settle. Needs a transaction.

    A row about a person waits for a readable record of the same key, however often its file comes
    with other content: it may be somebody's no. A row of another entity, and a file refused as a
    whole, are settled when the file is read.
    """
    connection.execute(
        """update quarantine.rows set settled_at = ?
        where source = ? and entity = ? and settled_at is null
            and exists (
                select 1 from temp.new_files
                where path = file
                    -- The same content is judged anew, row by row.
                    and (row_number is null or not ? or sha256 = file_sha256)
            )""",
        [now, source, entity.name, entity.name in KEYS],
    )
    if source != INBOX:
        connection.execute(
            f"""update quarantine.rows as there set settled_at = ?
            where source = ? and entity = ? and settled_at is null and ({_come_again(entity)})""",
            [now, source, entity.name],
        )
    if entity.name in KEYS:
        connection.execute(
            f"""update quarantine.rows set settled_at = ?
            where source = ? and entity = ? and settled_at is null and row_number is not null
                and rowid in ({_settled(entity)})""",
            [now, source, entity.name, source, entity.name],
        )


def _come_again(entity: Entity) -> str:
    """Return the SQL of whether a row of an earlier window has come again, good or bad.

    What a source sends is its record as it is now; as bad as before it stands in quarantine anew.
    """
    key = entity.key[0]
    told = "nullif(trim(case when json_valid({0}) then {0} ->> '$.{1}' end), '')"
    if entity.one_of and key in entity.one_of:
        return "row_number is null or payload in (select _payload from intake.staged)"
    return f"""row_number is null or {told.format("there.payload", key)} in (
        select coalesce(trim(cast("{key}" as varchar)), {told.format("_payload", key)})
        from intake.staged
    )"""


def _settled(entity: Entity) -> str:
    key = KEYS[entity.name]
    same = {"consents": SAME_CONSENT, "email_events": SAME_EVENT}.get(entity.name, SAME_PERSON)
    if key:
        same = f"(told.key = trim(came.{key}) or (told.key is null and {same}))"
    return f"""
        with records as (
            select rowid as place, payload, quarantined_at,
                case when json_valid(payload) then payload end as record
            from quarantine.rows
            where source = ? and entity = ? and settled_at is null
        ),
        texts as (
            select *, {f"nullif(trim(record ->> '$.{key}'), '')" if key else "null"} as key,
                nullif(trim(record ->> '$.customer_id'), '') as customer_id,
                main.addresses_within(payload) as emails,
                coalesce(lower(trim(record ->> '$.channel')), '') as channel,
                lower(trim(record ->> '$.state')) as state,
                trim(record ->> '$.at') as said
            from records
        ),
        told as (
            select *, case when inbox_offset(said) is null then inbox_instant(inbox_clock(said))
                else inbox_clock(said) - to_minutes(inbox_minutes(inbox_offset(said))) end
                as said_at
            from texts
        )
        select told.place from told
        where exists (select 1 from intake.staged as came where _problem is null and {same})"""


def waiting_for_rate(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    entity: Entity,
    first_rates: Mapping[str, date],
) -> frozenset[str]:
    """Return the files with orders that waited for an exchange rate which there is now."""
    found = connection.execute(
        f"""select distinct file from (
            select file, try_cast(left(trim(record ->> '$.ordered_at'), 10) as date) as ordered_on,
                map_extract(map($currencies, $days), upper(trim(record ->> '$.currency')))[1]
                    as first_day
            from (
                select file, case when json_valid(payload) then payload end as record
                from quarantine.unread_rows as bad
                where source = $source and entity = $entity and starts_with(reason, 'currency:')
                    -- Of a file that has other content by now nothing more is to be had.
                    and file_sha256 = (
                        select arg_max(sha256, load_number)
                        from {schema_of(source)}.loaded_files as files
                        where files.entity = bad.entity and files.path = bad.file
                    )
            )
        ) where ordered_on >= first_day""",
        {
            "source": source,
            "entity": entity.name,
            "currencies": list(first_rates),
            "days": list(first_rates.values()),
        },
    ).fetchall()
    return frozenset(str(name) for (name,) in found)
