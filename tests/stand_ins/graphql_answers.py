"""Answers a GraphQL document from plain dictionaries, counting its price as Shopify does."""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    build_client_schema,
    parse,
    validate,
    value_from_ast_untyped,
)

Value = dict[str, Any]
MOST_AT_ONCE = 250


class Refused(Exception):
    """An answer that consists of errors."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.error = {"message": message, "extensions": {"code": code} if code else {}}
        self.cost: Value = {}


def official_schema(introspection: Mapping[str, Any]) -> GraphQLSchema:
    """Return the schema that an introspection describes."""
    return build_client_schema(introspection, assume_valid=True)  # type: ignore[arg-type]


def operation_of(text: str, schema: GraphQLSchema | None) -> OperationDefinitionNode:
    """Return the one operation of a document; raise ``Refused`` where the schema forbids it."""
    try:
        document = parse(text)
    except GraphQLError as error:
        raise Refused(error.message) from None
    if schema:
        for error in validate(schema, document):
            raise Refused(error.message, "undefinedField")
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def fields_of(selection: SelectionSetNode | None) -> list[FieldNode]:
    """Return the fields that are selected."""
    return (
        [node for node in selection.selections if isinstance(node, FieldNode)] if selection else []
    )


def arguments_of(node: FieldNode, variables: Mapping[str, Any]) -> Value:
    """Return what a field is asked with."""
    return {
        one.name.value: value_from_ast_untyped(one.value, dict(variables)) for one in node.arguments
    }


def is_connection(node: FieldNode) -> bool:
    """Say whether a field is asked for page by page."""
    return any(one.name.value in ("nodes", "edges") for one in fields_of(node.selection_set))


def picked(value: Any, node: FieldNode, variables: Mapping[str, Any]) -> Any:
    """Return of ``value`` what a field selects; raise ``Refused`` for fields it does not have."""
    if value is None or not node.selection_set:
        return value
    if isinstance(value, list):
        if is_connection(node):
            return page(value, node, variables)
        return [picked(one, node, variables) for one in value]
    found = {}
    for field in fields_of(node.selection_set):
        name = field.name.value
        if name not in value:
            raise Refused(f"Field '{name}' doesn't exist on '{node.name.value}'", "undefinedField")
        found[name] = picked(value[name], field, variables)
    return found


def page(
    values: list[Value],
    node: FieldNode,
    variables: Mapping[str, Any],
    keys: list[str] | None = None,
) -> Value:
    """Return a page of a connection. A cursor is a place in the order of ``keys``, as they are now.

    So whoever changed since the last page, and moved behind it, comes again.
    """
    arguments = arguments_of(node, variables)
    first = arguments.get("first", MOST_AT_ONCE)
    if first > MOST_AT_ONCE:
        raise Refused(f"first is {first}, over {MOST_AT_ONCE}")
    keys = keys or [f"{place:09}" for place in range(len(values))]
    start = bisect_right(keys, arguments["after"]) if arguments.get("after") else 0
    chosen = values[start : start + first]
    whole = {
        "hasNextPage": start + first < len(values),
        "endCursor": keys[start + len(chosen) - 1] if chosen else None,
    }
    found: Value = {}
    for field in fields_of(node.selection_set):
        match field.name.value:
            case "nodes":
                found["nodes"] = [picked(one, field, variables) for one in chosen]
            case "pageInfo":
                found["pageInfo"] = picked(whole, field, variables)
    return found


def price_of(nodes: list[FieldNode], variables: Mapping[str, Any]) -> int:
    """Return what fields may cost: a point an object, two more for each connection."""
    return sum(_price(node, variables) for node in nodes if node.selection_set)


def _price(node: FieldNode, variables: Mapping[str, Any]) -> int:
    inside = fields_of(node.selection_set)
    if not is_connection(node):
        return 1 + price_of(inside, variables)
    first = arguments_of(node, variables).get("first", MOST_AT_ONCE)
    (items,) = [one for one in inside if one.name.value in ("nodes", "edges")]
    return 2 + int(first) * (1 + price_of(fields_of(items.selection_set), variables))
