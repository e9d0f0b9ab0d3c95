"""The sample's figures computed a second time, from the published file and without any model."""

import math
from datetime import date, timedelta
from fractions import Fraction

import pandas as pd
import pytest

from pipeline.settings import PROJECT_ROOT
from pipeline.sources.online_retail import load_sample
from tests.dbt_project import DbtProject

pytestmark = pytest.mark.sample

LAST_DAY = date(2011, 12, 9)
LINES = PROJECT_ROOT / "data" / "online_retail_ii.parquet"
NO_GOODS = [
    *("POST", "DOT", "C2", "C3", "M", "BANK CHARGES", "AMAZONFEE", "CRUK", "B", "S"),
    *("ADJUST", "ADJUST2", "TEST001", "TEST002"),
]
WITHOUT_SHEET = [
    *("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price"),
    *("Customer ID", "Country"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> DbtProject:
    made = DbtProject(tmp_path_factory.mktemp("sample"))
    made.warehouse.prepare()
    load_sample(made.warehouse, "lines", LINES)
    for table in ("simulated_customers", "simulated_consents", "simulated_email_events"):
        load_sample(made.warehouse, table, PROJECT_ROOT / "data" / f"{table}.parquet")
    made.build("--exclude", "exports", as_of_date=str(LAST_DAY))
    return made


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    """Every line once: of equal ones as many as the sheet has that has the most of them."""
    raw = pd.read_parquet(LINES)
    counted = raw.groupby(["sheet", *WITHOUT_SHEET], dropna=False).size().reset_index(name="times")
    most = counted.groupby(WITHOUT_SHEET, dropna=False)["times"].max().reset_index()
    once = most.loc[most.index.repeat(most["times"])].drop(columns="times")
    return once.assign(
        is_cancellation=once["Invoice"].str.startswith("C"),
        is_goods=~once["StockCode"].str.upper().isin(NO_GOODS),
        # Prices have three decimals; in whole tenths of a penny sums are exact.
        tenths=(once["Quantity"] * (once["Price"] * 1000).round()).astype("int64"),
        day=once["InvoiceDate"].dt.date,
        source_ids="online_retail:" + once["Customer ID"].astype("Int64").astype("string"),
    )


def activity(project: DbtProject) -> pd.DataFrame:
    with project.warehouse.connect() as connection:
        return connection.execute(
            "select * from marts.customer_activity join marts.customers using (customer_id)"
        ).df()


def test_the_published_reference_comes_out_of_the_accounting(
    project: DbtProject, lines: pd.DataFrame
) -> None:
    assert len(lines) == 1_044_848
    sales = lines[
        lines["Customer ID"].notna()
        & ~lines["is_cancellation"]
        & (lines["Quantity"] > 0)
        & (lines["Price"] > 0)
    ]
    assert (len(sales), sales["Invoice"].nunique(), sales["Customer ID"].nunique()) == (
        791_045,
        36_969,
        5_878,
    )
    assert round(sales["tenths"].sum() / 1000, 2) == 17_431_551.18

    [(count, amount)] = project.rows(
        "select sum(record_count), sum(amount) from marts.record_accounting where is_identified "
        "and is_positive and not is_cancellation and reason not like 'stands in%'"
    )
    assert (int(count), float(amount)) == (791_045, 17_431_551.18)


def test_everybodys_revenue_is_goods_sold_less_goods_that_went_back(
    project: DbtProject, lines: pd.DataFrame
) -> None:
    counted = lines[
        lines["is_goods"]
        & lines["Customer ID"].notna()
        & (lines["Price"] > 0)
        & ((lines["Quantity"] > 0) ^ lines["is_cancellation"])
    ]
    by_hand = counted.groupby("source_ids")["tenths"].sum() / 1000
    found = activity(project).set_index("source_ids")["revenue"].astype(float)
    difference = (found - by_hand.reindex(found.index).fillna(0)).abs()
    assert len(found) == 5_942
    assert difference.max() <= 0.0051


def test_purchases_are_days_with_goods_where_nothing_ever_went_back(
    project: DbtProject, lines: pd.DataFrame
) -> None:
    went_back = set(lines.loc[lines["is_cancellation"], "source_ids"].dropna())
    bought = lines[lines["is_goods"] & (lines["Quantity"] > 0) & (lines["Price"] > 0)]
    bought = bought[bought["Customer ID"].notna() & ~bought["source_ids"].isin(went_back)]
    by_hand = bought.groupby("source_ids")["day"].agg(["nunique", "min", "max"])
    found = activity(project).set_index("source_ids").loc[by_hand.index]

    assert len(by_hand) > 3_000
    assert (found["purchase_count"] == by_hand["nunique"]).all()
    assert (found["first_purchase_date"].dt.date == by_hand["min"]).all()
    assert (found["last_purchase_date"].dt.date == by_hand["max"]).all()


def test_the_state_of_buyers_follows_from_their_dates_and_cycle(project: DbtProject) -> None:
    buyers = project.rows(
        "select purchase_count, first_purchase_date, last_purchase_date, cycle_days, lifecycle, "
        "dormant_on from marts.customer_activity join marts.customer_churn using (customer_id)"
    )
    assert len(buyers) > 5_000
    for count, first, last, cycle, lifecycle, dormant_on in buyers:
        usual_gap = Fraction(2 * cycle + (last - first).days, 2 + count - 1)
        limit = min(max(3 * usual_gap, Fraction(45)), Fraction(1095))
        waited = (LAST_DAY - last).days
        states = [
            name
            for name, share in (
                ("due", Fraction(1, 3)),
                ("slipping", Fraction(2, 3)),
                ("dormant", Fraction(1)),
                ("long_dormant", Fraction(2)),
                ("lost", Fraction(3)),
            )
            if waited >= share * limit
        ]
        assert lifecycle == (states[-1] if states else "new" if count == 1 else "active")
        assert dormant_on == last + timedelta(days=math.ceil(limit))


def test_scores_are_the_share_of_buyers_strictly_worse(project: DbtProject) -> None:
    with project.warehouse.connect() as connection:
        rfm = connection.execute("select * from marts.customer_rfm").df()
    for score, worse in (
        ("r_score", -rfm["recency_days"]),
        ("f_score", rfm["frequency"]),
        ("m_score", rfm["monetary"].astype(float)),
    ):
        strictly_worse = worse.rank(method="min").astype(int) - 1
        assert (rfm[score] == 1 + 5 * strictly_worse // len(rfm)).all()
