from pathlib import Path

import dagster as dg
import pytest

from assets.churn_alarm import churn_is_not_above_its_usual_band
from pipeline.resources import WarehouseResource
from pipeline.warehouse import Warehouse


def alarm_on(path: Path, months: str) -> dg.AssetCheckResult:
    with Warehouse(path).connect() as connection:
        connection.execute("create schema marts")
        connection.execute(
            """create table marts.retention_monthly (month date, customers_at_start bigint,
            churn_rate double, churn_rate_low double, churn_rate_high double)"""
        )
        if months:
            connection.execute(f"insert into marts.retention_monthly values {months}")
    return churn_is_not_above_its_usual_band(warehouse=WarehouseResource(path=str(path)))


def test_a_latest_month_above_its_band_is_a_warning_with_its_figures(tmp_path: Path) -> None:
    result = alarm_on(
        tmp_path / "warehouse.duckdb",
        "('2024-02-01', 1250, 15.04, 5, 15), ('2024-01-01', 100, 8, 5, 15)",
    )
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert result.description == (
        "15.0 % of 1,250 customers left in 2024-02; usual is 5.0 % to 15.0 %"
    )


@pytest.mark.parametrize(
    ("latest", "said"),
    [
        ("('2024-02-01', 100, 15, 5, 15)", "usual is 5.0 % to 15.0 %"),
        ("('2024-02-01', 100, 1, 5, 15)", "usual is 5.0 % to 15.0 %"),
        ("('2024-02-01', 100, 50, null, null)", "too few earlier months"),
        ("('2024-02-01', 0, null, null, null)", "began without customers"),
    ],
)
def test_a_latest_month_that_is_not_above_a_band_passes(
    tmp_path: Path, latest: str, said: str
) -> None:
    result = alarm_on(tmp_path / "warehouse.duckdb", f"('2024-01-01', 9, 99, 1, 2), {latest}")
    assert result.passed
    assert said in str(result.description)


def test_a_shop_without_a_complete_month_passes(tmp_path: Path) -> None:
    assert alarm_on(tmp_path / "warehouse.duckdb", "").passed
