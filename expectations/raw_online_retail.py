"""What the shipped sample promises us: real orders, and the simulated people that go with them."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from pipeline.sources.contract import CHANNELS, CONSENT_STATES, EVENTS

if TYPE_CHECKING:
    import great_expectations as gx
    import great_expectations.expectations as gxe

LINE_COUNT = 1_067_371
FIRST_DAY = date(2009, 12, 1)
LAST_DAY = date(2011, 12, 10)
SHEETS = ("Year 2009-2010", "Year 2010-2011")
COLUMNS = {
    "lines": (
        *("sheet", "Invoice", "StockCode", "Description", "Quantity", "InvoiceDate"),
        *("Price", "Customer ID", "Country"),
    ),
    "simulated_customers": ("customer_id", "email", "language", "country", "registered_at"),
    "simulated_consents": ("customer_id", "email", "channel", "state", "at", "source"),
    "simulated_email_events": (
        *("event_id", "customer_id", "email", "event", "occurred_at", "campaign_id"),
        *("message_id", "bounce_type", "is_machine", "user_agent"),
    ),
}
INVOICE = "[AC]?[0-9]{6}"
SIMULATED_ADDRESS = r"customer-[0-9]+@example\.com"
PEOPLE = "select customer_id from raw_online_retail.simulated_customers"
BUYERS = 'select cast("Customer ID" as varchar) from raw_online_retail.lines'


def suite(
    table: str, *, as_of_date: date, rows_before: int, stale_after_days: int
) -> "gx.ExpectationSuite":
    """Return what holds for ``raw_online_retail.<table>`` once the sample is loaded."""
    from expectations import rules

    expectations = [rules.has_columns(COLUMNS[table]), *SUITES[table]()]
    if table == "lines":
        newest = rules.newest_is_recent(
            "InvoiceDate", as_of_date=as_of_date, stale_after_days=stale_after_days
        )
        expectations += [rules.has_rows(LINE_COUNT, LINE_COUNT), newest]
    else:
        expectations += [rules.has_rows(max(rows_before, 1)), *_addresses()]
    return rules.suite(f"raw_online_retail.{table}", expectations)


def _lines() -> list["gxe.Expectation"]:
    from expectations import rules

    return [
        rules.filled("Invoice"),
        rules.matches("Invoice", INVOICE, "six digits, with a C or an A before them or without"),
        rules.filled("StockCode"),
        rules.filled("Quantity"),
        rules.between("Quantity", -100_000, 100_000),
        rules.filled("Price"),
        rules.between("Price", -100_000, 100_000),
        rules.no_rows(
            "Price is negative for bad debts only (an Invoice with an A)",
            """select 1 as found from {batch} where "Price" < 0 and "Invoice" not like 'A%'""",
        ),
        rules.filled("InvoiceDate"),
        rules.between("InvoiceDate", FIRST_DAY, LAST_DAY),
        rules.between("Customer ID", 10_000, 99_999),
        rules.filled("Country"),
        rules.filled("sheet"),
        rules.among("sheet", SHEETS),
    ]


def _customers() -> list["gxe.Expectation"]:
    from expectations import rules

    return [
        rules.filled("customer_id"),
        rules.once(["customer_id"], "a customer"),
        rules.known("customer_id", BUYERS, "a customer of the orders"),
        rules.once(["email"], "an address"),
        rules.filled("language"),
        rules.matches("language", "[a-z]{2}", "a language of two letters"),
        rules.filled("registered_at"),
        rules.between("registered_at", FIRST_DAY, LAST_DAY),
    ]


def _consents() -> list["gxe.Expectation"]:
    from expectations import rules

    return [
        rules.filled("customer_id"),
        rules.known("customer_id", PEOPLE, "a simulated customer"),
        rules.once(["customer_id", "channel", "state", "at"], "a consent"),
        rules.filled("channel"),
        rules.among("channel", CHANNELS),
        rules.filled("state"),
        rules.among("state", CONSENT_STATES),
        rules.filled("at"),
        rules.between("at", FIRST_DAY, LAST_DAY),
        rules.filled("source"),
        rules.among("source", ["simulated"]),
    ]


def _email_events() -> list["gxe.Expectation"]:
    from expectations import rules

    return [
        rules.filled("event_id"),
        rules.once(["event_id"], "an event"),
        rules.filled("customer_id"),
        rules.known("customer_id", PEOPLE, "a simulated customer"),
        rules.filled("event"),
        rules.among("event", EVENTS),
        rules.among("bounce_type", ["hard", "soft"]),
        rules.filled("occurred_at"),
        rules.between("occurred_at", FIRST_DAY, LAST_DAY),
    ]


def _addresses() -> list["gxe.Expectation"]:
    from expectations import rules

    return [
        rules.filled("email"),
        rules.matches("email", SIMULATED_ADDRESS, "made up (customer-<number>@example.com)"),
    ]


SUITES: dict[str, Callable[[], list["gxe.Expectation"]]] = {
    "lines": _lines,
    "simulated_customers": _customers,
    "simulated_consents": _consents,
    "simulated_email_events": _email_events,
}
