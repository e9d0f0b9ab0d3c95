"""The differences of all lists in one pass, against the rules told one person at a time."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.destinations.contract import payload_hash
from pipeline.sync import differences, list_names, profile_hashes, suspects
from tests.unit.exported_lists import DAY, TABLES, exported

IDS = [f"p{number}" for number in range(8)]
LISTS = ["winback_slipping", "winback_step", "winback_vip"]
TEXTS = {name: f"cast({name} as varchar)" for name in ("email", "first_name", "winback_orders")}

places = st.tuples(st.sampled_from(LISTS), st.sampled_from(IDS))


@dataclass(frozen=True)
class World:
    """What the exports want, what was sent, what was found; a person may have more than one id.

    Payloads are "now", as the profile is, "old", or None where the tool cannot tell.
    """

    aliases: dict[str, str]
    wanted: list[tuple[str, str]]
    names: dict[str, str]
    permissions: dict[str, str | None]
    members: dict[tuple[str, str], str]
    missing: set[tuple[str, str]]
    found: dict[str, dict[str, str | None]]
    refused: dict[tuple[str, str], str]
    suppressed: set[str]
    forgotten: dict[str, str]


few = st.sets(st.sampled_from(IDS), max_size=1)
reasons = st.sampled_from(["consent: never", "blocked", ""])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Most people are as they were sent, so that a pass has somebody to pass over."""
    settled = draw(st.sets(places, max_size=12))
    members = dict.fromkeys(sorted(settled), "now")
    members |= draw(st.dictionaries(places, st.sampled_from(["now", "old"]), max_size=2))
    known = dict.fromkeys(sorted(set(IDS) - draw(few)))
    found: dict[str, dict[str, str | None]] = {}
    for audience in sorted(draw(st.sets(st.sampled_from(LISTS)))):
        gone = draw(few)
        found[audience] = {
            one: payload
            for (name, one), payload in members.items()
            if name == audience and one not in gone
        }
        odd = st.dictionaries(st.sampled_from(IDS), st.sampled_from(["now", "old", None]))
        found[audience] |= draw(st.just({}) | odd)
    return World(
        aliases=draw(
            st.dictionaries(st.sampled_from(IDS[5:]), st.sampled_from(IDS[:5]), max_size=1)
        ),
        wanted=[*sorted(settled), *draw(st.lists(places, max_size=2))],
        names=dict.fromkeys(sorted(set(IDS) - draw(few)), draw(st.sampled_from(["Ada", "Bob"]))),
        permissions=known | draw(st.dictionaries(st.sampled_from(IDS), reasons, max_size=1)),
        members=members,
        missing=draw(st.sets(places, max_size=2)),
        found=found,
        refused=draw(st.dictionaries(places, st.sampled_from(["now", "old"]), max_size=2)),
        suppressed=draw(few),
        forgotten=draw(
            st.dictionaries(
                st.sampled_from(IDS), st.sampled_from(["gone", "of another profile"]), max_size=2
            )
        ),
    )


@dataclass
class Told:
    """A world written into a warehouse, and the hash of every profile in it."""

    world: World
    hashes: dict[str, str]

    def person(self, one: str) -> str:
        return self.world.aliases.get(one, one)

    def profile_of(self, person: str) -> str | None:
        own = [one for one in self.world.names if self.person(one) == person]
        return person if person in own else min(own, default=None)

    def hash(self, one: str, payload: str | None) -> str | None:
        profile = self.profile_of(self.person(one))
        return self.hashes[profile] if payload == "now" and profile else payload

    def sent(self, one: str, payload: str | None) -> str | None:
        """Return the hash that was sent or found under this id, merged with others or not."""
        return self.hashes.get(one, "old") if payload == "now" else payload

    def forbidden(self, person: str) -> str | None:
        told = [
            reason
            for one, reason in self.world.permissions.items()
            if self.person(one) == person and reason is not None
        ]
        if told:
            return min((reason for reason in told if reason), default="not_permitted")
        is_suppressed = self.profile_of(person) in self.world.suppressed
        return "tool: complaint" if is_suppressed else None

    def is_known(self, person: str) -> bool:
        return person in map(self.person, self.world.permissions)

    def kept_out_reason(self, person: str) -> str | None:
        if not self.is_known(person):
            return "gone"
        no_profile = None if self.profile_of(person) else "no_profile"
        return self.forbidden(person) or no_profile

    def is_there(self, audience: str, one: str) -> bool:
        found = self.world.found.get(audience)
        if found is None:
            return True
        sent = self.sent(one, self.world.members[audience, one])
        return one in found and self.sent(one, found[one]) in (None, sent)

    def wanted(self, audience: str) -> set[str]:
        return {self.person(one) for name, one in self.world.wanted if name == audience}

    def members(self, audience: str) -> set[str]:
        return {one for name, one in self.world.members if name == audience}

    def was_refused(self, audience: str, person: str) -> bool:
        refused = [
            payload
            for (name, one), payload in sorted(self.world.refused.items())
            if name == audience and self.person(one) == person
        ]
        return bool(refused) and self.hash(person, refused[0]) == self.hash(person, "now")

    def differences(self, audience: str) -> Iterator[tuple[str | bool | None, ...]]:
        wanted, members = self.wanted(audience), self.members(audience)
        sendable = {one for one in wanted if not self.kept_out_reason(one)}
        merged = {self.person(one) for one in members if one != self.person(one)}
        for one in members - sendable:
            reason = self.leaving(audience, one)
            is_owed = bool(self.is_known(self.person(one)) and self.forbidden(self.person(one)))
            forced = is_owed or reason in ("merged", "changed_there", "moved_on")
            yield audience, one, "remove", reason, None, forced
        for one in sendable - members:
            if not self.was_refused(audience, one):
                reason = "merged" if one in merged else None
                yield audience, one, "add", reason, self.hash(one, "now"), one in merged
        for one in sendable & members:
            is_there, hashed = self.is_there(audience, one), self.hash(one, "now")
            is_same = self.sent(one, self.world.members[audience, one]) == hashed
            if (audience, one) not in self.world.missing and not (is_there and is_same):
                reason = None if is_there else "restored"
                yield audience, one, "update", reason, hashed, not is_there

    def leaving(self, audience: str, one: str) -> str:
        person, is_there = self.person(one), self.is_there(audience, one)
        if self.is_known(person) and (reason := self.forbidden(person)):
            return reason
        if not self.is_known(person) and is_there:
            return "gone"
        if self.is_known(person) and one != person:
            return "merged"
        if not is_there:
            return "changed_there"
        return "moved_on" if audience == "winback_step" else "left_list"

    def kept_out(self, audience: str) -> Iterator[tuple[str, str]]:
        for one in self.wanted(audience):
            if reason := self.kept_out_reason(one):
                yield audience, reason
            elif one not in self.members(audience) and self.was_refused(audience, one):
                yield audience, "refused_before"

    def strangers(self, audience: str) -> Iterator[tuple[str, str]]:
        found = self.world.found.get(audience, {})
        return ((audience, one) for one in set(found) - self.members(audience))


