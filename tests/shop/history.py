"""Some four hundred days of a small shop, and what its API said of them."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from tests.shop.medusa import Record
from tests.shop.shelves import AUSTRIA, COUPON
from tests.shop.trade import Trade

BERLIN = ZoneInfo("Europe/Berlin")
YESTERDAY = datetime.now(BERLIN).date() - timedelta(days=1)
YES = {"email_consent": "subscribed"}
CENT = Decimal("0.01")


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
    """What happened, in order of people. The shop's clock is turned, so it stamps all itself."""

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
