"""The alarm on the shop's churn: whether the latest month stayed within its usual band."""

import dagster as dg

from pipeline.resources import WarehouseResource

RETENTION = dg.AssetKey(["marts", "retention_monthly"])
LATEST = """
    select month, customers_at_start, churn_rate, churn_rate_low, churn_rate_high
    from marts.retention_monthly order by month desc limit 1
"""


@dg.asset_check(asset=RETENTION, blocking=False)
def churn_is_not_above_its_usual_band(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Warn when the latest complete month lost more customers than months before it let expect.

    It stops nothing: lists are all the more needed then. It looks at the table as it stands, so it
    says the same of a run that had nothing to build.
    """
    with warehouse.client().connect() as connection:
        found = connection.execute(LATEST).fetchall()
    if not found:
        return _result(True, "no month is complete yet")
    month, customers, rate, low, high = found[0]
    if rate is None:
        return _result(True, f"{month:%Y-%m} began without customers")
    said = f"{_share(rate)} of {customers:,} customers left in {month:%Y-%m}"
    if high is None:
        return _result(True, f"{said}; there are too few earlier months for a usual band", rate)
    band = f"usual is {_share(low)} to {_share(high)}"
    return _result(rate <= high, f"{said}; {band}", rate)


def _share(rate: float) -> str:
    return f"{rate:.1f} %"


def _result(passed: bool, description: str, rate: float | None = None) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=description,
        metadata={} if rate is None else {"churn_rate": rate},
    )
