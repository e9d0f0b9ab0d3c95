"""What of a vendor's API may change anything there: calls that are named, and no other one."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

Writes = Mapping[str, Collection[str]]
"""By call, like ``PUT /contacts/{id}``, the names that its body may have."""


def checked(
    writes: Writes, call: str, body: Mapping[str, Any], values: Mapping[str, object]
) -> str:
    """Return the path of ``call`` with ``values`` in it; raise ``ValueError`` if it may not go out.

    A name in a body can do as much harm as a call: to empty a list, or to block everybody on it.
    """
    if call not in writes:
        raise ValueError(f"{call} is not among the calls that may change something")
    unknown = sorted(set(body) - set(writes[call]))
    if unknown:
        raise ValueError(f"{call} must not be sent {', '.join(unknown)}")
    _, _, template = call.partition(" ")
    return template.format(**{name: quote(str(value), safe="") for name, value in values.items()})
