"""Changes as the engine hands them to an e-mail tool."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from pipeline.destinations.contract import Changes

PROFILE = pa.schema(
    {
        "customer_id": pa.string(),
        "email": pa.string(),
        "first_name": pa.string(),
        "city": pa.string(),
        "winback_lists": pa.string(),
        "winback_is_vip": pa.bool_(),
        "winback_purchase_count": pa.int64(),
        "winback_offer_code": pa.string(),
        "winback_offer_ends_on": pa.date32(),
    }
)
KNOWN = pa.schema([*PROFILE, pa.field("contact_id", pa.string())])
GONE = pa.schema({"customer_id": pa.string(), "contact_id": pa.string()})

Row = dict[str, Any]


def person(name: str, contact_id: Any = None, **told: Any) -> Row:
    """Return the profile of somebody with the address ``name``@example.com."""
    row = {
        "customer_id": name,
        "email": f"{name}@example.com",
        "first_name": name.title(),
        "city": "Bonn",
        "winback_lists": "winback_slipping",
        "winback_is_vip": False,
        "winback_purchase_count": 3,
        "winback_offer_code": "BACK10",
        "winback_offer_ends_on": date(2026, 12, 3),
        "contact_id": None if contact_id is None else str(contact_id),
    }
    return {**row, **told}


def adding(*people: Row) -> Changes:
    """Return additions alone."""
    return _changes(adds=people)


def updating(*people: Row) -> Changes:
    """Return updates alone."""
    return _changes(updates=people)


def removing(*contact_ids: Any) -> Changes:
    """Return removals alone, of customers who are called as their contacts."""
    gone = [
        {"customer_id": str(one), "contact_id": None if one is None else str(one)}
        for one in contact_ids
    ]
    return _changes(removes=gone)


def _changes(
    adds: Sequence[Row] = (), updates: Sequence[Row] = (), removes: Sequence[Row] = ()
) -> Changes:
    return Changes(
        adds=pa.Table.from_pylist(list(adds), schema=PROFILE),
        updates=pa.Table.from_pylist(list(updates), schema=KNOWN),
        removes=pa.Table.from_pylist(list(removes), schema=GONE),
    )
