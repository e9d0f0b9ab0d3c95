"""What of a profile becomes a property of a contact in an e-mail tool, and under which name."""

from collections.abc import Iterable, Mapping
from typing import Any

PREFIX = "winback_"
"""What every property of ours begins with, so that nobody else's is ever written over."""
KEYS = ("customer_id", "contact_id", "email")
"""Columns that say who somebody is; all others are properties."""


def property_names(columns: Iterable[str]) -> dict[str, str]:
    """Return by column the name of its property in the tool."""
    return {
        column: column if column.startswith(PREFIX) else PREFIX + column
        for column in columns
        if column not in KEYS
    }


def properties_of(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of a profile by their names in the tool; None where nothing is known.

    Dates are kept as dates: each tool has its own way to write them.
    """
    return {name: profile[column] for column, name in property_names(profile).items()}
