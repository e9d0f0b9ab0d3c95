from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.destinations.suppressions import FREE, Suppression
from pipeline.http_answers import HttpError
from pipeline.sync import suppressing
from pipeline.warehouse import Warehouse

MONDAY = datetime(2026, 1, 26, 5)
SINCE = datetime(2025, 3, 1)


@dataclass
class Reader:
    """A tool that tells what it is told to, and how it was asked."""

    told: list[Suppression] = field(default_factory=list)
    is_always_whole: bool = False
    fails: bool = False
    asked: list[datetime | None] = field(default_factory=list)

    def suppressions(self, since: datetime | None) -> Iterator[Suppression]:
        self.asked.append(since)
        yield from self.told
        if self.fails:
            raise HttpError("GET /profiles was not answered in time", is_unknown=True)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    made = Warehouse(tmp_path / "warehouse.duckdb")
    made.prepare()
    return made


def known(warehouse: Warehouse) -> dict[str, str]:
    with warehouse.connect() as connection:
        return dict(connection.execute("select email, reason from sync.suppressions").fetchall())


def test_of_what_stands_against_an_address_the_worst_counts(warehouse: Warehouse) -> None:
    reader = Reader(
        [
            Suppression(" Ada@Example.com", "never_subscribed", None),
            Suppression("ada@example.com", "complained", SINCE),
            Suppression("bob@example.com", "hard_bounce", SINCE),
        ]
    )

    assert suppressing.read(warehouse, "klaviyo", reader, MONDAY) is None

    assert known(warehouse) == {
        "ada@example.com": "complained",
        "bob@example.com": "hard_bounce",
    }


def test_a_later_reading_asks_for_what_has_changed_and_frees_whom_nothing_stands_against(
    warehouse: Warehouse,
) -> None:
    reader = Reader([Suppression(f"{name}@example.com", "pending", None) for name in ("a", "b")])
    suppressing.read(warehouse, "klaviyo", reader, MONDAY)
    reader.told = [Suppression("a@example.com", FREE, None)]

    suppressing.read(warehouse, "klaviyo", reader, MONDAY + timedelta(days=1))

    assert reader.asked == [None, MONDAY - suppressing.OVERLAP]
    assert known(warehouse) == {"b@example.com": "pending"}


def test_where_all_come_always_who_is_left_out_is_free(warehouse: Warehouse) -> None:
    told = [Suppression(f"{name}@example.com", "unsubscribed", None) for name in ("a", "b")]
    reader = Reader(told, is_always_whole=True)
    suppressing.read(warehouse, "listmonk", reader, MONDAY)
    suppressing.read(warehouse, "klaviyo", Reader(told), MONDAY)
    reader.told = told[1:]

    suppressing.read(warehouse, "listmonk", reader, MONDAY + timedelta(days=1))

    with warehouse.connect() as connection:
        found = connection.execute("select destination, email from sync.suppressions order by all")
        assert found.fetchall() == [
            ("klaviyo", "a@example.com"),
            ("klaviyo", "b@example.com"),
            ("listmonk", "b@example.com"),
        ]


def test_a_reading_that_fails_changes_nothing_and_is_made_up_for(warehouse: Warehouse) -> None:
    reader = Reader([Suppression("a@example.com", "pending", None)])
    suppressing.read(warehouse, "klaviyo", reader, MONDAY)
    reader.told, reader.fails = [Suppression("a@example.com", FREE, None)], True
    tuesday = MONDAY + timedelta(days=1)

    problem = suppressing.read(warehouse, "klaviyo", reader, tuesday)
    reader.fails = False
    suppressing.read(warehouse, "klaviyo", reader, tuesday + timedelta(days=1))

    assert problem == "GET /profiles was not answered in time"
    assert reader.asked[1:] == [MONDAY - suppressing.OVERLAP] * 2
    assert known(warehouse) == {}


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ([], "whom klaviyo does not mail was not read in this run"),
        ([False, False], ""),
        ([True, False], "whom klaviyo does not mail could not be read: GET"),
        ([False, True], "whom klaviyo does not mail could not be read: GET"),
    ],
)
def test_one_reading_of_a_run_that_failed_is_enough_to_add_nobody(
    warehouse: Warehouse, fails: list[bool], said: str
) -> None:
    suppressing.read(warehouse, "klaviyo", Reader(fails=True), MONDAY - timedelta(days=1))
    for number, fail in enumerate(fails):
        now = MONDAY + timedelta(minutes=number)
        suppressing.read(warehouse, "klaviyo", Reader(fails=fail), now)

    problem = suppressing.problem_since(warehouse, "klaviyo", MONDAY)

    assert problem.startswith(said)
    assert bool(problem) == bool(said)
