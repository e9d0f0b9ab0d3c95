"""How addresses are written for Klaviyo, and how much of them one filter holds."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import quote

from pipeline.apis.klaviyo_walks import PROFILE_PAGE

FILTER_BYTES = 6000
"""Addresses of pages end at some 8,000 bytes with most servers."""
LONGEST_ADDRESS = 254
_ADDRESS = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
)


def normalised(email: str | None) -> str:
    """Return an address as people are matched by it; what follows a plus stays part of it."""
    return (email or "").strip().lower()


def is_address(email: str) -> bool:
    """Say whether a normalised text can be an address that Klaviyo takes."""
    return len(email) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(email) is not None


def values(texts: Iterable[str]) -> str:
    """Return texts as a filter names them."""
    return json.dumps(list(texts), separators=(",", ":"))


def filter_lots(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield ``texts`` in lots that one filter can hold and one page can answer."""
    left = iter(texts)
    while lot := list(islice(left, PROFILE_PAGE)):
        yield from _halved(lot)


def _halved(lot: list[str]) -> Iterator[list[str]]:
    half = len(lot) // 2
    if half and len(quote(values(lot), safe="")) > FILTER_BYTES:
        yield from _halved(lot[:half])
        yield from _halved(lot[half:])
    else:
        yield lot
