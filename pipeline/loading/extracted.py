"""Takes what a source sends into raw: each stream's windows landed as files, then loaded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from pipeline.loading.file_registry import last_loads
from pipeline.loading.load import LoadReport, Rules, load_files
from pipeline.loading.watermarks import move_watermark, watermark_of
from pipeline.sources.catalogue import entities_of
from pipeline.sources.entity import Entity
from pipeline.sources.extraction import (
    Backfill,
    Source,
    Stream,
    Window,
    backfill_window,
    next_window,
)
from pipeline.sources.landing import LandedFile, land, landed_files
from pipeline.warehouse import Warehouse


@dataclass
class Extract:
    """One run's reading of a source. A stream is read when the first entity asks for it.

    Its watermark moves in the transaction of the last entity that reads it, and only when all of
    them were loaded in this run.
    """

    warehouse: Warehouse
    source: Source
    rules: Rules
    now: datetime
    backfills: Sequence[Backfill] = ()
    _landed: dict[str, list[Path]] = field(default_factory=dict)
    _reached: dict[str, datetime] = field(default_factory=dict)
    _loaded: set[str] = field(default_factory=set)

    def load(self, entity: Entity) -> LoadReport:
        """Take what is new of ``entity`` into raw."""
        streams = self._readers.get(entity.name, ())
        for stream in streams:
            self._land(stream)

        def move_watermarks(connection: duckdb.DuckDBPyConnection) -> None:
            for stream in self._finished_with(entity):
                move_watermark(connection, self.source.name, stream, self._reached[stream])

        files = list(self._files(entity))
        with_it = move_watermarks if streams else None
        report = load_files(self.warehouse, self.source.name, entity, files, self.rules, with_it)
        if not report.refused:
            self._loaded.add(entity.name)
        return report

    @cached_property
    def _readers(self) -> Mapping[str, Sequence[str]]:
        """Return the streams that each entity is read from."""
        return {
            entity.name: tuple(
                dict.fromkeys(one.stream for one in self.source.mappings(entity.name))
            )
            for entity in entities_of(self.source.name)
        }

    def _land(self, name: str) -> None:
        if name in self._landed:
            return
        stream = next(one for one in self.source.streams if one.name == name)
        paths = []
        for window in self._windows(stream):
            paths.append(self._written(name, window))
            if not window.is_backfill:
                self._reached[name] = window.until
        self._landed[name] = [path for path in paths if path]

    def _written(self, stream: str, window: Window) -> Path | None:
        def write(target: Path) -> int:
            return self.source.write(stream, window.since, window.until, target)

        limits = (window.since, window.until)
        return land(self._folder(stream), self.source.ending, limits, self.now, write)

    def _windows(self, stream: Stream) -> Iterator[Window]:
        zone = ZoneInfo(self.rules.zone)
        for backfill in self.backfills:
            if window := backfill_window(backfill, stream, zone, self.now):
                yield window
        with self.warehouse.connect() as connection:
            watermark = watermark_of(connection, self.source.name, stream.name)
        if window := next_window(stream, watermark, self.now):
            yield window

    def _files(self, entity: Entity) -> Iterator[LandedFile]:
        """Yield what was landed now, and what is in raw already, which may wait for a rate.

        What a run landed and did not load is left alone: its window has been read once more.
        """
        with self.warehouse.connect() as connection:
            known = last_loads(connection, self.source.name, entity)
        for mapping in self.source.mappings(entity.name):
            for path in landed_files(self._folder(mapping.stream)):
                file = LandedFile(path, mapping)
                if path in self._landed[mapping.stream] or file.name in known:
                    yield file

    def _finished_with(self, entity: Entity) -> Iterator[str]:
        """Yield the streams that ``entity`` is the last one to be loaded from."""
        loaded = {*self._loaded, entity.name}
        for stream in self._readers.get(entity.name, ()):
            readers = {name for name, streams in self._readers.items() if stream in streams}
            if readers <= loaded and stream in self._reached:
                yield stream

    def _folder(self, stream: str) -> Path:
        return self.warehouse.path.parent / "landing" / self.source.name / stream
