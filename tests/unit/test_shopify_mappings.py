from decimal import Decimal
from typing import Any

import pytest

from tests.stand_ins.shopify_records import (
    checkout,
    customer,
    line,
    money,
    order,
    product,
    refund,
)
from tests.unit.mapping import mapped

Row = dict[str, Any]


def landed(record: Row) -> Row:
    """Return an order as the client yields it."""
    return record | {"lineItems": {"nodes": record["lineItems"]}}


def versions(**changes: Any) -> list[Row]:
    return mapped("shopify", "orders", [landed(order(1001, **changes))])


def one_order(**changes: Any) -> Row:
    (row,) = versions(**changes)
    return row


def lines_of(**changes: Any) -> list[Row]:
    return mapped("shopify", "order_lines", [landed(order(1001, **changes))])


def taxed(price: str, tax: str, **changes: Any) -> Row:
    tax_lines = [{"priceSet": money(tax)}] if tax else []
    return line(1, originalUnitPriceSet=money(price), taxLines=tax_lines, **changes)


def test_an_order_is_read() -> None:
    assert one_order(discountCodes=["WELCOME"], totalDiscountsSet=money("5.0")) == {
        "order_id": "1001",
        "ordered_at": "2026-03-01T10:00:00Z",
        "customer_id": "900",
        "email": "Ann@Example.com",
        "status": "paid",
        "total": Decimal("100.0000"),
        "discount": Decimal("5.0000"),
        "currency": "EUR",
        "coupon_code": "WELCOME",
        "is_test": False,
        "updated_at": "2026-03-01T10:00:00Z",
    }


def test_an_order_counts_from_the_day_it_was_placed_and_not_imported() -> None:
    row = one_order(processedAt="2019-05-05T10:00:00Z", createdAt="2026-02-01T00:00:00Z")
    assert row["ordered_at"] == "2019-05-05T10:00:00Z"


def test_a_guest_is_known_by_the_address() -> None:
    row = one_order(customer=None)
    assert "customer_id" not in row
    assert row["email"] == "Ann@Example.com"


def test_a_test_order_says_so() -> None:
    assert one_order(test=True)["is_test"] is True


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("PAID", "paid"),
        ("PARTIALLY_REFUNDED", "paid"),
        ("PENDING", "pending"),
        ("AUTHORIZED", "pending"),
        ("PARTIALLY_PAID", "pending"),
        (None, "pending"),
        ("VOIDED", "cancelled"),
        ("EXPIRED", "cancelled"),
        ("REFUNDED", "refunded"),
        ("SETTLED", "settled"),
    ],
)
def test_each_state_of_payment_has_its_meaning(told: str | None, status: str) -> None:
    assert one_order(displayFinancialStatus=told)["status"] == status


def test_a_cancelled_order_is_cancelled_on_its_day_whatever_was_paid() -> None:
    at = "2026-03-05T10:00:00Z"
    refunds = [refund(1, at, "105.0")]
    row = one_order(cancelledAt=at, displayFinancialStatus="REFUNDED", refunds=refunds)
    assert (row["status"], row["cancelled_at"]) == ("cancelled", at)
    assert "refunded" not in row


def test_what_went_back_before_a_cancellation_keeps_its_day() -> None:
    row = one_order(
        cancelledAt="2026-03-05T10:00:00Z",
        refunds=[
            refund(1, "2026-03-03T10:00:00Z", "20.0"),
            refund(2, "2026-03-05T09:59:58Z", "85"),
        ],
    )
    assert (row["refunded"], row["refunded_at"]) == (Decimal("20.0000"), "2026-03-03T10:00:00Z")


def test_tax_in_the_prices_is_no_revenue() -> None:
    included = one_order(
        taxesIncluded=True, subtotalPriceSet=money("119.0"), lineItems=[taxed("119.0", "19.0")]
    )
    on_top = one_order(subtotalPriceSet=money("100.0"), lineItems=[taxed("100.0", "19.0")])
    assert included["total"] == on_top["total"] == Decimal("100.0000")


