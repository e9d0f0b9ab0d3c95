from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.apis import shopify_bulk
from pipeline.apis.shopify import ShopifyApi, shop_address
from pipeline.http import Patience
from pipeline.http_answers import HttpError
from pipeline.sources.extraction import SourceRefused
from pipeline.sources.shopify import BEGINNING, BULK_FROM, ShopifyClient
from tests.stand_ins.faults import DROPPED, TRUNCATED_BODY, answering, too_many_requests
from tests.stand_ins.shopify import CLIENT_ID, CLIENT_SECRET, TOKEN, Shopify
from tests.stand_ins.shopify_records import checkout, customer, line, order, product

instant = datetime.fromisoformat

FIRST, LAST, NOW = instant("2026-03-01"), instant("2026-04-01"), instant("2026-06-01")


@pytest.fixture
def shop() -> Iterator[Shopify]:
    with Shopify() as server:
        yield server


def client_of(shop: Shopify, folder: Path, *credentials: str) -> ShopifyClient:
    api = ShopifyApi(
        shop.base_url,
        *(credentials or (TOKEN,)),
        patience=Patience(silence_seconds=2, attempts=4),
        sleep=shop.clock.sleep,
        clock=shop.clock,
    )
    return ShopifyClient(api, folder, now=lambda: NOW)


def read(client: ShopifyClient, stream: str, since: datetime = BEGINNING) -> list[Any]:
    return [record for page in client.pages(stream, since, LAST) for record in page]


def numbers(records: list[Any]) -> list[int]:
    return sorted(int(record["legacyResourceId"]) for record in records)


def fill(shop: Shopify, count: int) -> None:
    start = instant("2026-03-02")
    shop.records["orders"] = [
        order(number, f"{start + timedelta(minutes=number):%Y-%m-%dT%H:%M:%S}Z")
        for number in range(1, count + 1)
    ]


def test_a_first_load_brings_every_order_with_its_lines(shop: Shopify, tmp_path: Path) -> None:
    fill(shop, 30)
    shop.records["orders"][4]["lineItems"] = [line(number) for number in range(1, 8)]

    records = read(client_of(shop, tmp_path), "orders")

    assert numbers(records) == list(range(1, 31))
    (long,) = [record for record in records if record["legacyResourceId"] == "5"]
    assert len(long["lineItems"]["nodes"]) == 7
    assert all(record["lineItems"]["nodes"][0]["sku"] == "CANDLE-RED" for record in records)
    assert any("groupObjects: false" in text for text in shop.documents)
    assert list(tmp_path.iterdir()) == []


def test_bulk_and_pages_bring_records_of_one_shape(shop: Shopify, tmp_path: Path) -> None:
    fill(shop, 3)
    client = client_of(shop, tmp_path)

    def by_number(records: list[Any]) -> list[Any]:
        return sorted(records, key=lambda record: record["id"])

    assert by_number(read(client, "orders")) == by_number(read(client, "orders", FIRST))


def test_parts_of_a_result_hold_whole_records(
    shop: Shopify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shop, 40)
    monkeypatch.setattr(shopify_bulk, "PART_BYTES", 2_000)
    monkeypatch.setattr(shopify_bulk, "PAGE_RECORDS", 2)

    pages = list(client_of(shop, tmp_path).pages("orders", BEGINNING, LAST))

    assert numbers([record for page in pages for record in page]) == list(range(1, 41))
    assert max(len(page) for page in pages) == 2
    assert all(len(record["lineItems"]["nodes"]) == 1 for page in pages for record in page)


def test_a_shop_without_orders_brings_none(shop: Shopify, tmp_path: Path) -> None:
    assert read(client_of(shop, tmp_path), "orders") == []


