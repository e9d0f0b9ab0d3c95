"""Reads a Shopify shop: orders, customers, products, checkouts; all at once or what changed."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.apis.shopify import SETTINGS_PAGE, ShopifyApi, TooDear, protected_data_sentence
from pipeline.apis.shopify_bulk import Record, bulk_pages
from pipeline.apis.shopify_queries import (
    KINDS,
    NEWEST_ADDRESSES,
    OLDEST_ORDER,
    SCOPES,
    SHOP,
    VERSION,
    Kind,
    children_query,
    count_query,
    page_query,
)
from pipeline.clock import utc_now
from pipeline.http_answers import HttpError
from pipeline.sources.extraction import SourceRefused, Stream
from pipeline.sources.weekly import holds_a_monday

# The index that searches go by lags behind: the newest changes are left for the next run, and what
# was read last is read again.
STREAMS = tuple(Stream(name, timedelta(minutes=10), timedelta(minutes=2)) for name in KINDS)
REREAD = timedelta(days=60)
"""What belongs to an order can change without the order's own time of change, so the changes of
the last two months are read again in windows in which a week begins."""
BEGINNING = datetime.fromisoformat("0001-01-01")
"""Since then everything there is has changed."""
BULK_FROM = 2_000
"""From so many records on a bulk operation is faster than pages, which end at 25,000."""
MOST_AT_ONCE = 250
FIRST_AT_ONCE = 20
COST_AIMED_AT = 800
"""Points of a page: no question may cost more than 1,000."""
LONGEST_DAY_AHEAD = timedelta(hours=14)
"""How far ahead of UTC a shop's day may begin."""
VISIBLE_DAYS = 60
"""How far back orders reach for an app without the scope read_all_orders."""


