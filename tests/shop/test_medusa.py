"""From a real shop's API to the lists: Medusa takes orders, Winback reads its database."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.integration.shop import ROOT, Shop
from tests.shop.medusa import INSTALLED, Record, medusa
from tests.shop.trade import AUSTRIA, COUPON, Trade
from tests.stand_ins import databases

pytestmark = pytest.mark.shop

BERLIN = ZoneInfo("Europe/Berlin")
YESTERDAY = datetime.now(BERLIN).date() - timedelta(days=1)
YES = {"email_consent": "subscribed"}
CENT = Decimal("0.01")
FIGURES = """
    select customers.email, customer_activity.purchase_count, customer_activity.revenue
    from marts.customer_activity inner join marts.customers using (customer_id)
    order by customers.email
"""


@dataclass
class Told:
    """What the shop's API said of the orders, which is what the marts have to say."""

    purchases: dict[str, int] = field(default_factory=dict)
    revenue: dict[str, Decimal] = field(default_factory=dict)

    def bought(self, whom: str, count: int, *amounts: Decimal) -> None:
        email = f"{whom}@example.com"
        self.purchases[email] = self.purchases.get(email, 0) + count
        self.revenue[email] = sum(amounts, self.revenue.get(email, Decimal(0)))


def goods(order: Record) -> Decimal:
    """Return what the goods of an order cost after discounts, without tax and postage."""
    amount = Decimal(str(order["item_total"])) - Decimal(str(order["item_tax_total"]))
    return amount.quantize(CENT, ROUND_HALF_UP)


def without_tax(order: Record, amount: str) -> Decimal:
    """Return what is left of an amount of an order when its goods' tax is taken out."""
    share = goods(order) / Decimal(str(order["item_total"]))
    return (Decimal(amount) * share).quantize(CENT, ROUND_HALF_UP)


class History:
    """Some four hundred days of a small shop. Its clock is turned, so it stamps all itself."""

    def __init__(self, trade: Trade) -> None:
        self.trade = trade
        self.told = Told()
        self.regulars_and_newcomers()
        self.people_under_two_names()
        self.changes_of_mind()

    def ago(self, days: int) -> None:
        noon = datetime.combine(YESTERDAY - timedelta(days=days), time(12), BERLIN)
        self.trade.shop.turn_clock(noon)

    def regulars_and_newcomers(self) -> None:
        trade = self.trade
        self.ago(410)
        trade.register("ann@example.com", YES)
        for days in (400, 340, 280, 220):
            self.ago(days)
            order = trade.buy(
                "ann@example.com", {"tea": 2, "cup": 1}, token=trade.login("ann@example.com")
            )
            self.told.bought("ann", 1, goods(order))
        self.ago(430)
        self.told.bought("bob", 1, goods(trade.buy("bob@example.com", {"pot": 1}, metadata=YES)))
        trade.register("cem@example.com")
        self.cems = trade.buy(
            "cem@example.com", {"pot": 1, "cup": 2}, token=trade.login("cem@example.com")
        )
        trade.send(self.cems)
        trade.send_back(self.cems, "cup", "too small")
        self.told.bought("cem", 1, goods(trade.told(self.cems)))
        trade.register("ida@example.com", YES)
        for days in (40, 10):
            self.ago(days)
            order = trade.buy("ida@example.com", {"pot": 10}, token=trade.login("ida@example.com"))
            self.told.bought("ida", 1, goods(order))
        self.ago(20)
        # The money is reserved and was not taken yet.
        order = trade.buy("jon@example.com", {"tea": 1}, metadata=YES, is_paid=False)
        self.told.bought("jon", 1, goods(order))
        self.ago(3)
        trade.fill("kim@example.com", {"cup": 4})
        trade.draft("lee@example.com", "pot")
        self.told.bought("kim", 0)

    def people_under_two_names(self) -> None:
        trade = self.trade
        self.ago(300)
        trade.register("dee@example.com", YES)
        order = trade.buy("dee@example.com", {"tea": 1}, token=trade.login("dee@example.com"))
        self.ago(200)
        as_guest = trade.buy("Dee@Example.com", {"tea": 3})
        self.told.bought("dee", 2, goods(order), goods(as_guest))

    def changes_of_mind(self) -> None:
        trade = self.trade
        self.ago(230)
        trade.register("eve@example.com", YES)
        order = trade.buy("eve@example.com", {"cup": 6}, token=trade.login("eve@example.com"))
        self.told.bought("eve", 1, goods(order))
        self.ago(30)
        trade.change_consent(trade.login("eve@example.com"), "unsubscribed")

        self.ago(90)
        later = trade.buy("fay@example.com", {"pot": 1})
        at_once = trade.buy("fay@example.com", {"pot": 1, "tea": 1})
        self.ago(88)
        trade.cancel(later)
        kept = trade.buy("fay@example.com", {"cup": 2})
        same_day = trade.buy("fay@example.com", {"cup": 5})
        trade.cancel(same_day)
        # A purchase is a day: the first has two orders of which one stays, so does the second.
        self.told.bought("fay", 2, goods(at_once), goods(kept))

        self.ago(150)
        order = trade.buy("gil@example.com", {"pot": 2, "tea": 1})
        trade.send(order)
        self.ago(140)
        trade.send_back(order, "pot", "broken")
        self.ago(135)
        trade.refund(order, Decimal(49))
        self.told.bought("gil", 1, goods(trade.told(order)))

        self.ago(60)
        order = trade.buy("hal@example.com", {"tea": 3}, country=AUSTRIA, coupon=COUPON)
        self.ago(59)
        trade.add(order, "pot")
        more = trade.told(order)
        self.ago(50)
        trade.refund(order, Decimal("5.50"))
        self.told.bought("hal", 1, goods(more), -without_tax(more, "5.50"))


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


def test_every_row_was_taken_and_a_draft_is_no_order(shop: Shop) -> None:
    assert shop.rows("select entity, reason from quarantine.rows") == []
    assert shop.rows(
        "select status, count(*) from raw_sql.orders group by status order by status"
    ) == [("cancelled", 2), ("paid", 16), ("pending", 1)]


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
