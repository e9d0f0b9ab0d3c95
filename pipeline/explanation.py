"""One person in one screen: who, what rhythm, which lists and why not."""

from collections.abc import Iterable, Sequence

import duckdb

from pipeline import run_lock
from pipeline.loading.unread import INBOX
from pipeline.resources import LOCK_NAME, open_warehouse
from pipeline.settings import Settings

Connection = duckdb.DuckDBPyConnection


class UnknownCustomerError(LookupError):
    """Nobody goes by that name."""


def explain(settings: Settings, customer: str) -> str:
    """Return what the warehouse knows about one person, given an id, an account or an address.

    Raises ``UnknownCustomerError`` when there is no such person.
    """
    if not settings.warehouse_path.exists():
        raise UnknownCustomerError("there is no warehouse yet; start with: winback run")
    with (
        run_lock.hold(settings.var_folder / LOCK_NAME, settings.lock_wait_seconds),
        open_warehouse(settings).connect() as connection,
    ):
        customer_id = _find(connection, customer)
        return "\n".join(_lines(connection, customer_id, settings))


def _find(connection: Connection, customer: str) -> str:
    found = connection.execute(
        """
        select distinct customer_id from (
            select current_customer_id as customer_id from intermediate.int_customer_aliases
            where customer_id = $asked
            union all
            select customer_id from intermediate.int_customer_keys
            where person_key = 'email:' || lower(trim($asked))
                or regexp_replace(person_key, '^account:[^:]*:', '') = trim($asked)
        )
        """,
        {"asked": customer},
    ).fetchall()
    if not found:
        raise UnknownCustomerError(
            f"nobody goes by {customer!r}; give a customer_id, an account number or an address"
        )
    if len(found) > 1:
        ids = ", ".join(sorted(str(one[0]) for one in found))
        raise UnknownCustomerError(f"{customer!r} names {len(found)} people: {ids}")
    return str(found[0][0])


def _lines(connection: Connection, customer_id: str, settings: Settings) -> list[str]:
    who = _row(connection, "marts.customers", customer_id)
    activity = _row(connection, "marts.customer_activity", customer_id)
    rfm = _row(connection, "marts.customer_rfm", customer_id)
    churn = _row(connection, "marts.customer_churn", customer_id)
    allowed = _row(connection, "intermediate.int_contact_permissions", customer_id)
    lines = [
        f"{customer_id} as of {who['as_of_date']}",
        f"  reached at {who['email'] or 'no address'}, accounts {who['source_ids'] or 'none'}",
        f"  {_permission(allowed)}",
        *_unread(connection, customer_id),
        "",
    ]
    if churn:
        lines += _history(activity, churn, rfm, settings.shop_currency)
    else:
        lines.append("  Has never bought.")
    if activity.get("is_unhappy"):
        lines.append(f"  Unhappy: {activity['unhappy_reason']}.")
    lines += ["", *_engagement(activity), "", *_lists(connection, customer_id, allowed)]
    return [*lines, "", *_programmes(connection, customer_id), *_past(connection, customer_id)]


def _permission(allowed: dict[str, object]) -> str:
    if allowed["may_be_mailed"]:
        return "May be mailed: subscribed and not suppressed."
    return f"Must not be mailed: {allowed['forbidden_reason']}."


def _unread(connection: Connection, customer_id: str) -> list[str]:
    """Say which records that could not be read may be about this person, and why they could not."""
    found = connection.execute(
        """
        select distinct bad.source, bad.file, bad.row_number, bad.reason
        from quarantine.unread_rows as bad
        inner join intermediate.int_customer_keys as keys
            on keys.customer_id = ?
            and (
                list_contains(main.addresses_within(bad.payload),
                    regexp_replace(keys.person_key, '^email:', ''))
                or case when json_valid(bad.payload) then bad.payload ->> '$.customer_id' end
                    = regexp_replace(keys.person_key, '^account:[^:]*:', '')
            )
        order by all
        """,
        [customer_id],
    ).fetchall()
    return [
        f"  Could not be read: {file}, record {row_number}: {reason}; "
        + ("mend it there, keep the name." if source == INBOX else f"mend it in {source}.")
        for source, file, row_number, reason in found
    ]


