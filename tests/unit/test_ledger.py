from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from pipeline.sync import ledger, run_records
from pipeline.sync.ledger import Attempt, Ended
from pipeline.warehouse import Warehouse

MONDAY, TUESDAY = date(2026, 2, 2), date(2026, 2, 3)
INTENDED = """
    select unnest(['ada', 'bob', 'eve']) as customer_id,
        unnest(['add', 'add', 'remove']) as action,
        unnest(['hash-a', 'hash-b', null]) as payload_hash,
        unnest([null, null, 'gone']) as reason
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    made = Warehouse(tmp_path / "warehouse.duckdb")
    made.prepare()
    return made


def intend(connection: duckdb.DuckDBPyConnection, number: int = 1) -> None:
    connection.execute(
        "insert into sync.members values ('files', 'vip', 'eve', 'old', ?, null, null)", [MONDAY]
    )
    attempt = Attempt(number, "run", MONDAY, "files")
    ledger.record_intents(connection, attempt, "vip", INTENDED)


def outcomes(**statuses: str) -> pa.Table:
    return pa.table(
        {
            "customer_id": list(statuses),
            "status": list(statuses.values()),
            "reason": pa.array(
                ["blocked" if status == "refused" else None for status in statuses.values()],
                pa.string(),
            ),
            "contact_id": pa.nulls(len(statuses), pa.string()),
        }
    )


def members(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    return connection.execute(
        "select customer_id, payload_hash, since_date from sync.members order by all"
    ).fetchall()


def test_results_and_members_are_written_together(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        intend(connection)

        ended = ledger.record_results(
            connection, 1, "vip", outcomes(ada="done", bob="refused", eve="done", joe="done")
        )

        assert ended == [
            Ended("add", "done", None, 1),
            Ended("add", "refused", "blocked", 1),
            Ended("remove", "done", "gone", 1),
        ]
        assert members(connection) == [("ada", "hash-a", MONDAY)]


def test_a_removal_that_is_refused_leaves_the_member(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        intend(connection)
        ledger.record_results(connection, 1, "vip", outcomes(eve="refused"))

        assert members(connection) == [("eve", "old", MONDAY)]


def test_results_that_cannot_be_written_leave_nothing_behind(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        intend(connection)
        connection.execute("drop table sync.members")

        with pytest.raises(duckdb.CatalogException):
            ledger.record_results(connection, 1, "vip", outcomes(ada="done"))

        assert connection.execute("select distinct status from sync.ledger").fetchall() == [
            ("intent",)
        ]


@pytest.mark.parametrize(
    ("there", "lost"),
    [
        ({"ada": "hash-a", "bob": "hash-b"}, set()),
        ({"ada": "hash-a", "bob": "other", "eve": "old"}, {"bob", "eve"}),
        ({"ada": None}, {"bob"}),
        ({}, {"ada", "bob"}),
    ],
)
def test_what_a_crash_left_unknown_is_settled_by_who_is_there(
    warehouse: Warehouse, there: dict[str, str | None], lost: set[str]
) -> None:
    found = pa.table(
        {
            "customer_id": pa.array(list(there), pa.string()),
            "payload_hash": pa.array(list(there.values()), pa.string()),
            "contact_id": pa.nulls(len(there), pa.string()),
        }
    )
    with warehouse.connect() as connection:
        intend(connection)
        assert ledger.unsettled(connection, "files") == [(1, "vip")]

        ledger.settle(connection, 1, "vip", found)

        assert ledger.unsettled(connection, "files") == []
        rows = connection.execute("select customer_id from sync.ledger where status = 'lost'")
        assert {person for (person,) in rows.fetchall()} == lost
        assert {row[0] for row in members(connection)} == {"ada", "bob", "eve"} - (lost ^ {"eve"})


def test_only_intents_without_a_result_are_settled(warehouse: Warehouse) -> None:
    nobody = outcomes().append_column("payload_hash", pa.array([], pa.string()))
    with warehouse.connect() as connection:
        intend(connection)
        ledger.record_results(connection, 1, "vip", outcomes(ada="done"))

        ended = ledger.settle(connection, 1, "vip", nobody)

        assert ended == [Ended("add", "lost", None, 1), Ended("remove", "done", "gone", 1)]
        assert members(connection) == [("ada", "hash-a", MONDAY)]


def test_every_push_has_a_greater_number(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        first = ledger.next_push_number(connection)
        intend(connection, first)

        assert ledger.next_push_number(connection) == first + 1


def test_the_last_day_is_that_of_a_run_that_succeeded_or_sent(warehouse: Warehouse) -> None:
    never = run_records.last_as_of(warehouse)
    run_records.begin_run(warehouse, "one", MONDAY)
    run_records.finish_run(warehouse, "one", succeeded=True)
    run_records.begin_run(warehouse, "two", TUESDAY)
    run_records.finish_run(warehouse, "two", succeeded=False)
    after_a_failure = run_records.last_as_of(warehouse)
    with warehouse.connect() as connection:
        ledger.record_intents(connection, Attempt(1, "two", TUESDAY, "files"), "vip", INTENDED)

    assert (never, after_a_failure, run_records.last_as_of(warehouse)) == (None, MONDAY, TUESDAY)


@pytest.mark.parametrize(
    "written",
    [
        "insert into sync.enrolments values ($day, 'ada', 'x', 'a', true, 'salt', '{}', $day)",
        "insert into sync.programme_steps "
        "values ($day, 'ada', 'x', $day, 1, 'first', false, 'none', null, $day)",
    ],
)
def test_a_day_on_which_controls_alone_were_written_down_is_a_last_day(
    warehouse: Warehouse, written: str
) -> None:
    with warehouse.connect() as connection:
        connection.execute(written, {"day": TUESDAY})

    assert run_records.last_as_of(warehouse) == TUESDAY


def test_a_run_that_has_succeeded_cannot_fail_afterwards(warehouse: Warehouse) -> None:
    run_records.begin_run(warehouse, "one", MONDAY)
    run_records.finish_run(warehouse, "one", succeeded=True)
    run_records.finish_run(warehouse, "one", succeeded=False)

    with warehouse.connect() as connection:
        assert connection.execute("select status from sync.runs").fetchall() == [("succeeded",)]


def test_a_run_that_died_is_marked_as_failed_by_the_next(warehouse: Warehouse) -> None:
    run_records.begin_run(warehouse, "died", MONDAY)
    run_records.begin_run(warehouse, "next", MONDAY)

    with warehouse.connect() as connection:
        found = connection.execute("select run_id, status, finished_at is null from sync.runs")
        assert found.fetchall() == [("died", "failed", False), ("next", "started", True)]


def test_row_counts_are_those_remembered_last(warehouse: Warehouse) -> None:
    nothing = run_records.row_counts_before(warehouse)
    run_records.remember_row_counts(
        warehouse, "one", {"raw_files.orders": 5, "raw_files.products": 2}
    )
    run_records.remember_row_counts(warehouse, "two", {"raw_files.orders": 4})

    assert nothing == {}
    assert run_records.row_counts_before(warehouse) == {
        "raw_files.orders": 4,
        "raw_files.products": 2,
    }
