"""Looks at the files of an entity one by one and stages the rows of those that are new."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from pipeline.loading.file_registry import NewFile, last_file_id, last_loads
from pipeline.loading.quarantine import Refusal
from pipeline.loading.record_checks import checked, missing_columns
from pipeline.loading.typed_columns import make_macros
from pipeline.loading.unread import waiting_for_rate
from pipeline.sources.catalogue import schema_of
from pipeline.sources.entity import Entity
from pipeline.sources.files import FileState, SourceFile, faults_of_the_file
from pipeline.sources.records import FileRefused
from pipeline.sql import count_of, literal, transaction


@dataclass
class Intake:
    """Takes files into intake.staged and keeps what came of each.

    ``touched`` are loaded files, by their number, with a new time of change but the same content.
    """

    connection: duckdb.DuckDBPyConnection
    source: str
    entity: Entity
    zone: str
    first_rates: Mapping[str, date]
    scratch: Path
    new: list[NewFile] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    touched: dict[int, int] = field(default_factory=dict)
    unchanged_count: int = 0
    ignored_count: int = 0

    def __post_init__(self) -> None:
        self._loaded = last_loads(self.connection, self.source, self.entity)
        self._again = waiting_for_rate(self.connection, self.source, self.entity, self.first_rates)
        self._last_id = last_file_id(self.connection)
        self._is_open = False

    @property
    def is_idle(self) -> bool:
        """Say whether there is nothing to write down."""
        return not (self.new or self.refused or self.touched)

    def open_staging(self) -> None:
        """Make intake.staged, unless it is there."""
        if self._is_open:
            return
        make_macros(self.connection, self.zone)
        # A file of its own, because a temporary table is not compressed and would fill the memory.
        self.connection.execute(f"attach {literal(str(self.scratch / 'staging'))} as intake")
        self.connection.execute(
            f"""create table intake.staged as
            select * exclude (_loaded_at), '' as _problem, '' as _reason, '' as _payload
            from {schema_of(self.source)}.{self.entity.name} limit 0"""
        )
        self._is_open = True

    def take(self, file: SourceFile) -> None:
        """Stage the rows of ``file``, unless it is as it was when it was loaded.

        One whose orders waited for an exchange rate is read again when there is one.
        """
        loaded = None if file.name in self._again else self._loaded.get(file.name)
        sha256 = ""
        try:
            with faults_of_the_file():
                state = file.state()
                if loaded and loaded.state == state:
                    self.unchanged_count += 1
                    return
                sha256 = file.sha256()
                if loaded and loaded.sha256 == sha256:
                    self.unchanged_count += 1
                    self.touched[loaded.file_id] = state.modified_ns
                    return
                self._stage(file, state, sha256)
        except FileRefused as refused:
            self.refused.append(Refusal(file.name, sha256, str(refused)))

    def _stage(self, file: SourceFile, state: FileState, sha256: str) -> None:
        self.open_staging()
        file_id = self._last_id + 1
        with file.read(self.connection, self.scratch) as records:
            # An empty file of JSON lines has no columns, and none are missing.
            missing = missing_columns(self.entity, records.columns) if records.columns else ""
            if missing:
                raise FileRefused(missing)
            rows_read = count_of(self.connection, records.relation)
            query = checked(self.entity, records, file_id, self.first_rates)
            with transaction(self.connection):
                self.connection.execute(f"insert into intake.staged {query}")
                if file.state() != state:
                    raise FileRefused("it changed while it was read; run again when it is whole")
        load_number = 1 + (self._loaded[file.name].load_number if file.name in self._loaded else 0)
        self.new.append(NewFile(file_id, load_number, file, state, sha256, rows_read))
        self.ignored_count += records.ignored_count
        self._last_id = file_id
