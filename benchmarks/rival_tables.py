"""Compares the tables of other tools with those of the product."""

from pathlib import Path

import duckdb

from benchmarks.product import Shop
from pipeline.sql import literal

EQUAL = (
    "purchase_count",
    "order_count",
    "emails_sent_90d",
    "human_opens_90d",
    "human_clicks_90d",
    "r_score",
    "f_score",
    "m_score",
)
DATES = ("first_purchase_date", "last_purchase_date")
NEAR = {"revenue": 0.0051, "gap_mean_days": 1e-6, "gap_median_days": 1e-6}
"""Numbers that others keep as floating-point numbers, and how far they may be away."""


def differences(shop: Shop, path: Path) -> dict[str, int]:
    """Return by column in how many rows the Parquet file at ``path`` and the product differ.

    The file names people by the smallest of their keys.
    """
    counts = {
        "rows": "customer_id is null or person is null",
        **{name: f"ours.{name} is distinct from theirs.{name}" for name in EQUAL},
        **{name: f"ours.{name} is distinct from cast(theirs.{name} as date)" for name in DATES},
        **{
            name: f"""(ours.{name} is null) <> (theirs.{name} is null)
                or abs(cast(ours.{name} as double) - theirs.{name}) > {near}"""
            for name, near in NEAR.items()
        },
    }
    columns = ", ".join(
        f"count(*) filter (where {wrong}) as {name}" for name, wrong in counts.items()
    )
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(str(shop.warehouse.path))} as product (read_only)")
        found = connection.execute(
            f"""with people as (
                select distinct customer_id, group_key as person
                from product.intermediate.int_customer_keys
            ),
            ours as (
                from product.marts.customer_activity inner join people using (customer_id)
                left join product.marts.customer_rfm using (customer_id)
            )
            select {columns}
            from ours full outer join read_parquet({literal(str(path))}) as theirs using (person)"""
        ).fetchone()
    return dict(zip(counts, found or (), strict=True))
