import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipeline.sync.backup import BackupError, back_up, backups, is_due, restore
from pipeline.sync.run_records import begin_run, finish_run
from pipeline.warehouse import Warehouse

NIGHT = datetime(2026, 2, 1, 3, tzinfo=UTC)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    made = Warehouse(tmp_path / "warehouse.duckdb")
    made.prepare()
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "var's" / "back up"


def run(warehouse: Warehouse, *statements: str) -> list[tuple]:
    with warehouse.connect() as connection:
        for statement in statements:
            found = connection.execute(statement).fetchall()
        return found


def fill(warehouse: Warehouse) -> None:
    run(
        warehouse,
        "create table sync.customer_ids (key varchar, customer_id varchar)",
        "insert into sync.customer_ids values ('account:1', 'c1')",
        "insert into sync.members values "
        "('files', 'vip', 'c1', 'hash', date '2026-01-31', null, null)",
        "insert into sync.settings values ('salt', 'old')",
    )


def test_a_backup_brings_back_every_row_also_of_a_table_that_is_gone(
    warehouse: Warehouse, folder: Path
) -> None:
    fill(warehouse)
    path = back_up(warehouse, folder)
    run(
        warehouse,
        "drop table sync.customer_ids",
        "delete from sync.members",
        "update sync.settings set value = 'new'",
        "insert into sync.settings values ('other', 'new')",
    )

    rows = restore(warehouse, path)

    assert (rows["members"], rows["customer_ids"], rows["ledger"]) == (1, 1, 0)
    assert run(warehouse, "from sync.customer_ids") == [("account:1", "c1")]
    assert run(warehouse, "select customer_id from sync.members") == [("c1",)]
    assert run(warehouse, "from sync.settings") == [("salt", "old")]


def test_a_backup_can_be_restored_into_a_new_warehouse(
    warehouse: Warehouse, folder: Path, tmp_path: Path
) -> None:
    fill(warehouse)
    fresh = Warehouse(tmp_path / "fresh.duckdb")

    restore(fresh, back_up(warehouse, folder))

    for table in ("customer_ids", "members", "settings"):
        assert run(fresh, f"from sync.{table}") == run(warehouse, f"from sync.{table}")


def test_how_far_sources_are_read_is_not_brought_back_beside_an_empty_raw(
    warehouse: Warehouse, folder: Path, tmp_path: Path
) -> None:
    fill(warehouse)
    run(warehouse, "insert into sync.watermarks values ('sql', 'orders', '2026-01-31')")
    path = back_up(warehouse, folder)
    new = Warehouse(tmp_path / "new" / "warehouse.duckdb")

    restore(new, path)

    assert run(new, "from sync.watermarks") == []


def test_a_table_that_the_backup_does_not_know_stays(warehouse: Warehouse, folder: Path) -> None:
    path = back_up(warehouse, folder)
    fill(warehouse)

    restore(warehouse, path)

    assert run(warehouse, "from sync.customer_ids") == [("account:1", "c1")]
    assert run(warehouse, "from sync.members") == []


def test_the_newest_fourteen_are_kept_and_nothing_else_is_deleted(
    warehouse: Warehouse, folder: Path
) -> None:
    folder.mkdir(parents=True)
    (folder / "sync-notes.duckdb").write_text("mine", encoding="utf-8")
    made = [back_up(warehouse, folder, NIGHT + timedelta(days=day)) for day in range(16)]

    assert backups(folder) == made[:1:-1]
    assert len(list(folder.iterdir())) == 15


def test_a_backup_is_named_by_its_moment_and_closed_to_others(
    warehouse: Warehouse, folder: Path
) -> None:
    path = back_up(warehouse, folder, NIGHT)

    assert path.name == "sync-20260201T030000.000000Z.duckdb"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_a_killed_backup_left_over_is_cleared_away(warehouse: Warehouse, folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in (".sync-20260101T000000.000000Z.part", ".sync-20260101T000000.000000Z.part.wal"):
        (folder / name).write_bytes(b"half")

    path = back_up(warehouse, folder, NIGHT)

    assert list(folder.iterdir()) == [path]


def test_a_file_that_is_no_backup_is_refused_and_nothing_changes(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    fill(warehouse)
    text, database = tmp_path / "notes.duckdb", tmp_path / "other.duckdb"
    text.write_text("no database", encoding="utf-8")
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema sync; create table sync.members (customer_id varchar)")

    for path in (text, database, tmp_path / "missing.duckdb"):
        with pytest.raises(BackupError):
            restore(warehouse, path)

    assert len(run(warehouse, "from sync.members")) == 1


def test_a_backup_of_a_later_version_is_refused_before_anything_is_deleted(
    warehouse: Warehouse, folder: Path
) -> None:
    fill(warehouse)
    run(warehouse, "alter table sync.settings add column later varchar")
    path = back_up(warehouse, folder)
    run(warehouse, "alter table sync.settings drop column later")

    with pytest.raises(BackupError, match=r"sync.settings does not have \(later\)"):
        restore(warehouse, path)

    assert run(warehouse, "from sync.settings") == [("salt", "old")]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (
            "ledger",
            "1, 'r', date '2026-02-01', 'files', 'vip', 'c1', 'add', 'h', 'done', null, now()",
        ),
        ("enrolments", "date '2026-02-01', 'c1', 'dormant', 'a', false, 'salt', null, now()"),
    ],
)
def test_what_was_sent_since_is_forgotten_only_on_demand(
    warehouse: Warehouse, folder: Path, table: str, row: str
) -> None:
    fill(warehouse)
    path = back_up(warehouse, folder)
    run(warehouse, f"insert into sync.{table} values ({row})")
    later = back_up(warehouse, folder)

    with pytest.raises(BackupError, match=rf"1 rows of sync.{table}.*--forget"):
        restore(warehouse, path)
    assert restore(warehouse, later)[table] == 1
    assert run(warehouse, f"select customer_id from sync.{table}") == [("c1",)]

    assert restore(warehouse, path, may_forget=True)[table] == 0


def test_a_restore_that_fails_half_way_changes_nothing(warehouse: Warehouse, folder: Path) -> None:
    fill(warehouse)
    path = back_up(warehouse, folder)
    run(
        warehouse,
        "delete from sync.members",
        "drop table sync.settings",
        "create table sync.settings (name varchar, value integer)",
    )

    with pytest.raises(duckdb.ConversionException):
        restore(warehouse, path)

    assert run(warehouse, "from sync.members") == []


def test_a_backup_is_due_until_one_is_made_after_the_last_run_has_ended(
    warehouse: Warehouse, folder: Path
) -> None:
    assert is_due(warehouse, folder)
    begin_run(warehouse, "night", NIGHT.date())
    back_up(warehouse, folder)
    assert is_due(warehouse, folder)
    finish_run(warehouse, "night", succeeded=False)
    assert is_due(warehouse, folder)
    back_up(warehouse, folder)
    assert not is_due(warehouse, folder)
    begin_run(warehouse, "night after", NIGHT.date())
    assert is_due(warehouse, folder)
