"""The files that say what is read from a shop's database: a query per entity, with a short header.

The header is made of comments: ``-- incremental: updated_at`` names the column that tells when a
row changed last, ``-- overlap: 2 days`` how far back a run looks again. Without the first the whole
query is read each time.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.sources.contract import ENTITY_BY_NAME
from pipeline.sources.extraction import BEGINNING, SourceRefused, Stream

OVERLAP = timedelta(days=1)
"""A row is often dated when its transaction begins and seen when it ends."""
CLOCK_CHANGE = timedelta(hours=1)
ENTRY = re.compile(r"--\s*(incremental|overlap)\s*:\s*(.*\S)")
COLUMN = re.compile(r"\w+")
SPAN = re.compile(r"(\d{1,4}) (minute|hour|day|week)s?")
INSTANT, CLOCK = "instant", "clock"
"""Kinds of times: with an offset or in UTC, and what a wall clock shows."""
UNREADABLE = (
    "WINBACK_SQL_URL cannot be read as an address; write signs in user and password as their "
    "codes: @ as %40, : as %3A, / as %2F, # as %23, % as %25"
)
"""What is said of it; what a library says of it quotes parts, which may be of the password."""


@dataclass(frozen=True)
class Query:
    """A file of the folder of queries."""

    path: Path
    sql: str
    incremental: str | None = None
    overlap: timedelta = OVERLAP

    @property
    def stream(self) -> Stream:
        """Return the stream that it is: the entity's, by the name of the file."""
        return Stream(self.path.stem, overlap=self.overlap)

    def check_columns(self, kinds: Mapping[str, str]) -> None:
        """Refuse a query that does not yield what it has to."""
        entity = ENTITY_BY_NAME[self.path.stem]
        missing = [name for name in entity.required if name not in kinds]
        if missing:
            raise SourceRefused(
                f"{self.path.name}: {entity.name} need the column {missing[0]}; "
                f"write it into the query as '… as {missing[0]}'"
            )
        if entity.one_of and not kinds.keys() & set(entity.one_of):
            raise SourceRefused(
                f"{self.path.name}: {entity.name} need one of the columns "
                f"{', '.join(entity.one_of)}; write it into the query"
            )
        if self.incremental and kinds.get(self.incremental) not in (INSTANT, CLOCK):
            raise SourceRefused(
                f"{self.path.name}: '-- incremental: {self.incremental}' has to name a column of "
                "the query that holds dates or times; name another one or leave the line out"
            )

    def windowed(
        self, kinds: Mapping[str, str], since: datetime, until: datetime, zone: ZoneInfo
    ) -> str:
        """Return the query for what changed in a window and for what does not say when."""
        inner = f"select * from (\n{self.sql}\n) as records"
        if self.incremental is None:
            return inner
        column = f"records.{self.incremental}"
        if kinds[self.incremental] == CLOCK:
            # The hour that a clock shows twice is read from its first showing on.
            bounds = [_local(_earlier(since, CLOCK_CHANGE), zone), _local(until, zone)]
            first, last = (f"timestamp '{bound:%Y-%m-%d %H:%M:%S}'" for bound in bounds)
        else:
            first, last = (
                f"{{instant}} '{bound:%Y-%m-%d %H:%M:%S}{{utc}}'" for bound in (since, until)
            )
        begins = "" if since == BEGINNING else f"{column} >= {first} and "
        return f"{inner}\nwhere ({begins}{column} < {last}) or {column} is null"


def read_queries(folder: Path) -> dict[str, Query]:
    """Return the queries of a folder by entity; raise ``SourceRefused`` for what is none."""
    if not folder.is_dir():
        raise SourceRefused(
            f"{folder} is no folder; set WINBACK_SQL_QUERIES to the one that has the queries"
        )
    queries = {path.stem: _read(path) for path in sorted(folder.glob("*.sql"))}
    if not queries:
        raise SourceRefused(f"{folder} has no query; put one like orders.sql into it")
    return queries


def _read(path: Path) -> Query:
    if path.stem not in ENTITY_BY_NAME:
        raise SourceRefused(
            f"{path.name}: there is no such entity; name the file for one of "
            f"{', '.join(ENTITY_BY_NAME)}"
        )
    text = path.read_text(encoding="utf-8")
    entries: dict[str, str] = dict(ENTRY.findall(text))
    column = entries.get("incremental")
    if column is not None and not COLUMN.fullmatch(column):
        raise SourceRefused(f"{path.name}: '-- incremental: {column}' has to name one column")
    sql = text.strip().rstrip(";").rstrip()
    return Query(path, sql, column.lower() if column else None, _overlap(path, entries))


def _overlap(path: Path, entries: Mapping[str, str]) -> timedelta:
    if "overlap" not in entries:
        return OVERLAP
    span = SPAN.fullmatch(entries["overlap"])
    if span is None:
        raise SourceRefused(
            f"{path.name}: '-- overlap: {entries['overlap']}' has to be like 2 days or 12 hours"
        )
    return timedelta(**{f"{span[2]}s": int(span[1])})


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    if moment.year < 1900:
        return moment
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def _earlier(moment: datetime, by: timedelta) -> datetime:
    return moment - by if moment - BEGINNING > by else BEGINNING
