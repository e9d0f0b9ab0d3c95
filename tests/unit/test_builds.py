from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline import builds
from pipeline.sync import backup
from pipeline.warehouse import Warehouse

DAY = date(2026, 6, 30)
LOADED = """insert into raw_files.loaded_files values
    (1, 'orders', 'orders/a.csv', 'a', 1, 9, 9, 'abc', 1, 1, 0, 0, timestamp '2026-07-01')"""
SENT = """insert into sync.ledger values (1, 'run', date '{day}', 'files', 'list', 'c1', 'add',
    'hash', 'done', null, timestamp '2026-07-01')"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """A warehouse whose tables are just built."""
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    warehouse.prepare()
    with warehouse.connect() as connection:
        connection.execute("create schema marts; create table marts.customers (email varchar)")
        connection.execute("create table sync.customer_ids (key varchar, customer_id varchar)")
        connection.execute("insert into sync.customer_ids values ('email:a@x.org', 'c1')")
    builds.remember(warehouse, "models", DAY)
    return warehouse


def test_tables_are_current_until_they_are_forgotten(warehouse: Warehouse) -> None:
    assert builds.is_current(warehouse, "models", DAY)
    with warehouse.connect() as connection:
        builds.forget(connection)
    assert not builds.is_current(warehouse, "models", DAY)


def test_a_warehouse_that_was_never_built_is_not_current(tmp_path: Path) -> None:
    fresh = Warehouse(tmp_path / "warehouse.duckdb")
    fresh.prepare()
    assert not builds.is_current(fresh, "models", DAY)


@pytest.mark.parametrize(
    "change",
    [
        LOADED,
        LOADED.replace("raw_files", "raw_online_retail"),
        "insert into quarantine.rows values ('files', 'a.csv', 'abc', 1, 'consents', 'state', '',"
        " timestamp '2026-07-01', null)",
        "insert into sync.suppressions values ('files', 'a@x.org', 'spam', null,"
        " timestamp '2026-07-01')",
        SENT.format(day="2026-06-29"),
        "update sync.customer_ids set customer_id = 'c2'",
        "drop table marts.customers",
    ],
)
def test_tables_are_not_current_when_what_they_are_made_of_has_changed(
    warehouse: Warehouse, change: str
) -> None:
    with warehouse.connect() as connection:
        connection.execute(change)
    assert not builds.is_current(warehouse, "models", DAY)


def test_tables_are_not_current_after_what_was_sent_was_put_back(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    kept = backup.back_up(warehouse, tmp_path / "backup")
    backup.restore(warehouse, kept)
    assert not builds.is_current(warehouse, "models", DAY)


def test_what_was_sent_on_the_day_itself_changes_no_table(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute(SENT.format(day=DAY))
    assert builds.is_current(warehouse, "models", DAY)


def test_a_build_goes_on_from_the_last_while_files_are_only_added(warehouse: Warehouse) -> None:
    last = builds.LastBuild("2026-06-30", 0)
    assert builds.extendable(warehouse, "models", DAY) == last
    with warehouse.connect() as connection:
        connection.execute(LOADED)
    assert builds.extendable(warehouse, "models", DAY + timedelta(days=1)) == last

    builds.remember(warehouse, "models", DAY)
    assert builds.extendable(warehouse, "models", DAY) == builds.LastBuild("2026-06-30", 1)


@pytest.mark.parametrize(
    "change",
    [
        "update raw_files.loaded_files set sha256 = 'other'",
        "delete from raw_files.loaded_files",
        LOADED.replace("raw_files", "raw_online_retail"),
        "delete from sync.settings",
    ],
)
def test_a_build_begins_anew_where_what_was_there_is_gone(
    warehouse: Warehouse, change: str
) -> None:
    with warehouse.connect() as connection:
        connection.execute(LOADED)
    builds.remember(warehouse, "models", DAY)
    with warehouse.connect() as connection:
        connection.execute(change)
    assert builds.extendable(warehouse, "models", DAY) is None


def test_a_build_begins_anew_for_an_earlier_day_with_other_models_and_after_one_that_stopped(
    warehouse: Warehouse,
) -> None:
    assert builds.extendable(warehouse, "models", DAY - timedelta(days=1)) is None
    assert builds.extendable(warehouse, "others", DAY) is None
    with warehouse.connect() as connection:
        builds.forget(connection)
    assert builds.extendable(warehouse, "models", DAY) is None


def test_other_models_make_other_tables(warehouse: Warehouse) -> None:
    assert not builds.is_current(warehouse, "others", DAY)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dbt project of one model and one seed."""
    for name in ("dbt_project.yml", "profiles.yml", "models/a.sql", "seeds/b.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(builds, "TRANSFORMS", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "models" / "a.sql").write_text("2"),
        lambda folder: (folder / "seeds" / "b.csv").write_text("2"),
        lambda folder: (folder / "seeds" / "b.csv").rename(folder / "seeds" / "c.csv"),
        lambda folder: (folder / "dbt_project.yml").write_text("2"),
    ],
)
def test_a_model_or_seed_that_was_edited_is_another(
    project: Path, change: Callable[[Path], object]
) -> None:
    before = builds.fingerprint({"currency": "EUR"})
    assert builds.fingerprint({"currency": "EUR"}) == before
    change(project)
    assert builds.fingerprint({"currency": "EUR"}) != before


def test_what_python_compiles_is_no_model(project: Path) -> None:
    before = builds.fingerprint({})
    (project / "models" / "__pycache__").mkdir()
    (project / "models" / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"compiled")
    assert builds.fingerprint({}) == before


def test_another_currency_is_another(project: Path) -> None:
    assert builds.fingerprint({"currency": "EUR"}) != builds.fingerprint({"currency": "GBP"})
