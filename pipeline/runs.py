"""Starting a run from the command: the job, its resources, Dagster's home, what came of it."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._utils.error import SerializableErrorInfo

from pipeline import run_lock
from pipeline.as_of import resolve_as_of
from pipeline.dbt_project import descriptions_of_marts
from pipeline.definitions import build_definitions
from pipeline.publishing import publish
from pipeline.resources import (
    LOCK_NAME,
    RunResource,
    WarehouseResource,
    keep_private,
    open_warehouse,
)
from pipeline.settings import Settings
from pipeline.sql import has_table

DAGSTERS_OWN = ("Dagster", "RetryRequested")
"""How errors are named that only wrap another."""

HOME = """\
telemetry:
  enabled: false
# No dialog that asks for an address.
nux:
  enabled: false
# What models and loads say stands in the events and in dbt/dbt.log; to keep the output of each step
# too takes processes that outlive the run, and files that nobody clears.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
# DuckDB has one writer: runs started from the UI wait for one another.
concurrency:
  runs:
    max_concurrent_runs: 1
"""


@dataclass(frozen=True)
class Ended:
    """How a run ended. ``problems`` are sentences; a run without any did what it should.

    ``warnings`` are what somebody should look at, though it stopped nothing.
    """

    run_id: str
    succeeded: bool
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What is asked of a run."""

    as_of: str | None = None
    confirm: tuple[str, ...] = ()
    is_full_refresh: bool = False
    backfill: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)


def prepare_home(settings: Settings) -> Path:
    """Make Dagster's home, where the history of runs is kept, and point Dagster to it."""
    home = settings.dagster_home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text(HOME)
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def run_live(settings: Settings, asked: Asked) -> Ended:
    """Run the whole daily job on the live warehouse."""
    resource = RunResource(
        as_of_date=asked.as_of,
        confirm=list(asked.confirm),
        is_full_refresh=asked.is_full_refresh,
        backfill=list(asked.backfill),
    )
    return _execute(settings, "daily_refresh", {"run": resource})


def run_into(settings: Settings, asked: Asked, target: Path) -> Ended:
    """Build the marts of a day into a file of their own, from what is loaded.

    Takes the raw tables and what was sent up to that day; nothing is loaded, sent or published.
    The file holds schema ``marts`` alone, like the published one.
    """
    if target in (settings.warehouse_path.resolve(), settings.published_path.resolve()):
        raise ValueError(f"{target} is what runs and analysts use; name another file")
    unfinished = target.with_name(f"{target.name}.part")
    copy_live(settings, unfinished)
    _forget_later(settings, unfinished, resolve_as_of(asked.as_of, settings))
    ended = _execute(settings, "rebuild", _of_copy(asked, unfinished))
    if ended.succeeded:
        publish(open_warehouse(settings, str(unfinished)), target, descriptions_of_marts())
        target.chmod(0o600)
    for ending in ("", ".wal"):
        unfinished.with_name(f"{unfinished.name}{ending}").unlink(missing_ok=True)
    return ended


@contextmanager
def planned(settings: Settings, asked: Asked) -> Iterator[tuple[Ended, Path]]:
    """Load and build everything in a copy of the warehouse that is thrown away afterwards."""
    settings.var_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.var_folder, prefix="plan-") as folder:
        path = Path(folder) / "warehouse.duckdb"
        copy_live(settings, path)
        yield _execute(settings, "load_and_build", _of_copy(asked, path)), path


def _of_copy(asked: Asked, path: Path) -> dict[str, object]:
    return {
        "run": RunResource(
            as_of_date=asked.as_of,
            is_full_refresh=asked.is_full_refresh,
            is_live=False,
            path=str(path),
        ),
        "warehouse": WarehouseResource(path=str(path)),
    }


def copy_live(settings: Settings, target: Path) -> None:
    """Copy the live warehouse to ``target`` while no run writes to it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with run_lock.hold(settings.var_folder / LOCK_NAME, settings.lock_wait_seconds):
        # A run that was killed leaves a log beside the file, which belongs to it.
        for ending in ("", ".wal"):
            live = settings.warehouse_path.with_name(f"{settings.warehouse_path.name}{ending}")
            copy = target.with_name(f"{target.name}{ending}")
            copy.unlink(missing_ok=True)
            if live.exists():
                shutil.copyfile(live, copy)
    open_warehouse(settings, str(target)).prepare()


def _forget_later(settings: Settings, path: Path, day: date) -> None:
    with open_warehouse(settings, str(path)).connect() as connection:
        for table, column in (
            ("ledger", "as_of_date"),
            ("enrolments", "as_of_date"),
            ("programme_steps", "as_of_date"),
            ("members", "since_date"),
            ("runs", "as_of_date"),
            ("customer_ids", "first_seen"),
        ):
            if has_table(connection, f"sync.{table}"):
                connection.execute(f"delete from sync.{table} where {column} > ?", [day])


def _execute(settings: Settings, job: str, resources: dict[str, object]) -> Ended:
    keep_private(settings)
    prepare_home(settings)
    definitions = build_definitions(resources)
    log = settings.var_folder / "logs" / "last_run.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # dbt says a line for every model; that belongs into a file, progress onto the terminal.
    with (
        dg.DagsterInstance.get() as instance,
        log.open("w") as file,
        contextlib.redirect_stdout(file),
    ):
        result = definitions.resolve_job_def(job).execute_in_process(
            instance=instance,
            run_config={"loggers": {"console": {}}},
            tags={
                "winback/started_by": "command",
                run_lock.PROCESS_TAG: run_lock.process_tag(),
            },
            raise_on_error=False,
        )
        return Ended(
            result.run_id, result.success, tuple(_problems(result)), tuple(_warnings(result))
        )


def _warnings(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for evaluation in result.get_asset_check_evaluations():
        if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.WARN:
            yield f"{evaluation.check_name}: {evaluation.description}"


def _problems(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for evaluation in result.get_asset_check_evaluations():
        if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR:
            yield f"{evaluation.check_name}: {evaluation.description}"
    failures = [event for event in result.all_events if event.is_step_failure]
    for event in failures:
        # What a gate found has been said above.
        if "asset check failed" not in (sentence := _sentence_of_step(event)):
            yield sentence
    if not failures and not result.success:
        for event in result.all_events:
            if event.event_type == dg.DagsterEventType.RUN_FAILURE:
                yield _root_cause(event.job_failure_data.error) or event.message or "the run failed"


def _sentence_of_step(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    return _root_cause(data.error) or event.message or f"{event.step_key} failed"


def _root_cause(error: SerializableErrorInfo | None) -> str:
    """Return what the first error says that is not Dagster's own, without the name of its class."""
    if error is None:
        return ""
    if error.cls_name == DagsterExecutionInterruptedError.__name__:
        return "the run was interrupted; run it again"
    while error.cause is not None and (error.cls_name or "").startswith(DAGSTERS_OWN):
        error = error.cause
    message = error.message.strip()
    return message.removeprefix(f"{error.cls_name}: ").split(f".{error.cls_name}: ", 1)[-1]
