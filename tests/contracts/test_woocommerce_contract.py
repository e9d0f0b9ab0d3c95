"""What the stand-in for WooCommerce answers is what WooCommerce's own library reads."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.stand_ins.woocommerce import KEY, SECRET, WooCommerce, customer, product, refund_of

AT = "2026-03-01T10:00:00"


@pytest.fixture
def shop() -> Iterator[WooCommerce]:
    with WooCommerce() as server:
        for number in range(1, 31):
            server.add_order(number, AT)
        server.kept["customers"] = {1: customer(1, AT), 2: customer(2, AT, role="subscriber")}
        server.kept["products"] = {71: product(71, AT)}
        yield server


@pytest.fixture
def library(shop: WooCommerce) -> Any:
    from woocommerce import API

    library = API(url=shop.base_url, consumer_key=KEY, consumer_secret=SECRET, version="wc/v3")
    # Over plain http it would sign its calls instead; the stand-in stands for a shop on https.
    library.is_ssl = True
    return library


def test_orders_are_read_page_by_page_by_the_vendors_own_library(library: Any) -> None:
    wanted = {"per_page": 20, "orderby": "id", "order": "asc", "page": 2}
    answer = library.get("orders", params=wanted)
    assert answer.status_code == 200
    assert [order["id"] for order in answer.json()] == list(range(21, 31))
    assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("30", "2")


@pytest.mark.parametrize(("after", "count"), [("2026-03-01T09:59:59", 30), (AT, 0)])
def test_moments_are_strict_and_in_the_shops_clock_unless_told(
    library: Any, after: str, count: int
) -> None:
    wanted = {"per_page": 100, "modified_after": after}
    in_utc = library.get("orders", params=wanted | {"dates_are_gmt": "true"})
    assert len(in_utc.json()) == count
    assert library.get("orders", params=wanted).json() == []


def test_refunds_customers_and_products_are_read(library: Any, shop: WooCommerce) -> None:
    shop.refund(3, refund_of(9, AT, "10.00"), AT)
    (refund,) = library.get("orders/3/refunds").json()
    assert refund["amount"] == "10.00"
    assert [one["id"] for one in library.get("customers").json()] == [1]
    assert [one["id"] for one in library.get("products").json()] == [71]


def test_a_page_that_is_too_large_is_refused(library: Any) -> None:
    answer = library.get("orders", params={"per_page": 101})
    assert (answer.status_code, answer.json()["code"]) == (400, "rest_invalid_param")
