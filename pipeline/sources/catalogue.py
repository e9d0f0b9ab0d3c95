"""Which sources bring records in the shape of the inbox contract, and which entities of it."""

from collections.abc import Iterable, Mapping

from pipeline.sources.contract import ENTITY_BY_NAME
from pipeline.sources.entity import Entity

EVERYTHING = tuple(ENTITY_BY_NAME)

CONTRACT_SOURCES: Mapping[str, tuple[str, ...]] = {
    "files": EVERYTHING,
    "sql": EVERYTHING,
    "shopify": ("orders", "order_lines", "customers", "consents", "carts", "products"),
    "woocommerce": ("orders", "order_lines", "customers", "answers", "products"),
    "klaviyo": ("customers", "consents", "email_events"),
    "mailchimp": ("customers", "consents", "email_events"),
    "brevo": ("customers", "consents", "email_events"),
    "listmonk": ("customers", "consents", "email_events"),
}
"""Each has a schema ``raw_<source>`` with the tables that it can bring. The same stands in the
variable ``contract_sources`` of the dbt project."""


def extracted(chosen: Iterable[str]) -> tuple[str, ...]:
    """Return those of the ``chosen`` sources that are read window by window."""
    return tuple(name for name in chosen if name in CONTRACT_SOURCES and name != "files")


def entities_of(source: str) -> tuple[Entity, ...]:
    """Return the entities that ``source`` can bring, in the order in which they are loaded."""
    return tuple(ENTITY_BY_NAME[name] for name in CONTRACT_SOURCES[source])


def schema_of(source: str) -> str:
    """Return the schema that the records of ``source`` are kept in."""
    return f"raw_{source}"
