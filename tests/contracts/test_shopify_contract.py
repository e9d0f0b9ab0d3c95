"""All that is asked of Shopify is asked in the terms of its official schema."""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.apis.shopify import ShopifyApi
from pipeline.apis.shopify_queries import KINDS, VERSION
from pipeline.http import Patience
from pipeline.http_answers import HttpError
from pipeline.sources.shopify import BEGINNING, ShopifyClient
from tests.stand_ins.graphql_answers import official_schema
from tests.stand_ins.shopify import TOKEN, Shopify
from tests.stand_ins.shopify_records import checkout, customer, line, order, product

SCHEMA = Path(__file__).resolve().parents[2] / ".contracts" / "shopify"
FIRST, LAST = datetime.fromisoformat("2026-02-01"), datetime.fromisoformat("2026-04-01")


@pytest.fixture(scope="module")
def shop() -> Iterator[Shopify]:
    text = gzip.decompress((SCHEMA / f"admin_{VERSION}.json.gz").read_bytes())
    found = json.loads(text)
    with Shopify(official_schema(found.get("data", found))) as server:
        lines = [line(number) for number in range(40)]
        server.records["orders"] = [order(1), order(2, lineItems=lines)]
        server.records["customers"] = [customer(900)]
        server.records["products"] = [product(71)]
        server.records["abandonedCheckouts"] = [checkout(5)]
        yield server


@pytest.fixture
def client(shop: Shopify, tmp_path: Path) -> ShopifyClient:
    api = ShopifyApi(
        shop.base_url,
        TOKEN,
        patience=Patience(attempts=2),
        sleep=shop.clock.sleep,
        clock=shop.clock,
    )
    return ShopifyClient(api, tmp_path)


@pytest.mark.parametrize("stream", sorted(KINDS))
@pytest.mark.parametrize("since", [BEGINNING, FIRST], ids=["first load", "window"])
def test_every_stream_is_asked_for_in_terms_of_the_schema(
    client: ShopifyClient, shop: Shopify, stream: str, since: datetime
) -> None:
    shop.documents.clear()
    records = [record for page in client.pages(stream, since, LAST) for record in page]
    assert len(records) == len(shop.records[KINDS[stream].connection])
    asked = " ".join(shop.documents)
    is_bulk = since == BEGINNING or KINDS[stream].is_bulk_only
    assert ("bulkOperationRunQuery" in asked) == is_bulk
    assert ("query Children" in asked) == (since == FIRST and stream == "orders")


def test_the_doctor_asks_in_terms_of_the_schema(client: ShopifyClient) -> None:
    assert client.problems() == []


def test_what_is_not_in_the_schema_is_refused(client: ShopifyClient) -> None:
    with pytest.raises(HttpError, match="Cannot query field 'colour'"):
        client._api.ask("{ orders(first: 1) { nodes { colour } } }")
