"""A shop at Shopify: its Admin API with scopes, points, searches, pages and bulk operations."""

import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from graphql import FieldNode, GraphQLSchema, OperationType

from tests.stand_ins.calls import Call, Reply
from tests.stand_ins.clock import StillClock
from tests.stand_ins.graphql_answers import (
    Refused,
    Value,
    arguments_of,
    fields_of,
    is_connection,
    operation_of,
    page,
    picked,
    price_of,
)
from tests.stand_ins.server import StandIn
from tests.stand_ins.shopify_bulk import BulkOperations

VERSION = "2026-07"
TOKEN = "shpat_0123456789abcdef0123456789abcdef"  # noqa: S105
CLIENT_ID, CLIENT_SECRET = "client-0123", "shpss_fedcba9876543210"
SCOPES = ("read_orders", "read_all_orders", "read_customers", "read_products")
NEEDED = {"orders": "read_orders", "customers": "read_customers", "products": "read_products"} | {
    "abandonedCheckouts": "read_orders"
}
MOST_POINTS, RESTORED_POINTS = 1000, 100
SORTED_BY = {
    "UPDATED_AT": "updatedAt",
    "CREATED_AT": "createdAt",
    "PROCESSED_AT": "processedAt",
    "ID": "id",
}
TERM = re.compile(r"updated_at:(>=|<)'([^']+)'")


