"""Dagster resources: configuration in, plain clients out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import dagster as dg
from pydantic import Field, PrivateAttr

from pipeline import run_lock
from pipeline.as_of import AsOfError, resolve_as_of
from pipeline.clock import utc_now
from pipeline.dbt_project import DBT_EXECUTABLE, DbtResource
from pipeline.settings import TRANSFORMS, Settings
from pipeline.sources.catalogue import extracted
from pipeline.sources.extraction import Backfill, parse_backfill
from pipeline.sync import backup, run_records
from pipeline.sync.plan import refuse_unknown_lists
from pipeline.warehouse import Warehouse

LOCK_NAME = "run.lock"


class SettingsResource(dg.ConfigurableResource):
    """What the operator set, read from the environment when a run starts."""

    def get(self) -> Settings:
        """Return the settings; raises ``pydantic.ValidationError`` when one is wrong."""
        return Settings()


class WarehouseResource(dg.ConfigurableResource):
    """The DuckDB file a run works on; the live one unless a path is given."""

    path: str | None = None

    def client(self) -> Warehouse:
        """Return the warehouse."""
        return open_warehouse(Settings(), self.path)


class RunResource(dg.ConfigurableResource):
    """One run at a time, for one as-of date.

    While a run's steps go on this resource holds the lock on the warehouse. It refuses a date
    before that of the last run, backs up what cannot be fetched again and marks runs as failed
    whose process is gone.
    """

    as_of_date: str | None = None
    confirm: list[str] = Field(default=[])
    backfill: list[str] = Field(default=[])
    is_full_refresh: bool = False
    is_live: bool = True
    path: str | None = None

    _day: date = PrivateAttr()
    _now: datetime = PrivateAttr()
    _run_id: str = PrivateAttr()
    _has_published: bool = PrivateAttr(default=False)

    @property
    def day(self) -> date:
        """Return the day that everything is computed for."""
        return self._day

    @property
    def now(self) -> datetime:
        """Return when the run began, in UTC: what every window of it is measured by."""
        return self._now

    def backfills(self, source: str) -> list[Backfill]:
        """Return the days of ``source`` that are to be read again.

        Raises ``ValueError`` with a sentence where one that is asked for cannot be.
        """
        chosen = extracted(Settings().sources)
        asked = [parse_backfill(text, chosen) for text in self.backfill]
        return [one for one in asked if one.source == source]

    @property
    def run_id(self) -> str:
        """Return Dagster's id of the run."""
        return self._run_id

    def note_published(self) -> None:
        """Note that the last step is done; the run has succeeded if no other failed."""
        self._has_published = True

    def refuse_unless_live(self) -> None:
        """Raise before anything leaves from a warehouse that is only a copy."""
        if not self.is_live:
            raise dg.Failure("this is a copy of the warehouse; nothing leaves from it")

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["RunResource"]:
        """Hold the lock from the first step to the last."""
        settings = Settings()
        keep_private(settings)
        warehouse = open_warehouse(settings, self.path)
        self._run_id = context.run_id or "none"
        self._now = utc_now().replace(microsecond=0)
        lock, copies = settings.var_folder / LOCK_NAME, settings.var_folder / "backup"
        if context.instance:
            run_lock.name_process(context.instance, self._run_id)
        with run_lock.hold(lock, settings.lock_wait_seconds) if self.is_live else _nothing():
            warehouse.prepare()
            self._day = resolve_as_of(self.as_of_date, settings)
            if self.is_live:
                if context.instance:
                    run_lock.mark_interrupted_runs(context.instance, self._run_id)
                _refuse_earlier_day(warehouse, self._day)
                refuse_unknown_lists(warehouse, self.confirm)
                if backup.is_due(warehouse, copies):
                    backup.back_up(warehouse, copies)
            run_records.begin_run(warehouse, self._run_id, self._day)
            try:
                yield self
            finally:
                # A gate may stop the lists and let the tables be published all the same.
                failed = context.instance.get_run_stats(self._run_id) if context.instance else None
                is_whole = self._has_published and not (failed and failed.steps_failed)
                run_records.finish_run(warehouse, self._run_id, succeeded=is_whole)
                if self.is_live:
                    # Now, as what was sent can be asked of nobody else.
                    backup.back_up(warehouse, copies)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _refuse_earlier_day(warehouse: Warehouse, day: date) -> None:
    last = run_records.last_as_of(warehouse)
    if last and day < last:
        raise AsOfError(
            f"{day} is before {last}, the day of the last run; what was sent since cannot be "
            f"unsent. To look at that day: winback run --as-of {day} --into some-file.duckdb"
        )


def keep_private(settings: Settings) -> None:
    """Let nobody else read what this process writes from now on, but what is published."""
    for folder in (settings.var_folder, settings.published_path.parent):
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o755)
    os.umask(0o077)


def open_warehouse(settings: Settings, path: str | None = None) -> Warehouse:
    """Return the warehouse at ``path``, else the live one, with the limits that are set."""
    return Warehouse(
        Path(path) if path else settings.warehouse_path,
        memory_limit=settings.memory_limit,
        threads=settings.threads,
    )


def default_resources() -> dict[str, object]:
    """Build the resources as deployed."""
    return {
        "dbt": DbtResource(
            project_dir=str(TRANSFORMS),
            profiles_dir=str(TRANSFORMS),
            dbt_executable=DBT_EXECUTABLE,
            # Its debug log of some 8 MB a run costs a fifth of the run.
            global_config_flags=["--no-use-colors", "--log-level-file", "info"],
        ),
        "settings": SettingsResource(),
        "warehouse": WarehouseResource(),
        "run": RunResource(),
    }
