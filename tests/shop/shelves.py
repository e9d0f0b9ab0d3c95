"""Opens the shop: regions with their taxes, deliveries, products, a coupon."""

from dataclasses import dataclass

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
