"""Checks on the churn model: whether it may be shown, and how far its totals were off."""

import dagster as dg

from pipeline.resources import WarehouseResource

VALIDATION = dg.AssetKey(["marts", "churn_model_validation"])
STATUS = "select max(prediction_status) from marts.churn_model_validation"
TOTALS = """
    select cutoff_date, total_ratio, is_total_far_off from marts.churn_model_validation
    where total_ratio is not null order by cutoff_date desc
"""


@dg.asset_check(asset=VALIDATION, blocking=False)
def predictions_beat_simple_rules(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Warn when the model was refused, with the reason. Lifecycle, RFM and lists go on without it.

    It looks at the table as it stands, so it says the same of a run that had nothing to build.
    """
    with warehouse.client().connect() as connection:
        ((status,),) = connection.execute(STATUS).fetchall()
    return _result(status.startswith("fitted"), status)


@dg.asset_check(asset=VALIDATION, blocking=False)
def predicted_totals_came_near(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Warn when in a past window the purchases were far fewer or more than the model expected."""
    with warehouse.client().connect() as connection:
        found = connection.execute(TOTALS).fetchall()
    said = [f"90 days from {day}: {ratio:.2f} of what came" for day, ratio, _ in found]
    far_off = any(is_far_off for _, _, is_far_off in found)
    return _result(not far_off, "; ".join(said) or "no past window could be looked at")


def _result(passed: bool, description: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=passed, severity=dg.AssetCheckSeverity.WARN, description=description
    )