def tell(connection: duckdb.DuckDBPyConnection, world: World) -> Told:
    def fill(table: str, rows: list[tuple[object, ...]]) -> None:
        connection.execute(f"delete from {table}")
        if rows:
            marks = ", ".join("?" for _ in rows[0])
            connection.executemany(f"insert into {table} values ({marks})", rows)

    connection.execute(TABLES)
    connection.execute("delete from sync.ledger; delete from sync.profile_hashes")
    fill(
        "exports.exp_email__profiles",
        [(one, f"{one}@example.com", name, 3) for one, name in world.names.items()],
    )
    hashes = dict(
        connection.execute(
            f"select customer_id, {payload_hash(TEXTS)} from exports.exp_email__profiles"
        ).fetchall()
    )
    told = Told(world, hashes)
    fill("exports.exp_email__list_members", [(*place, "") for place in world.wanted])
    fill(
        "intermediate.int_channel_permissions",
        [(one, "email", why is None, why or None) for one, why in world.permissions.items()],
    )
    fill("intermediate.int_customer_aliases", [*world.aliases.items(), *zip(IDS, IDS, strict=True)])
    fill(
        "sync.members",
        [
            ("files", name, one, told.sent(one, payload), DAY, None,
             "2026-01-01" if (name, one) in world.missing else None)
            for (name, one), payload in world.members.items()
        ],
    )  # fmt: skip
    fill(
        "sync.ledger",
        [
            (1, "run", DAY, "files", name, one, "add", told.hash(one, payload), status, None, DAY)
            for (name, one), payload in world.refused.items()
            for status in ("intent", "refused")
        ],
    )
    fill(
        "sync.suppressions",
        [("files", f"{one}@example.com", "complaint", None, DAY) for one in world.suppressed],
    )
    profile_hashes.compute(connection, "files", "exports.exp_email__profiles")
    profile_hashes.remember(connection, "files")
    for one, how in world.forgotten.items():
        change = "update sync.profile_hashes set quick_hash = 1, payload_hash = 'old'"
        forget = change if how == "of another profile" else "delete from sync.profile_hashes"
        connection.execute(f"{forget} where customer_id = ?", [one])
    return told


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with exported(tmp_path_factory.mktemp("world")).warehouse.connect() as opened:
        opened.execute(
            "create table exports.exp_sync__programme_audiences as "
            "select 'winback_step' as audience"
        )
        yield opened


MERGED = World(
    aliases={"p5": "p0"},
    wanted=[("winback_slipping", "p5"), ("winback_vip", "p0")],
    names=dict.fromkeys(IDS, "Ada"),
    permissions=dict.fromkeys(IDS),
    members={("winback_slipping", "p5"): "now"},
    missing=set(),
    found={},
    refused={},
    suppressed=set(),
    forgotten={},
)


@example(world=MERGED)
@given(world=worlds())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_all_lists_in_one_pass_give_what_the_rules_give_one_by_one(
    connection: duckdb.DuckDBPyConnection, world: World
) -> None:
    told = tell(connection, world)

    differences.begin(connection, "files")
    for audience, people in world.found.items():
        there = pa.table(
            {
                "customer_id": pa.array(list(people), pa.string()),
                "payload_hash": pa.array(
                    [told.sent(one, payload) for one, payload in people.items()], pa.string()
                ),
            }
        )
        suspects.note_found(connection, "files", audience, there)
    differences.find(connection, "files")

    def asked(query: str) -> Counter[tuple[object, ...]]:
        return Counter(connection.execute(query).fetchall())

    of_all = itertools.chain.from_iterable
    assert asked("from differences") == Counter(of_all(map(told.differences, LISTS)))
    assert asked("from strangers") == Counter(of_all(map(told.strangers, LISTS)))
    counted = Counter(of_all(map(told.kept_out, LISTS)))
    assert asked("from kept_out") == Counter((*key, count) for key, count in counted.items())
    lists = list_names.planned_audiences(connection, "files")
    assert lists == list_names.known_audiences(connection, "files")
