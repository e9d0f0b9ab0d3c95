"""What travels between the engine's tables and Klaviyo's profiles."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from pipeline.apis.klaviyo_filters import is_address, normalised
from pipeline.apis.klaviyo_imports import Imported, Profile
from pipeline.destinations.contract import NOT_A_CONTACT
from pipeline.destinations.properties import properties_of

ROWS_AT_ONCE = 1000


def column(table: pa.Table, name: str) -> dict[str, Any]:
    """Return what stands in a column, by customer."""
    return dict(zip(table["customer_id"].to_pylist(), table[name].to_pylist(), strict=True))


def emails_of(table: pa.Table) -> dict[str, str]:
    """Return the addresses as people are matched by them, by customer."""
    return {one: normalised(email) for one, email in column(table, "email").items()}


def askable(emails: Iterable[str]) -> list[str]:
    """Return those addresses that Klaviyo may be asked for, each once."""
    return sorted({normalised(email) for email in emails if is_address(normalised(email))})


def profiles_of(table: pa.Table, contacts: Collection[str]) -> list[Profile]:
    """Return what is imported of each row whose address is one of ``contacts``."""
    return [
        _profile(row)
        for some in table.to_batches(max_chunksize=ROWS_AT_ONCE)
        for row in some.to_pylist()
        if normalised(row["email"]) in contacts
    ]


def _profile(row: Mapping[str, Any]) -> dict[str, Any]:
    properties = properties_of(row)
    profile: dict[str, Any] = {
        "type": "profile",
        "attributes": {
            "email": normalised(row["email"]),
            "properties": {
                name: value.isoformat() if isinstance(value, date) else value
                for name, value in properties.items()
                if value is not None
            },
        },
    }
    unknown = [name for name, value in properties.items() if value is None]
    if unknown:
        # An import takes no null, and one left out would stay as it was.
        profile["meta"] = {"patch_properties": {"unset": unknown}}
    return profile


def refused_of(
    emails: Mapping[str, str], contacts: Collection[str], imported: Imported
) -> dict[str, str]:
    """Return by customer why he was not taken, in words that stay the same."""
    reasons = {}
    for customer, email in emails.items():
        if not is_address(email):
            reasons[customer] = "invalid email"
        elif email not in contacts:
            reasons[customer] = NOT_A_CONTACT
        elif email in imported.refused:
            reasons[customer] = imported.refused[email]
    return reasons
