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
        ("visits", "page_type", "Quick look", "Quick look"),
        ("visits", "email", None, ["customer_id or email: missing"]),
        ("returns", "email", None, ["order_id or customer_id or email: missing"]),
        ("complaints", "email", "bob", ["order_id or customer_id or email: no address"]),
        ("answers", "score", "1", Decimal(1)),
        ("answers", "score", "4.5", Decimal("4.5")),
        ("answers", "score", "0", ["score: not from 1 to 5 '0'"]),
        ("answers", "score", "5.1", ["score: not from 1 to 5 '5.1'"]),
        ("answers", "score", "-3", ["score: not from 1 to 5 '-3'"]),
        ("answers", "score", "good", ["score: unreadable number 'good'"]),
        ("products", "margin", "-0.5", Decimal("-0.5")),
        ("products", "price", "-0.5", ["price: negative number '-0.5'"]),
        ("products", "cycle_days", "30.0", 30),
        ("products", "cycle_days", "1", 1),
        ("products", "cycle_days", "0", ["cycle_days: not from 1 to 36500 '0'"]),
        ("products", "cycle_days", "-7", ["cycle_days: not from 1 to 36500 '-7'"]),
        ("products", "cycle_days", "36501", ["cycle_days: not from 1 to 36500 '36501'"]),
        ("products", "cycle_days", "30.5", ["cycle_days: no whole number '30.5'"]),
        ("products", "cycle_days", "1e10", ["cycle_days: no whole number '1e10'"]),
        ("products", "cycle_days", "month", ["cycle_days: no whole number 'month'"]),
        ("products", "is_one_off", "yes", True),
        ("products", "is_available", "sold out", ["is_available: unreadable flag 'sold out'"]),
        ("products", "season_from", "03-01", ["season_from and season_to: one without the other"]),
        ("products", "season_to", "02-30", ["season_to: no day of the year like 03-01 '02-30'"]),
        ("products", "season_to", "3-1", ["season_to: no day of the year like 03-01 '3-1'"]),
        ("products", "season_to", "March", ["season_to: no day of the year like 03-01 'March'"]),
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


@pytest.mark.parametrize(
    ("season_from", "season_to"), [("03-01", "10-31"), ("11-15", "01-06"), ("02-29", "02-29")]
)
def test_a_season_may_run_over_new_year_and_start_on_a_leap_day(
    inbox: Inbox, season_from: str, season_to: str
) -> None:
    row = {"product_id": "p", "season_from": season_from, "season_to": season_to}
    inbox.put("products/a.jsonl", json_lines([row]))

    inbox.load("products")

    assert inbox.rows("select season_from, season_to from raw_files.products") == [
        (season_from, season_to)
    ]


@pytest.mark.parametrize(
    "entity", ["consents", "email_events", "carts", "visits", "returns", "complaints", "answers"]
)
def test_a_file_without_any_column_for_the_person_is_refused(inbox: Inbox, entity: str) -> None:
    record = {name: value for name, value in REQUIRED[entity].items() if name != "email"}
    inbox.put(f"{entity}/a.jsonl", json_lines([record]))

    (sentence,) = inbox.load(entity).refused

    assert f"{entity}/a.jsonl" in sentence
    assert f"one of the columns {', '.join(ENTITY_BY_NAME[entity].one_of)}" in sentence
    assert inbox.rows("select row_number from quarantine.rows") == [(None,)]
