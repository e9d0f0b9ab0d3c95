"""Records as Shopify's Admin API would give them, every field of which a test may change."""

from typing import Any

Record = dict[str, Any]


def money(amount: str, currency: str = "EUR") -> Record:
    """Return an amount in the shop's currency and, of another size, in the buyer's."""
    return {
        "shopMoney": {"amount": amount, "currencyCode": currency},
        "presentmentMoney": {"amount": str(float(amount) * 7 + 1), "currencyCode": "JPY"},
    }


def line(number: int, **changes: Any) -> Record:
    """Return a line of an order."""
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "name": "Beeswax candle - red",
        "title": "Beeswax candle",
        "sku": "CANDLE-RED",
        "quantity": 1,
        "isGiftCard": False,
        "product": {"id": "gid://shopify/Product/71", "productType": "Candles"},
        "originalUnitPriceSet": money("100.0"),
        "discountAllocations": [],
        "taxLines": [],
        **changes,
    }


def order(number: int, updated_at: str = "2026-03-01T10:00:00Z", **changes: Any) -> Record:
    """Return an order of 100.00 with one line, paid by customer 900."""
    return {
        "id": f"gid://shopify/Order/{number}",
        "legacyResourceId": str(number),
        "name": f"#{number}",
        "test": False,
        "createdAt": updated_at,
        "processedAt": updated_at,
        "updatedAt": updated_at,
        "cancelledAt": None,
        "cancelReason": None,
        "displayFinancialStatus": "PAID",
        "taxesIncluded": False,
        "currencyCode": "EUR",
        "email": "Ann@Example.com",
        "discountCodes": [],
        "sourceName": "web",
        "customer": {"id": "gid://shopify/Customer/900"},
        "subtotalPriceSet": money("100.0"),
        "totalPriceSet": money("105.0"),
        "totalTaxSet": money("0.0"),
        "totalDiscountsSet": money("0.0"),
        "totalRefundedSet": money("0.0"),
        "totalRefundedShippingSet": money("0.0"),
        "refunds": [],
        "lineItems": [line(number * 100)],
        **changes,
    }


def refund(number: int, at: str, amount: str) -> Record:
    """Return money that went back for an order."""
    return {
        "id": f"gid://shopify/Refund/{number}",
        "createdAt": at,
        "processedAt": at,
        "totalRefundedSet": money(amount),
    }


def customer(number: int, updated_at: str = "2026-03-01T10:00:00Z", **changes: Any) -> Record:
    """Return a customer who subscribed to e-mail and said nothing of text messages."""
    return {
        "id": f"gid://shopify/Customer/{number}",
        "legacyResourceId": str(number),
        "createdAt": "2025-01-01T09:00:00Z",
        "updatedAt": updated_at,
        "state": "DISABLED",
        "firstName": "Ann",
        "lastName": "Ash",
        "locale": "en-GB",
        "defaultEmailAddress": {
            "emailAddress": "ann@example.com",
            "marketingState": "SUBSCRIBED",
            "marketingUpdatedAt": "2025-02-01T09:00:00Z",
        },
        "emailMarketingConsent": {
            "marketingState": "SUBSCRIBED",
            "consentUpdatedAt": "2025-02-01T09:00:00Z",
        },
        "defaultPhoneNumber": {
            "phoneNumber": "+15555550100",
            "marketingState": "NOT_SUBSCRIBED",
            "marketingUpdatedAt": None,
        },
        "defaultAddress": {"city": "Leeds", "countryCodeV2": "GB"},
        **changes,
    }


def product(number: int, updated_at: str = "2026-03-01T10:00:00Z", **changes: Any) -> Record:
    """Return a product that can be bought."""
    return {
        "id": f"gid://shopify/Product/{number}",
        "legacyResourceId": str(number),
        "title": "Beeswax candle",
        "productType": "Candles",
        "status": "ACTIVE",
        "isGiftCard": False,
        "updatedAt": updated_at,
        "createdAt": updated_at,
        "onlineStoreUrl": "https://shop.example.com/products/candle",
        "priceRangeV2": {"minVariantPrice": {"amount": "100.0", "currencyCode": "EUR"}},
        "featuredMedia": {"preview": {"image": {"url": "https://cdn.example.com/candle.jpg"}}},
        **changes,
    }


def checkout(number: int, updated_at: str = "2026-03-01T10:00:00Z", **changes: Any) -> Record:
    """Return a checkout that customer 900 left with one product in it."""
    product = {
        "id": f"gid://shopify/AbandonedCheckoutLineItem/{number * 100}",
        "title": "Beeswax candle",
        "sku": "CANDLE-RED",
        "quantity": 2,
        "product": {"id": "gid://shopify/Product/71"},
        "discountedUnitPriceSet": money("90.0"),
    }
    return {
        "id": f"gid://shopify/AbandonedCheckout/{number}",
        "name": f"#C{number}",
        "createdAt": updated_at,
        "updatedAt": updated_at,
        "completedAt": None,
        "customer": {
            "id": "gid://shopify/Customer/900",
            "defaultEmailAddress": {"emailAddress": "ann@example.com"},
        },
        "lineItems": [product],
        **changes,
    }
