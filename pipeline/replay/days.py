"""The days of a replay, one after the other."""

import json
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipeline.compiled_models import CompiledModels, set_as_dbt_does
from pipeline.dbt_project import DBT_EXECUTABLE, dbt_vars
from pipeline.replay import mails, stage
from pipeline.settings import TRANSFORMS, Settings
from pipeline.sync import enrolling
from pipeline.sync.ledger import Attempt
from pipeline.warehouse import Warehouse

DAILY = (
    "programme_decisions",
    "exp_email__list_members",
    "exp_sync__enrolments",
    "exp_sync__programme_steps",
)
AT_THE_END = ("programme_results",)


class ReplayError(Exception):
    """The past cannot be replayed; a sentence says why and what to do."""


@dataclass(frozen=True)
class Replayed:
    """What was written down on one day."""

    day: date
    entered: int
    controls: int
    steps: int


def days_of(first: date, last: date, every: int) -> list[date]:
    """Return the days from ``first`` to ``last``, ``every`` so many days, the last one included."""
    if last < first or every < 1:
        raise ReplayError(f"there are no days from {first} to {last} every {every} days")
    days = [first + timedelta(days=passed) for passed in range(0, (last - first).days + 1, every)]
    return days if days[-1] == last else [*days, last]


def replay(
    settings: Settings, warehouse: Warehouse, days: Collection[date], programmes: Collection[str]
) -> Iterator[Replayed]:
    """Run ``days`` in ``warehouse``, a copy of the live one that is changed for good.

    dbt compiles the models once; they are then executed for each day. Nothing is sent. Yields what
    each day wrote down; at the end the results stand in the warehouse.
    """
    target = warehouse.path.parent / "dbt"
    last = max(days)
    manifest = _compile(settings, warehouse, last, target)
    daily = CompiledModels.of(manifest, last, *DAILY, project=TRANSFORMS)
    whole = CompiledModels.of(manifest, last, *DAILY, *AT_THE_END, project=TRANSFORMS)
    with warehouse.connect() as connection:
        set_as_dbt_does(connection)
        stage.set_up(connection, programmes)
        mails.set_up(connection)
        before = None
        for number, day in enumerate(sorted(days), start=1):
            stage.reveal(connection, before, day)
            models = whole if day == last else daily
            models.build(connection, day, {"programme_mail_events": _with_simulated(day)})
            enrolling.enrol_others(connection, Attempt(number, "replay", day, "replay"), [])
            connection.execute(mails.SIMULATED, {"day": day})
            before = day
            yield _written_down(connection, day)


def _with_simulated(day: date) -> Callable[[duckdb.DuckDBPyConnection], None]:
    def take_in(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute(mails.TAKEN_IN, {"day": day})

    return take_in


def _written_down(connection: duckdb.DuckDBPyConnection, day: date) -> Replayed:
    ((entered, controls, steps),) = connection.execute(
        """
        select
            count(*) filter (programme <> 'all'),
            count(*) filter (programme <> 'all' and is_control),
            (select count(*) from sync.programme_steps where as_of_date = $day)
        from sync.enrolments where as_of_date = $day
        """,
        {"day": day},
    ).fetchall()
    return Replayed(day, int(entered), int(controls), int(steps))


def _compile(
    settings: Settings, warehouse: Warehouse, day: date, target: Path
) -> Mapping[str, Any]:
    """Return the manifest with the SQL of every model as it is for ``day``."""
    command = [DBT_EXECUTABLE, "--quiet", "--log-path", str(target), "compile", "--full-refresh"]
    command += ["--project-dir", str(TRANSFORMS), "--profiles-dir", str(TRANSFORMS)]
    command += ["--target-path", str(target)]
    command += ["--vars", dbt_vars(settings, warehouse, day, None)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if finished.returncode:
        raise ReplayError(f"dbt cannot compile the models:\n{finished.stdout[-2000:]}")
    manifest: Mapping[str, Any] = json.loads((target / "manifest.json").read_text())
    return manifest
