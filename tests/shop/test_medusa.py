"""From a real shop's API to the lists: Medusa takes orders, Winback reads its database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.integration.shop import ROOT, Shop
from tests.shop.history import YESTERDAY, History, goods
from tests.shop.medusa import INSTALLED, medusa
from tests.shop.trade import Trade
from tests.stand_ins import databases

pytestmark = pytest.mark.shop

FIGURES = """
    select customers.email, customer_activity.purchase_count, customer_activity.revenue
    from marts.customer_activity inner join marts.customers using (customer_id)
    order by customers.email
"""


@pytest.fixture(scope="module")
def history() -> Iterator[History]:
    programs = databases.postgresql_programs()
    if programs is None or not INSTALLED.exists():
        pytest.skip("needs PostgreSQL's programs and what .ci/shop installs; make test-shop")
    with medusa(programs) as shop:
        shop.turn_clock(datetime.now(UTC) - timedelta(days=500))
        yield History(Trade(shop))


@pytest.fixture(scope="module")
def shop(history: History, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    made = Shop(
        Path(tmp_path_factory.mktemp("medusa")),
        {
            "WINBACK_SOURCES": "sql",
            "WINBACK_SQL_URL": history.trade.shop.database.url(),
            "WINBACK_SQL_QUERIES": str(ROOT / "docs" / "sources" / "medusa"),
        },
    )
    made.daily(YESTERDAY)
    return made


def on_lists(shop: Shop) -> dict[str, set[str]]:
    """Return who is on which list in the outbox."""
    names = [path.stem.removeprefix("winback_") for path in (shop.var / "outbox").glob("*.csv")]
    return {name: members for name in names if (members := set(shop.listed(name)))}


def test_purchases_and_revenue_are_what_the_api_said(shop: Shop, history: History) -> None:
    found = {email: (count, revenue) for email, count, revenue in shop.rows(FIGURES)}
    told = history.told
    expected = {
        email: (count, told.revenue[email]) for email, count in sorted(told.purchases.items())
    }
    assert {email: found[email] for email in expected} == expected
    assert {email for email, (count, _) in found.items() if count} == {
        email for email, count in expected.items() if count[0]
    }


def test_every_order_was_taken_as_what_it_is_and_a_draft_is_none(
    shop: Shop, history: History
) -> None:
    asked = "/orders?limit=100&fields=id,status,payment_status"
    states = {"canceled": "cancelled", "authorized": "pending", "pending": "paid"}
    expected = {
        one["id"]: states.get(one["payment_status"]) or states[one["status"]]
        for one in history.trade.shop.admin("GET", asked)["orders"]
    }
    assert len(expected) == 18
    assert dict(shop.rows("select order_id, status from raw_sql.orders")) == expected
    assert shop.rows("select entity, reason from quarantine.rows") == []


def test_guests_and_accounts_are_told_apart_and_one_address_is_one_person(shop: Shop) -> None:
    rows = shop.rows("select email, has_account from marts.customers order by email")
    accounts = {email for email, has_account in rows if has_account}
    assert accounts == {f"{name}@example.com" for name in ("ann", "cem", "dee", "eve", "ida")}
    assert [email for email, _ in rows].count("dee@example.com") == 1
    assert ("bob@example.com", False) in rows


def test_lists_hold_who_is_quiet_and_said_yes(shop: Shop) -> None:
    lists = on_lists(shop)
    assert lists["dormant"] == {"ann@example.com"}
    assert lists["long_dormant"] == {"bob@example.com"}
    assert lists["passive_regulars"] == {"ann@example.com"}
    assert lists["new"] == {"jon@example.com"}
    listed = set().union(*lists.values())
    # Cem and others never said anything, Eve took back what she had said.
    assert listed <= {f"{name}@example.com" for name in ("ann", "bob", "dee", "ida", "jon")}


def test_carts_returns_and_coupons_are_known(shop: Shop) -> None:
    def value(column: str, name: str) -> object:
        ((found,),) = shop.rows(
            f"select {column} from marts.customer_activity inner join marts.customers "
            f"using (customer_id) where email = '{name}@example.com'"
        )
        return found

    assert value("carts_90d", "kim") == 1
    assert value("return_count", "gil") == 1
    assert value("coupon_order_count", "hal") == 1
    assert value("favourite_category", "ann") == "All teas"


def test_the_next_run_reads_what_has_changed(shop: Shop, history: History) -> None:
    trade = history.trade
    refunds = (
        "select count(distinct refunded_at) from raw_sql.orders "
        f"where order_id = '{history.cems['id']}'"
    )
    assert shop.rows(refunds) == [(1,)]
    before = trade.told(history.cems)["updated_at"]
    # A run leaves the last five minutes to the next one.
    trade.shop.turn_clock(datetime.now(UTC) - timedelta(minutes=10))
    history.told.bought("bob", 1, goods(trade.buy("bob@example.com", {"cup": 1})))
    trade.refund(history.cems, Decimal(7))
    # The shop does not stamp an order when it refunds what has come back.
    assert trade.told(history.cems)["updated_at"] == before

    shop.daily(YESTERDAY + timedelta(days=1))

    found = {email: (count, revenue) for email, count, revenue in shop.rows(FIGURES)}
    for name in ("bob", "cem"):
        email = f"{name}@example.com"
        assert found[email] == (history.told.purchases[email], history.told.revenue[email])
    assert shop.rows(refunds) == [(2,)]
    assert "bob@example.com" not in on_lists(shop).get("long_dormant", set())


def test_the_doctor_finds_nothing_wrong(shop: Shop) -> None:
    assert "sql: can be read" in shop.run("doctor").stdout
