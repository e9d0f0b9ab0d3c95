"""Activity and RFM of every person from the Parquet files of the inbox, by polars."""

import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

WINDOW = 90


def _scan(inbox: Path, entity: str) -> pl.LazyFrame:
    account = pl.lit(None, dtype=pl.String)
    table = pl.scan_parquet(inbox / entity / "*.parquet")
    if entity in ("orders", "customers"):
        account = "account:files:" + pl.col("customer_id")
    email = "email:" + pl.col("email").str.strip_chars().str.to_lowercase()
    return table.with_columns(account_key=account, email_key=email).with_columns(
        key=pl.coalesce("account_key", "email_key")
    )


def _people(inbox: Path) -> pl.DataFrame:
    """Return the smallest key of the person by key."""
    links = pl.concat(
        _scan(inbox, entity).select("account_key", "email_key").unique()
        for entity in ("orders", "customers", "consents", "email_events")
    )
    links = links.unique().collect(engine="streaming")
    keys = pl.concat([links["account_key"], links["email_key"]]).drop_nulls().unique().sort()
    both = links.drop_nulls()
    edges = tuple(
        keys.search_sorted(both[name]).to_numpy() for name in ("account_key", "email_key")
    )
    graph = coo_array((np.ones(len(both)), edges), shape=(len(keys), len(keys)))
    group = connected_components(graph, directed=False)[1]
    return pl.DataFrame({"key": keys, "group": group}).with_columns(
        person=pl.col("key").min().over("group")
    )


def _score(values: pl.Expr) -> pl.Expr:
    return 1 + 5 * (values.rank("min").cast(pl.Int64) - 1) // pl.len()


def tables(inbox: Path, day: date) -> pl.DataFrame:
    """Return one row per person."""
    people = _people(inbox).lazy().select("key", "person")
    is_refunded = (pl.col("refunded") > 0).fill_null(False) | (pl.col("status") == "refunded")
    orders = (
        _scan(inbox, "orders")
        .sort("updated_at", maintain_order=True)
        .unique("order_id", keep="last")
        .filter(~pl.col("is_test"), pl.col("total") > 0)
        .join(people, on="key")
        .with_columns(
            day=pl.col("ordered_at").dt.date(),
            back=pl.when(is_refunded & (pl.col("refunded") > 0).fill_null(False))
            .then(pl.min_horizontal("refunded", "total"))
            .when(is_refunded)
            .then("total")
            .otherwise(0),
        )
        .with_columns(
            cancelled=pl.when(pl.col("cancelled_at").is_not_null())
            .then(pl.col("total") - pl.col("back"))
            .otherwise(0)
        )
        .select("person", "day", "total", "back", "cancelled")
        .collect()
        .lazy()
    )
    money = orders.group_by("person").agg(
        revenue=(pl.col("total") - pl.col("back") - pl.col("cancelled")).sum(),
        order_count=(pl.col("total") > pl.col("back") + pl.col("cancelled")).sum(),
    )
    days = orders.select("person", "day").unique().sort("person", "day")
    gap = pl.col("day").diff().dt.total_days()
    bought = (
        days.group_by("person")
        .agg(
            first_purchase_date=pl.col("day").min(),
            last_purchase_date=pl.col("day").max(),
            purchase_count=pl.len(),
            gap_mean_days=gap.mean(),
            gap_median_days=gap.median(),
        )
        .join(money, on="person")
        .with_columns(
            r_score=_score(pl.col("last_purchase_date")),
            f_score=_score(pl.col("purchase_count")),
            m_score=_score(pl.col("revenue")),
        )
    )
    is_person = pl.col("user_agent").fill_null("").str.to_lowercase() != "mozilla/5.0"
    mails = (
        _scan(inbox, "email_events")
        .filter(pl.col("occurred_at").dt.date() > day - timedelta(days=WINDOW))
        .group_by("key", "message_id")
        .agg(
            emails_sent_90d=pl.col("event").is_in(["sent", "delivered"]).any(),
            human_opens_90d=((pl.col("event") == "opened") & is_person).any(),
            human_clicks_90d=((pl.col("event") == "clicked") & is_person).any(),
        )
        .join(people, on="key")
        .group_by("person", "message_id")
        .agg(pl.col("^.*_90d$").any())
        .group_by("person")
        .agg(pl.col("^.*_90d$").sum())
    )
    return (
        people.select("person")
        .unique()
        .join(bought, on="person", how="left")
        .join(mails, on="person", how="left")
        .with_columns(pl.col("^(.*_90d|.*_count|revenue)$").fill_null(0))
        .collect(engine="streaming")
    )


if __name__ == "__main__":
    tables(Path(sys.argv[1]), date.fromisoformat(sys.argv[2])).write_parquet(sys.argv[3])
