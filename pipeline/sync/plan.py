"""What a push would do, list by list, and the brake that stops an unusually large change."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import duckdb

from pipeline.sync import differences, list_names
from pipeline.warehouse import Warehouse


class UnknownListError(ValueError):
    """A list was confirmed that does not exist; the message names those that do."""


@dataclass(frozen=True)
class Brake:
    """How much of a list of more than ``from_members`` members may change unasked.

    People count as removed who ceased to belong on the list, or who are in no source any more:
    removals for consent, erasure and the like are owed and go on always.
    """

    from_members: int = 100
    removed_percent: int = 20
    growth: int = 2

    def verdict(self, audience: str, members: int, left: int, after: int) -> str:
        """Return why the list is held and how to go on, or nothing if it is not held."""
        if members <= self.from_members:
            return ""
        confirm = f"If that is right: winback run --confirm {audience}"
        if left * 100 > self.removed_percent * members:
            return (
                f"{left:,} of its {members:,} members would be taken off, "
                f"more than {self.removed_percent} %. {confirm}"
            )
        if after > self.growth * members:
            return (
                f"it would grow from {members:,} to {after:,} members, "
                f"more than {self.growth} times as many. {confirm}"
            )
        return ""


BRAKE = Brake()


@dataclass(frozen=True)
class ListPlan:
    """What is to be done to one list; counts only.

    ``adds``, ``updates`` and ``removes`` (by reason) are all that differs. Of a list that is held
    only the removals in ``forced`` and what keeps its present members right is done, so ``after``
    is without the rest. ``kept_out`` counts people on the list that may not or cannot be sent.
    """

    audience: str
    before: int
    adds: int
    updates: int
    restored: int
    removes: Mapping[str, int]
    kept_out: Mapping[str, int]
    after: int
    why: str = ""

    @property
    def held(self) -> bool:
        """Whether the brake keeps ordinary changes back."""
        return bool(self.why)

    @property
    def removed(self) -> int:
        """Return the number of removals, whatever their reason."""
        return sum(self.removes.values())

    def sentence(self) -> str:
        """Return the plan of this list for people to read."""
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.removes.items())
        parts = [
            f"{self.before:,} members",
            f"+{self.adds:,}",
            f"-{self.removed:,} ({reasons})" if reasons else "-0",
            f"{self.updates:,} updated",
            *([f"{self.restored:,} restored"] if self.restored else []),
            *(f"{count:,} kept out ({reason})" for reason, count in self.kept_out.items()),
            f"{self.after:,} after it",
            *([f"HELD: {self.why}"] if self.held else []),
        ]
        return f"{self.audience}: {', '.join(parts)}"


@dataclass(frozen=True)
class Plan:
    """What a push to one destination would do now."""

    destination: str
    lists: tuple[ListPlan, ...]

    @property
    def held(self) -> tuple[str, ...]:
        """Return the lists that the brake stops."""
        return tuple(plan.audience for plan in self.lists if plan.held)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do, held or not."""
        return not any(p.adds or p.updates or p.restored or p.removed for p in self.lists)


@dataclass
class _Tally:
    before: int = 0
    counts: dict[tuple[str, str, bool], int] = field(default_factory=dict)
    kept_out: dict[str, int] = field(default_factory=dict)
    fewer_members: int = 0
    left_list: int = 0

    def of(self, action: str, *, forced_only: bool = False) -> int:
        return sum(
            count
            for (kind, _, is_forced), count in self.counts.items()
            if kind == action and (is_forced or not forced_only)
        )


def make_plan(
    warehouse: Warehouse,
    destination: str,
    confirmed: Collection[str] = (),
    *,
    brake: Brake = BRAKE,
) -> Plan:
    """Return what a push would do, going by the ledger. Nothing is written and nobody is asked.

    Raises ``UnknownListError`` when a confirmed list does not exist, ``PayloadError`` when the
    exported tables cannot be sent.
    """
    with warehouse.connect() as connection:
        _refuse_unknown(connection, confirmed)
        differences.begin(connection, destination)
        differences.find(connection, destination)
        audiences = list_names.planned_audiences(connection, destination)
        return read_plan(connection, destination, audiences, confirmed, brake)


