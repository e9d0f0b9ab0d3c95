import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.destinations.contract import Client
from pipeline.destinations.files import FilesClient
from pipeline.sync.engine import Brake, push
from tests.unit.exported_lists import DAY, Crash, Dying, Exported, FakeTool, exported

BRAKE = Brake(from_members=3)
PROGRAMMES = ["cart", "dormant"]
PEOPLE = [f"p{number}" for number in range(6)]
CONTROLS = {"p1", "p4"}

TABLES = """
    create or replace table exports.exp_sync__enrolments (
        customer_id varchar, programme varchar, arm varchar, is_control boolean, salt varchar,
        entry_values json, audience varchar);
    create or replace table exports.exp_sync__programme_steps (
        customer_id varchar, programme varchar, entered_on date, step integer, message varchar,
        is_listed boolean, offer varchar, offer_ends_on date, audience varchar)
"""


@dataclass
class Ladders:
    """Exports of a day, made from what is written down of days before, as the models do it.

    Whoever wants to enters, a step is taken a day after the one before it until the second, and
    treated people are on the list of the step that they took last.
    """

    shop: Exported
    wanting: dict[str, set[str]] = field(default_factory=dict)

    def build(self, day: date) -> None:
        entered = self.shop.ask(
            f"select programme, customer_id from sync.enrolments where as_of_date < '{day}'"
        )
        taken = self.shop.ask(
            "select programme, customer_id, entered_on, max(step) from sync.programme_steps "
            f"where as_of_date < '{day}' group by all"
        )
        enters = [
            (programme, person)
            for programme, people in self.wanting.items()
            for person in sorted(people)
            if (programme, person) not in entered
        ]
        moves = [(*one, day, 1) for one in enters] + [
            (programme, person, entered_on, step + 1)
            for programme, person, entered_on, step in taken
            if step < 2
        ]
        moving = {move[:2] for move in moves}
        standing = [
            (programme, person, step)
            for programme, person, _, step in taken
            if (programme, person) not in moving
        ] + [(programme, person, step) for programme, person, _, step in moves]
        self.shop.lists = {}
        for programme, person, step in standing:
            if person not in CONTROLS:
                self.shop.lists.setdefault(audience(programme, step), []).append(person)
        self.shop.known = set(PEOPLE)
        self.shop.build()
        self._write(enters, moves)

    def _write(self, enters: list[Any], moves: list[Any]) -> None:
        with self.shop.warehouse.connect() as connection:
            connection.execute(TABLES)
            for programme, person in enters:
                connection.execute(
                    "insert into exports.exp_sync__enrolments "
                    "values (?, ?, 'a', ?, 'salt', '{}', ?)",
                    [person, programme, person in CONTROLS, audience(programme, 1)],
                )
            for programme, person, entered_on, step in moves:
                connection.execute(
                    "insert into exports.exp_sync__programme_steps "
                    "values (?, ?, ?, ?, 'first', ?, 'perk', null, ?)",
                    [
                        person,
                        programme,
                        entered_on,
                        step,
                        person not in CONTROLS,
                        audience(programme, step),
                    ],
                )

    def written(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return what is written down of programmes, without the time."""
        return {
            table: self.shop.ask(f"select * exclude (recorded_at) from sync.{table} order by all")
            for table in ("enrolments", "programme_steps")
        }

    def done(self) -> list[tuple[Any, ...]]:
        """Return the changes to lists that the ledger says were done, by day."""
        return self.shop.ask(
            "select as_of_date, audience, customer_id, action from sync.ledger "
            "where status = 'done' order by all"
        )


def audience(programme: str, step: int) -> str:
    return f"winback_{programme}_{step}_a"


def ladders(folder: Path) -> Ladders:
    return Ladders(exported(folder))


@dataclass
class Counting:
    """A tool that remembers how often it was told to add somebody who was not there."""

    tool: FakeTool = field(default_factory=FakeTool)
    mails: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name, self.batch_size = self.tool.name, self.tool.batch_size
        self.count, self.members = self.tool.count, self.tool.members
        self.find, self.problems = self.tool.find, self.tool.problems

    def apply(self, audience: str, changes: Any) -> Any:
        before = set(self.tool.there.get(audience, {}))
        outcome = self.tool.apply(audience, changes)
        people = self.tool.there[audience]
        self.mails += [(audience, people[one]["customer_id"]) for one in set(people) - before]
        return outcome


@dataclass(frozen=True)
class Night:
    """Who newly fits which programme, and at which call to the tool the push dies."""

    wanting: dict[str, set[str]]
    dies_at: int | None
    having_acted: bool


nights = st.builds(
    Night,
    wanting=st.fixed_dictionaries(
        dict.fromkeys(PROGRAMMES, st.sets(st.sampled_from(PEOPLE), max_size=3))
    ),
    dies_at=st.none() | st.integers(1, 5),
    having_acted=st.booleans(),
)


def live(
    story: list[Night], make: Callable[[Path], Client], *, with_crashes: bool
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        client = make(Path(name) / "outbox")
        shop = ladders(Path(name))
        for number, night in enumerate(story):
            day = DAY + timedelta(days=number)
            for programme, people in night.wanting.items():
                shop.wanting.setdefault(programme, set()).update(people)
            shop.build(day)
            dying = Dying(client, night.dies_at if with_crashes else None, night.having_acted)
            try:
                mail(shop, dying, day)
            except Crash:
                # The same day once more, from tables that are built anew.
                shop.build(day)
                mail(shop, client, day)
            before = shop.written()
            shop.build(day)
            mail(shop, client, day)
            assert shop.written() == before
        return {
            **shop.written(),
            "members": shop.shop.members(),
            "done": shop.done(),
            "mails": sorted(client.mails) if isinstance(client, Counting) else [],
        }


def mail(shop: Ladders, client: Client, day: date) -> None:
    push(
        shop.shop.warehouse,
        client,
        run_id="run",
        as_of_date=day,
        brake=Brake(from_members=100),
        is_mailing=True,
    )


fast = settings(
    max_examples=int(os.environ.get("CRASH_EXAMPLES", "4")),
    deadline=None,
    derandomize="CRASH_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.programmes
@fast
@given(story=st.lists(nights, min_size=1, max_size=3))
def test_a_crash_changes_nothing_of_who_entered_and_moved_and_mails_nobody_twice(
    story: list[Night],
) -> None:
    ended = live(story, lambda _: Counting(), with_crashes=True)
    assert ended == live(story, lambda _: Counting(), with_crashes=False)
    assert len(set(ended["mails"])) == len(ended["mails"])
    # Nobody was put on a list without its being written down, and the other way round.
    assert ended["mails"] == sorted(
        (audience(programme, step), person)
        for _, person, programme, _, step, _, is_listed, *_ in ended["programme_steps"]
        if is_listed
    )


@pytest.mark.programmes
@fast
@given(story=st.lists(nights, min_size=1, max_size=3))
def test_a_crash_changes_nothing_where_lists_are_files(story: list[Night]) -> None:
    ended = live(story, FilesClient, with_crashes=True)
    assert ended == live(story, FilesClient, with_crashes=False)


def test_a_push_that_is_not_tried_again_that_day_is_made_up_for_on_the_next(
    tmp_path: Path,
) -> None:
    shop, tool = ladders(tmp_path), Counting()
    shop.wanting = {"cart": {"p0", "p1"}, "dormant": {"p2", "p4"}}
    shop.build(DAY)
    try:
        # The first list is sent; the process dies before the second is.
        mail(shop, Dying(tool, 4), DAY)
    except Crash:
        entered = shop.shop.ask("select customer_id from sync.enrolments order by all")
        assert entered == [("p0",), ("p1",), ("p2",), ("p4",)]
        assert tool.mails == [("winback_cart_1_a", "p0")]
    next_day = DAY + timedelta(days=1)
    shop.wanting = {}
    shop.build(next_day)
    mail(shop, tool, next_day)
    assert shop.shop.members() == {"winback_cart_2_a": ["p0"], "winback_dormant_2_a": ["p2"]}


def test_a_list_that_the_brake_holds_enters_and_moves_nobody_treated_or_control(
    tmp_path: Path,
) -> None:
    shop, tool = ladders(tmp_path), FakeTool()
    shop.wanting = {"dormant": {"p0", "p2", "p3", "p5"}}
    shop.build(DAY)
    push(shop.shop.warehouse, tool, run_id="run", as_of_date=DAY, brake=BRAKE, is_mailing=True)
    written = shop.written()
    # The next list is new and so never held; the one that all of them leave is, and who would
    # enter with it does not.
    shop.wanting = {"dormant": {*PEOPLE}, "cart": {"p4"}}
    next_day = DAY + timedelta(days=1)
    shop.build(next_day)
    report = push(
        shop.shop.warehouse, tool, run_id="run", as_of_date=next_day, brake=BRAKE, is_mailing=True
    )
    assert report.held == ("winback_dormant_1_a",)
    # Nobody treated is on the list of the cart: its control goes with none.
    entered = set(shop.written()["enrolments"]) - set(written["enrolments"])
    assert {(row[1], row[2]) for row in entered} == {("p4", "cart")}
    steps = set(shop.written()["programme_steps"]) - set(written["programme_steps"])
    assert {(row[1], row[2], row[4]) for row in steps} == {
        ("p4", "cart", 1),
        *((person, "dormant", 2) for person in ("p0", "p2", "p3", "p5")),
    }


def test_a_destination_that_does_not_mail_enters_and_moves_nobody(tmp_path: Path) -> None:
    shop, tool = ladders(tmp_path), FakeTool()
    shop.wanting = {"cart": set(PEOPLE), "dormant": {"p1"}}
    shop.build(DAY)
    push(shop.shop.warehouse, tool, run_id="run", as_of_date=DAY)
    assert shop.written() == {"enrolments": [], "programme_steps": []}
    assert shop.shop.members() == {"winback_cart_1_a": ["p0", "p2", "p3", "p5"]}
