"""Bulk operations of the stand-in for Shopify, and the ways in which their results disappoint."""

import json
import random
from typing import TYPE_CHECKING, Any

from graphql import FieldNode

from tests.stand_ins.calls import Call, Reply
from tests.stand_ins.graphql_answers import (
    Refused,
    Value,
    arguments_of,
    fields_of,
    operation_of,
    picked,
)

if TYPE_CHECKING:
    from tests.stand_ins.shopify import Shopify

MOST_CONNECTIONS, MOST_NESTED = 5, 2


class BulkOperations:
    """Runs each in ``polls`` steps; ``ends`` says how, ``lost_lines`` how much of it is lost."""

    def __init__(self, shop: "Shopify") -> None:
        self._shop = shop
        self.operations: dict[str, Value] = {}
        self.results: dict[str, list[str]] = {}
        self.polls = 2
        self.ends: tuple[str, str | None] = ("COMPLETED", None)
        self.lost_lines = 0
        self.busy = 0
        self._polled: dict[str, int] = {}

    def started(self, arguments: Value) -> Value:
        """Begin an operation, unless others are under way."""
        if arguments["groupObjects"] is not False:
            return _refused("INVALID", "grouped objects are slow")
        if self.busy:
            self.busy -= 1
            return _refused(
                "OPERATION_IN_PROGRESS", "A bulk query operation is already in progress"
            )
        number = str(len(self.operations) + 1)
        operation_id = f"gid://shopify/BulkOperation/{number}"
        self._shop.documents.append(arguments["query"])
        try:
            self._run(number, operation_id, arguments["query"])
        except Refused as refused:
            return _refused("INVALID", str(refused))
        return {"bulkOperation": self.operations[operation_id], "userErrors": []}

    def polled(self, operation_id: str) -> Value | None:
        """Return an operation, a step further than when it was asked for last."""
        operation = self.operations.get(operation_id)
        if not operation:
            return None
        self._polled[operation_id] = self._polled.get(operation_id, 0) + 1
        if self._polled[operation_id] <= self.polls:
            return operation | {"status": "RUNNING", "url": None, "objectCount": "0"}
        return operation

    def result(self, call: Call) -> Reply:
        """Give the result, as another house does: whoever sends a token along gives it away."""
        if "X-Shopify-Access-Token" in call.headers:
            return Reply(400, {"message": "the token was sent to the store of results"})
        lines = self.results[call.found["number"]]
        return Reply(200, "\n".join(lines[self.lost_lines :]).encode() + b"\n")

    def _run(self, number: str, operation_id: str, query: str) -> None:
        operation = operation_of(query, self._shop.schema)
        (root,) = fields_of(operation.selection_set)
        self._shop.require_scopes(root)
        _require_bulk_shape(root)
        roots, lines = self._lines(root)
        status, error = self.ends
        is_whole = status == "COMPLETED"
        self.results[number] = lines
        url = f"{self._shop.base_url}/results/{number}"
        self.operations[operation_id] = {
            "id": operation_id,
            "status": status,
            "errorCode": error,
            "objectCount": str(sum(bool(line) for line in lines)),
            "rootObjectCount": str(roots),
            "url": url if is_whole and roots else None,
            "partialDataUrl": None if is_whole else url,
        }

    def _lines(self, root: FieldNode) -> tuple[int, list[str]]:
        """Return the lines of a result: children anywhere, and a blank line among them."""
        found = self._shop.found(root.name.value, arguments_of(root, {}).get("query"))
        node = _node(root)
        plain = [one for one in fields_of(node.selection_set) if not _is_nested(one)]
        nested = [one for one in fields_of(node.selection_set) if _is_nested(one)]
        lines = []
        for record in found:
            lines.append(json.dumps(_of(record, plain)))
            for child in nested:
                lines += [
                    json.dumps(picked(one, _node(child), {}) | {"__parentId": record["id"]})
                    for one in record[child.name.value]
                ]
        random.Random(len(lines)).shuffle(lines)
        return len(found), [*lines[:1], "", *lines[1:]] if lines else []


def _of(record: Value, fields: list[FieldNode]) -> Value:
    missing = [one.name.value for one in fields if one.name.value not in record]
    if missing:
        raise Refused(f"Field '{missing[0]}' doesn't exist")
    return {one.name.value: picked(record[one.name.value], one, {}) for one in fields}


def _refused(code: str, message: str) -> dict[str, Any]:
    error = {"code": code, "field": ["query"], "message": message}
    return {"bulkOperation": None, "userErrors": [error]}


def _is_nested(node: FieldNode) -> bool:
    return any(one.name.value in ("edges", "nodes") for one in fields_of(node.selection_set))


def _node(connection: FieldNode) -> FieldNode:
    (edges,) = [one for one in fields_of(connection.selection_set) if one.name.value == "edges"]
    (node,) = [one for one in fields_of(edges.selection_set) if one.name.value == "node"]
    return node


def _require_bulk_shape(root: FieldNode) -> None:
    depths = list(_depths(root, 0))
    if not depths or len(depths) > MOST_CONNECTIONS or max(depths) > MOST_NESTED:
        raise Refused("Bulk queries need 1 to 5 connections, nested at most two deep")
    if any(one.name.value == "refunds" and list(_depths(one, 0)) for one in _all(root)):
        raise Refused("Bulk queries cannot contain a connection field within a list field")


def _depths(node: FieldNode, depth: int) -> Any:
    is_nested = _is_nested(node)
    if is_nested:
        if "id" not in [one.name.value for one in fields_of(_node(node).selection_set)]:
            raise Refused("the id of every object has to be asked for")
        yield depth
    for inside in fields_of(node.selection_set):
        yield from _depths(inside, depth + is_nested)


def _all(node: FieldNode) -> Any:
    yield node
    for inside in fields_of(node.selection_set):
        yield from _all(inside)
