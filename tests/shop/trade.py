"""What happens in the shop: it is opened, people buy, change their minds and send things back."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.shop.medusa import STAFF, Medusa, Record

GERMANY, AUSTRIA = "de", "at"
PRICES = {"tea": 19, "pot": 49, "cup": 7}
COUPON = "TENTH"


@dataclass
class Shelves:
    """What has to be named when something is bought: ids of regions, variants and deliveries."""

    regions: dict[str, str]
    deliveries: dict[str, str]
    variants: dict[str, str]
    products: dict[str, str]


def open_shop(shop: Medusa) -> Shelves:
    """Sell tea, pots and cups: to Germany at prices with 19 % tax, to Austria before 20 %."""
    login = shop.call("POST", "/auth/user/emailpass", STAFF, {})
    bearer = {"Authorization": f"Bearer {login['token']}"}
    key = shop.call("POST", "/admin/api-keys", {"title": "test", "type": "secret"}, bearer)
    shop.staff_key = key["api_key"]["token"]
    keys = shop.admin("GET", "/api-keys?type=publishable")["api_keys"]
    shop.storefront_key = keys[0]["token"]

    store = shop.admin("GET", "/stores")["stores"][0]
    currencies = {"supported_currencies": [{"currency_code": "eur", "is_default": True}]}
    shop.admin("POST", f"/stores/{store['id']}", currencies)
    channel = shop.admin("GET", "/sales-channels")["sales_channels"][0]["id"]
    profile = shop.admin("GET", "/shipping-profiles")["shipping_profiles"][0]["id"]
    regions = {
        GERMANY: _region(shop, "Germany", GERMANY, 19),
        AUSTRIA: _region(shop, "Austria", AUSTRIA, 20),
    }
    deliveries = _deliveries(shop, channel, profile, regions)
    products = {
        name: _product(shop, name, _prices(price, regions), channel, profile)
        for name, price in PRICES.items()
    }
    shop.admin("POST", "/promotions", _coupon())
    return Shelves(
        regions,
        deliveries,
        {name: product["variants"][0]["id"] for name, product in products.items()},
        {name: product["id"] for name, product in products.items()},
    )


def _region(shop: Medusa, name: str, country: str, rate: int) -> str:
    made = shop.admin(
        "POST",
        "/regions",
        {
            "name": name,
            "currency_code": "eur",
            "countries": [country],
            "payment_providers": ["pp_system_default"],
            "is_tax_inclusive": country == GERMANY,
        },
    )
    tax = {"rate": rate, "name": f"{rate} %", "code": f"vat{rate}"}
    shop.admin(
        "POST",
        "/tax-regions",
        {"country_code": country, "provider_id": "tp_system", "default_tax_rate": tax},
    )
    found: str = made["region"]["id"]
    return found


def _deliveries(
    shop: Medusa, channel: str, profile: str, regions: dict[str, str]
) -> dict[str, str]:
    location = shop.admin("POST", "/stock-locations", {"name": "Store room"})["stock_location"][
        "id"
    ]
    shop.admin("POST", f"/stock-locations/{location}/sales-channels", {"add": [channel]})
    shop.admin(
        "POST", f"/stock-locations/{location}/fulfillment-providers", {"add": ["manual_manual"]}
    )
    made = shop.admin(
        "POST",
        f"/stock-locations/{location}/fulfillment-sets?fields=*fulfillment_sets",
        {"name": "Parcels", "type": "shipping"},
    )
    parcels = made["stock_location"]["fulfillment_sets"][0]["id"]
    zones = [{"type": "country", "country_code": country} for country in regions]
    made = shop.admin(
        "POST",
        f"/fulfillment-sets/{parcels}/service-zones?fields=*service_zones",
        {"name": "Everywhere", "geo_zones": zones},
    )
    option = {
        "name": "Parcel",
        "service_zone_id": made["fulfillment_set"]["service_zones"][0]["id"],
        "shipping_profile_id": profile,
        "provider_id": "manual_manual",
        "price_type": "flat",
        "type": {"label": "Parcel", "description": "Parcel", "code": "parcel"},
        "prices": [{"currency_code": "eur", "amount": 5}],
    }
    rules = {
        "out": [],
        "back": [{"attribute": "is_return", "operator": "eq", "value": "true"}],
    }
    found = {}
    for way, chosen in rules.items():
        made = shop.admin("POST", "/shipping-options", {**option, "rules": chosen})
        found[way] = made["shipping_option"]["id"]
    return found | {"location": location}


def _prices(price: int, regions: dict[str, str]) -> list[Record]:
    everywhere = {"currency_code": "eur", "amount": price}
    return [everywhere, everywhere | {"rules": {"region_id": regions[GERMANY]}}]


def _product(shop: Medusa, name: str, prices: list[Record], channel: str, profile: str) -> Record:
    category = shop.admin(
        "POST", "/product-categories", {"name": f"All {name}s", "is_active": True}
    )["product_category"]["id"]
    made = shop.admin(
        "POST",
        "/products",
        {
            "title": name.title(),
            "status": "published",
            "shipping_profile_id": profile,
            "categories": [{"id": category}],
            "sales_channels": [{"id": channel}],
            "options": [{"title": "Size", "values": ["One"]}],
            "variants": [
                {
                    "title": "One",
                    "sku": name,
                    "manage_inventory": False,
                    "options": {"Size": "One"},
                    "prices": prices,
                }
            ],
        },
    )
    found: Record = made["product"]
    return found


def _coupon() -> Record:
    return {
        "code": COUPON,
        "type": "standard",
        "status": "active",
        "application_method": {
            "type": "percentage",
            "target_type": "items",
            "allocation": "across",
            "value": 10,
            "currency_code": "eur",
        },
    }


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
