"""Ids over several runs: what no unit test of a single model can show."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from tests.dbt_project import DbtProject

WHAT = ("--select", "+int_customer_aliases", "+int_customers_described", "+int_consents_in_force")
MADE_AT = "timestamp '2024-01-01 06:00'"
Named = tuple[str | None, str | None]
"""The account and the address that an order names."""

FIRST_DAY: list[Named] = [
    ("1", "ann@example.com"),
    ("2", "bob@example.com"),
    (None, "bob+shop@example.com"),
    (None, "carl@example.com"),
    ("3", None),
]


def bring_orders(project: DbtProject, named: list[Named], day: date, file: str) -> None:
    """Put orders into raw as the loader does, one file a call."""
    with project.warehouse.connect() as connection:
        [(last,)] = connection.execute(
            "select coalesce(max(file_id), 0) from raw_files.loaded_files"
        ).fetchall()
        connection.execute(
            "insert into raw_files.loaded_files (file_id, entity, path, sort_key, load_number, "
            "size_bytes, modified_ns, sha256, rows_read, rows_kept, rows_duplicate, "
            "rows_quarantined, loaded_at) "
            f"values (?, 'orders', ?, ?, 1, 0, 0, ?, 0, 0, 0, 0, {MADE_AT})",
            [last + 1, file, file, file],
        )
        for row, (account, email) in enumerate(named):
            connection.execute(
                "insert into raw_files.orders (order_id, ordered_at, customer_id, email, total, "
                "_file_id, _row_number, _record_hash, _loaded_at) "
                f"values (?, ?, ?, ?, 10, ?, ?, ?, {MADE_AT})",
                [f"{file}-{row}", f"{day} 12:00", account, email, last + 1, row, row],
            )


def run_on(project: DbtProject, day: date, *arguments: str) -> None:
    project.build(*WHAT, *arguments, as_of_date=str(day), sources=["files"])


def ids(project: DbtProject) -> dict[str, str]:
    return dict(project.rows("select person_key, customer_id from intermediate.int_customer_keys"))


def new_project(folder: Path) -> DbtProject:
    project = DbtProject(folder)
    project.warehouse.prepare()
    return project


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> DbtProject:
    project = new_project(tmp_path_factory.mktemp("first"))
    bring_orders(project, FIRST_DAY[:3], date(2024, 1, 1), "a.csv")
    bring_orders(project, FIRST_DAY[3:], date(2024, 1, 1), "b.csv")
    run_on(project, date(2024, 1, 1))
    return project


@pytest.fixture(scope="module")
def second(first: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> DbtProject:
    """A day on, everything rebuilt: Ann has a new address, Bob turns out to be Carl as well."""
    project = DbtProject(tmp_path_factory.mktemp("second"))
    shutil.copytree(first.folder, project.folder, dirs_exist_ok=True)
    larger = max(ids(first)["account:files:2"], ids(first)["email:carl@example.com"])
    with project.warehouse.connect() as connection:
        connection.execute(
            "insert into sync.ledger (push_number, run_id, as_of_date, destination, audience, "
            "customer_id, action, status, recorded_at) values (1, 'r', '2024-01-01', 'files', "
            f"'winback_new', ?, 'add', 'done', {MADE_AT})",
            [larger],
        )
    meeting: list[Named] = [("1", "new@example.com"), ("2", "carl@example.com")]
    bring_orders(project, meeting, date(2024, 1, 2), "c.csv")
    run_on(project, date(2024, 1, 2), "--full-refresh")
    return project


def test_everybody_has_an_id_of_his_own_that_tells_nothing(first: DbtProject) -> None:
    given = ids(first)
    assert given["account:files:1"] == given["email:ann@example.com"]
    assert given["account:files:2"] == given["email:bob@example.com"]
    assert len(set(given.values())) == 5
    assert first.rows("select count(*) from sync.settings where name = 'identity_salt'") == [(1,)]
    hashed = first.rows("select 'c' || left(md5(key), 20) from sync.customer_ids")
    assert not {one for (one,) in hashed} & set(given.values())


def test_the_order_of_files_and_rows_changes_no_id(first: DbtProject, tmp_path: Path) -> None:
    project = new_project(tmp_path)
    bring_orders(project, FIRST_DAY[:1:-1], date(2024, 1, 1), "0.csv")
    bring_orders(project, FIRST_DAY[1::-1], date(2024, 1, 1), "1.csv")
    run_on(project, date(2024, 1, 1))

    assert ids(project) == ids(first)


def test_a_full_refresh_and_new_keys_leave_ids_as_they_are(
    first: DbtProject, second: DbtProject
) -> None:
    before, after = ids(first), ids(second)
    for key in ("account:files:1", "email:ann@example.com", "account:files:3"):
        assert after[key] == before[key]
    assert after["email:new@example.com"] == before["account:files:1"]
    kept = set(first.rows("select key, customer_id, first_seen from sync.customer_ids"))
    assert kept < set(second.rows("select key, customer_id, first_seen from sync.customer_ids"))
    assert second.rows("select * from sync.settings") == first.rows("select * from sync.settings")


def test_where_two_people_meet_the_one_in_the_ledger_stands_and_the_other_is_an_alias(
    first: DbtProject, second: DbtProject
) -> None:
    bob, carl = ids(first)["account:files:2"], ids(first)["email:carl@example.com"]
    standing, alias = max(bob, carl), min(bob, carl)

    assert {ids(second)["account:files:2"], ids(second)["email:carl@example.com"]} == {standing}
    leads_to = dict(second.rows("select * from intermediate.int_customer_aliases"))
    assert (leads_to[alias], leads_to[standing]) == (standing, standing)
    assert set(leads_to.values()) == set(ids(second).values())


def test_an_account_is_reached_at_its_latest_address_and_known_by_the_old_one(
    second: DbtProject,
) -> None:
    ann = ids(second)["email:ann@example.com"]
    reached = dict(
        second.rows("select customer_id, email from intermediate.int_customers_described")
    )
    assert reached[ann] == "new@example.com"
