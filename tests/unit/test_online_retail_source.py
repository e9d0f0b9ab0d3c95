import os
from pathlib import Path

import duckdb
import pytest

from pipeline.loading.load import LoadStopped
from pipeline.sources.online_retail import load_sample
from pipeline.warehouse import SAMPLE_TABLES, Warehouse

DATA = Path(__file__).resolve().parents[2] / "data"
FILES = {
    "lines": DATA / "online_retail_ii.parquet",
    "simulated_customers": DATA / "simulated_customers.parquet",
    "simulated_consents": DATA / "simulated_consents.parquet",
    "simulated_email_events": DATA / "simulated_email_events.parquet",
}


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    made = Warehouse(tmp_path / "warehouse.duckdb")
    made.prepare()
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "it's [one] file.parquet"
    _write(made, 3)
    return made


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _write(path: Path, row_count: int, columns: str = "*") -> None:
    rows = f"(from {_quoted(FILES['simulated_consents'])} limit {row_count})"
    duckdb.connect().execute(f"copy (select {columns} from {rows}) to {_quoted(path)}")


def _all(warehouse: Warehouse, statement: str) -> list[tuple[object, ...]]:
    with warehouse.connect() as connection:
        return connection.execute(statement).fetchall()


@pytest.mark.parametrize("table", SAMPLE_TABLES)
def test_a_shipped_file_arrives_in_raw_as_it_is(warehouse: Warehouse, table: str) -> None:
    report = load_sample(warehouse, table, FILES[table])

    raw = f"select * from raw_online_retail.{table}"
    file = f"select * from {_quoted(FILES[table])}"
    assert _all(warehouse, f"({raw} except all {file}) union all ({file} except all {raw})") == []
    ((row_count,),) = _all(warehouse, f"select count(*) from ({file})")
    assert (report.entity, report.files_read, report.files_unchanged) == (table, 1, 0)
    assert report.rows_read == report.rows_kept == row_count
    assert (report.rows_duplicate, report.rows_quarantined) == (0, 0)


def test_a_loaded_file_is_registered_with_its_size_content_and_rows(
    warehouse: Warehouse, path: Path
) -> None:
    load_sample(warehouse, "simulated_consents", path)

    found = _all(
        warehouse,
        """select entity, path, size_bytes, modified_ns, length(sha256), rows_read, rows_kept,
        rows_duplicate, rows_quarantined from raw_online_retail.loaded_files""",
    )
    stat = path.stat()
    assert found == [
        ("simulated_consents", path.name, stat.st_size, stat.st_mtime_ns, 64, 3, 3, 0, 0)
    ]


def test_a_file_of_the_same_size_and_time_is_not_opened(warehouse: Warehouse, path: Path) -> None:
    load_sample(warehouse, "simulated_consents", path)
    stat = path.stat()
    path.write_bytes(b"?" * stat.st_size)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    report = load_sample(warehouse, "simulated_consents", path)

    assert (report.files_read, report.files_unchanged, report.rows_read) == (0, 1, 0)
    assert warehouse.row_counts("raw_online_retail")["simulated_consents"] == 3


def test_a_file_that_was_only_touched_is_not_read_and_its_new_time_is_kept(
    warehouse: Warehouse, path: Path
) -> None:
    load_sample(warehouse, "simulated_consents", path)
    registered = "select * exclude (modified_ns) from raw_online_retail.loaded_files"
    before = _all(warehouse, registered)
    os.utime(path, ns=(1, 1))

    report = load_sample(warehouse, "simulated_consents", path)

    assert (report.files_read, report.files_unchanged) == (0, 1)
    assert _all(warehouse, registered) == before
    assert _all(warehouse, "select modified_ns from raw_online_retail.loaded_files") == [(1,)]


def test_changed_content_replaces_the_table_and_its_registration(
    warehouse: Warehouse, path: Path
) -> None:
    load_sample(warehouse, "simulated_consents", path)
    _write(path, 2)

    report = load_sample(warehouse, "simulated_consents", path)

    assert (report.files_read, report.rows_kept) == (1, 2)
    counts = warehouse.row_counts("raw_online_retail")
    assert (counts["simulated_consents"], counts["loaded_files"]) == (2, 1)


def test_a_table_that_lost_its_rows_is_loaded_again(warehouse: Warehouse, path: Path) -> None:
    load_sample(warehouse, "simulated_consents", path)
    _all(warehouse, "delete from raw_online_retail.simulated_consents")

    report = load_sample(warehouse, "simulated_consents", path)

    assert report.rows_kept == 3
    assert warehouse.row_counts("raw_online_retail")["simulated_consents"] == 3


def test_a_file_without_rows_changes_nothing(warehouse: Warehouse, path: Path) -> None:
    load_sample(warehouse, "simulated_consents", path)
    before = _all(warehouse, "from raw_online_retail.loaded_files")
    _write(path, 0)

    report = load_sample(warehouse, "simulated_consents", path)

    assert (report.files_read, report.rows_kept) == (1, 0)
    assert warehouse.row_counts("raw_online_retail")["simulated_consents"] == 3
    assert _all(warehouse, "from raw_online_retail.loaded_files") == before


def test_a_load_that_breaks_halfway_leaves_what_was_there(warehouse: Warehouse, path: Path) -> None:
    load_sample(warehouse, "simulated_consents", path)
    before = _all(warehouse, "from raw_online_retail.loaded_files")
    _write(path, 2)
    broken = bytearray(path.read_bytes())
    broken[4:60] = b"?" * 56
    path.write_bytes(broken)

    with pytest.raises(LoadStopped, match=r"simulated_consents.*one.*cannot read it"):
        load_sample(warehouse, "simulated_consents", path)

    assert warehouse.row_counts("raw_online_retail")["simulated_consents"] == 3
    assert _all(warehouse, "from raw_online_retail.loaded_files") == before


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ("* exclude (channel)", "channel"),
        ("*, 1 as surprise", "surprise"),
        ('* replace (cast("at" as varchar) as "at")', "at"),
    ],
)
def test_a_file_with_other_columns_is_refused_by_name(
    warehouse: Warehouse, path: Path, columns: str, named: str
) -> None:
    _write(path, 3, columns)

    with pytest.raises(LoadStopped, match=rf"simulated_consents.*one.*: {named};"):
        load_sample(warehouse, "simulated_consents", path)

    assert warehouse.row_counts("raw_online_retail")["simulated_consents"] == 0


def test_a_file_that_is_not_parquet_is_refused_by_name(warehouse: Warehouse, path: Path) -> None:
    path.write_text("customer_id,email\n")

    with pytest.raises(LoadStopped, match=r"simulated_consents.*one.*cannot read it"):
        load_sample(warehouse, "simulated_consents", path)


def test_a_missing_file_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(LoadStopped, match=r"lines.*gone\.parquet.*not there"):
        load_sample(warehouse, "lines", tmp_path / "gone.parquet")


def test_an_unknown_table_is_refused(warehouse: Warehouse, path: Path) -> None:
    with pytest.raises(ValueError, match="no table orders, only lines"):
        load_sample(warehouse, "orders", path)
