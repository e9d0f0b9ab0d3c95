"""One row per cutoff: the churn model's parameters and what scoring in SQL looks up."""

from typing import Any

import pyarrow as pa

from pipeline.churn_model.fits import Needs, fit_all
from pipeline.churn_model.tables import Columns

GROUP = ("cutoff_date", "repeat_count", "days_to_last", "age_days")
MONTH = ("month_start", "repeat_count", "days_to_last", "age_days")
VALUE = ("cutoff_date", "repeat_count", "repeat_value", "customer_id")


def model(dbt: Any, session: Any) -> pa.Table:
    """Fit on every cutoff; ``session`` is dbt's own connection."""
    kinds = dbt.ref("int_churn_model_cutoffs").project("cutoff_date, cutoff_kind").fetchall()
    groups = dbt.ref("int_churn_model_groups")
    months = dbt.ref("int_churn_model_months")
    # For spending a fixed sample is enough, as for days that are over.
    values = dbt.ref("int_churn_model_histories").filter(
        "cutoff_kind in ('as_of', 'year') and repeat_count > 0 and is_in_sample"
    )
    needs = Needs(
        customers=int(dbt.config.get("needs_customers")),
        repeat_customers=int(dbt.config.get("needs_repeat_customers")),
        season_weight=float(dbt.config.get("season_weight")),
        spend_correlation=float(dbt.config.get("spend_correlation")),
    )
    return fit_all(
        dict(kinds),
        _columns(groups, GROUP),
        _columns(months, MONTH),
        _columns(values, VALUE, "cutoff_date, repeat_count, repeat_value, customer_id"),
        needs,
    )


def _columns(relation: Any, order: tuple[str, ...], chosen: str = "*") -> Columns:
    table = relation.project(chosen).order(", ".join(order)).to_arrow_table()
    return {name: table.column(name).to_numpy(zero_copy_only=False) for name in table.column_names}
