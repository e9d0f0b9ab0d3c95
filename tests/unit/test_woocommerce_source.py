import logging
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.apis.woocommerce import WooCommerceApi, shop_address
from pipeline.http import Patience
from pipeline.http_answers import HttpError
from pipeline.sources.extraction import SourceRefused
from pipeline.sources.woocommerce import MOST_PASSES, WooCommerceClient
from tests.stand_ins.faults import DROPPED, answering, too_many_requests
from tests.stand_ins.woocommerce import (
    KEY,
    SECRET,
    WooCommerce,
    customer,
    product,
    refund_of,
    review,
)

instant = datetime.fromisoformat

BEGINNING, FIRST, LAST = instant("0001-01-01"), instant("2026-03-01"), instant("2026-04-01")
SATURDAY, MONDAY = instant("2026-03-07"), instant("2026-03-09 05:00")


@pytest.fixture
def shop() -> Iterator[WooCommerce]:
    with WooCommerce() as server:
        yield server


def api_of(shop: WooCommerce, secret: str = SECRET) -> WooCommerceApi:
    return WooCommerceApi(
        shop.base_url,
        KEY,
        secret,
        patience=Patience(silence_seconds=2, attempts=3),
        sleep=shop.clock.sleep,
        clock=shop.clock,
    )


class Known(tuple[str, ...]):
    """Orders that were read before."""

    def numbers(self) -> Collection[str]:
        return self

    def records(self, numbers: Collection[str]) -> Iterable[Mapping[str, Any]]:
        return [{"order_id": number} for number in self if number in numbers]


def client_of(shop: WooCommerce, *known: int) -> WooCommerceClient:
    return WooCommerceClient(api_of(shop), Known(map(str, known)))


def read(
    shop: WooCommerce, stream: str = "orders", since: datetime = FIRST, until: datetime = LAST
) -> list[Any]:
    return [record for page in client_of(shop).pages(stream, since, until) for record in page]


def ids(records: list[Any]) -> list[int]:
    return sorted({record["id"] for record in records})


