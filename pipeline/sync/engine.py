"""Push lists to a destination so that a crash at any moment loses and doubles nothing."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.destinations.contract import Changes, Client, MailTool, Outcome, OwnFolder
from pipeline.destinations.outlets import OUTLETS
from pipeline.sync import (
    differences,
    enrolling,
    ledger,
    list_names,
    presence,
    profile_hashes,
    settling,
    suspects,
)
from pipeline.sync.ledger import Attempt, Ended
from pipeline.sync.payloads import PayloadError
from pipeline.sync.plan import (
    BRAKE,
    Brake,
    ListPlan,
    Plan,
    UnknownListError,
    audiences_of,
    make_plan,
    read_plan,
)
from pipeline.warehouse import Warehouse

__all__ = [
    "BRAKE",
    "Brake",
    "Changes",
    "Client",
    "ListPlan",
    "ListReport",
    "PayloadError",
    "Plan",
    "PushReport",
    "UnknownListError",
    "make_plan",
    "push",
]


@dataclass(frozen=True)
class ListReport:
    """What a push did to one list. ``removed`` counts by reason, so does ``refused``."""

    audience: str
    members: int
    added: int
    updated: int
    removed: Mapping[str, int]
    refused: Mapping[str, int]
    strangers_removed: int


@dataclass(frozen=True)
class PushReport:
    """What a push did, and the plan that it followed.

    ``settled`` counts what an earlier crash had left unknown: done, or lost and planned anew.
    """

    plan: Plan
    lists: tuple[ListReport, ...]
    settled: Mapping[str, int]

    @property
    def held(self) -> tuple[str, ...]:
        """Return the lists that the brake stopped."""
        return self.plan.held


def push(  # noqa: PLR0913 - what is pushed, for which run, and how far
    warehouse: Warehouse,
    client: Client,
    *,
    run_id: str,
    as_of_date: date,
    confirmed: Collection[str] = (),
    brake: Brake = BRAKE,
    is_mailing: bool = False,
    held_because: str = "",
) -> PushReport:
    """Make the destination hold what the exports want, as far as the brake lets it.

    First settles what an earlier crash left unknown. A client that raises ends the push; what was
    recorded until then stands, and the next push goes on from there. Where the destination that
    mails is sent to, people enter programmes and move on their ladders with the lists of their
    steps, also with those of outlets; a list that is held moves nobody.
    ``held_because`` holds all of them, confirmed or not: only what is owed to people is done.
    """
    with warehouse.connect() as connection:
        audiences = audiences_of(connection, client.name, confirmed)
        if isinstance(client, OwnFolder):
            # A ledger that was put back may not know of a list that is there.
            audiences = sorted({*audiences, *client.audiences()})
        settled = settling.settle(connection, client)
        held = dict.fromkeys(audiences, held_because) if held_because else {}
        if isinstance(client, MailTool):
            attempt = _attempt(connection, client, run_id, as_of_date)
            held |= presence.compare(connection, client, attempt, audiences, confirmed)
        differences.begin(connection, client.name)
        if isinstance(client, OwnFolder):
            for audience in audiences:
                there = settling.read_back(client, audience)
                suspects.note_found(connection, client.name, audience, there)
        differences.find(connection, client.name)
        profile_hashes.remember(connection, client.name)
        plan = read_plan(connection, client.name, audiences, confirmed, brake, held)
        attempt = _attempt(connection, client, run_id, as_of_date)
        if is_mailing and client.name not in OUTLETS:
            served = [*audiences, *list_names.lists_for_people(connection)]
            enrolling.enrol_others(connection, attempt, served)
        lists = tuple(
            _send(connection, client, attempt, one, is_mailing=is_mailing) for one in plan.lists
        )
    return PushReport(plan=plan, lists=lists, settled=settled)


def _attempt(
    connection: duckdb.DuckDBPyConnection, client: Client, run_id: str, as_of_date: date
) -> Attempt:
    return Attempt(ledger.next_push_number(connection), run_id, as_of_date, client.name)


def _send(
    connection: duckdb.DuckDBPyConnection,
    client: Client,
    attempt: Attempt,
    plan: ListPlan,
    *,
    is_mailing: bool,
) -> ListReport:
    audience = plan.audience
    changes = differences.changes_of(
        connection,
        client.name,
        audience,
        is_held=plan.held,
        is_outside=isinstance(client, MailTool),
    )
    ledger.record_intents(
        connection,
        attempt,
        audience,
        differences.released(is_held=plan.held),
        enrolling.WITH_LIST if is_mailing and not plan.held else (),
    )
    ended: list[Ended] = []
    for batch in changes.slices(client.batch_size):
        if len(batch) or isinstance(client, OwnFolder):
            outcome = client.apply(audience, batch)
            if len(batch):
                outcomes = _outcomes(batch, outcome)
                ended += ledger.record_results(connection, attempt.number, audience, outcomes)
    return _report(audience, plan.before, ended, len(changes.removes))


def _outcomes(batch: Changes, outcome: Outcome) -> pa.Table:
    tables = (batch.adds, batch.updates, batch.removes)
    ids = pa.concat_tables([table.select(["customer_id"]) for table in tables])["customer_id"]
    told = pa.table({"customer_id": ids})
    told = told.filter(pc.invert(pc.is_in(ids, pa.array(list(outcome.unseen), ids.type))))
    reason = _looked_up(told["customer_id"], outcome.refused)
    return (
        told.append_column("status", pc.if_else(pc.is_null(reason), "done", "refused"))
        .append_column("reason", reason)
        .append_column("contact_id", _looked_up(told["customer_id"], outcome.contacts))
    )


def _looked_up(ids: pa.ChunkedArray, values: Mapping[str, str]) -> pa.Array:
    place = pc.index_in(ids, pa.array(list(values), ids.type))
    return pa.array(list(values.values()), pa.string()).take(place.combine_chunks())


def _report(audience: str, before: int, ended: list[Ended], removes: int) -> ListReport:
    added = _count(ended, action="add", status="done")
    removed = _by_reason(one for one in ended if (one.action, one.status) == ("remove", "done"))
    lost_by_refusal = _count(ended, action="update", status="refused")
    return ListReport(
        audience=audience,
        members=before + added - sum(removed.values()) - lost_by_refusal,
        added=added,
        updated=_count(ended, action="update", status="done"),
        removed=removed,
        refused=_by_reason(one for one in ended if one.status == "refused"),
        strangers_removed=removes - _count(ended, action="remove"),
    )


def _count(ended: list[Ended], *, action: str = "", status: str = "") -> int:
    return sum(
        one.count for one in ended if action in ("", one.action) and status in ("", one.status)
    )


def _by_reason(ended: Iterable[Ended]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in ended:
        counts[one.reason or ""] = counts.get(one.reason or "", 0) + one.count
    return counts
