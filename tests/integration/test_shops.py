"""From a vendor's API to the marts: each shop stands on loopback, runs read it as deployed."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.integration.shop import LAST_DAY, Shop
from tests.stand_ins import woocommerce as woo
from tests.stand_ins.shopify import TOKEN, Shopify
from tests.stand_ins.shopify_records import customer, money, order, refund
from tests.stand_ins.woocommerce import WooCommerce

pytestmark = pytest.mark.sources

PEOPLE = 30
REVENUE = """
    select sum(customer_activity.revenue), sum(customer_activity.purchase_count)
    from marts.customer_activity inner join marts.customers using (customer_id)
    where customers.email = '{}'
"""


def last_day_of(person: int) -> date:
    return LAST_DAY - timedelta(days=person * 9)


def address(person: int) -> str:
    return f"person{person}@example.com"


@pytest.fixture(scope="module")
def shopify() -> Iterator[Shopify]:
    with Shopify() as server:
        server.bulk.polls = 0
        for person in range(1, PEOPLE + 1):
            email = {
                "emailAddress": address(person),
                "marketingState": "UNSUBSCRIBED" if person == 20 else "SUBSCRIBED",
                "marketingUpdatedAt": "2026-06-01T08:00:00Z",
            }
            server.records["customers"].append(customer(person, defaultEmailAddress=email))
            for purchase in range(3):
                at = f"{last_day_of(person) - timedelta(days=30 * purchase)}T12:00:00Z"
                whose = {"id": f"gid://shopify/Customer/{person}"}
                server.records["orders"].append(
                    order(person * 10 + purchase, at, customer=whose, email=address(person))
                )
        server.records["orders"] += [
            order(1001, "2026-06-20T12:00:00Z", customer=None, email="Person1@Example.com"),
            order(1002, "2026-06-21T12:00:00Z", test=True, email=address(2)),
            order(1003, "2026-06-22T12:00:00Z", email=address(3), customer=None)
            | {"cancelledAt": "2026-06-22T15:00:00Z", "displayFinancialStatus": "VOIDED"},
            order(1004, "2026-06-23T12:00:00Z", email=address(4), customer=None)
            | {"refunds": [refund(1, "2026-06-25T12:00:00Z", "30.0")]}
            | {"totalRefundedSet": money("30.0")},
        ]
        yield server


@pytest.fixture(scope="module")
def shop(shopify: Shopify, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    made = Shop(
        Path(tmp_path_factory.mktemp("shopify")),
        {
            "WINBACK_SOURCES": "shopify",
            "WINBACK_SHOPIFY_SHOP": shopify.base_url,
            "WINBACK_SHOPIFY_TOKEN": TOKEN,
        },
    )
    made.daily()
    return made


def test_orders_of_shopify_become_purchases_of_people(shop: Shop) -> None:
    assert shop.rows(REVENUE.format(address(10))) == [(Decimal(300), 3)]
    assert shop.rows("select count(*) from marts.customers") == [(PEOPLE,)]


def test_a_guest_is_the_customer_with_that_address(shop: Shop) -> None:
    assert shop.rows(REVENUE.format(address(1))) == [(Decimal(400), 4)]


def test_tests_cancellations_and_refunds_count_as_what_they_are(shop: Shop) -> None:
    assert shop.rows(REVENUE.format(address(2))) == [(Decimal(300), 3)]
    assert shop.rows(REVENUE.format(address(3))) == [(Decimal(300), 3)]
    assert shop.rows(REVENUE.format(address(4))) == [(Decimal(370), 4)]


def test_who_unsubscribed_at_shopify_is_on_no_list(shop: Shop) -> None:
    listed = {
        line for path in (shop.var / "outbox").glob("*.csv") for line in path.read_text().split(",")
    }
    assert not [text for text in listed if address(20) in text]
    assert [text for text in listed if address(21) in text]


def test_the_next_run_reads_what_has_changed(shop: Shop, shopify: Shopify) -> None:
    ((read_until,),) = shop.rows(
        "select until from sync.watermarks where source = 'shopify' and stream = 'orders'"
    )
    changed = f"{read_until - timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}Z"
    placed = f"{LAST_DAY}T12:00:00Z"
    bulk = len(shopify.bulk.operations)
    shopify.records["orders"].append(
        order(2001, placed, customer=None, email=address(10)) | {"updatedAt": changed}
    )
    shop.daily()
    assert shop.rows(REVENUE.format(address(10))) == [(Decimal(400), 4)]
    assert len(shopify.bulk.operations) in (bulk, bulk + 1)
    assert shop.rows("select count(*) from raw_shopify.orders") == [(PEOPLE * 3 + 5,)]


@pytest.fixture(scope="module")
def woocommerce() -> Iterator[WooCommerce]:
    with WooCommerce() as server:
        for person in range(1, PEOPLE + 1):
            server.kept["customers"][person] = woo.customer(
                person, "2026-06-01T08:00:00", email=address(person)
            )
            for purchase in range(3):
                at = f"{last_day_of(person) - timedelta(days=30 * purchase)}T12:00:00"
                billing = {"email": address(person)}
                server.add_order(
                    person * 10 + purchase,
                    at,
                    customer_id=person,
                    billing=billing,
                    date_created_gmt=at,
                )
        at = "2026-06-20T12:00:00"
        guest = {"email": "Person1@Example.com"}
        server.add_order(1001, at, customer_id=0, billing=guest, date_created_gmt=at)
        unpaid = {"status": "failed", "date_paid_gmt": None, "customer_id": 2}
        server.add_order(1002, at, date_created_gmt=at, **unpaid)
        server.refund(40, woo.refund_of(9, at, "37.20"), at)
        yield server


@pytest.fixture(scope="module")
def other_shop(woocommerce: WooCommerce, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    made = Shop(
        Path(tmp_path_factory.mktemp("woocommerce")),
        {
            "WINBACK_SOURCES": "woocommerce,files",
            "WINBACK_WOOCOMMERCE_URL": woocommerce.base_url,
            "WINBACK_WOOCOMMERCE_KEY": woo.KEY,
            "WINBACK_WOOCOMMERCE_SECRET": woo.SECRET,
        },
    )
    head = ("email", "channel", "state", "at")
    made.write("consents", "all.csv", head, [(address(21), "email", "subscribed", "2026-01-01")])
    made.daily()
    return made


def test_orders_of_woocommerce_become_purchases_of_people(other_shop: Shop) -> None:
    assert other_shop.rows(REVENUE.format(address(10))) == [(Decimal(300), 3)]
    assert other_shop.rows(REVENUE.format(address(1))) == [(Decimal(400), 4)]
    assert other_shop.rows(REVENUE.format(address(2))) == [(Decimal(300), 3)]
    assert other_shop.rows(REVENUE.format(address(4))) == [(Decimal(270), 3)]


def test_a_consent_from_a_file_opens_the_lists_for_a_customer_of_the_shop(other_shop: Shop) -> None:
    assert other_shop.rows(
        "select email from marts.customers where email_consent = 'subscribed'"
    ) == [(address(21),)]


def test_a_deleted_order_is_cancelled_once_it_is_missed(
    other_shop: Shop, woocommerce: WooCommerce
) -> None:
    del woocommerce.kept["orders"][100]
    later = LAST_DAY + timedelta(days=2)
    other_shop.daily(later, "--backfill", f"woocommerce:{LAST_DAY.replace(day=1)}:{LAST_DAY}")
    cancelled = "select order_id, status from raw_woocommerce.orders where status = 'cancelled'"
    assert ("100", "cancelled") in other_shop.rows(cancelled)
    assert other_shop.rows(REVENUE.format(address(10))) == [(Decimal(200), 3)]
