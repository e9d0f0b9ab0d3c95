"""An account of the stand-in's, people in it, and changes to its lists as the engine gives them."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import pyarrow as pa

from pipeline.apis.klaviyo import KlaviyoApi
from pipeline.destinations.contract import Changes
from pipeline.destinations.klaviyo import KlaviyoTool
from pipeline.http import Patience
from tests.stand_ins.klaviyo import KEY
from tests.stand_ins.klaviyo_imports import KlaviyoAccount

PAYLOAD = pa.schema(
    [
        ("customer_id", pa.string()),
        ("email", pa.string()),
        ("first_name", pa.string()),
        ("winback_lifecycle_since", pa.date32()),
        ("winback_is_vip", pa.bool_()),
        ("winback_purchase_count", pa.int64()),
        ("winback_offer_code", pa.string()),
    ]
)
WITH_CONTACT = PAYLOAD.append(pa.field("contact_id", pa.string()))
REMOVED = pa.schema([("customer_id", pa.string()), ("contact_id", pa.string())])
AT = "2026-11-01T10:00:00+00:00"


def row(email: str | None, customer: str | None = None, **values: Any) -> dict[str, Any]:
    """Return a profile of the payload; the customer is named after the address."""
    return {
        "customer_id": customer or f"c-{email}",
        "email": email,
        "first_name": "Ann",
        "winback_lifecycle_since": date(2026, 11, 1),
        "winback_is_vip": False,
        "winback_purchase_count": 3,
        "winback_offer_code": "COMEBACK",
        **values,
    }


def changes(
    adds: Iterable[dict[str, Any]] = (),
    updates: Iterable[dict[str, Any]] = (),
    removes: Iterable[tuple[str, str]] = (),
) -> Changes:
    """Return changes; ``removes`` are pairs of customer and contact."""
    gone = [{"customer_id": customer, "contact_id": contact} for customer, contact in removes]
    return Changes(
        adds=pa.Table.from_pylist(list(adds), PAYLOAD),
        updates=pa.Table.from_pylist(list(updates), WITH_CONTACT),
        removes=pa.Table.from_pylist(gone, REMOVED),
    )


def api_of(server: KlaviyoAccount, key: str = KEY, silence_seconds: float = 2) -> KlaviyoApi:
    """Return the API of an account, on the clock of the stand-in."""
    return KlaviyoApi(
        key,
        base_url=server.base_url,
        patience=Patience(silence_seconds=silence_seconds, attempts=6),
        sleep=server.clock.sleep,
        clock=server.clock,
    )


def tool_of(server: KlaviyoAccount, key: str = KEY, silence_seconds: float = 2) -> KlaviyoTool:
    """Return what a new run would work with: it remembers nothing."""
    return KlaviyoTool(api_of(server, key, silence_seconds))


def add_people(server: KlaviyoAccount, *names: str) -> None:
    """Add subscribers like ann@example.com, whose contacts have the numbers P-ann."""
    for name in names:
        server.add_profile(f"P-{name}", f"{name}@example.com", updated=AT)


def properties_of(server: KlaviyoAccount, name: str) -> dict[str, Any]:
    """Return the properties of a profile."""
    found: dict[str, Any] = server.by_email()[f"{name}@example.com"]["attributes"].get(
        "properties", {}
    )
    return found