def _counted(number: object, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _history(
    activity: dict[str, object],
    churn: dict[str, object],
    rfm: dict[str, object],
    currency: str,
) -> list[str]:
    signals = [
        name.removeprefix("is_").replace("_", " ")
        for name in ("is_buying_less_often", "is_spending_less", "is_overdue")
        if churn[name]
    ]
    purchases = _counted(activity["purchase_count"], "purchase")
    gaps = _counted(activity["own_gap_count"], "gap")
    return [
        f"  {purchases} from {activity['first_purchase_date']} to "
        f"{activity['last_purchase_date']}, {activity['revenue']:,} {currency} after refunds"
        + (", a VIP" if activity["is_vip"] else ""),
        f"  Usual gap {activity['usual_gap_days']:.1f} days: {gaps} of "
        f"one's own with a cycle of {activity['cycle_days']} days "
        f"({activity['usual_gap_basis']}); {activity['days_since_last_purchase']} days since the "
        f"last purchase are {activity['overdue_ratio']:.2f} usual gaps.",
        f"  Lifecycle {churn['lifecycle']} since {churn['lifecycle_since']}; dormant on "
        f"{churn['dormant_on']}.",
        f"  RFM {rfm['rfm_score']}: {rfm['segment']} (30 days ago: "
        f"{rfm['previous_segment'] or 'no buyer yet'}), stage {rfm['stage']}.",
        f"  Warning signals: {', '.join(signals) or 'none'}.",
    ]


def _engagement(activity: dict[str, object]) -> list[str]:
    return [
        f"  Mails in 90 days: {activity['emails_sent_90d']} sent, "
        f"{activity['human_opens_90d']} opened and {activity['human_clicks_90d']} clicked by a "
        f"person, {activity['machine_opens_90d']} opened by machines."
    ]


def _lists(connection: Connection, customer_id: str, allowed: dict[str, object]) -> list[str]:
    found = connection.execute(
        """
        select segments.label, members.audience, segments.description
        from marts.segment_members as segment_members
        inner join reference.segments as segments using (segment)
        left join sync.members as members
            on members.customer_id = segment_members.customer_id
            and members.audience = 'winback_' || segment_members.segment
        where segment_members.customer_id = ?
        order by all
        """,
        [customer_id],
    ).fetchall()
    if not found:
        return ["  In no segment."]
    off = "on no list" + ("" if allowed["may_be_mailed"] else ", must not be mailed")
    return [f"  {label} ({audience or off}): {why}." for label, audience, why in found]


def _programmes(connection: Connection, customer_id: str) -> list[str]:
    """Say of each programme that the person fits or is on: in or out, and which gate says no."""
    found = connection.execute(
        """
        select programmes.label, decisions.decision, gates.label, decisions.details
        from marts.programme_decisions as decisions
        inner join reference.programmes as programmes using (programme)
        left join reference.gates as gates using (gate)
        where decisions.customer_id = ?
        order by programmes.priority
        """,
        [customer_id],
    ).fetchall()
    if not found:
        return ["  Fits no programme."]
    return [
        f"  {label}: {decision}{f' ({gate})' if gate else ''}; {details}."
        for label, decision, gate, details in found
    ]


def _past(connection: Connection, customer_id: str) -> list[str]:
    """Tell which programmes the person has entered, how far he came and what he bought."""
    found = connection.execute(
        """
        select
            ladders.entered_on, programmes.label, ladders.is_control, ladders.last_step,
            ladders.ended_on, ladders.end_reason, outcomes.bought_on
        from programmes.programme_ladders as ladders
        inner join reference.programmes as programmes using (programme)
        inner join programmes.programme_outcomes as outcomes
            using (customer_id, programme, entered_on)
        where ladders.customer_id = ?
        order by ladders.entered_on, ladders.programme
        """,
        [customer_id],
    ).fetchall()
    return [
        f"  Entered {label} on {entered_on}{', control group' if is_control else ''}: "
        f"step {last_step}, "
        + (f"ended on {ended_on} ({reason.replace('_', ' ')})" if ended_on else "still on it")
        + (f"; bought on {bought_on}." if bought_on else ".")
        for entered_on, label, is_control, last_step, ended_on, reason, bought_on in found
    ]


def _row(connection: Connection, name: str, customer_id: str) -> dict[str, object]:
    found = connection.execute(f"select * from {name} where customer_id = ?", [customer_id])
    names = [str(column[0]) for column in found.description or []]
    rows = found.fetchall()
    return dict(zip(names, rows[0], strict=True)) if rows else {}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as aligned text, numbers to the right."""
    cells = [
        [f"{value:,}" if isinstance(value, int) else str(value or "-") for value in row]
        for row in rows
    ]
    is_number = [all(_is_number(row[place]) for row in cells) for place in range(len(head))]
    lines = [list(head), ["-" * len(name) for name in head], *cells]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    return "\n".join(
        "  "
        + "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, is_number, strict=True)
        ).rstrip()
        for line in lines
    )


def _is_number(cell: str) -> bool:
    """Say whether a cell stands to the right: a number, signed or not, or nothing."""
    return cell == "-" or cell.lstrip("+-").replace(",", "").replace(".", "").isdigit()