def test_a_refund_is_of_goods_without_tax_and_postage() -> None:
    row = one_order(
        taxesIncluded=True,
        subtotalPriceSet=money("119.0"),
        lineItems=[taxed("119.0", "19.0")],
        totalRefundedSet=money("64.5"),
        totalRefundedShippingSet=money("5.0"),
        refunds=[refund(1, "2026-04-01T10:00:00Z", "64.5")],
        displayFinancialStatus="PARTIALLY_REFUNDED",
    )
    assert (row["status"], row["refunded"]) == ("paid", Decimal("50.0000"))
    assert row["refunded_at"] == "2026-04-01T10:00:00Z"


def test_no_more_goes_back_than_was_paid_for_the_goods() -> None:
    row = one_order(refunds=[refund(1, "2026-04-01T10:00:00Z", "140.0")])
    assert row["refunded"] == Decimal("100.0000")


def test_refunds_of_nothing_are_none() -> None:
    assert "refunded" not in one_order(refunds=[refund(1, "2026-04-01T10:00:00Z", "0.0")])


def test_each_refund_makes_a_version_of_its_day() -> None:
    rows = versions(
        updated_at="2026-06-01T10:00:00Z",
        displayFinancialStatus="REFUNDED",
        refunds=[
            refund(2, "2026-05-01T10:00:00Z", "70.0"),
            refund(1, "2026-04-01T10:00:00Z", "30"),
        ],
    )
    shown = [
        (row["updated_at"][:10], row["status"], row["refunded"], row["refunded_at"][:10])
        for row in sorted(rows, key=lambda row: row["updated_at"])
    ]
    assert shown == [
        ("2026-04-01", "paid", Decimal("30.0000"), "2026-04-01"),
        ("2026-06-01", "refunded", Decimal("100.0000"), "2026-05-01"),
    ]


def test_gift_cards_are_no_goods() -> None:
    card = line(2, isGiftCard=True, originalUnitPriceSet=money("50.0"))
    row = one_order(subtotalPriceSet=money("150.0"), lineItems=[line(1), card])
    assert row["total"] == Decimal("100.0000")


def test_a_line_is_read() -> None:
    (row,) = lines_of()
    assert row == {
        "order_id": "1001",
        "line_id": "100100",
        "product_id": "71",
        "product_name": "Beeswax candle",
        "category": "Candles",
        "quantity": Decimal("1.0000"),
        "unit_price": Decimal("100.0000"),
        "discount": Decimal("0.0000"),
    }


def test_lines_add_up_to_the_total_with_tax_and_discounts_in_the_prices() -> None:
    parts = [{"allocatedAmountSet": money("6.0")}, {"allocatedAmountSet": money("4.0")}]
    changes: Row = {
        "taxesIncluded": True,
        "subtotalPriceSet": money("110.0"),
        "lineItems": [taxed("60.0", "17.56", quantity=2, discountAllocations=parts)],
    }
    (row,) = lines_of(**changes)
    amount = row["quantity"] * row["unit_price"] - row["discount"]
    assert abs(amount - one_order(**changes)["total"]) < Decimal("0.001")


@pytest.mark.parametrize(
    ("changes", "product_id"),
    [
        ({"product": None}, "CANDLE-RED"),
        ({"product": None, "sku": None}, "Beeswax candle"),
        ({"product": None, "sku": ""}, "Beeswax candle"),
    ],
)
def test_a_line_without_a_product_keeps_a_name(changes: Row, product_id: str) -> None:
    (row,) = lines_of(lineItems=[line(1, **changes)])
    assert row["product_id"] == product_id


def test_a_line_given_away_costs_nothing() -> None:
    parts = [{"allocatedAmountSet": money("100.0")}]
    (row,) = lines_of(taxesIncluded=True, lineItems=[line(1, discountAllocations=parts)])
    assert row["unit_price"] == row["discount"] == Decimal("100.0000")


def test_a_customer_is_read() -> None:
    (row,) = mapped("shopify", "customers", [customer(900, state="ENABLED")])
    assert row == {
        "customer_id": "900",
        "email": "ann@example.com",
        "first_name": "Ann",
        "last_name": "Ash",
        "phone": "+15555550100",
        "language": "en",
        "country": "GB",
        "city": "Leeds",
        "registered_at": "2025-01-01T09:00:00Z",
        "has_account": True,
        "updated_at": "2026-03-01T10:00:00Z",
    }