def moment(number: int, per_second: int = 1) -> str:
    at = instant("2026-03-02") + timedelta(seconds=number // per_second)
    return at.isoformat()


def fill(shop: WooCommerce, count: int, per_second: int = 1) -> None:
    for number in range(1, count + 1):
        shop.add_order(number, moment(number, per_second))


def test_every_changed_order_is_read(shop: WooCommerce) -> None:
    fill(shop, 350)
    assert ids(read(shop)) == list(range(1, 351))


@pytest.mark.parametrize("per_second", [2, 60, 99, 100, 101, 250, 400])
def test_orders_that_changed_in_one_second_are_all_read(shop: WooCommerce, per_second: int) -> None:
    fill(shop, 400, per_second)
    assert ids(read(shop)) == list(range(1, 401))


def test_a_window_is_half_open(shop: WooCommerce) -> None:
    for number, modified in enumerate(
        ("2026-02-28T23:59:59", "2026-03-01T00:00:00", "2026-03-31T23:59:59", "2026-04-01T00:00:00")
    ):
        shop.add_order(number, modified)
    assert ids(read(shop)) == [1, 2]


def test_moments_are_asked_for_in_utc(shop: WooCommerce) -> None:
    shop.add_order(1, "2026-03-01T00:00:01")
    assert ids(read(shop)) == [1]
    assert all(call.one("dates_are_gmt") == "true" for call in shop.called("GET", "/"))


def touch(shop: WooCommerce, number: int, modified: str) -> Callable[[], None]:
    return lambda: shop.kept["orders"][number].update(date_modified_gmt=modified)


def test_an_order_that_changes_between_pages_pushes_no_other_out(shop: WooCommerce) -> None:
    fill(shop, 350)
    shop.after_page = [touch(shop, number, "2026-03-20T00:00:00") for number in (1, 50, 150)]
    assert ids(read(shop)) == list(range(1, 351))


def test_an_order_that_leaves_its_second_meanwhile_pushes_no_other_out(shop: WooCommerce) -> None:
    fill(shop, 400, 1000)
    shop.after_page = [lambda: None, touch(shop, 5, "2026-03-20T00:00:00")]
    assert ids(read(shop)) == list(range(1, 401))


def test_a_shop_that_never_rests_is_given_up(shop: WooCommerce) -> None:
    fill(shop, 900, 1000)
    shop.after_page = [
        touch(shop, n, f"2026-03-20T00:{n // 60:02}:{n % 60:02}") for n in range(1, 60)
    ]
    with pytest.raises(HttpError, match="other records with every reading"):
        read(shop)
    assert len(shop.calls) == 1 + 9 * MOST_PASSES


def test_a_shop_that_ignores_the_filter_is_noticed(shop: WooCommerce) -> None:
    shop.add_order(1, "2026-02-01T00:00:00")
    shop.is_old = True
    with pytest.raises(SourceRefused, match=r"5\.8 or newer"):
        read(shop)
    assert "5.8 or newer" in client_of(shop).problems()[0]


def test_a_first_load_reads_from_the_beginning(shop: WooCommerce) -> None:
    shop.add_order(1, "2011-02-01T00:00:00")
    assert ids(read(shop, since=BEGINNING)) == [1]


def test_a_weak_host_is_asked_for_smaller_pages(shop: WooCommerce) -> None:
    fill(shop, 220)
    shop.heaviest = 50
    assert ids(read(shop)) == list(range(1, 221))


def test_a_host_that_cannot_make_any_page_is_an_error(shop: WooCommerce) -> None:
    fill(shop, 20)
    shop.heaviest = 5
    with pytest.raises(HttpError, match="was answered 500"):
        read(shop)


def test_haste_and_broken_connections_are_waited_out(shop: WooCommerce) -> None:
    fill(shop, 3)
    for fault in (too_many_requests("7"), DROPPED):
        shop.fail(fault)
    assert ids(read(shop)) == [1, 2, 3]
    assert shop.clock.sleeps[0] == 7


def test_refunds_come_with_their_dates(shop: WooCommerce) -> None:
    fill(shop, 2)
    shop.refund(2, refund_of(9, "2026-03-05T08:00:00", "10.00"), "2026-03-05T08:00:00")
    plain, refunded = sorted(read(shop), key=lambda order: order["id"])
    assert "refund_details" not in plain
    assert refunded["total"] == "124.00"
    assert [one["date_created_gmt"] for one in refunded["refund_details"]] == [
        "2026-03-05T08:00:00"
    ]


def test_customers_are_those_who_changed_whatever_their_role(shop: WooCommerce) -> None:
    shop.kept["customers"] = {
        1: customer(1, "2026-02-01T00:00:00"),
        2: customer(2, "2026-03-02T00:00:00", role="subscriber"),
        3: customer(3, None),
    }
    assert ids(read(shop, "customers")) == [2, 3]


def test_a_customer_who_is_deleted_meanwhile_pushes_no_other_out(shop: WooCommerce) -> None:
    shop.kept["customers"] = {n: customer(n, "2026-03-02T00:00:00") for n in range(1, 351)}

    def delete() -> None:
        for number in (1, 2, 3):
            del shop.kept["customers"][number]

    shop.after_page = [lambda: None, delete]
    assert set(range(4, 351)) <= set(ids(read(shop, "customers")))


def test_products_are_read_by_their_changes(shop: WooCommerce) -> None:
    shop.kept["products"] = {
        1: product(1, "2026-02-01T00:00:00"),
        2: product(2, "2026-03-02T00:00:00"),
    }
    assert ids(read(shop, "products")) == [2]


def test_reviews_written_since_are_read_wherever_the_shop_is(shop: WooCommerce) -> None:
    shop.kept["products/reviews"] = {
        1: review(1, "2026-02-01T00:00:00"),
        2: review(2, "2026-03-01T00:00:01"),
        3: review(3, "2026-03-20T00:00:00"),
    }
    assert ids(read(shop, "reviews")) == [2, 3]


def test_deleted_and_trashed_orders_are_found_and_others_are_not(shop: WooCommerce) -> None:
    fill(shop, 120)
    del shop.kept["orders"][5]
    shop.kept["orders"][7]["status"] = "trash"
    shop.kept["orders"][9]["status"] = "checkout-draft"
    client = client_of(shop, *range(1, 121))
    (page,) = client.pages("deleted_orders", SATURDAY, MONDAY)
    assert [record["order"]["order_id"] for record in page] == ["5", "7"]
    assert {record["found_at"] for record in page} == {"2026-03-09T05:00:00Z"}


def test_deletions_are_looked_for_once_a_week(shop: WooCommerce) -> None:
    client = client_of(shop, 1)
    assert list(client.pages("deleted_orders", MONDAY, MONDAY + timedelta(days=6))) == []
    assert shop.calls == []


def test_a_shop_in_order_has_no_problems(shop: WooCommerce) -> None:
    fill(shop, 3)
    assert client_of(shop).problems() == []


def test_a_key_that_may_not_read_is_told(shop: WooCommerce) -> None:
    shop.permission = "write"
    problems = client_of(shop).problems()
    assert len(problems) == 4
    assert all("permission Read" in problem for problem in problems)


def test_a_wrong_key_is_told_without_showing_it(shop: WooCommerce) -> None:
    problems = WooCommerceClient(api_of(shop, "cs_wrong0123"), Known()).problems()
    assert "the key is not known there" in problems[0]
    assert not [text for text in problems if "cs_wrong0123" in text or KEY in text]


def test_a_page_of_a_security_plugin_is_no_data(shop: WooCommerce) -> None:
    page = answering(200, b"<html>Just a moment</html>", {"Content-Type": "text/html"})
    shop.fail(page)
    with pytest.raises(HttpError, match="security or maintenance plugin"):
        read(shop)


def test_a_shop_that_cannot_sort_by_change_is_told(shop: WooCommerce) -> None:
    body = {"code": "rest_invalid_param", "message": "Invalid parameter(s): orderby"}
    shop.fail(answering(400, body))
    with pytest.raises(HttpError, match="too old"):
        read(shop)


def test_an_address_without_woocommerce_is_told(shop: WooCommerce) -> None:
    body = {"code": "rest_no_route", "message": "No route was found matching the URL."}
    shop.fail(answering(404, body))
    with pytest.raises(HttpError, match="Permalinks"):
        read(shop)


def test_no_key_is_in_any_address_log_or_error(
    shop: WooCommerce, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fill(shop, 150)
    read(shop)
    shop.heaviest = 0
    with pytest.raises(HttpError) as raised:
        read(shop)
    shown = caplog.text + "".join(traceback.format_exception(raised.value))
    assert KEY not in shown
    assert SECRET not in shown
    assert all(KEY not in str(call.query) for call in shop.calls)


@pytest.mark.parametrize(
    "url", ["http://shop.example.com", "https://", "https://ck:cs@shop.example"]
)
def test_an_address_that_would_give_the_key_away_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="WINBACK_WOOCOMMERCE_URL"):
        shop_address(url)


def test_a_shop_may_stand_in_a_folder() -> None:
    assert shop_address("shop.example.com/en/") == "https://shop.example.com/en/wp-json/wc/v3"