@pytest.mark.parametrize("lost", [1, 5, 70])
def test_a_result_that_lacks_lines_is_not_taken(shop: Shopify, tmp_path: Path, lost: int) -> None:
    fill(shop, 30)
    shop.bulk.lost_lines = lost
    pages = client_of(shop, tmp_path).pages("orders", BEGINNING, LAST)
    with pytest.raises(HttpError, match="60 with 30 were promised"):
        next(pages)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("FAILED", "INTERNAL_SERVER_ERROR"),
        ("FAILED", "TIMEOUT"),
        ("CANCELED", None),
        ("EXPIRED", None),
        ("COMPLETED", "INTERNAL_SERVER_ERROR"),
    ],
)
def test_an_operation_that_ends_otherwise_is_an_error_and_no_data(
    shop: Shopify, tmp_path: Path, status: str, code: str | None
) -> None:
    fill(shop, 3)
    shop.bulk.ends = (status, code)
    with pytest.raises(HttpError, match=f"{status} \\({code or 'no reason given'}\\)"):
        read(client_of(shop, tmp_path), "orders")
    assert not shop.called("GET", "/results")


def test_addresses_that_shopify_keeps_to_itself_are_explained(
    shop: Shopify, tmp_path: Path
) -> None:
    fill(shop, 3)
    shop.bulk.ends = ("FAILED", "ACCESS_DENIED")
    with pytest.raises(HttpError, match="protected customer data"):
        read(client_of(shop, tmp_path), "orders")


def test_no_result_at_all_for_orders_that_were_counted_is_an_error(
    shop: Shopify, tmp_path: Path
) -> None:
    fill(shop, 3)
    client = client_of(shop, tmp_path)
    pages = client.pages("orders", BEGINNING, LAST)
    polled = shop.bulk.polled

    def without_url(operation_id: str) -> Any:
        found = polled(operation_id)
        return found and found | {"url": None}

    shop.bulk.polled = without_url  # type: ignore[method-assign]
    with pytest.raises(HttpError, match="0 lines with 0 orders, but 6 with 3"):
        next(pages)


def test_another_operation_under_way_is_waited_for(shop: Shopify, tmp_path: Path) -> None:
    fill(shop, 3)
    shop.bulk.busy = 2
    assert len(read(client_of(shop, tmp_path), "orders")) == 3
    assert shop.clock.sleeps[:2] == [1.0, 2.0]


def test_an_operation_that_never_ends_is_given_up(
    shop: Shopify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shop, 3)
    shop.bulk.polls = 10**6
    monkeypatch.setattr(shopify_bulk, "PATIENCE_SECONDS", 3600.0)
    with pytest.raises(HttpError, match="goes on for 1 hours"):
        read(client_of(shop, tmp_path), "orders")
    assert sum(shop.clock.sleeps) >= 3600


def test_a_download_that_breaks_off_is_fetched_again(shop: Shopify, tmp_path: Path) -> None:
    fill(shop, 30)
    shop.fail(TRUNCATED_BODY, when=lambda call: call.path.startswith("/results"))
    assert len(read(client_of(shop, tmp_path), "orders")) == 30
    assert len(shop.called("GET", "/results")) == 2


def test_what_a_killed_run_left_is_removed(shop: Shopify, tmp_path: Path) -> None:
    fill(shop, 3)
    left = tmp_path / "shopify_bulk_result" / "7.jsonl"
    left.parent.mkdir()
    left.write_text("{}")
    assert numbers(read(client_of(shop, tmp_path), "orders")) == [1, 2, 3]
    assert list(tmp_path.iterdir()) == []


def test_the_token_goes_to_the_shop_only(shop: Shopify, tmp_path: Path) -> None:
    fill(shop, 3)
    read(client_of(shop, tmp_path), "orders")
    (download,) = shop.called("GET", "/results")
    assert "X-Shopify-Access-Token" not in download.headers


def test_a_window_is_read_by_pages_and_is_half_open(shop: Shopify, tmp_path: Path) -> None:
    shop.records["orders"] = [
        order(1, "2026-03-30T23:59:59Z"),
        order(2, "2026-03-31T00:00:00Z"),
        order(3, "2026-03-31T23:59:59Z"),
        order(4, "2026-04-01T00:00:00Z"),
    ]
    tuesday = instant("2026-03-31")
    assert numbers(read(client_of(shop, tmp_path), "orders", tuesday)) == [2, 3]
    assert not shop.bulk.operations


