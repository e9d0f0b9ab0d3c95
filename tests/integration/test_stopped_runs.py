from pathlib import Path

import pytest

from tests.integration.shop import LAST_DAY, ORDERS, Shop, marts_of

pytestmark = pytest.mark.runs


def test_too_many_bad_rows_stop_the_run_before_anything_is_built(shop: Shop) -> None:
    tables = marts_of(shop.var / "warehouse.duckdb")
    bad = [(f"bad{n}", "31.31.2026", "", "a@example.com", "paid", "5", "") for n in range(30)]
    shop.write("orders", "bad.csv", ORDERS, bad)

    said = shop.daily(succeeds=False)

    assert "bad.csv" in said
    assert "ordered_at" in said
    assert "Traceback" not in said
    assert marts_of(shop.var / "warehouse.duckdb") == tables
    assert shop.rows("select count(*) from quarantine.rows where file = 'orders/bad.csv'") == [
        (30,)
    ]
    assert shop.rows("select status from sync.runs order by started_at desc limit 1") == [
        ("failed",)
    ]


def test_a_file_that_is_not_what_its_name_says_fails_the_run_after_the_others_are_loaded(
    shop: Shop,
) -> None:
    (shop.inbox / "orders" / "more.parquet").write_text("order_id,ordered_at\n1,2026-01-01\n")
    shop.write(
        "orders", "good.csv", ORDERS, [("g1", "2026-06-01", "", "g@example.com", "paid", "5", "")]
    )

    said = shop.daily(succeeds=False)

    assert "more.parquet" in said
    assert shop.rows("select count(*) from raw_files.orders where order_id = 'g1'") == [(1,)]
    assert shop.rows("select count(*) from marts.customers where email = 'g@example.com'") == [(0,)]


def test_wrong_settings_are_one_line(tmp_path: Path) -> None:
    shop = Shop(
        tmp_path, {"WINBACK_SOURCES": "shopping", "WINBACK_ALERT_SMTP": "smtp://u:geheim@x"}
    )

    said = shop.run("run", succeeds=False).stderr

    assert said.count("\n") == 1
    assert "WINBACK_SOURCES" in said
    assert "geheim" not in said


def test_a_second_run_waits_and_then_says_that_another_goes_on(shop: Shop) -> None:
    shop.settings["WINBACK_LOCK_WAIT_SECONDS"] = "0"
    first = shop.start("run", "--as-of", LAST_DAY.isoformat())
    while not (shop.var / "run.pid").exists():
        assert first.poll() is None

    said = shop.daily(succeeds=False)
    first.communicate(timeout=300)

    assert "another run is going on" in said
    assert first.returncode == 0


def test_the_history_of_runs_is_kept_and_interrupted_ones_are_marked(shop: Shop) -> None:
    from dagster import DagsterInstance, DagsterRunStatus

    process = shop.start("run", "--as-of", LAST_DAY.isoformat())
    while not (shop.var / "run.pid").exists():
        assert process.poll() is None
    process.kill()
    process.communicate()

    shop.daily()

    with DagsterInstance.from_config(str(shop.var / "dagster")) as instance:
        statuses = [run.status for run in instance.get_runs()]
    assert statuses == [
        DagsterRunStatus.SUCCESS,
        DagsterRunStatus.FAILURE,
        DagsterRunStatus.SUCCESS,
    ]
