"""Reads a shop's own database: a query per entity, in the columns of the inbox contract."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import SecretStr

from pipeline.sources.extraction import SourceFailed, SourceRefused, Stream
from pipeline.sources.mapping import Mapping as RecordMapping
from pipeline.sources.sql_queries import Query, read_queries

POSTGRESQL = ("postgresql", "postgres")
MYSQL = ("mysql", "mariadb")


class Database(Protocol):
    """An open connection to a database."""

    def kinds(self, query: str) -> Mapping[str, str]:
        """Return the columns of a query in order, and which of them hold times."""
        ...

    def batches(self, query: str, kinds: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query, every value as text."""
        ...


@dataclass(frozen=True)
class SqlSource:
    """A database and the folder of the queries that are asked of it."""

    url: SecretStr
    folder: Path
    zone: ZoneInfo
    timeout_seconds: int = 600
    name: str = "sql"
    ending: str = ".parquet"

    @cached_property
    def queries(self) -> Mapping[str, Query]:
        """Return the queries by entity."""
        return read_queries(self.folder)

    @property
    def streams(self) -> Sequence[Stream]:
        """Return a stream per query."""
        return [query.stream for query in self.queries.values()]

    def mappings(self, entity: str) -> Sequence[RecordMapping]:
        """Return that a query yields its entity's records as they are."""
        return (RecordMapping(entity),) if entity in self.queries else ()

    def write(self, stream: str, since: datetime, until: datetime, target: Path) -> int:
        """Write the rows that changed in a window as Parquet, never all of them in memory."""
        query = self.queries[stream]
        count = 0
        with self._connected() as database, self._named(query):
            kinds = database.kinds(query.sql)
            query.check_columns(kinds)
            schema = pa.schema([(name, pa.string()) for name in kinds])
            windowed = query.windowed(kinds, since, until, self.zone)
            with pq.ParquetWriter(target, schema, compression="zstd") as writer:
                for batch in database.batches(windowed, kinds):
                    writer.write_batch(batch)
                    count += batch.num_rows
        return count

    def problems(self) -> list[str]:
        """Return what keeps a query from being read, without reading a row."""
        try:
            queries = self.queries
        except SourceRefused as refused:
            return [str(refused)]
        found = []
        for query in queries.values():
            try:
                with self._connected() as database, self._named(query):
                    query.check_columns(database.kinds(query.sql))
            except SourceRefused as refused:
                found.append(str(refused))
            except SourceFailed as failed:
                return [str(failed)]
        # What is wrong with the address is the same for each query.
        return list(dict.fromkeys(found))

    @contextmanager
    def _connected(self) -> Iterator[Database]:
        url = self.url.get_secret_value()
        if url.split(":", 1)[0] in POSTGRESQL:
            from pipeline.sources import postgresql

            with postgresql.connected(url, self.timeout_seconds) as postgres:
                yield postgres
        else:
            from pipeline.sources import mysql

            with mysql.connected(url, self.timeout_seconds) as maria:
                yield maria

    @contextmanager
    def _named(self, query: Query) -> Iterator[None]:
        """Begin each refusal with the name of the query's file."""
        try:
            yield
        except SourceRefused as refused:
            name = query.path.name
            said = str(refused).removeprefix(f"{name}: ")
            raise SourceRefused(f"{name}: {said}") from None