def test_what_changed_is_found_whatever_day_it_was_ordered(shop: Shopify, tmp_path: Path) -> None:
    fill(shop, 200)
    for number, record in enumerate(shop.records["orders"]):
        record["processedAt"] = f"20{10 + number % 15}-01-01T00:00:00Z"
    assert numbers(read(client_of(shop, tmp_path), "orders", FIRST)) == list(range(1, 201))


def test_an_order_that_changes_between_pages_loses_no_other(shop: Shopify, tmp_path: Path) -> None:
    fill(shop, 60)

    def touch() -> None:
        shop.records["orders"][0]["updatedAt"] = "2026-03-30T00:00:00Z"

    shop.after_page = [touch]
    records = read(client_of(shop, tmp_path), "orders", FIRST)
    assert set(numbers(records)) == set(range(1, 61))


def test_more_lines_than_fit_are_asked_for(shop: Shopify, tmp_path: Path) -> None:
    fill(shop, 2)
    shop.records["orders"][1]["lineItems"] = [line(number) for number in range(200)]
    records = read(client_of(shop, tmp_path), "orders", FIRST)
    assert [len(record["lineItems"]["nodes"]) for record in records] == [1, 200]
    assert len({node["id"] for node in records[1]["lineItems"]["nodes"]}) == 200


def test_pages_shrink_until_they_are_affordable_and_wait_for_points(
    shop: Shopify, tmp_path: Path
) -> None:
    fill(shop, 60)
    records = read(client_of(shop, tmp_path), "orders", FIRST)
    assert numbers(records) == list(range(1, 61))
    costs = [call for call in shop.called("POST", "/admin/api") if b"Page(" in call.body]
    assert len(costs) > 10
    assert sum(shop.clock.sleeps) > 50


def test_many_changes_are_read_in_bulk(
    shop: Shopify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shop, 30)
    monkeypatch.setattr("pipeline.sources.shopify.BULK_FROM", 29)
    assert BULK_FROM > 29
    assert len(read(client_of(shop, tmp_path), "orders", FIRST)) == 30
    assert len(shop.bulk.operations) == 1


def test_two_months_are_read_again_once_a_week(shop: Shopify, tmp_path: Path) -> None:
    days = ("2026-01-20", "2026-02-01", "2026-03-24", "2026-03-31")
    shop.records["orders"] = [
        order(number, f"{day}T12:00:00Z") for number, day in enumerate(days, start=1)
    ]
    client = client_of(shop, tmp_path)

    def numbers_since(since: str, until: str) -> list[int]:
        pages = client.pages("orders", instant(since), instant(until))
        return numbers([record for page in pages for record in page])

    assert instant("2026-03-30").weekday() == 0
    assert numbers_since("2026-03-30 05:00", "2026-04-01") == [4]
    assert numbers_since("2026-03-29 05:00", "2026-04-01") == [2, 3, 4]


def test_customers_are_read_from_the_start_of_a_day_that_may_be_the_shops(
    shop: Shopify, tmp_path: Path
) -> None:
    shop.records["customers"] = [
        customer(1, "2026-02-27T23:00:00Z"),
        customer(2, "2026-02-28T23:00:00Z"),
        customer(3, "2026-03-01T01:00:00Z"),
        customer(4, "2026-03-31T23:59:00Z"),
    ]
    records = read(client_of(shop, tmp_path), "customers", instant("2026-03-01 09:00"))
    assert numbers(records) == [2, 3, 4][-len(records) :]
    assert {3, 4} <= set(numbers(records))


def test_products_are_read(shop: Shopify, tmp_path: Path) -> None:
    shop.records["products"] = [product(1), product(2)]
    client = client_of(shop, tmp_path)
    assert numbers(read(client, "products")) == numbers(read(client, "products", FIRST)) == [1, 2]


def test_checkouts_are_read_in_bulk_always(shop: Shopify, tmp_path: Path) -> None:
    shop.records["abandonedCheckouts"] = [
        checkout(1, "2026-02-01T00:00:00Z"),
        checkout(2, "2026-03-31T12:00:00Z"),
    ]
    records = read(client_of(shop, tmp_path), "checkouts", instant("2026-03-31"))
    assert [record["name"] for record in records] == ["#C2"]
    assert len(records[0]["lineItems"]["nodes"]) == 1
    assert len(shop.bulk.operations) == 1


