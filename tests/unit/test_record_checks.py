from decimal import Decimal

import pytest

from pipeline.sources.contract import ENTITY_BY_NAME
from tests.unit.inbox import REQUIRED, Inbox, json_lines


@pytest.mark.parametrize(
    ("entity", "column", "text", "found"),
    [
        ("orders", "is_test", "TRUE", True),
        ("orders", "is_test", "y", True),
        ("orders", "is_test", "1", True),
        ("orders", "is_test", "No", False),
        ("orders", "is_test", "f", False),
        ("orders", "is_test", "ja", ["is_test: unreadable flag 'ja'"]),
        ("orders", "status", " Paid ", "paid"),
        ("orders", "status", "shipped", ["status: unknown value 'shipped'"]),
        ("orders", "currency", "eur", "EUR"),
        ("orders", "currency", None, None),
        ("orders", "currency", "USD", ["currency: unknown currency 'USD'"]),
        ("orders", "order_id", " ", ["order_id: missing"]),
        ("orders", "ordered_at", None, ["ordered_at: missing"]),
        ("orders", "email", " Ada@Example.COM ", "Ada@Example.COM"),
        ("orders", "total", None, None),
        ("order_lines", "quantity", "0", Decimal(0)),
        ("order_lines", "quantity", "-1", ["quantity: negative number '-1'"]),
        ("order_lines", "quantity", None, ["quantity: missing"]),
        ("order_lines", "unit_price", "-0.01", ["unit_price: negative number '-0.01'"]),
        ("customers", "email_consent", "SUBSCRIBED", "subscribed"),
        ("customers", "email_consent", "maybe", ["email_consent: unknown value 'maybe'"]),
        ("consents", "channel", "fax", ["channel: unknown value 'fax'"]),
        ("consents", "state", "Objected", "objected"),
        ("consents", "email", None, ["customer_id or email: missing"]),
        ("email_events", "event", "Opened", "opened"),
        ("email_events", "event", "seen", ["event: unknown value 'seen'"]),
        ("email_events", "bounce_type", "Hard", "hard"),
        ("email_events", "email", "", ["email or customer_id: missing"]),
        ("consents", "email", '"Tim" <tim@x.org>', ["customer_id or email: no address"]),
        ("consents", "email", "tim\u200b@x.org", ["customer_id or email: no address"]),
        ("consents", "email", "t\u00a0im@x.org", ["customer_id or email: no address"]),
        ("email_events", "email", "x" * 249 + "@x.org", ["email or customer_id: no address"]),
        ("email_events", "email", "x" * 248 + "@x.org", "x" * 248 + "@x.org"),
        ("orders", "email", "nobody", "nobody"),
        ("orders", "total", "99999999999.99", Decimal("99999999999.99")),
        ("orders", "total", "1e11", ["total: implausible number '1e11'"]),
        (
            "order_lines",
            "quantity",
            "4012345678901",
            ["quantity: implausible number '4012345678901'"],
        ),
    ],
)
def test_values_are_held_to_the_contract(
    inbox: Inbox, entity: str, column: str, text: str | None, found: object
) -> None:
    assert inbox.value_of(entity, column, text) == found


def test_the_first_thing_wrong_is_named_and_the_payload_has_all(inbox: Inbox) -> None:
    row = {"order_id": "1", "ordered_at": "x" * 99, "total": "y", "note": 'say "hi"'}
    inbox.put("orders/a.jsonl", json_lines([row]))

    inbox.load()

    assert inbox.quarantined() == [
        ("orders/a.jsonl", 1, f"ordered_at: unreadable time '{'x' * 60}'", row)
    ]


def test_a_barcode_in_the_column_of_quantities_is_seen_by_what_it_would_cost(inbox: Inbox) -> None:
    row = {"order_id": "1", "product_id": "p", "quantity": 10_000_000_000, "unit_price": 9.99}
    inbox.put("order_lines/a.jsonl", json_lines([row, {**row, "unit_price": 10}]))

    inbox.load("order_lines")

    assert [(place, reason) for _, place, reason, _ in inbox.quarantined()] == [
        (2, "quantity: implausible with this unit_price '10000000000'")
    ]


@pytest.mark.parametrize("entity", ["consents", "email_events"])
def test_a_file_without_any_column_for_the_person_is_refused(inbox: Inbox, entity: str) -> None:
    record = {name: value for name, value in REQUIRED[entity].items() if name != "email"}
    inbox.put(f"{entity}/a.jsonl", json_lines([record]))

    (sentence,) = inbox.load(entity).refused

    assert f"{entity}/a.jsonl" in sentence
    assert f"one of the columns {', '.join(ENTITY_BY_NAME[entity].one_of)}" in sentence
    assert inbox.rows("select row_number from quarantine.rows") == [(None,)]
