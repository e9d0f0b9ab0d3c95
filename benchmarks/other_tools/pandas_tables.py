"""Activity and RFM of every person from the Parquet files of the inbox, by pandas."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

WINDOW = 90


def _read(inbox: Path, entity: str, columns: list[str]) -> pd.DataFrame:
    files = sorted((inbox / entity).glob("*.parquet"))
    return pd.concat([pd.read_parquet(file, columns=columns) for file in files], ignore_index=True)


def _keyed(table: pd.DataFrame) -> pd.DataFrame:
    spelled = table["email"].unique()
    read = pd.Series(spelled).str.strip().str.lower().to_numpy()
    email = table["email"].map(pd.Series("email:" + read, index=spelled))
    account = (
        "account:files:" + table["customer_id"]
        if "customer_id" in table
        else pd.Series(pd.NA, index=table.index, dtype="string")
    )
    return table.assign(email_key=email, account_key=account, key=account.fillna(email))


def _people(tables: list[pd.DataFrame]) -> pd.Series:
    """Return the smallest key of the person by key."""
    links = pd.concat([t[["account_key", "email_key"]].drop_duplicates() for t in tables])
    links = links.drop_duplicates()
    keys = np.sort(pd.concat([links["account_key"], links["email_key"]]).dropna().unique())
    place = pd.Series(np.arange(len(keys)), index=keys)
    both = links.dropna()
    edges = (place[both["account_key"]].to_numpy(), place[both["email_key"]].to_numpy())
    graph = coo_array((np.ones(len(both)), edges), shape=(len(keys), len(keys)))
    group = pd.Series(connected_components(graph, directed=False)[1])
    first = group.drop_duplicates()
    return pd.Series(keys[group.map(pd.Series(first.index, index=first.to_numpy()))], index=keys)


def _settled(orders: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the orders as they stand, and what came back by day."""
    orders = orders.sort_values("updated_at", kind="stable").drop_duplicates(
        "order_id", keep="last"
    )
    orders = orders[~orders["is_test"]].copy()
    orders["day"] = orders["ordered_at"].dt.normalize()
    is_refunded = (orders["refunded"] > 0) | (orders["status"] == "refunded")
    back = orders["refunded"].where(orders["refunded"] > 0, orders["total"])
    orders["back"] = back.clip(upper=orders["total"]).where(is_refunded, 0.0)
    is_cancelled = orders["cancelled_at"].notna()
    orders["cancelled"] = (orders["total"] - orders["back"]).where(is_cancelled, 0.0)
    returned = orders[is_refunded].assign(day=lambda t: t["refunded_at"].dt.normalize())
    undone = orders[is_cancelled].assign(day=lambda t: t["cancelled_at"].dt.normalize())
    refunds = pd.concat(
        [
            returned[["person", "day"]].assign(amount=-returned["back"]),
            undone[["person", "day"]].assign(amount=-undone["cancelled"]),
        ]
    )
    return orders, refunds


def _score(values: pd.Series) -> pd.Series:
    return 1 + 5 * (values.rank(method="min").astype(int) - 1) // len(values)


def tables(inbox: Path, day: pd.Timestamp) -> pd.DataFrame:
    """Return one row per person."""
    columns = ["order_id", "ordered_at", "customer_id", "email", "status", "total", "refunded"]
    columns += ["refunded_at", "cancelled_at", "updated_at", "is_test"]
    orders = _keyed(_read(inbox, "orders", columns))
    orders[["total", "refunded"]] = orders[["total", "refunded"]].astype(float)
    events = _keyed(
        _read(inbox, "email_events", ["email", "event", "occurred_at", "message_id", "user_agent"])
    )
    others = [_keyed(_read(inbox, "customers", ["customer_id", "email"]))]
    others.append(_keyed(_read(inbox, "consents", ["email"])))
    people = _people([orders, events, *others])
    orders, refunds = _settled(orders.assign(person=orders["key"].map(people)))

    bought = orders[orders["total"] > 0]
    days = bought.groupby(["person", "day"], as_index=False)["total"].sum()
    days["gap"] = days.groupby("person")["day"].diff().dt.days
    money = pd.concat([bought[["person", "total"]].rename(columns={"total": "amount"}), refunds])
    stands = bought["total"] > bought["back"] + bought["cancelled"]
    result = days.groupby("person").agg(
        first_purchase_date=("day", "min"),
        last_purchase_date=("day", "max"),
        purchase_count=("day", "size"),
        gap_mean_days=("gap", "mean"),
        gap_median_days=("gap", "median"),
    )
    result["revenue"] = money.groupby("person")["amount"].sum()
    result["order_count"] = bought[stands].groupby("person").size()
    recency = (day - result["last_purchase_date"]).dt.days
    result["r_score"], result["f_score"] = _score(-recency), _score(result["purchase_count"])
    result["m_score"] = _score(result["revenue"].round(2))

    since = day - pd.Timedelta(days=WINDOW - 1)
    recent = events[events["occurred_at"] >= since]
    person = recent["key"].map(people)
    is_person = ~recent["user_agent"].fillna("").str.lower().eq("mozilla/5.0")
    for name, which in {
        "emails_sent_90d": recent["event"].isin(["sent", "delivered"]),
        "human_opens_90d": (recent["event"] == "opened") & is_person,
        "human_clicks_90d": (recent["event"] == "clicked") & is_person,
    }.items():
        mails = pd.DataFrame({"person": person[which], "mail": recent["message_id"][which]})
        counts = mails.drop_duplicates().groupby("person").size()
        result = result.join(counts.rename(name), how="outer")
    result = result.reindex(pd.Index(people.unique(), name="person"))
    counted = ["purchase_count", "order_count", "revenue"]
    counted += ["emails_sent_90d", "human_opens_90d", "human_clicks_90d"]
    return result.fillna(dict.fromkeys(counted, 0)).reset_index()


if __name__ == "__main__":
    tables(Path(sys.argv[1]), pd.Timestamp(sys.argv[2])).to_parquet(sys.argv[3])
