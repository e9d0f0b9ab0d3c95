"""Reads a WooCommerce shop: what changed in it, and which orders were deleted there."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Protocol

from pipeline.apis.woocommerce import Pages, Record, WooCommerceApi
from pipeline.http import Parameters
from pipeline.http_answers import HttpError
from pipeline.sources.extraction import SourceRefused, Stream
from pipeline.sources.weekly import holds_a_monday

STREAMS = tuple(
    Stream(name, overlap=timedelta(minutes=10), margin=timedelta(minutes=1))
    for name in ("orders", "deleted_orders", "customers", "products", "reviews")
)
EARLIEST = datetime.fromisoformat("1970-01-02")
FAR_AHEAD = datetime.fromisoformat("2199-01-01")
SECOND = timedelta(seconds=1)
LARGEST_OFFSET = timedelta(hours=14)
"""No wall clock is further from UTC."""
MOST_PASSES = 5
TOO_OLD = (
    "WooCommerce: the shop does not know modified_after and gives records that did not change, so "
    "changes cannot be told: bring WooCommerce up to 5.8 or newer"
)


class KnownOrders(Protocol):
    """The orders that were read before and hold for standing."""

    def numbers(self) -> Collection[str]:
        """Return their numbers."""
        ...

    def records(self, numbers: Collection[str]) -> Iterable[Mapping[str, Any]]:
        """Yield those of the given numbers in the columns of the contract."""
        ...


class WooCommerceClient:
    """Reads one shop. ``known_orders`` gives the orders that raw has and holds for standing."""

    streams = STREAMS

    def __init__(self, api: WooCommerceApi, known_orders: KnownOrders) -> None:
        self._api = api
        self._known_orders = known_orders

    def pages(self, stream: str, since: datetime, until: datetime) -> Pages:
        """Yield the records changed from ``since`` to before ``until``, UTC. Some come twice.

        Of ``deleted_orders`` those that are gone by now, in windows in which a week begins.
        """
        since = max(since, EARLIEST)
        if stream == "orders":
            for page in self._changed("/orders", {"status": "any"}, since, until):
                yield [self._with_refunds(order) for order in page]
        elif stream == "products":
            yield from self._changed("/products", {"status": "any"}, since, until)
        elif stream == "reviews":
            yield from self._reviews(since)
        elif stream == "customers":
            yield from self._customers(since)
        elif stream == "deleted_orders":
            if holds_a_monday(since, until):
                yield from self._deleted_orders(until)
        else:
            raise ValueError(f"WooCommerce has no stream {stream}")

    def problems(self) -> list[str]:
        """Return what keeps the shop from being read, as sentences; only reads."""
        found = []
        for path in ("/orders", "/customers", "/products", "/products/reviews"):
            try:
                self._api.page(path, {})
            except HttpError as error:
                found.append(error.sentence)
        if not found and self._api.page("/orders", _after(FAR_AHEAD) | {"status": "any"})[0]:
            found.append(TOO_OLD)
        return list(dict.fromkeys(found))

    def _changed(
        self, path: str, chosen: Mapping[str, str], since: datetime, until: datetime
    ) -> Pages:
        """Yield what changed in a window, always the first page after a moment that moves on.

        By page numbers a record that changes meanwhile pushes another over the edge of a page.
        """
        # The filter is strict and knows seconds only, so the whole last second is read again.
        after = since.replace(microsecond=0) - SECOND
        while True:
            records, _ = self._api.page(path, {**chosen, **_after(after)})
            moments = [_modified(record) for record in records]
            if any(moment <= after for moment in moments):
                raise SourceRefused(TOO_OLD)
            within = [r for r, moment in zip(records, moments, strict=True) if moment < until]
            is_full = len(records) == self._api.page_size
            if is_full and moments[0] == moments[-1] < until:
                yield from self._second(path, chosen, moments[0])
                after = moments[0]
                continue
            if within:
                yield within
            if not is_full or moments[-1] >= until:
                return
            after = moments[-1] - SECOND

    def _second(self, path: str, chosen: Mapping[str, str], moment: datetime) -> Pages:
        """Yield all that changed in one second, which has more records than a page.

        Only here pages go by number, until a pass finds as many as the shop counts on every page.
        """
        wanted = {**chosen, **_after(moment - SECOND), "orderby": "id"}
        wanted["modified_before"] = _written(moment + SECOND)
        for _ in range(MOST_PASSES):
            found: dict[int, Record] = {}
            totals = set()
            for number in count(1):
                records, total = self._api.page(path, {**wanted, "page": number})
                found |= {record["id"]: record for record in records}
                totals.add(total)
                if len(records) < self._api.page_size:
                    break
            # Nothing can enter a second that is over; what left it pushed another over an edge.
            if totals == {len(found)}:
                yield list(found.values())
                return
        raise HttpError(f"WooCommerce: GET {path} gives other records with every reading")

    def _with_refunds(self, order: Record) -> Record:
        """Return an order with its refunds as they stand by themselves, where they have dates."""
        if not order.get("refunds"):
            return order
        refunds = list(self._api.numbered_pages(f"/orders/{order['id']}/refunds", {}))
        return order | {"refund_details": [refund for page in refunds for refund in page]}

    def _customers(self, since: datetime) -> Pages:
        """Yield customers changed since then; all are gone through, as these cannot be asked for.

        Each page begins with the last one of the page before: where it does not, somebody was
        deleted meanwhile, and the page before is read again, so that nobody is skipped.
        """
        offset, last_id = 0, None
        while True:
            wanted: Parameters = {
                "role": "all",
                "orderby": "id",
                "order": "asc",
                "offset": offset,
            }
            records, _ = self._api.page("/customers", wanted)
            if last_id is not None and (not records or records[0]["id"] != last_id):
                offset, last_id = max(0, offset - self._api.page_size), None
                continue
            changed = [one for one in records if _is_changed(one, since)]
            if changed:
                yield changed
            if len(records) < self._api.page_size:
                return
            offset, last_id = offset + len(records) - 1, records[-1]["id"]

    def _reviews(self, since: datetime) -> Pages:
        """Yield reviews written since then; of a later change to one the shop keeps no time."""
        # The filter takes a moment for the shop's wall clock, whatever is said beside it.
        after = max(since - LARGEST_OFFSET, EARLIEST)
        wanted = {"after": _written(after), "orderby": "id", "order": "asc"}
        yield from self._api.numbered_pages("/products/reviews", wanted)

    def _deleted_orders(self, found_at: datetime) -> Pages:
        """Yield the orders that raw has and the shop has no more, or only in its trash."""
        missing = set(self._known_orders.numbers())
        if not missing:
            return
        wanted = {"status": "any", "orderby": "id", "order": "asc", "_fields": "id"}
        for page in self._api.numbered_pages("/orders", wanted):
            missing -= {str(record["id"]) for record in page}
        # An order can be missing for other reasons: a page that moved, the state of a plugin that
        # was switched off. So each is asked for by itself.
        gone = [number for number in sorted(missing) if self._is_gone(number)]
        if gone:
            moment = f"{_written(found_at)}Z"
            known = self._known_orders.records(gone)
            yield [{"order": dict(order), "found_at": moment} for order in known]

    def _is_gone(self, number: str) -> bool:
        record = self._api.exists(f"/orders/{number}")
        return record is None or record["status"] == "trash"


def _after(moment: datetime) -> dict[str, str]:
    """Return the parameters for what changed after a moment, in the order of the changes.

    Without ``dates_are_gmt`` the shop takes the moment for its own wall clock.
    """
    return {
        "modified_after": _written(moment),
        "dates_are_gmt": "true",
        "orderby": "modified",
        "order": "asc",
    }


def _modified(record: Record) -> datetime:
    return datetime.fromisoformat(record["date_modified_gmt"])


def _is_changed(customer: Record, since: datetime) -> bool:
    return customer.get("date_modified_gmt") is None or _modified(customer) >= since - SECOND


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
