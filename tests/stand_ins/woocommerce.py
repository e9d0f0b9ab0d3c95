"""A WooCommerce shop: orders, customers and products behind its REST API, with all of its traps."""

import base64
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.stand_ins.calls import Call, Reply
from tests.stand_ins.server import StandIn

KEY, SECRET = "ck_0123456789abcdef", "cs_fedcba9876543210"
ROOT = "/wp-json/wc/v3"
MOST_AT_ONCE = 100
UNSEEN = ("trash", "auto-draft", "checkout-draft")
"""States that status=any leaves out."""
SHOP_IS_BEHIND = timedelta(hours=-5)
"""The shop's wall clock beside UTC."""

Record = dict[str, Any]


class WooCommerce(StandIn):
    """Keeps ``orders``, ``customers`` and ``products`` by id; tests change them as a shop would.

    ``is_old`` ignores filters by time of change, ``heaviest`` is the largest page the host can
    make, ``after_page`` are done one by one after each page, ``permission`` is the key's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, dict[int, Record]] = {
            name: {} for name in ("orders", "customers", "products", "products/reviews")
        }
        self.refunds: dict[int, list[Record]] = {}
        self.is_old = False
        self.heaviest = MOST_AT_ONCE
        self.permission = "read"
        self.after_page: list[Callable[[], None]] = []
        self.route("GET", f"{ROOT}/orders/{{id}}/refunds", self._refunds)
        self.route("GET", f"{ROOT}/orders/{{id}}", self._order)
        for name in self.kept:
            self.route("GET", f"{ROOT}/{name}", self._list)

    def add_order(self, number: int, modified: str, **changes: Any) -> Record:
        """Place an order of one product, 100.00 and 5.00 for postage."""
        self.kept["orders"][number] = {**order(number, modified), **changes}
        return self.kept["orders"][number]

    def refund(self, number: int, refund: Record, modified: str) -> None:
        """Give money back: the order's total and state stay, its time of change does not."""
        changed = self.kept["orders"][number]
        changed["refunds"] = [
            *changed["refunds"],
            {"id": refund["id"], "reason": "", "total": f"-{refund['amount']}"},
        ]
        changed["date_modified_gmt"] = modified
        self.refunds.setdefault(number, []).append(refund)

    def checked(self, call: Call) -> Reply | None:
        """Refuse calls without the key, or with one that may not read."""
        expected = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if call.headers.get("Authorization") != f"Basic {expected}":
            code = "woocommerce_rest_authentication_error"
            return _refusal(401, code, "Consumer key is invalid.")
        if self.permission != "read":
            code = "woocommerce_rest_cannot_view"
            return _refusal(403, code, "Sorry, you cannot list resources.")
        return None

    def _list(self, call: Call) -> Reply:
        name = call.path.removeprefix(f"{ROOT}/")
        size = int(call.one("per_page", "10"))
        if not 1 <= size <= MOST_AT_ONCE:
            return _refusal(400, "rest_invalid_param", "Invalid parameter(s): per_page")
        if size > self.heaviest:
            return Reply(
                500, b"<h1>Allowed memory size exhausted</h1>", {"Content-Type": "text/html"}
            )
        found = self._sorted(call, [one for one in self.kept[name].values() if self._is(call, one)])
        start = int(call.one("offset") or (int(call.one("page", "1")) - 1) * size)
        chosen = [dict(record) for record in found[start : start + size]]
        if call.one("_fields"):
            chosen = [
                {field: one[field] for field in call.one("_fields").split(",")} for one in chosen
            ]
        if self.after_page:
            self.after_page.pop(0)()
        link = f'<{self.base_url}{call.path}?page=2&consumer_key={KEY}>; rel="next"'
        pages = -(-len(found) // size)
        totals = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages), "Link": link}
        return Reply(200, chosen, totals)

    def _is(self, call: Call, record: Record) -> bool:
        status = call.one("status", "any")
        if "status" in record and call.path.endswith("orders"):
            if status == "any" and record["status"] in UNSEEN:
                return False
            if status != "any" and record["status"] not in status.split(","):
                return False
        if call.path.endswith("customers"):
            # Customers cannot be asked for by change; the filters are not known there.
            return call.one("role", "customer") in ("all", record["role"])
        if call.path.endswith("reviews"):
            written = datetime.fromisoformat(record["date_created_gmt"]) + SHOP_IS_BEHIND
            return not call.one("after") or written > datetime.fromisoformat(call.one("after"))
        return self.is_old or _is_between(call, record)

    def _sorted(self, call: Call, records: list[Record]) -> list[Record]:
        by_change = call.one("orderby") == "modified"
        key = "date_modified_gmt" if by_change else "id"
        is_down = (
            call.one("order", "desc" if not call.path.endswith("customers") else "asc") == "desc"
        )
        return sorted(records, key=lambda one: (one[key], one["id"]), reverse=is_down)

    def _order(self, call: Call) -> Reply:
        record = self.kept["orders"].get(int(call.found["id"]))
        if record is None:
            return _refusal(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        return Reply(200, record)

    def _refunds(self, call: Call) -> Reply:
        size, number = int(call.one("per_page", "10")), int(call.one("page", "1"))
        found = self.refunds.get(int(call.found["id"]), [])
        return Reply(200, found[(number - 1) * size : number * size])


def order(number: int, modified: str) -> Record:
    """Return an order of 100.00 with 19.00 of tax on top and 5.00 for postage."""
    return {
        "id": number,
        "number": str(number),
        "status": "completed",
        "currency": "EUR",
        "prices_include_tax": False,
        "date_created": "2026-02-01T05:00:00",
        "date_created_gmt": "2026-02-01T10:00:00",
        "date_modified": "2026-02-01T05:00:00",
        "date_modified_gmt": modified,
        "date_paid_gmt": "2026-02-01T10:05:00",
        "discount_total": "0.00",
        "shipping_total": "5.00",
        "total": "124.00",
        "total_tax": "19.00",
        "customer_id": 7,
        "billing": {"email": "Ann@Example.com", "country": "DE", "city": "Bonn", "phone": ""},
        "payment_method": "bacs",
        "line_items": [line(1)],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
    }


def line(number: int, **changes: Any) -> Record:
    """Return a line of 100.00 without tax."""
    return {
        "id": number,
        "name": "Beeswax candle",
        "product_id": 71,
        "variation_id": 0,
        "sku": "CANDLE",
        "quantity": 1,
        "subtotal": "100.00",
        "total": "100.00",
        "total_tax": "19.00",
        "price": 100,
        **changes,
    }


def refund_of(number: int, at: str, amount: str, goods: str = "") -> Record:
    """Return money that went back: of a line, or an amount alone."""
    lines = [{"id": 1, "product_id": 71, "quantity": 0, "total": f"-{goods}"}] if goods else []
    return {"id": number, "date_created_gmt": at, "amount": amount, "line_items": lines}


def customer(number: int, modified: str | None, **changes: Any) -> Record:
    """Return somebody who registered."""
    return {
        "id": number,
        "date_created_gmt": "2025-01-01T09:00:00",
        "date_modified_gmt": modified,
        "email": f"customer{number}@example.com",
        "first_name": "Ann",
        "last_name": "Ash",
        "role": "customer",
        "billing": {"country": "DE", "city": "Bonn", "phone": "+15555550100", "email": ""},
        "is_paying_customer": True,
        **changes,
    }


def product(number: int, modified: str, **changes: Any) -> Record:
    """Return a product that can be bought."""
    return {
        "id": number,
        "name": "Beeswax candle",
        "permalink": "https://shop.example.com/product/candle",
        "date_modified_gmt": modified,
        "status": "publish",
        "price": "100.00",
        "purchasable": True,
        "stock_status": "instock",
        "categories": [{"id": 9, "name": "Candles", "slug": "candles"}],
        "images": [{"id": 3, "src": "https://shop.example.com/candle.jpg"}],
        **changes,
    }


def review(number: int, at: str, **changes: Any) -> Record:
    """Return what somebody thought of a product."""
    return {
        "id": number,
        "date_created_gmt": at,
        "product_id": 71,
        "status": "approved",
        "reviewer": "Ann",
        "reviewer_email": "ann@example.com",
        "review": "<p>Burns well</p>",
        "rating": 4,
        **changes,
    }


def _is_between(call: Call, record: Mapping[str, Any]) -> bool:
    """Say whether the filters by time let a record through: both strict, to the second."""
    modified = datetime.fromisoformat(record["date_modified_gmt"])
    # Unless told otherwise the moments asked for are the shop's wall clock.
    if call.one("dates_are_gmt") != "true":
        modified += SHOP_IS_BEHIND
    after, before = call.one("modified_after"), call.one("modified_before")
    is_after = not after or modified > datetime.fromisoformat(after)
    return is_after and (not before or modified < datetime.fromisoformat(before))


def _refusal(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"code": code, "message": message, "data": {"status": status}})
