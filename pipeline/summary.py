"""What came of a run, for the person who started it."""

from typing import Any

import click

from pipeline.destinations.files import left_behind
from pipeline.explanation import table
from pipeline.resources import open_warehouse
from pipeline.settings import SAMPLE, Settings
from pipeline.warehouse import Warehouse

UNREAD = """
    select count(*) filter (row_number is not null),
        count(*) filter (
            row_number is not null
            and entity in ('customers', 'consents', 'email_events', 'complaints')
            and main.addresses_within(payload) = []
            and coalesce(case when json_valid(payload) then payload ->> '$.customer_id' end, '')
                = ''
        ),
        coalesce(list_sort(list(distinct file) filter (row_number is null)), [])
    from quarantine.unread_rows
"""

OTHER_LISTS = """
    select coalesce(on_list.destination, done.destination) as destination,
        coalesce(on_list.audience, done.audience) as audience,
        coalesce(on_list.members, 0), coalesce(done.added, 0), coalesce(done.removed, 0)
    from (
        select destination, audience, count(*) filter (missing_since is null) as members
        from sync.members group by all
    ) as on_list
    full join (
        select destination, audience, count(*) filter (action = 'add') as added,
            count(*) filter (action = 'remove') as removed
        from sync.ledger where run_id = $run_id and status = 'done' group by all
    ) as done using (destination, audience)
    anti join reference.segments as segments
        on coalesce(on_list.audience, done.audience) = 'winback_' || segments.segment
        and coalesce(on_list.destination, done.destination) = $mailing
    order by destination <> $mailing, destination, audience
"""


LOOKED_AT = """
    select destination, audience, coalesce(missing.people, 0), coalesce(others.people, 0)
    from (
        select destination, audience, count(*) as people
        from sync.members where missing_since is not null group by all
    ) as missing
    full join (
        select destination, audience, arg_max(strangers, read_at) as people
        from sync.list_readings group by all having people > 0
    ) as others using (destination, audience)
    order by all
"""
"""Who was taken off lists in tools by others, and whom others have put on."""

PROGRAMMES = """
    select programmes.label, count(decisions.customer_id),
        count(*) filter (where decisions.decision = 'in'), coalesce(any_value(entries.treated), 0),
        coalesce(any_value(entries.controls), 0), coalesce(any_value(moves.people), 0)
    from reference.programmes as programmes
    left join marts.programme_decisions as decisions using (programme)
    left join (
        select programme, count(*) filter (not is_control) as treated,
            count(*) filter (is_control) as controls
        from exports.exp_sync__enrolments group by programme
    ) as entries using (programme)
    left join (
        select programme, count(*) as people
        from exports.exp_sync__programme_steps where is_listed group by programme
    ) as moves using (programme)
    where programmes.is_on
    group by programmes.label, programmes.priority order by programmes.priority
"""
"""Of those that are on: who fits, who is on the ladder, who enters and who takes a step today."""


def show(settings: Settings, run_id: str) -> None:
    """Print the base by lifecycle, what the run did to the lists, and where to look further."""
    asked = {"run_id": run_id, "mailing": settings.destinations[0]}
    with open_warehouse(settings).connect() as connection:
        state = connection.execute(
            """
            select max(as_of_date), count(*), count(*) filter (where purchase_count > 0),
                sum(purchase_count), sum(revenue)
            from marts.customer_activity
            """
        ).fetchall()[0]
        lifecycle = connection.execute(
            """
            select lifecycle, count(*), round(100.0 * count(*) / sum(count(*)) over (), 1)
            from marts.customer_churn group by lifecycle
            order by list_position(['new', 'active', 'due', 'slipping', 'dormant',
                'long_dormant', 'lost'], lifecycle)
            """
        ).fetchall()
        lists = connection.execute(
            """
            select segments.label, 'winback_' || segments.segment, segments_found.customers,
                coalesce(on_list.members, 0), coalesce(done.added, 0), coalesce(done.removed, 0)
            from reference.segments as segments
            left join (
                select segment, count(*) as customers from marts.segment_members group by all
            ) as segments_found using (segment)
            left join (
                select audience, count(*) filter (missing_since is null) as members
                from sync.members
                where destination = $mailing group by all
            ) as on_list on on_list.audience = 'winback_' || segments.segment
            left join (
                select audience, count(*) filter (action = 'add') as added,
                    count(*) filter (action = 'remove') as removed
                from sync.ledger
                where destination = $mailing and run_id = $run_id and status = 'done'
                group by all
            ) as done on done.audience = 'winback_' || segments.segment
            where segments.is_exported
            order by segments_found.customers desc nulls last, segments.segment
            """,
            asked,
        ).fetchall()
        others = connection.execute(OTHER_LISTS, asked).fetchall()
        looked_at = connection.execute(LOOKED_AT).fetchall()
        anonymous = connection.execute(
            "select coalesce(sum(amount), 0) from marts.record_accounting "
            "where is_in_revenue and not is_identified"
        ).fetchall()[0][0]
        ((unread, nameless, files),) = connection.execute(UNREAD).fetchall()
    click.echo(
        f"\nAs of {state[0]}: people {state[1]:,}, buyers {state[2]:,}, purchases "
        f"{state[3] or 0:,}, their revenue {state[4] or 0:,.2f} {settings.shop_currency} "
        f"({anonymous:,.2f} more without a name)\n"
    )
    click.echo(table(("lifecycle", "customers", "%"), lifecycle))
    click.echo("\n" + table(("segment", "list", "customers", "on list", "added", "removed"), lists))
    if others:
        click.echo("\n" + table(("destination", "list", "on list", "added", "removed"), others))
    _show_others_changes(looked_at)
    click.echo("")
    click.echo(programmes(open_warehouse(settings)))
    if SAMPLE in settings.sources:
        click.echo("The sample's orders are real; its e-mail events and consents are simulated.")
    if unread:
        click.echo(f"Rows in quarantine.unread_rows that wait to be mended: {unread:,}")
    if nameless:
        click.echo(f"Of them about people, but about nobody who can be made out: {nameless:,}")
    if files:
        named = ", ".join(files[:3]) + (" …" if len(files) > 3 else "")
        click.echo(f"Files that were refused and have not come again: {len(files):,} ({named})")
    _show_places(settings)


def _show_places(settings: Settings) -> None:
    if settings.tools and not settings.send:
        nobody = "" if settings.is_mailing else " and nobody enters a programme"
        click.echo(
            f"Sending is off, so {', '.join(settings.tools)} got nothing{nobody}; winback plan "
            "shows what would go out, and WINBACK_SEND=yes lets it.\n"
        )
    if left := left_behind(settings.var_folder / "outbox", settings.destinations):
        click.echo(f"{left}.\n")
    if "files" in settings.destinations:
        click.echo(f"Lists:     {settings.var_folder / 'outbox'}")
    click.echo(f"Tables:    {settings.published_path} (schema marts)")
    click.echo("Lineage:   winback ui")


def _show_others_changes(found: list[tuple[Any, ...]]) -> None:
    if found:
        head = ("destination", "list", "taken off by others", "put on by others")
        click.echo("\n" + table(head, found))
        click.echo("Whom others took off stays off; whom others put on is theirs to take off.")


def programmes(warehouse: Warehouse) -> str:
    """Return by programme that is on who fits, is in, enters and takes a step today."""
    with warehouse.connect() as connection:
        found = connection.execute(PROGRAMMES).fetchall()
    if not found:
        return "Every programme is off; docs/marketers.md says how to switch one on.\n"
    return table(("programme", "fit", "in", "enter", "controls", "take a step"), found) + "\n"
