"""RFM of 995 customers beside the scores that the R package rfm publishes for them."""

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pipeline.loading.inbox import load_entity
from pipeline.loading.load import Rules
from pipeline.sources.contract import ENTITY_BY_NAME
from tests.dbt_project import DbtProject

PUBLISHED = Path(__file__).parents[1] / "data" / "rfm_published"
DAY = date(2006, 12, 31)
SHARES = [0.2, 0.4, 0.6, 0.8]


@pytest.fixture(scope="module")
def customers(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Return a row per customer: ours and, with `their_` before them, the published values."""
    project = DbtProject(tmp_path_factory.mktemp("published_rfm"))
    inbox = project.folder / "inbox"
    (inbox / "orders").mkdir(parents=True)
    duckdb.execute(
        f"""copy (
            select file_row_number as order_id, order_date || ' 12:00' as ordered_at, email,
                revenue as total
            from read_parquet('{PUBLISHED}/orders.parquet', file_row_number = true)
        ) to '{inbox}/orders/orders.csv'"""
    )
    project.warehouse.prepare()
    load_entity(
        project.warehouse,
        ENTITY_BY_NAME["orders"],
        inbox,
        Rules("America/New_York", {"USD": date.min}, max_share=0.0),
    )
    project.build(
        *("--select", "+customer_rfm", "+int_orders_summed_by_customer"),
        as_of_date=str(DAY),
        sources=["files"],
        timezone="America/New_York",
        currency="USD",
    )
    with project.warehouse.connect() as connection:
        return connection.execute(
            f"""with published as (
                select *, file_row_number as place
                from read_parquet('{PUBLISHED}/published_scores.parquet', file_row_number = true)
            ),
            ordering as (
                select email, arg_min(last_name, file_row_number) as last_name,
                    row_number() over (order by min(file_row_number)) - 1 as place
                from read_parquet('{PUBLISHED}/orders.parquet', file_row_number = true)
                group by email
            )
            select ours.*, order_count, last_name, published.customer_id as their_name,
                orders as their_frequency, published.recency_days as their_recency_days,
                amount as their_monetary, recency_score as their_r_score,
                frequency_score as their_f_score, monetary_score as their_m_score
            from marts.customer_rfm as ours
            inner join intermediate.int_customer_keys as keys using (customer_id)
            inner join intermediate.int_orders_summed_by_customer using (customer_id)
            inner join ordering on keys.person_key = 'email:' || ordering.email
            inner join published using (place) order by place"""
        ).df()


def by_their_rule(values: pd.Series) -> pd.Series:
    """Return the class of each value: a value is in the next one from 1 above the quantile on."""
    cuts = values.quantile(SHARES) + 1
    return 1 + sum((values >= cut).astype(int) for cut in cuts)


def is_at_a_cut(values: pd.Series) -> pd.Series:
    """Return where a value is at a quantile or less than 1 above it."""
    cuts = values.quantile(SHARES)
    return sum(((values >= cut) & (values < cut + 1)).astype(int) for cut in cuts) > 0


def test_recency_and_money_are_as_published_and_orders_of_one_day_are_one_purchase(
    customers: pd.DataFrame,
) -> None:
    assert len(customers) == 995
    assert all(customers.apply(lambda one: one["last_name"] in one["their_name"], axis=1))
    assert (customers["recency_days"] == customers["their_recency_days"]).all()
    assert (customers["monetary"] == customers["their_monetary"]).all()
    assert (customers["order_count"] == customers["their_frequency"]).all()
    fewer = customers["their_frequency"] - customers["frequency"]
    assert fewer.value_counts().to_dict() == {0: 984, 1: 11}


def test_their_rule_on_our_values_gives_their_scores(customers: pd.DataFrame) -> None:
    recency = 6 - by_their_rule(customers["recency_days"])
    assert (recency == customers["their_r_score"]).sum() == 995
    assert (by_their_rule(customers["monetary"]) == customers["their_m_score"]).sum() == 995
    assert (by_their_rule(customers["order_count"]) == customers["their_f_score"]).sum() == 995
    # Purchases instead of orders: those who bought twice on a day may be a class lower.
    is_other = by_their_rule(customers["frequency"]) != customers["their_f_score"]
    assert is_other.sum() == 5
    assert (customers["order_count"] > customers["frequency"])[is_other].all()


def test_our_scores_differ_at_cut_points_alone(customers: pd.DataFrame) -> None:
    ours, theirs = (
        customers[[f"{prefix}{letter}_score" for letter in "rfm"]].set_axis([*"rfm"], axis=1)
        for prefix in ("", "their_")
    )
    is_other = ours != theirs
    assert (~is_other).sum().to_dict() == {"r": 983, "f": 990, "m": 993}
    assert (~is_other).all(axis=1).sum() == 976
    assert (ours - theirs).abs().max().max() == 1

    assert is_at_a_cut(customers["recency_days"])[is_other["r"]].all()
    assert is_at_a_cut(customers["monetary"])[is_other["m"]].all()
    has_two_orders_on_a_day = customers["order_count"] > customers["frequency"]
    assert has_two_orders_on_a_day[is_other["f"]].all()


def test_counting_orders_our_rule_gives_their_frequency_scores(customers: pd.DataFrame) -> None:
    fewer = customers["order_count"].rank(method="min").astype(int) - 1
    assert (1 + 5 * fewer // len(customers) == customers["their_f_score"]).all()
