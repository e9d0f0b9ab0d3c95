"""What happens in the shop: people buy, change their minds and send things back."""

from decimal import Decimal
from typing import Any

from tests.shop.medusa import Medusa, Record
from tests.shop.shelves import GERMANY, open_shop


class Trade:
    """What people and staff do in an open shop."""

    def __init__(self, shop: Medusa) -> None:
        self.shop = shop
        self.shelves = open_shop(shop)

    def register(self, email: str, metadata: Record | None = None) -> str:
        """Make an account and return its customer's id."""
        login = {"email": email, "password": "geheim"}
        token = self.shop.call("POST", "/auth/customer/emailpass/register", login, {})["token"]
        person = {"email": email, "first_name": "A", "last_name": "B", "metadata": metadata or {}}
        found: str = self.shop.store("/customers", person, token)["customer"]["id"]
        return found

    def login(self, email: str) -> str:
        """Return what says to the storefront that somebody is logged in."""
        login = {"email": email, "password": "geheim"}
        found: str = self.shop.call("POST", "/auth/customer/emailpass", login, {})["token"]
        return found

    def fill(
        self,
        email: str,
        what: dict[str, int],
        *,
        token: str | None = None,
        country: str = GERMANY,
        coupon: str | None = None,
        metadata: Record | None = None,
    ) -> Record:
        """Put things into a new cart and say who and where one is."""
        address = {
            "first_name": "A",
            "last_name": "B",
            "address_1": "Street 1",
            "city": "Town",
            "postal_code": "10115",
            "country_code": country,
        }
        cart = {
            "region_id": self.shelves.regions[country],
            "email": email,
            "shipping_address": address,
            "billing_address": address,
            "items": [
                {"variant_id": self.shelves.variants[name], "quantity": count}
                for name, count in what.items()
            ],
            "promo_codes": [coupon] if coupon else [],
            "metadata": metadata or {},
        }
        found: Record = self.shop.store("/carts", cart, token)["cart"]
        return found

    def order(self, cart: Record, *, token: str | None = None, is_paid: bool = True) -> Record:
        """Complete a cart; return the order as the shop tells it."""
        at = f"/carts/{cart['id']}"
        self.shop.store(
            f"{at}/shipping-methods", {"option_id": self.shelves.deliveries["out"]}, token
        )
        payment = self.shop.store("/payment-collections", {"cart_id": cart["id"]}, token)
        collection = payment["payment_collection"]["id"]
        self.shop.store(
            f"/payment-collections/{collection}/payment-sessions",
            {"provider_id": "pp_system_default"},
            token,
        )
        placed = self.shop.store(f"{at}/complete", {}, token)
        assert placed["type"] == "order", placed
        if is_paid:
            self.shop.admin("POST", f"/payments/{self._payment(placed['order'])}/capture", {})
        return self.told(placed["order"])

    def buy(self, email: str, what: dict[str, int], **how: Any) -> Record:
        """Fill a cart and complete it."""
        is_paid, token = how.pop("is_paid", True), how.get("token")
        return self.order(self.fill(email, what, **how), token=token, is_paid=is_paid)

    def told(self, order: Record) -> Record:
        """Return what the shop says of an order now."""
        found: Record = self.shop.admin("GET", f"/orders/{order['id']}")["order"]
        return found

    def draft(self, email: str, name: str) -> None:
        """Let the staff note down what somebody may buy."""
        item = {"variant_id": self.shelves.variants[name], "quantity": 1}
        region = self.shelves.regions[GERMANY]
        body = {"email": email, "region_id": region, "items": [item]}
        self.shop.admin("POST", "/draft-orders", body)

    def change_consent(self, token: str, state: str) -> None:
        """Let somebody who is logged in say yes or no to mails."""
        self.shop.store("/customers/me", {"metadata": {"email_consent": state}}, token)

    def cancel(self, order: Record) -> None:
        """Call an order off."""
        self.shop.admin("POST", f"/orders/{order['id']}/cancel", {})

    def refund(self, order: Record, amount: Decimal) -> None:
        """Give money back."""
        body = {"amount": float(amount)}
        self.shop.admin("POST", f"/payments/{self._payment(order)}/refund", body)

    def send(self, order: Record) -> None:
        """Send all that was bought."""
        items = [{"id": item["id"], "quantity": item["quantity"]} for item in order["items"]]
        body = {"items": items, "location_id": self.shelves.deliveries["location"]}
        self.shop.admin("POST", f"/orders/{order['id']}/fulfillments", body)

    def send_back(self, order: Record, name: str, reason: str) -> None:
        """Take back one piece of what was bought."""
        made = self.shop.admin("POST", "/return-reasons", {"value": reason, "label": reason})
        bought = {item["variant_sku"]: item["id"] for item in order["items"]}
        item = {"id": bought[name], "quantity": 1}
        begun = self.shop.admin("POST", "/returns", {"order_id": order["id"]})["return"]["id"]
        why = {"reason_id": made["return_reason"]["id"]}
        self.shop.admin("POST", f"/returns/{begun}/request-items", {"items": [item | why]})
        self.shop.admin("POST", f"/returns/{begun}/request", {})
        self.shop.admin("POST", f"/returns/{begun}/receive", {})
        self.shop.admin("POST", f"/returns/{begun}/receive-items", {"items": [item]})
        self.shop.admin("POST", f"/returns/{begun}/receive/confirm", {})

    def add(self, order: Record, name: str) -> None:
        """Add a thing to an order after it was placed."""
        self.shop.admin("POST", "/order-edits", {"order_id": order["id"]})
        item = {"variant_id": self.shelves.variants[name], "quantity": 1}
        at = f"/order-edits/{order['id']}"
        self.shop.admin("POST", f"{at}/items", {"items": [item]})
        self.shop.admin("POST", f"{at}/request", {})
        self.shop.admin("POST", f"{at}/confirm", {})

    def _payment(self, order: Record) -> str:
        asked = f"/orders/{order['id']}?fields=*payment_collections.payments"
        told = self.shop.admin("GET", asked)["order"]
        found: str = told["payment_collections"][0]["payments"][0]["id"]
        return found
