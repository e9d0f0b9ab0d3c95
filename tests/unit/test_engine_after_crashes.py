import csv
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.destinations.contract import Client
from pipeline.destinations.files import FilesClient
from pipeline.sync.engine import Brake, Plan, push
from tests.unit.exported_lists import DAY, Crash, Dying, Exported, FakeTool, exported

BRAKE = Brake(from_members=3)
PEOPLE = [f"p{number}" for number in range(9)]
LISTS = ["winback_slipping", "winback_vip"]

groups = st.sets(st.sampled_from(PEOPLE))


@dataclass(frozen=True)
class Night:
    """What the exports say on one night, and how its push goes."""

    lists: dict[str, set[str]]
    gone: set[str]
    forbidden: set[str]
    merged: set[str]
    renamed: set[str]
    confirmed: set[str]
    dies_at: int | None
    having_acted: bool
    is_tried_again: bool
    damage: str


nights = st.builds(
    Night,
    lists=st.fixed_dictionaries(dict.fromkeys(LISTS, groups)),
    gone=st.sets(st.sampled_from(PEOPLE), max_size=2),
    forbidden=st.sets(st.sampled_from(PEOPLE), max_size=2),
    merged=st.sets(st.sampled_from(PEOPLE[1:]), max_size=2),
    renamed=groups,
    confirmed=st.sets(st.sampled_from(LISTS)),
    dies_at=st.none() | st.integers(1, 9),
    having_acted=st.booleans(),
    is_tried_again=st.booleans(),
    damage=st.sampled_from(["", "", "delete", "edit"]),
)


def export(shop: Exported, night: Night, *, with_forbidden: bool) -> None:
    hidden = night.gone | night.merged | (set() if with_forbidden else night.forbidden)
    shop.lists = {name: sorted(people - hidden) for name, people in night.lists.items()}
    shop.known = set(PEOPLE) - night.gone
    shop.forbidden = dict.fromkeys(night.forbidden, "unsubscribed")
    shop.aliases = dict.fromkeys(night.merged, PEOPLE[0])
    shop.names = dict.fromkeys(night.renamed, "Renamed")
    shop.build()


def attempt(shop: Exported, client: Client, night: Night, *, with_crash: bool) -> Plan | None:
    """Push as the night goes; without a crash, return the plan that was followed."""
    dying = Dying(client, night.dies_at if with_crash else None, night.having_acted)
    confirmed = night.confirmed & set(known_lists(shop))
    try:
        return push(
            shop.warehouse, dying, run_id="run", as_of_date=DAY, confirmed=confirmed, brake=BRAKE
        ).plan
    except Crash:
        return None


def known_lists(shop: Exported) -> list[str]:
    tables = ("exports.exp_email__list_members", "sync.members", "sync.ledger")
    found = shop.ask(" union ".join(f"select audience from {table}" for table in tables))
    return [name for (name,) in found]


def listed_in(folder: Path) -> dict[str, dict[str, str]]:
    found = {}
    for path in folder.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            people = {row["customer_id"]: row["first_name"] for row in csv.DictReader(file)}
        if people:
            found[path.stem] = people
    return found


def damage(folder: Path, kind: str) -> None:
    for path in sorted(folder.glob("*.csv"))[:1]:
        if kind == "delete":
            path.unlink()
        elif kind == "edit":
            lines = path.read_text(encoding="utf-8").splitlines()
            edited = [*lines[:1], "stranger,stranger@example.com,Eve,1", *lines[2:]]
            path.write_text("\n".join(edited) + "\n", encoding="utf-8")


def check_what_must_hold(shop: Exported, night: Night, plan: Plan, there: dict) -> None:
    members = shop.members()
    assert there == members
    for audience, people in members.items():
        # Who is in no source any more leaves a list like others do, so not while it is held.
        gone = night.gone | (night.merged if PEOPLE[0] in night.gone else set())
        owed = night.forbidden | (night.merged - gone)
        assert not set(people) & (owed if audience in plan.held else owed | gone)
        if audience not in plan.held:
            assert set(people) == set(shop.lists[audience]) - night.forbidden
    full = {name for name, people in shop.lists.items() if set(people) - night.forbidden}
    assert full - set(plan.held) <= set(members)
    results = shop.ask(
        """select count(*) filter (status = 'intent'), count(*) filter (status <> 'intent'),
        count(*) filter (status = 'done')
        from sync.ledger group by push_number, audience, customer_id"""
    )
    assert {row for row in results if row not in ((1, 1, 1), (1, 1, 0))} == set()


def live(story: list[Night], make: Callable[[Path], Client], *, with_crashes: bool) -> dict:
    with tempfile.TemporaryDirectory() as name:
        shop = exported(Path(name))
        client = make(Path(name) / "outbox")
        for night in story:
            export(shop, night, with_forbidden=night.dies_at == 1)
            if isinstance(client, FilesClient):
                damage(client.folder, night.damage)
            plan = attempt(shop, client, night, with_crash=with_crashes)
            if plan is None and night.is_tried_again:
                plan = attempt(shop, client, night, with_crash=False)
        plan = plan or attempt(shop, client, night, with_crash=False)
        assert plan is not None
        if isinstance(client, FilesClient):
            files = listed_in(client.folder)
            there = {audience: sorted(people) for audience, people in files.items()}
            for audience in set(files) - set(plan.held):
                for person, first_name in files[audience].items():
                    assert first_name == shop.names.get(person, "Ada")
            assert not list(client.folder.glob(".*"))
            ending: dict = {"files": {p.name: p.read_bytes() for p in client.folder.glob("*")}}
        else:
            assert isinstance(client, FakeTool)
            there, ending = client.lists(), {"tool": client.there}
        check_what_must_hold(shop, night, plan, there)
        again = shop.ask("select count(*) from sync.ledger")
        attempt(shop, client, night, with_crash=False)
        assert shop.ask("select count(*) from sync.ledger") == again
        return {"members": shop.members(), "plan held": plan.held, **ending}


def undisturbed_is_the_same(story: list[Night], make: Callable[[Path], Client]) -> None:
    ended = live(story, make, with_crashes=True)
    if all(night.is_tried_again for night in story[:-1]):
        assert ended == live(story, make, with_crashes=False)


fast = settings(
    max_examples=int(os.environ.get("CRASH_EXAMPLES", "4")),
    deadline=None,
    derandomize="CRASH_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)


@fast
@given(story=st.lists(nights, min_size=1, max_size=4), batch_size=st.sampled_from([1, 2, None]))
def test_an_outside_tool_ends_up_right_whatever_happened(
    story: list[Night], batch_size: int | None
) -> None:
    undisturbed_is_the_same(story, lambda _: FakeTool(batch_size=batch_size))


@fast
@given(story=st.lists(nights, min_size=1, max_size=4))
def test_the_files_end_up_right_whatever_happened(story: list[Night]) -> None:
    undisturbed_is_the_same(story, lambda folder: FilesClient(folder))