class Shopify(StandIn):
    """Keeps ``orders``, ``customers`` and ``products``; tests change them as a shop would.

    With ``schema`` every document that comes is held against it. ``hides_addresses`` is a shop
    that granted no protected data, ``served`` the version that answers say they are of.
    """

    def __init__(
        self, schema: GraphQLSchema | None = None, clock: StillClock | None = None
    ) -> None:
        super().__init__(clock)
        self.schema = schema
        self.records: dict[str, list[Value]] = {name: [] for name in NEEDED}
        self.scopes: tuple[str, ...] = SCOPES
        self.tokens = {TOKEN}
        self.today = datetime.fromisoformat("2026-06-01")
        self.opened = "2020-01-01T00:00:00Z"
        self.served = VERSION
        self.after_page: list[Any] = []
        self.documents: list[str] = []
        self.bulk = BulkOperations(self)
        self._points, self._counted_at = float(MOST_POINTS), self.clock()
        self.route("POST", f"/admin/api/{VERSION}/graphql.json", self._graphql)
        self.route("POST", "/admin/oauth/access_token", self._new_token)
        self.route("GET", "/results/{number}", self.bulk.result)

    def found(self, name: str, search: str | None) -> list[Value]:
        """Return the records that a search finds, of orders only those that the app may see."""
        records = self.records[name]
        if name == "orders" and "read_all_orders" not in self.scopes:
            records = [one for one in records if (self.today - _day(one["createdAt"])).days <= 60]
        terms = TERM.findall(search or "")
        if search and TERM.sub("", search).strip():
            raise Refused(f"Invalid search: {search}")
        return [one for one in records if all(_holds(name, one, *term) for term in terms)]

    def require_scopes(self, node: FieldNode) -> None:
        """Refuse fields that the app has no scope for, whatever they are nested in."""
        scope = NEEDED.get(node.name.value) or NEEDED.get(f"{node.name.value}s")
        granted = {one.replace("write_", "read_", 1) for one in self.scopes}
        if scope and scope not in granted:
            raise Refused(
                f"Access denied for {node.name.value} field. Required access: `{scope}` access "
                "scope.",
                "ACCESS_DENIED",
            )
        for inside in fields_of(node.selection_set):
            self.require_scopes(inside)

    def _graphql(self, call: Call) -> Reply:
        if call.headers.get("X-Shopify-Access-Token") not in self.tokens:
            return Reply(401, {"errors": "[API] Invalid API key or access token"})
        body = call.json()
        self.documents.append(body["query"])
        variables = body.get("variables") or {}
        cost: Value = {}
        try:
            operation = operation_of(body["query"], self.schema)
            nodes = fields_of(operation.selection_set)
            cost = self._paid(price_of(nodes, variables))
            is_query = operation.operation is OperationType.QUERY
            answer = self._answered if is_query else self._done
            data = {node.name.value: answer(node, variables) for node in nodes}
        except Refused as refused:
            cost = cost or refused.cost
            return self._reply({"errors": [refused.error], "extensions": {"cost": cost}})
        return self._reply({"data": data, "extensions": {"cost": cost}})

    def _reply(self, body: Value) -> Reply:
        return Reply(200, body, {"X-Shopify-API-Version": self.served})

    def _paid(self, price: int) -> Value:
        if price > MOST_POINTS:
            raise Refused(f"Query cost is {price}, over {MOST_POINTS}", "MAX_COST_EXCEEDED")
        now = self.clock()
        restored = self._points + (now - self._counted_at) * RESTORED_POINTS
        self._points, self._counted_at = min(float(MOST_POINTS), restored), now
        status = {"maximumAvailable": MOST_POINTS, "restoreRate": RESTORED_POINTS}
        if price > self._points:
            refused = Refused("Throttled", "THROTTLED")
            left = status | {"currentlyAvailable": self._points}
            refused.cost = {"requestedQueryCost": price, "throttleStatus": left}
            raise refused
        self._points -= price
        return {
            "requestedQueryCost": price,
            "actualQueryCost": price,
            "throttleStatus": status | {"currentlyAvailable": self._points},
        }

    def _answered(self, node: FieldNode, variables: Value) -> Any:
        self.require_scopes(node)
        name, arguments = node.name.value, arguments_of(node, variables)
        if name in self.records and is_connection(node):
            key, found = self._sorted(name, arguments)
            keys = [f"{one[key]} {one['id']}" for one in found]
            answer = page(found, node, variables, keys)
            if self.after_page:
                self.after_page.pop(0)()
            return answer
        if name.removesuffix("Count") in self.records:
            count = len(self.found(name.removesuffix("Count"), arguments.get("query")))
            limit = arguments.get("limit") or 10_000
            counted = {"count": min(count, limit), "precision": "EXACT"}
            return picked(counted, node, variables)
        return picked(self._single(name, arguments), node, variables)

    def _single(self, name: str, arguments: Value) -> Value | None:
        if name == "currentAppInstallation":
            return {"accessScopes": [{"handle": scope} for scope in self.scopes]}
        if name == "shop":
            return {
                "name": "A shop",
                "createdAt": self.opened,
                "currencyCode": "EUR",
                "ianaTimezone": "Europe/Berlin",
            }
        if name == "bulkOperation":
            return self.bulk.polled(arguments["id"])
        if f"{name}s" in self.records:
            return next((o for o in self.records[f"{name}s"] if o["id"] == arguments["id"]), None)
        raise Refused(f"Field '{name}' doesn't exist on type 'QueryRoot'", "undefinedField")

    def _sorted(self, name: str, arguments: Value) -> tuple[str, list[Value]]:
        key = SORTED_BY[arguments.get("sortKey") or ("PROCESSED_AT" if name == "orders" else "ID")]
        found = self.found(name, arguments.get("query"))
        is_reverse = bool(arguments.get("reverse"))
        return key, sorted(found, key=lambda one: (one[key], one["id"]), reverse=is_reverse)

    def _done(self, node: FieldNode, variables: Value) -> Any:
        assert node.name.value == "bulkOperationRunQuery", node.name.value
        return picked(self.bulk.started(arguments_of(node, variables)), node, variables)

    def _new_token(self, call: Call) -> Reply:
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        if form != {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }:
            return Reply(400, {"error": "invalid_client"})
        token = f"shpua_{len(self.tokens):032}"
        self.tokens = {token}
        return Reply(200, {"access_token": token, "scope": ",".join(SCOPES), "expires_in": 86399})


def _holds(name: str, record: Value, sign: str, moment: str) -> bool:
    changed, limit = record["updatedAt"], moment
    if name == "customers":
        # The filter of customers looks at whole days.
        changed, limit = changed[:10], moment[:10]
    return bool(changed >= limit if sign == ">=" else changed < limit)


def _day(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=None)
