import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.stand_ins.woocommerce import customer, line, order, product, refund_of, review
from tests.unit.mapping import mapped

RECORDS = (
    Path(__file__).resolve().parents[1] / "data" / "payloads" / "woocommerce" / "records.jsonl"
)
MODIFIED = "2026-03-01T10:00:00"

Row = dict[str, Any]


def published(stream: str) -> list[Row]:
    lines = [json.loads(text) for text in RECORDS.read_text().splitlines()]
    return [one["data"] for one in lines if one["stream"] == stream]


def versions(**changes: Any) -> list[Row]:
    return mapped("woocommerce", "orders", [order(1001, MODIFIED) | changes])


def one_order(**changes: Any) -> Row:
    (row,) = versions(**changes)
    return row


def test_an_order_is_read() -> None:
    coupons = [{"id": 1, "code": "welcome"}, {"id": 2, "code": "spring"}]
    assert one_order(coupon_lines=coupons, discount_total="5.00") == {
        "order_id": "1001",
        "ordered_at": "2026-02-01T10:00:00Z",
        "customer_id": "7",
        "email": "Ann@Example.com",
        "status": "paid",
        "total": Decimal("100.0000"),
        "discount": "5.00",
        "currency": "EUR",
        "coupon_code": "welcome, spring",
        "updated_at": "2026-03-01T10:00:00Z",
    }


def test_a_guest_is_known_by_the_address() -> None:
    row = one_order(customer_id=0)
    assert "customer_id" not in row
    assert row["email"] == "Ann@Example.com"


@pytest.mark.parametrize(
    ("told", "paid", "status", "cancelled_at"),
    [
        ("processing", True, "paid", None),
        ("completed", True, "paid", None),
        ("completed", False, "paid", None),
        ("on-hold", False, "pending", None),
        ("pending", False, "cancelled", "2026-02-01T10:00:00Z"),
        ("failed", False, "cancelled", "2026-02-01T10:00:00Z"),
        ("cancelled", False, "cancelled", "2026-02-01T10:00:00Z"),
        ("cancelled", True, "cancelled", "2026-03-01T10:00:00Z"),
        ("refunded", True, "refunded", None),
        ("shipped", True, "paid", None),
        ("awaiting-shipment", False, "pending", None),
    ],
)
def test_each_state_has_its_meaning(
    told: str, paid: bool, status: str, cancelled_at: str | None
) -> None:
    row = one_order(status=told, date_paid_gmt="2026-02-01T10:05:00" if paid else None)
    assert (row["status"], row.get("cancelled_at")) == (status, cancelled_at)


def test_the_total_is_of_goods_without_tax_postage_and_fees() -> None:
    fees = [{"total": "3.00"}, {"total": "-10.00"}]
    row = one_order(line_items=[line(1), line(2, total="50.00")], fee_lines=fees)
    assert row["total"] == Decimal("140.0000")


def test_a_refund_of_lines_is_what_these_were_worth() -> None:
    row = one_order(refund_details=[refund_of(1, "2026-03-05T08:00:00", "23.80", "20.00")])
    assert (row["status"], row["total"], row["refunded"]) == ("paid", Decimal(100), Decimal(20))
    assert row["refunded_at"] == "2026-03-05T08:00:00Z"


def test_a_refund_of_an_amount_is_of_goods_in_their_measure() -> None:
    row = one_order(refund_details=[refund_of(1, "2026-03-05T08:00:00", "62.00")])
    assert row["refunded"] == Decimal("50.0000")


def test_each_refund_makes_a_version_of_its_day() -> None:
    rows = versions(
        status="refunded",
        refund_details=[
            refund_of(2, "2026-03-01T09:00:00", "99.20"),
            refund_of(1, "2026-02-10T08:00:00", "24.80"),
        ],
    )
    shown = [
        (row["updated_at"], row["status"], row["refunded"])
        for row in sorted(rows, key=lambda row: row["updated_at"])
    ]
    assert shown == [
        ("2026-02-10T08:00:00Z", "paid", Decimal("20.0000")),
        ("2026-03-01T10:00:00Z", "refunded", Decimal("100.0000")),
    ]


def test_an_order_of_nothing_is_of_nothing() -> None:
    row = one_order(
        total="0.00", line_items=[], refund_details=[refund_of(1, "2026-03-05T08:00:00", "0.00")]
    )
    assert (row["total"], row["refunded"]) == (0, 0)


