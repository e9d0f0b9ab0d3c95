"""One run at a time: the lock on the warehouse, and what killed runs left in Dagster's history."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import psutil
from filelock import FileLock, Timeout

PROCESS_TAG = "winback/process"
UNFINISHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]


class RunInProgressError(RuntimeError):
    """Another run holds the warehouse."""


@contextmanager
def hold(path: Path, wait_seconds: float) -> Iterator[None]:
    """Hold the lock at ``path``; the operating system lets go of it with the process.

    Raises ``RunInProgressError`` when another process still holds it after ``wait_seconds``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout as error:
        raise RunInProgressError(
            f"another run is going on{_holder(path)}; waited {wait_seconds:g} seconds. "
            "Try again when it has ended, or let it wait longer with WINBACK_LOCK_WAIT_SECONDS"
        ) from error
    holder = path.with_suffix(".pid")
    holder.write_text(str(os.getpid()))
    try:
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def is_held(path: Path) -> bool:
    """Tell whether some process holds the lock right now."""
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def process_tag() -> str:
    """Return what names this process among all there ever were on this machine."""
    process = psutil.Process()
    return f"{process.pid}@{process.create_time():.2f}"


def name_process(instance: dg.DagsterInstance, run_id: str) -> None:
    """Keep with a run which process it is, so that it can be told later whether it is gone."""
    instance.add_run_tags(run_id, {PROCESS_TAG: process_tag()})


def mark_interrupted_runs(instance: dg.DagsterInstance, own_run_id: str) -> int:
    """Mark runs as failed that Dagster believes are going on though their process is gone."""
    gone = [
        run
        for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
        if run.run_id != own_run_id and not _lives(run.tags.get(PROCESS_TAG))
    ]
    for run in gone:
        instance.report_run_failed(run, "The process of this run is gone; it was interrupted.")
    return len(gone)


def _lives(tag: str | None) -> bool:
    # A run without a tag has not come as far as its first step: it is young.
    if tag is None:
        return True
    pid, _, created = tag.partition("@")
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" == created
    except psutil.NoSuchProcess:
        return False


def _holder(path: Path) -> str:
    holder = path.with_suffix(".pid")
    return f" (process {holder.read_text()})" if holder.exists() else ""
