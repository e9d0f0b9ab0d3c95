"""The GraphQL that is asked of Shopify; tests hold all of it against the official schema."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

VERSION = "2026-07"
"""Shopify makes a version every quarter and keeps it for a year."""
LINES_AT_ONCE = 10
"""Children that come with each order of a page: few orders have more, and each costs points."""
MORE_LINES_AT_ONCE = 75

# Amounts in the shop's own currency; what the buyer was shown is another one.
_MONEY = "{ shopMoney { amount currencyCode } }"

_ORDER = f"""
    id legacyResourceId name test createdAt processedAt updatedAt cancelledAt cancelReason
    displayFinancialStatus taxesIncluded currencyCode email discountCodes sourceName
    customer {{ id }}
    subtotalPriceSet {_MONEY}
    totalPriceSet {_MONEY}
    totalTaxSet {_MONEY}
    totalDiscountsSet {_MONEY}
    totalRefundedSet {_MONEY}
    totalRefundedShippingSet {_MONEY}
    refunds {{ id createdAt processedAt totalRefundedSet {_MONEY} }}
"""
_LINE = f"""
    id name title sku quantity isGiftCard
    product {{ id productType }}
    originalUnitPriceSet {_MONEY}
    discountAllocations {{ allocatedAmountSet {_MONEY} }}
    taxLines {{ priceSet {_MONEY} }}
"""
# emailMarketingConsent is deprecated, but nothing else tells who was erased: REDACTED.
_CUSTOMER = """
    id legacyResourceId createdAt updatedAt state firstName lastName locale
    defaultEmailAddress { emailAddress marketingState marketingUpdatedAt }
    emailMarketingConsent { marketingState consentUpdatedAt }
    defaultPhoneNumber { phoneNumber marketingState marketingUpdatedAt }
    defaultAddress { city countryCodeV2 }
"""
_PRODUCT = """
    id legacyResourceId title productType status isGiftCard updatedAt onlineStoreUrl
    priceRangeV2 { minVariantPrice { amount currencyCode } }
    featuredMedia { preview { image { url } } }
"""
_CHECKOUT = """
    id name createdAt updatedAt completedAt
    customer { id defaultEmailAddress { emailAddress } }
"""
_CHECKOUT_LINE = f"""
    id title sku quantity
    product {{ id }}
    discountedUnitPriceSet {_MONEY}
"""


@dataclass(frozen=True)
class Kind:
    """A kind of records: a connection of the API, its fields and those of its children."""

    name: str
    fields: str
    scopes: tuple[str, ...]
    children: Mapping[str, str] = field(default_factory=dict)
    is_day_wise: bool = False
    """Whether its filter by time looks at whole days only."""
    found_under: str = ""
    """The connection's name, where it is another one."""
    is_bulk_only: bool = False
    """Whether the API cannot give it in the order of its changes."""

    @property
    def connection(self) -> str:
        """Return the name of the connection."""
        return self.found_under or self.name

    @property
    def single(self) -> str:
        """Return the name under which one of them is asked for."""
        return self.name.removesuffix("s")


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "orders",
            _ORDER,
            ("read_orders", "read_all_orders", "read_customers", "read_products"),
            {"lineItems": _LINE},
        ),
        Kind("customers", _CUSTOMER, ("read_customers",), is_day_wise=True),
        Kind("products", _PRODUCT, ("read_products",)),
        Kind(
            "checkouts",
            _CHECKOUT,
            ("read_orders", "read_customers", "read_products"),
            {"lineItems": _CHECKOUT_LINE},
            found_under="abandonedCheckouts",
            is_bulk_only=True,
        ),
    )
}

SCOPES = "{ currentAppInstallation { accessScopes { handle } } }"
SHOP = "{ shop { name createdAt currencyCode ianaTimezone } }"
OLDEST_ORDER = "{ orders(first: 1, sortKey: CREATED_AT) { nodes { createdAt } } }"
NEWEST_ADDRESSES = """{
    orders(first: 50, sortKey: CREATED_AT, reverse: true) { nodes { email } }
    customers(first: 50, sortKey: CREATED_AT, reverse: true) {
        nodes { defaultEmailAddress { emailAddress } }
    }
}"""

RUN_BULK = """mutation Run($query: String!) {
    bulkOperationRunQuery(query: $query, groupObjects: false) {
        bulkOperation { id status }
        userErrors { code field message }
    }
}"""
POLL_BULK = """query Poll($id: ID!) {
    bulkOperation(id: $id) { id status errorCode objectCount rootObjectCount url }
}"""


def count_query(kind: Kind) -> str:
    """Return the query for how many records a search finds, counted up to some thousands."""
    return f"""query Count($search: String, $limit: Int) {{
        {kind.name}Count(query: $search, limit: $limit) {{ count precision }}
    }}"""


def page_query(kind: Kind) -> str:
    """Return the query for a page of records in the order of their changes."""
    children = " ".join(
        f"{name}(first: {LINES_AT_ONCE}) {_connection(fields)}"
        for name, fields in kind.children.items()
    )
    # Without the sort key orders come by processedAt, and a cursor over changes loses some.
    return f"""query Page($first: Int!, $after: String, $search: String) {{
        {kind.name}(first: $first, after: $after, query: $search, sortKey: UPDATED_AT)
        {_connection(f"{kind.fields} {children}")}
    }}"""


def children_query(kind: Kind, child: str) -> str:
    """Return the query for the children that did not fit beside their record."""
    return f"""query Children($id: ID!, $after: String) {{
        {kind.single}(id: $id) {{
            {child}(first: {MORE_LINES_AT_ONCE}, after: $after) {_connection(kind.children[child])}
        }}
    }}"""


def bulk_query(kind: Kind, search: str) -> str:
    """Return the query that a bulk operation runs; an empty search finds everything."""
    children = " ".join(
        f"{name} {{ edges {{ node {{ {fields} }} }} }}" for name, fields in kind.children.items()
    )
    found = f"(query: {json.dumps(search)})" if search else ""
    return f"{{ {kind.connection}{found} {{ edges {{ node {{ {kind.fields} {children} }} }} }} }}"


def _connection(fields: str) -> str:
    return f"{{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }}"