def test_a_deleted_order_is_cancelled_on_the_day_it_was_found_missing() -> None:
    known = {
        "order_id": "5",
        "ordered_at": "2026-02-01T10:00:00Z",
        "customer_id": "7",
        "email": "ann@example.com",
        "total": "100.0000",
        "currency": "EUR",
    }
    record = {"order": known, "found_at": "2026-03-09T05:00:00Z"}
    (row,) = mapped("woocommerce", "orders__deleted", [record])
    found = {"cancelled_at": "2026-03-09T05:00:00Z", "updated_at": "2026-03-09T05:00:00Z"}
    assert row == known | {"status": "cancelled"} | found


def test_a_line_is_read() -> None:
    record = order(1, MODIFIED) | {
        "line_items": [line(9, quantity=3, subtotal="100.00", total="90.00")]
    }
    (row,) = mapped("woocommerce", "order_lines", [record])
    assert row == {
        "order_id": "1",
        "line_id": "9",
        "product_id": "71",
        "product_name": "Beeswax candle",
        "quantity": Decimal(3),
        "unit_price": Decimal("33.3333"),
        "discount": Decimal(10),
    }


@pytest.mark.parametrize(("sku", "product_id"), [("CANDLE", "CANDLE"), ("", "Beeswax candle")])
def test_a_line_of_a_deleted_product_keeps_a_name(sku: str, product_id: str) -> None:
    record = order(1, MODIFIED) | {"line_items": [line(9, product_id=0, sku=sku)]}
    (row,) = mapped("woocommerce", "order_lines", [record])
    assert row["product_id"] == product_id


def test_a_customer_is_read() -> None:
    (row,) = mapped("woocommerce", "customers", [customer(7, "2026-03-01T10:00:00")])
    assert row == {
        "customer_id": "7",
        "email": "customer7@example.com",
        "first_name": "Ann",
        "last_name": "Ash",
        "phone": "+15555550100",
        "country": "DE",
        "city": "Bonn",
        "registered_at": "2025-01-01T09:00:00Z",
        "has_account": True,
        "updated_at": "2026-03-01T10:00:00Z",
    }


@pytest.mark.parametrize(
    ("changes", "is_available"),
    [
        ({}, True),
        ({"stock_status": "onbackorder"}, True),
        ({"stock_status": "outofstock"}, False),
        ({"status": "draft"}, False),
        ({"purchasable": False}, False),
    ],
)
def test_a_product_is_read(changes: Row, is_available: bool) -> None:
    (row,) = mapped("woocommerce", "products", [product(71, MODIFIED, **changes)])
    assert row["is_available"] is is_available
    assert (row["name"], row["category"], row["price"]) == ("Beeswax candle", "Candles", "100.00")


@pytest.mark.parametrize(("rating", "score"), [(4, "4"), (0, None)])
def test_a_review_is_an_answer(rating: int, score: str | None) -> None:
    (row,) = mapped("woocommerce", "answers", [review(22, "2026-03-05T08:00:00", rating=rating)])
    expected = {
        "id": "review 22",
        "email": "ann@example.com",
        "occurred_at": "2026-03-05T08:00:00Z",
    }
    assert row == expected | ({"score": score} if score else {})


def test_a_review_of_nobody_is_left_out() -> None:
    nobody = review(22, "2026-03-05T08:00:00", reviewer_email="")
    assert mapped("woocommerce", "answers", [nobody]) == []


def test_published_orders_are_read() -> None:
    rows = mapped("woocommerce", "orders", published("orders"))
    shown = [(row["order_id"], row["status"], row["total"], row.get("refunded")) for row in rows]
    assert shown == [
        ("45", "cancelled", Decimal("90.0000"), Decimal("10.0000")),
        ("727", "paid", Decimal("18.0000"), None),
    ]
    assert [
        row["order_id"] for row in mapped("woocommerce", "order_lines", published("orders"))
    ] == [
        "45",
        "727",
        "727",
    ]


def test_published_customers_and_products_are_read() -> None:
    (row,) = mapped("woocommerce", "customers", published("customers"))
    assert (row["customer_id"], row["email"]) == ("210684524", "john.doe@example.com")
    assert len(mapped("woocommerce", "products", published("products"))) == 3