class ShopifyClient:
    """Reads one shop."""

    streams = STREAMS

    def __init__(
        self,
        api: ShopifyApi,
        scratch: Path,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._api = api
        self._now = now
        self._scratch = scratch
        self._scopes: frozenset[str] | None = None

    def pages(self, stream: str, since: datetime, until: datetime) -> Iterator[list[Record]]:
        """Yield the records changed from ``since`` to before ``until``, UTC, maybe some more.

        From the beginning of time everything there is. Records come in no promised order; a record
        that changes meanwhile may come twice, or only in the window of its new change.
        """
        kind = KINDS[stream]
        self._require_scopes(kind)
        if kind.children and holds_a_monday(since, until):
            since = min(since, until - REREAD)
        search = _search(kind, since, until)
        if not search or kind.is_bulk_only or self._count(kind, search) > BULK_FROM:
            yield from bulk_pages(self._api, kind, search, self._scratch)
        else:
            yield from self._changed_pages(kind, search)

    def problems(self) -> list[str]:
        """Return what keeps the shop from being read whole, as sentences; only reads."""
        try:
            missing = [self._missing_scopes(kind) for kind in KINDS.values()]
            found = [sentence for sentence in missing if sentence]
            if not found:
                found = [*self._hidden_orders(), *self._hidden_addresses()]
        except HttpError as error:
            return [error.sentence]
        if self._api.version_served != VERSION:
            found.append(
                f"Shopify no longer serves API version {VERSION} and answers as "
                f"{self._api.version_served}: bring Winback up to date"
            )
        return list(dict.fromkeys(found))

    def _changed_pages(self, kind: Kind, search: str) -> Iterator[list[Record]]:
        at_once, after = FIRST_AT_ONCE, None
        while True:
            variables = {"first": at_once, "after": after, "search": search}
            try:
                connection = self._api.ask(page_query(kind), variables)[kind.name]
            except TooDear:
                if at_once == 1:
                    raise
                at_once //= 2
                continue
            at_once = self._next_size(at_once)
            if connection["nodes"]:
                yield [self._whole(kind, record) for record in connection["nodes"]]
            if not connection["pageInfo"]["hasNextPage"]:
                return
            after = connection["pageInfo"]["endCursor"]

    def _next_size(self, at_once: int) -> int:
        """Return how many records a page can have for the points that one may cost."""
        if not self._api.last_cost:
            return at_once
        affordable = int(at_once * COST_AIMED_AT / self._api.last_cost)
        return max(1, min(affordable, MOST_AT_ONCE))

    def _whole(self, kind: Kind, record: Record) -> Record:
        """Return a record with all of its children, in the shape that bulk results have too."""
        for child in kind.children:
            connection = record[child]
            nodes = list(connection["nodes"])
            while connection["pageInfo"]["hasNextPage"]:
                variables = {"id": record["id"], "after": connection["pageInfo"]["endCursor"]}
                answer = self._api.ask(children_query(kind, child), variables)[kind.single]
                if answer is None:
                    raise HttpError(f"Shopify: a record of {kind.name} went while it was read")
                connection = answer[child]
                nodes += connection["nodes"]
            record[child] = {"nodes": nodes}
        return record

    def _count(self, kind: Kind, search: str) -> int:
        variables = {"search": search, "limit": BULK_FROM + 1}
        answer: Any = self._api.ask(count_query(kind), variables)[f"{kind.name}Count"]
        return int(answer["count"])

    def _require_scopes(self, kind: Kind) -> None:
        missing = self._missing_scopes(kind)
        if missing:
            raise SourceRefused(missing)

    def _missing_scopes(self, kind: Kind) -> str:
        """Return what the app may not read of a kind, "" where it may read all of it."""
        if self._scopes is None:
            granted = self._api.ask(SCOPES)["currentAppInstallation"]["accessScopes"]
            self._scopes = frozenset(scope["handle"] for scope in granted)
        # Who may write may read.
        readable = self._scopes | {scope.replace("write_", "read_", 1) for scope in self._scopes}
        missing = [scope for scope in kind.scopes if scope not in readable]
        if not missing:
            return ""
        sentence = f"Shopify: the app lacks {', '.join(missing)}; add it in {SETTINGS_PAGE}"
        if "read_all_orders" in missing:
            sentence += (
                f". Without read_all_orders Shopify shows the last {VISIBLE_DAYS} days of orders "
                "and says nothing of the rest, so that every customer would look new or gone"
            )
        return sentence

    def _hidden_orders(self) -> Iterator[str]:
        """Yield a sentence where orders begin just where Shopify cuts them off by default."""
        oldest = self._api.ask(OLDEST_ORDER)["orders"]["nodes"]
        if not oldest:
            return
        opened, first = _utc(self._api.ask(SHOP)["shop"]["createdAt"]), _utc(oldest[0]["createdAt"])
        days = (self._now() - first).days
        if abs(days - VISIBLE_DAYS) <= 1 and first - opened > timedelta(days=VISIBLE_DAYS):
            yield (
                f"Shopify: the oldest order that the app sees is {days} days old and the shop is "
                f"older: make sure that Shopify has granted read_all_orders, in {SETTINGS_PAGE}"
            )

    def _hidden_addresses(self) -> Iterator[str]:
        """Yield a sentence where none of the newest orders and customers has an address."""
        newest = self._api.ask(NEWEST_ADDRESSES)
        given = [order["email"] for order in newest["orders"]["nodes"]]
        given += [customer["defaultEmailAddress"] for customer in newest["customers"]["nodes"]]
        if given and not any(given):
            yield f"Shopify: no order and no customer has an address. {protected_data_sentence()}"


def _search(kind: Kind, since: datetime, until: datetime) -> str:
    """Return the search for what changed in a window, "" for everything."""
    if since == BEGINNING:
        return ""
    if kind.is_day_wise:
        # Whole days, and maybe the shop's. An end would take today's changes away.
        day = (since - min(LONGEST_DAY_AHEAD, since - BEGINNING)).date()
        return f"updated_at:>='{day:%Y-%m-%d}'"
    return f"updated_at:>='{since:%Y-%m-%dT%H:%M:%S}Z' updated_at:<'{until:%Y-%m-%dT%H:%M:%S}Z'"


def _utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None)
