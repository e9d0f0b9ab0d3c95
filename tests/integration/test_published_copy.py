import multiprocessing
import stat
import time
from pathlib import Path

import duckdb
import pytest

from pipeline.publishing import publish
from pipeline.warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    made = Warehouse(tmp_path / "warehouse.duckdb")
    with made.connect() as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.numbers as select 0 as run, i from range(1000) t(i)")
    return made


def next_run(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute("update marts.numbers set run = run + 1")


def read_until(path: Path, stop, seen, errors) -> None:
    while not stop.is_set():
        try:
            with duckdb.connect(str(path), read_only=True) as connection:
                for _ in range(3):
                    runs = connection.execute(
                        "select run, count(*) from marts.numbers group by run"
                    ).fetchall()
                    if len(runs) != 1 or runs[0][1] != 1000:
                        errors.append(f"torn: {runs}")
                    seen.append(runs[0][0])
        except duckdb.Error as error:
            errors.append(str(error))


def test_readers_are_neither_blocked_nor_broken_by_publishing(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    target = tmp_path / "published" / "winback.duckdb"
    publish(warehouse, target, {})
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        stop, seen, errors = manager.Event(), manager.list(), manager.list()
        readers = [
            context.Process(target=read_until, args=(target, stop, seen, errors)) for _ in range(2)
        ]
        for reader in readers:
            reader.start()
        while not seen:
            time.sleep(0.05)
        for _ in range(20):
            next_run(warehouse)
            publish(warehouse, target, {})
        time.sleep(0.3)
        stop.set()
        for reader in readers:
            reader.join(timeout=60)
        assert list(errors) == []
        assert len(set(seen)) > 3
        assert max(seen) == 20


def test_an_open_reader_keeps_what_it_opened(warehouse: Warehouse, tmp_path: Path) -> None:
    target = tmp_path / "winback.duckdb"
    publish(warehouse, target, {})
    with duckdb.connect(str(target), read_only=True) as reader:
        next_run(warehouse)
        publish(warehouse, target, {})
        assert reader.execute("select distinct run from marts.numbers").fetchall() == [(0,)]
    with duckdb.connect(str(target), read_only=True) as reader:
        assert reader.execute("select distinct run from marts.numbers").fetchall() == [(1,)]


def test_what_a_killed_writer_left_beside_the_file_is_not_replayed(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    target = tmp_path / "winback.duckdb"
    context = multiprocessing.get_context("spawn")
    writer = context.Process(target=write_and_die, args=(target,))
    writer.start()
    writer.join()
    assert target.with_name("winback.duckdb.wal").exists()

    publish(warehouse, target, {})

    with duckdb.connect(str(target), read_only=True) as reader:
        tables = reader.execute("select table_name from duckdb_tables()").fetchall()
    assert tables == [("numbers",)]


def write_and_die(path: Path) -> None:
    import os

    connection = duckdb.connect(str(path))
    connection.execute("pragma disable_checkpoint_on_shutdown")
    connection.execute("create table stray as select 1")
    os._exit(9)


def test_the_copy_is_read_only_and_says_what_its_columns_mean(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    target = tmp_path / "winback.duckdb"

    published = publish(
        warehouse, target, {"numbers": ("The customer's numbers.", {"run": "Which run."})}
    )

    assert published.row_counts == {"numbers": 1000}
    assert stat.S_IMODE(target.stat().st_mode) == 0o444
    with duckdb.connect(str(target), read_only=True) as reader:
        assert reader.execute("select comment from duckdb_tables()").fetchall() == [
            ("The customer's numbers.",)
        ]
        assert reader.execute(
            "select comment from duckdb_columns() where column_name = 'run'"
        ).fetchall() == [("Which run.",)]
