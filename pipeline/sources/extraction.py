"""Reading a source window by window: streams, how their windows follow one another, back-fills.

A window reaches from the last watermark, less an overlap for what arrives late, to now, less a
margin for what is still being written. The watermark moves in the transaction that takes the
window's records into raw, so days without a run leave no gap and a run that is killed doubles
nothing: the next one reads the window once more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from pipeline.http_answers import HttpError
from pipeline.sources.landing import write_pages
from pipeline.sources.mapping import Mapping, mappings_of

BEGINNING = datetime.combine(date.min, time())
"""Where a first window begins that takes all there is."""


class SourceRefused(Exception):
    """A source that cannot be read until somebody mends something. A sentence says what to do."""


class SourceFailed(Exception):
    """A source that could not be read this time; it may be another time."""


@dataclass(frozen=True)
class Stream:
    """A kind of records of a source.

    ``overlap`` is read again before the watermark, ``margin`` left for the next run before now.
    The first window begins with ``first``.
    """

    name: str
    overlap: timedelta = timedelta(minutes=10)
    margin: timedelta = timedelta(minutes=5)
    first: datetime = BEGINNING


@dataclass(frozen=True)
class Window:
    """From when to when records are read, in UTC; the end is not in it.

    A window of a back-fill ``is_backfill``: it moves no watermark.
    """

    since: datetime
    until: datetime
    is_backfill: bool = False


@dataclass(frozen=True)
class Backfill:
    """Days of a source that are to be read again, both ends included."""

    source: str
    first: date
    last: date


class Source(Protocol):
    """What can be read stream by stream and window by window."""

    @property
    def name(self) -> str:
        """Return the name that stands in WINBACK_SOURCES."""
        ...

    @property
    def streams(self) -> Sequence[Stream]:
        """Return the kinds of records there are."""
        ...

    @property
    def ending(self) -> str:
        """Return how the names of the files end that ``write`` makes."""
        ...

    def mappings(self, entity: str) -> Sequence[Mapping]:
        """Return how records of its streams become records of an entity."""
        ...

    def write(self, stream: str, since: datetime, until: datetime, target: Path) -> int:
        """Write the records of a window to ``target`` and return how many there were."""
        ...

    def problems(self) -> list[str]:
        """Return a sentence for each thing that keeps the source from being read."""
        ...


class Client(Protocol):
    """A client of a vendor's API. It knows nothing of files and tables."""

    def pages(
        self, stream: str, since: datetime, until: datetime
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield the vendor's own records of a half-open window in UTC, page by page."""
        ...

    def problems(self) -> list[str]:
        """Return a sentence for each thing about key, scope or version that has to be mended."""
        ...


@dataclass(frozen=True)
class PagedSource:
    """A source that is read through a client which yields pages of JSON records."""

    name: str
    streams: Sequence[Stream]
    client: Client
    ending: str = ".jsonl.gz"

    def mappings(self, entity: str) -> Sequence[Mapping]:
        """Return those that lie beside the clients, by source and entity."""
        return mappings_of(self.name, entity)

    def write(self, stream: str, since: datetime, until: datetime, target: Path) -> int:
        """Write the records as they came, a line each.

        Raises ``SourceRefused`` for what the vendor refuses; what fails on its side may be tried
        again.
        """
        try:
            return write_pages(self.client.pages(stream, since, until), target)
        except HttpError as error:
            if error.status is None or error.status == 429 or error.status >= 500:
                raise
            raise SourceRefused(
                f"{self.name} cannot be read: {error.sentence}; winback doctor looks at key and "
                "permissions, and the next run reads the same days again"
            ) from None

    def problems(self) -> list[str]:
        """Return what the client finds."""
        return self.client.problems()


def next_window(stream: Stream, watermark: datetime | None, now: datetime) -> Window | None:
    """Return what a run at ``now`` has to read, None where that is nothing yet.

    It begins no later than the last one ended, whatever the clock has done since.
    """
    until = now - stream.margin
    if watermark is None:
        since = stream.first
    elif watermark - BEGINNING <= stream.overlap:
        since = BEGINNING
    else:
        since = max(watermark - stream.overlap, stream.first)
    return Window(since, until) if since < until and (watermark or since) <= until else None


def backfill_window(
    backfill: Backfill, stream: Stream, zone: ZoneInfo, now: datetime
) -> Window | None:
    """Return the days of a back-fill as the shop counts them, up to ``now`` less the margin."""
    since = _midnight(backfill.first, zone)
    until = min(_midnight(backfill.last + timedelta(days=1), zone), now - stream.margin)
    return Window(since, until, is_backfill=True) if since < until else None


def parse_backfill(text: str, sources: Sequence[str]) -> Backfill:
    """Read SOURCE:FROM:TO, like sql:2026-01-01:2026-01-31; raise ``ValueError`` with a sentence."""
    wrong = f"--backfill {text}: write SOURCE:FROM:TO, like sql:2026-01-01:2026-01-31"
    parts = text.split(":")
    if len(parts) != 3:
        raise ValueError(wrong)
    try:
        first, last = date.fromisoformat(parts[1]), date.fromisoformat(parts[2])
    except ValueError:
        raise ValueError(wrong) from None
    if first > last or last >= date.max:
        raise ValueError(f"--backfill {text}: the first day comes before the last one")
    if parts[0] not in sources:
        raise ValueError(
            f"--backfill {text}: name a source that is read by windows and chosen in "
            f"WINBACK_SOURCES: {', '.join(sources) or 'there is none'}"
        )
    return Backfill(parts[0], first, last)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    if day.year < 1900:
        return datetime.combine(day, time())
    return datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)