def refuse_unknown_lists(warehouse: Warehouse, confirmed: Collection[str]) -> None:
    """Raise ``UnknownListError`` when a list is confirmed that the last build did not know."""
    with warehouse.connect() as connection:
        if confirmed and (known := list_names.known_anywhere(connection)):
            _refuse(confirmed, known)


def audiences_of(
    connection: duckdb.DuckDBPyConnection, destination: str, confirmed: Collection[str]
) -> list[str]:
    """Return the lists of ``destination``; those confirmed have to be of some destination."""
    _refuse_unknown(connection, confirmed)
    return list_names.known_audiences(connection, destination)


def _refuse_unknown(connection: duckdb.DuckDBPyConnection, confirmed: Collection[str]) -> None:
    if confirmed:
        _refuse(confirmed, list_names.known_anywhere(connection))


def _refuse(confirmed: Collection[str], known: Collection[str]) -> None:
    if unknown := sorted(set(confirmed) - set(known)):
        raise UnknownListError(
            f"there is no list {', '.join(unknown)} to confirm; "
            f"the lists are {', '.join(sorted(known)) or 'none yet'}"
        )


def read_plan(
    connection: duckdb.DuckDBPyConnection,
    destination: str,
    audiences: Collection[str],
    confirmed: Collection[str],
    brake: Brake,
    held: Mapping[str, str] | None = None,
) -> Plan:
    """Return the plan made of the differences that were found on this connection.

    ``held`` says why lists are held whatever the brake says and whoever confirms them.
    """
    tallies = _tallies(connection, destination, audiences)
    lists = [
        _list_plan(audience, tally, brake, audience in confirmed, (held or {}).get(audience, ""))
        for audience, tally in tallies.items()
    ]
    return Plan(destination=destination, lists=tuple(lists))


def _list_plan(
    audience: str, tally: _Tally, brake: Brake, is_confirmed: bool, held_because: str
) -> ListPlan:
    adds, removes = tally.of("add"), tally.of("remove")
    ordinary = removes - tally.of("remove", forced_only=True)
    after = tally.before + adds - removes
    # What a crash cut short is judged as the one change that it was meant to be.
    judged = brake.verdict(
        audience, tally.before + tally.fewer_members, ordinary + tally.left_list, after
    )
    why = held_because or ("" if is_confirmed else judged)
    if why:
        forced_adds = tally.of("add", forced_only=True)
        after = tally.before + forced_adds - tally.of("remove", forced_only=True)
    reasons = {
        reason: count for (action, reason, _), count in tally.counts.items() if action == "remove"
    }
    restored = tally.of("update", forced_only=True)
    return ListPlan(
        audience=audience,
        before=tally.before,
        adds=adds,
        updates=tally.of("update") - restored,
        restored=restored,
        removes=reasons,
        kept_out=tally.kept_out,
        after=after,
        why=why,
    )


def _tallies(
    connection: duckdb.DuckDBPyConnection, destination: str, audiences: Collection[str]
) -> dict[str, _Tally]:
    tallies = {audience: _Tally() for audience in audiences}
    for audience, members in connection.execute(
        "select audience, count(*) from sync.members where destination = ? group by audience",
        [destination],
    ).fetchall():
        tallies[audience].before = members
    for audience, action, reason, is_forced, count in connection.execute(
        """select audience, action, coalesce(reason, ''), is_forced, count(*)
        from differences group by all order by all"""
    ).fetchall():
        tallies[audience].counts[action, reason, is_forced] = count
    for audience, reason, people in connection.execute(
        "select audience, reason, people from kept_out order by all"
    ).fetchall():
        tallies[audience].kept_out[reason] = people
    for audience, fewer_members, left_list in connection.execute(
        "select audience, fewer_members, left_list from cut_short"
    ).fetchall():
        tallies[audience].fewer_members = int(fewer_members)
        tallies[audience].left_list = int(left_list)
    return tallies
