"""Retention, cohorts and journey of the sample, held against calculations that go through no SQL.

They start from the purchases and from the dates that follow each of them, which test_sample.py
holds against the published lines.
"""

import math
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.integration.shop import Shop

pytestmark = pytest.mark.sample

AS_OF = pd.Timestamp("2011-12-09")
MONTHS = pd.date_range("2009-12-01", "2011-11-01", freq="MS")
ONE_DAY = pd.Timedelta(days=1)
STATES = ("due_on", "slipping_on", "dormant_on", "long_dormant_on", "lost_on")


@pytest.fixture(scope="module")
def warehouse(sample: Shop) -> Path:
    return sample.var / "warehouse.duckdb"


def table(warehouse: Path, query: str) -> pd.DataFrame:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).df()


@pytest.fixture(scope="module")
def purchases(warehouse: Path) -> pd.DataFrame:
    found = table(warehouse, "from intermediate.int_purchases_with_rhythm")
    found["revenue"] = found["revenue"].astype(float)
    return found.sort_values(["customer_id", "purchase_date"], ignore_index=True)


@pytest.fixture(scope="module")
def money(warehouse: Path) -> pd.DataFrame:
    return table(
        warehouse,
        """
        select customer_id, ordered_date as day, cast(total as double) as amount
        from intermediate.int_orders_settled where customer_id is not null and total > 0
        union all
        select customer_id, refunded_date, -cast(amount as double)
        from intermediate.int_refunds_by_customer
        """,
    )


@pytest.fixture(scope="module")
def firsts(purchases: pd.DataFrame) -> pd.Series:
    return purchases.groupby("customer_id")["purchase_date"].min()