def test_a_customer_without_anything_is_read() -> None:
    bare = dict.fromkeys(("firstName", "lastName", "defaultEmailAddress", "defaultAddress"))
    (row,) = mapped("shopify", "customers", [customer(900, **bare, defaultPhoneNumber=None)])
    assert row["customer_id"] == "900"
    assert "email" not in row


def consents(state: str, at: str | None, **changes: Any) -> list[tuple[str, str, str]]:
    address = {"emailAddress": "a@example.com", "marketingState": state, "marketingUpdatedAt": at}
    record = customer(900, defaultEmailAddress=address, **changes)
    rows = mapped("shopify", "consents", [record])
    assert {row["customer_id"] for row in rows} == {"900"}
    return sorted((row["channel"], row["state"], row["at"][:10]) for row in rows)


@pytest.mark.parametrize(
    ("state", "at", "meaning"),
    [
        ("SUBSCRIBED", "2025-02-01T09:00:00Z", ("email", "subscribed", "2025-02-01")),
        ("UNSUBSCRIBED", "2025-02-01T09:00:00Z", ("email", "unsubscribed", "2025-02-01")),
        ("PENDING", "2025-02-01T09:00:00Z", ("email", "pending", "2025-02-01")),
        ("SUBSCRIBED", None, ("email", "subscribed", "2025-01-01")),
        ("NOT_SUBSCRIBED", None, ("email", "never", "2025-01-01")),
        ("INVALID", None, ("email", "never", "2025-01-01")),
        ("UNSUBSCRIBED", None, ("email", "unsubscribed", "2026-03-01")),
        ("PAUSED", None, ("email", "paused", "2025-01-01")),
    ],
)
def test_each_state_of_consent_has_its_meaning(
    state: str, at: str | None, meaning: tuple[str, str, str]
) -> None:
    assert consents(state, at, defaultPhoneNumber=None) == [meaning]


def test_text_messages_have_a_consent_of_their_own() -> None:
    phone = {
        "phoneNumber": "+15555550100",
        "marketingState": "SUBSCRIBED",
        "marketingUpdatedAt": "2025-03-01T09:00:00Z",
    }
    found = consents("NOT_SUBSCRIBED", None, defaultPhoneNumber=phone)
    assert found == [("email", "never", "2025-01-01"), ("sms", "subscribed", "2025-03-01")]


def test_who_was_erased_has_no_address_and_a_no() -> None:
    record = customer(
        900,
        defaultEmailAddress=None,
        defaultPhoneNumber=None,
        emailMarketingConsent={"marketingState": "REDACTED", "consentUpdatedAt": None},
    )
    (row,) = mapped("shopify", "consents", [record])
    assert (row["customer_id"], row["state"], row["at"][:10]) == ("900", "redacted", "2026-03-01")
    assert "email" not in row


@pytest.mark.parametrize(
    ("changes", "is_available"),
    [({}, True), ({"status": "DRAFT"}, False), ({"onlineStoreUrl": None}, False)],
)
def test_a_product_is_read(changes: Row, is_available: bool) -> None:
    (row,) = mapped("shopify", "products", [product(71, **changes)])
    assert row["is_available"] is is_available
    assert (row["product_id"], row["price"], row["category"]) == ("71", "100.0", "Candles")


@pytest.mark.parametrize(("completed", "order_id"), [(None, None), ("2026-03-02", "completed")])
def test_a_checkout_is_a_cart(completed: str | None, order_id: str | None) -> None:
    (row,) = mapped("shopify", "carts", [landed(checkout(5, completedAt=completed))])
    expected = {
        "cart_id": "5",
        "customer_id": "900",
        "email": "ann@example.com",
        "updated_at": "2026-03-01T10:00:00Z",
        "product_id": "71",
        "quantity": "2",
        "unit_price": "90.0",
    }
    assert row == expected | ({"order_id": order_id} if order_id else {})


def test_a_checkout_of_nobody_is_left_out() -> None:
    assert mapped("shopify", "carts", [landed(checkout(5, customer=None))]) == []