def test_without_read_all_orders_nothing_is_read_and_it_is_said_why(
    shop: Shopify, tmp_path: Path
) -> None:
    fill(shop, 3)
    shop.scopes = ("read_orders", "read_customers", "read_products")
    client = client_of(shop, tmp_path)
    with pytest.raises(SourceRefused, match="the last 60 days of orders and says nothing"):
        read(client, "orders")
    assert not shop.bulk.operations
    assert "read_all_orders" in client.problems()[0]


def test_who_may_write_orders_may_read_them(shop: Shopify, tmp_path: Path) -> None:
    fill(shop, 1)
    shop.scopes = ("write_orders", "read_all_orders", "write_customers", "read_products")
    client = client_of(shop, tmp_path)
    assert client.problems() == []


def test_orders_that_begin_just_where_shopify_cuts_them_off_are_reported(
    shop: Shopify, tmp_path: Path
) -> None:
    shop.records["orders"] = [order(1, "2026-04-02T12:00:00Z")]
    assert (
        "oldest order that the app sees is 59 days old" in client_of(shop, tmp_path).problems()[0]
    )
    shop.opened = "2026-03-20T00:00:00Z"
    assert client_of(shop, tmp_path).problems() == []


def test_hidden_addresses_are_reported(shop: Shopify, tmp_path: Path) -> None:
    shop.records["orders"] = [order(1, email=None)]
    shop.records["customers"] = [customer(1, defaultEmailAddress=None)]
    (problem,) = client_of(shop, tmp_path).problems()
    assert "protected customer data" in problem


def test_an_api_version_that_is_gone_is_reported(shop: Shopify, tmp_path: Path) -> None:
    shop.served = "2027-07"
    (problem,) = client_of(shop, tmp_path).problems()
    assert "answers as 2027-07" in problem


def test_a_wrong_token_is_explained_without_showing_it(shop: Shopify, tmp_path: Path) -> None:
    wrong = "shpat_wrong0123456789"
    (problem,) = client_of(shop, tmp_path, wrong).problems()
    assert "make a new one" in problem
    assert wrong not in problem


def test_an_app_gets_its_token_and_a_new_one_when_it_ends(shop: Shopify, tmp_path: Path) -> None:
    fill(shop, 3)
    client = client_of(shop, tmp_path, CLIENT_ID, CLIENT_SECRET)
    assert len(read(client, "orders", FIRST)) == 3
    shop.tokens = {"another"}
    assert len(read(client, "orders", FIRST)) == 3
    assert len(shop.called("POST", "/admin/oauth")) == 2


def test_an_app_with_a_wrong_secret_is_told(shop: Shopify, tmp_path: Path) -> None:
    (problem,) = client_of(shop, tmp_path, CLIENT_ID, "shpss_wrong").problems()
    assert "was answered 400" in problem
    assert "shpss_wrong" not in problem


def test_refusals_for_haste_and_broken_connections_are_waited_out(
    shop: Shopify, tmp_path: Path
) -> None:
    fill(shop, 3)
    for fault in (too_many_requests("3"), answering(502, b"bad gateway"), DROPPED):
        shop.fail(fault)
    assert len(read(client_of(shop, tmp_path), "orders", FIRST)) == 3
    assert shop.clock.sleeps[0] == 3


def test_half_an_answer_is_none(shop: Shopify, tmp_path: Path) -> None:
    fill(shop, 3)
    half = {
        "data": {"orders": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}},
        "errors": [{"message": "This app is not approved to use the email field."}],
    }
    shop.fail(answering(200, half), when=lambda call: b"Page(" in call.body)
    with pytest.raises(HttpError, match="protected customer data"):
        read(client_of(shop, tmp_path), "orders", FIRST)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("my-shop", "https://my-shop.myshopify.com"),
        ("my-shop.myshopify.com", "https://my-shop.myshopify.com"),
        ("https://my-shop.myshopify.com/", "https://my-shop.myshopify.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_a_shop_may_be_named_in_several_ways(given: str, address: str) -> None:
    assert shop_address(given) == address


def test_plain_http_is_refused() -> None:
    with pytest.raises(ValueError, match="https only"):
        shop_address("http://my-shop.myshopify.com")