def states_at(purchases: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    """The state of each buyer at the end of ``day``: how many of its dates his last has passed."""
    last = purchases[purchases["purchase_date"] <= day].groupby("customer_id").tail(1)
    return last.set_index("customer_id")[list(STATES)].le(day).sum(axis=1)


def vips_at(purchases: pd.DataFrame, money: pd.DataFrame, day: pd.Timestamp) -> set[str]:
    counts = purchases[purchases["purchase_date"] <= day].groupby("customer_id").size()
    lately = money[(money["day"] <= day) & (money["day"] > day - pd.Timedelta(days=730))]
    spent = lately.groupby("customer_id")["amount"].sum().round(4)
    spent = spent[spent > 0]
    richer = spent.rank(method="min", ascending=False) - 1
    return set(counts.index[counts >= 10]) | set(spent.index[richer < 0.1 * len(spent)])


def test_retention_by_month_equals_a_calculation_with_pandas(
    warehouse: Path, purchases: pd.DataFrame, money: pd.DataFrame, firsts: pd.Series
) -> None:
    found = table(warehouse, "from marts.retention_monthly order by month").set_index("month")
    assert list(found.index) == list(MONTHS)
    assert found["benchmark_churn_rate"].isna().all()
    for month, row in found.iterrows():
        end = month + pd.offsets.MonthEnd(0)
        before, after = states_at(purchases, month - ONE_DAY), states_at(purchases, end)
        started, ended = set(before.index[before <= 2]), set(after.index[after <= 2])
        kept = len(started & ended)
        assert row["customers_at_start"] == len(started)
        assert row["customers_at_end"] == len(ended)
        assert row["new_or_returned"] == len(ended - started)
        assert row["kept"] == kept
        if started:
            assert row["churn_rate"] == pytest.approx(100 - 100 * kept / len(started))
            assert row["retention_rate"] + row["churn_rate"] == pytest.approx(100)
        else:
            assert math.isnan(row["churn_rate"])

        became = purchases[purchases["dormant_on"].between(month, end)]
        stayed_away = ~(became["next_purchase_date"] <= became["dormant_on"])
        assert row["newly_dormant_count"] == stayed_away.sum()

        first_day = states_at(purchases, month)
        dormant = set(first_day.index[first_day.isin([3, 4])])
        window = purchases["purchase_date"].between(month + ONE_DAY, month + 30 * ONE_DAY)
        back = dormant & set(purchases.loc[window, "customer_id"])
        assert (row["dormant_at_start_count"], row["reactivated_count"]) == (
            len(dormant),
            len(back),
        )

        bought = purchases[purchases["purchase_date"].between(month, end)]
        buyers = bought["customer_id"].unique()
        returning = (firsts[buyers] < month).mean()
        assert row["returning_customer_share"] == pytest.approx(returning)
        sales = bought["revenue"].sum()
        vips = bought["customer_id"].isin(vips_at(purchases, money, month - ONE_DAY))
        assert row["vip_sales_share"] == pytest.approx(bought.loc[vips, "revenue"].sum() / sales)
        assert float(row["sales"]) == pytest.approx(sales, abs=0.01)


def test_the_band_of_churn_equals_a_calculation_with_numpy(warehouse: Path) -> None:
    found = table(warehouse, "from marts.retention_monthly order by month")
    # 180 days after 2009-12-01 is 2010-05-30.
    usable = found[found["month"] >= "2010-05-30"].reset_index(drop=True)
    assert found.loc[~found["month"].isin(usable["month"][12:]), "churn_rate_high"].isna().all()
    for number in range(12, len(usable)):
        earlier, month = usable[:number], usable.loc[number]
        n = earlier["customers_at_start"].to_numpy(float)
        gone = n - earlier["kept"].to_numpy(float)
        mean = gone.sum() / n.sum()
        z = (gone / n - mean) / np.sqrt(mean * (1 - mean) / n)
        sigma = max(np.abs(np.diff(z)).mean() / 1.128, 1)
        width = 3 * sigma * math.sqrt(mean * (1 - mean) / month["customers_at_start"])
        low, high = 100 * max(mean - width, 0), 100 * min(mean + width, 1)
        assert month["churn_rate_low"] == pytest.approx(low)
        assert month["churn_rate_high"] == pytest.approx(high)
        assert month["is_churn_unusual"] == (not low <= month["churn_rate"] <= high)


def test_cohorts_equal_a_calculation_with_pandas(
    warehouse: Path, purchases: pd.DataFrame, money: pd.DataFrame, firsts: pd.Series
) -> None:
    found = table(warehouse, "from marts.cohorts").set_index(["cohort", "month"])
    over = firsts[firsts < "2011-12-01"]
    cohort = over.dt.strftime("%Y-%m").where(over >= "2010-01-30", "before_records")
    size = cohort.value_counts()
    bought = purchases.assign(
        cohort=purchases["customer_id"].map(cohort),
        month=purchases["purchase_date"].dt.to_period("M").dt.to_timestamp(),
    ).groupby(["cohort", "month"])["customer_id"]
    paid = money.assign(
        cohort=money["customer_id"].map(cohort),
        month=money["day"].dt.to_period("M").dt.to_timestamp(),
    )
    paid = paid.groupby(["cohort", "month"])["amount"].sum()
    begins = {name: "2009-12" if name == "before_records" else name for name in size.index}
    expected = [
        (name, month)
        for name in size.index
        for month in MONTHS
        if month >= pd.Timestamp(begins[name])
    ]
    assert found.index.is_unique
    assert set(found.index) == set(expected)
    assert set(found["customer_count"].groupby("cohort").first().items()) == set(size.items())
    assert (
        found["buyer_count"].to_dict()
        == bought.nunique().reindex(found.index, fill_value=0).to_dict()
    )
    assert (
        found["purchase_count"].to_dict()
        == bought.count().reindex(found.index, fill_value=0).to_dict()
    )
    revenue = paid.reindex(found.index, fill_value=0)
    assert np.allclose(found["revenue"].astype(float), revenue, atol=0.0051)
    cumulative = found.sort_index()["revenue"].astype(float).groupby("cohort").cumsum()
    assert np.allclose(found.sort_index()["cumulative_revenue"].astype(float), cumulative)


def kaplan_meier(days: np.ndarray, is_event: np.ndarray) -> pd.DataFrame:
    """The share left after each day, and Greenwood's sum, one day after the other."""
    left, greenwood, rows = 1.0, 0.0, []
    for day in sorted(set(days)):
        at_risk = int((days >= day).sum())
        events = int(((days == day) & is_event).sum())
        left *= 1 - events / at_risk
        greenwood += events / at_risk / (at_risk - events) if events < at_risk else math.nan
        rows.append((day, left, greenwood))
    return pd.DataFrame(rows, columns=["day", "left", "greenwood"]).set_index("day")


def test_kaplan_meier_gives_the_published_standard_errors() -> None:
    # Remission under 6-mercaptopurine, Freireich and others (1963), Blood 21, 699 to 716.
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    seen = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    curve = kaplan_meier(np.array(weeks), np.array(seen, bool)).loc[[6, 7, 10, 13, 16, 22, 23]]
    assert curve["left"].round(3).tolist() == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    errors = (curve["left"] * np.sqrt(curve["greenwood"])).round(4)
    assert errors.tolist() == [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]


def test_the_journey_equals_a_calculation_with_numpy(
    warehouse: Path, purchases: pd.DataFrame, firsts: pd.Series
) -> None:
    found = table(warehouse, "from marts.purchase_journey").set_index("purchase_number")
    assert list(found.index.sort_values()) == list(range(1, 21))
    known = purchases[purchases["customer_id"].map(firsts) >= "2010-01-30"]
    expected_faded = {}
    for number, row in found.iterrows():
        reached = known[known["purchase_number"] == number]
        is_event = reached["next_purchase_date"].notna().to_numpy()
        until = reached["next_purchase_date"].fillna(AS_OF)
        days = (until - reached["purchase_date"]).dt.days.to_numpy()
        curve = kaplan_meier(days, is_event)
        assert row["customer_count"] == len(reached)
        everybody = (purchases["purchase_number"] == number).sum()
        assert row["before_records_count"] == everybody - len(reached)
        assert row["at_risk_count_365d"] == (days >= 365).sum()
        for share, column in ((0.75, "p25"), (0.5, "median"), (0.25, "p75")):
            passed = curve.index[curve["left"] <= share + 1e-9]
            quantile = row[f"next_purchase_{column}_days"]
            assert quantile == passed[0] if len(passed) else math.isnan(quantile)
        left, greenwood = curve.loc[:365].iloc[-1]
        if not (days >= 365).any() and not is_event.all():
            assert math.isnan(row["went_on_share_365d"])
            continue
        assert row["went_on_share_365d"] == pytest.approx(1 - left)
        if 0 < left < 1:
            error = math.sqrt(greenwood) / math.log(left)
            low, high = (1 - left ** math.exp(sign * 1.959964 * error) for sign in (1, -1))
            assert row["went_on_share_365d_low"] == pytest.approx(low)
            assert row["went_on_share_365d_high"] == pytest.approx(high)
            assert low < 1 - left < high
        if (days >= 365).sum() >= 30:
            expected_faded[number] = round(len(reached) * left)
    most = max(expected_faded, key=lambda number: (expected_faded[number], -number))
    assert found.index[found["is_where_most_fade"]].tolist() == [most]


def test_the_relationship_equals_a_calculation_with_numpy(
    warehouse: Path, purchases: pd.DataFrame, firsts: pd.Series
) -> None:
    found = table(warehouse, "from marts.shop_relationship").iloc[0]
    lost_on = purchases.groupby("customer_id")["lost_on"].last()[firsts >= "2010-01-30"]
    days = (lost_on.clip(upper=AS_OF) - firsts[lost_on.index]).dt.days.to_numpy()
    curve = kaplan_meier(days, (lost_on <= AS_OF).to_numpy())
    left = curve["left"].reindex(range(days.max())).ffill().fillna(1)
    assert found["lost_count"] == (lost_on <= AS_OF).sum()
    assert found["mean_relationship_days"] == pytest.approx(left.sum())
    values = table(
        warehouse,
        """
        select simple_lifetime_value, average_order_value, orders_per_year
        from marts.customer_churn join marts.customer_activity using (customer_id)
        """,
    ).astype(float)
    expected = values["average_order_value"] * values["orders_per_year"] * left.sum() / 365
    assert np.allclose(values["simple_lifetime_value"], expected, atol=0.0051, equal_nan=True)


def test_differences_in_the_journey_equal_a_calculation_with_pandas(
    warehouse: Path, purchases: pd.DataFrame, firsts: pd.Series
) -> None:
    found = table(warehouse, "from marts.journey_differences").set_index("value")
    country = table(warehouse, "select customer_id, country from marts.customers")
    first = purchases[purchases["purchase_number"] == 1].merge(country, on="customer_id")
    first = first[first["purchase_date"].between("2010-01-30", AS_OF - 365 * ONE_DAY)]
    gap = (first["next_purchase_date"] - first["purchase_date"]).dt.days
    is_faded = ~(gap <= 365)
    assert set(found["purchase_number"]) == {1}
    assert set(found["faded_count"]) == {is_faded.sum()}
    assert set(found["stayed_count"]) == {(~is_faded).sum()}
    in_france = first["country"] == "France"
    row = found.loc["France"]
    assert (row["faded_with_count"], row["stayed_with_count"]) == (
        (in_france & is_faded).sum(),
        (in_france & ~is_faded).sum(),
    )
    assert row["difference"] == pytest.approx(
        in_france[is_faded].mean() - in_france[~is_faded].mean()
    )
    assert found["difference"].between(found["difference_low"], found["difference_high"]).all()
