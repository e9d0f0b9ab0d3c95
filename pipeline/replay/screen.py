"""``winback replay``: the past once more, and what came of it."""

import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import click
import duckdb

from pipeline.explanation import table
from pipeline.replay.days import ReplayError, days_of, replay
from pipeline.resources import open_warehouse
from pipeline.runs import copy_live
from pipeline.settings import Settings

KEPT = 5_000_000_000
"""Bytes that have to be left on the disk beside the copy."""


def run(settings: Settings, first: date, last: date, every: int, programmes: Iterable[str]) -> None:
    """Replay the days in a warehouse of their own under ``var/replay`` and print the results.

    Raises ``ReplayError`` where there is nothing to replay, or a programme is not known.
    """
    if not settings.warehouse_path.exists():
        raise ReplayError("there is no warehouse yet; start with: winback run")
    days = days_of(first, last, every)
    folder = settings.var_folder / "replay"
    _refuse_full_disk(settings, folder)
    path = folder / settings.warehouse_path.name
    copy_live(settings, path)
    warehouse = open_warehouse(settings, str(path))
    with warehouse.connect() as connection:
        chosen = _chosen(connection, tuple(programmes))
    click.echo(
        f"Replaying {len(days)} days with {', '.join(chosen)}: nobody is sent anything, every step "
        "counts as sent, opens and clicks of it are simulated.",
        err=True,
    )
    for one in replay(settings, warehouse, days, chosen):
        click.echo(
            f"  {one.day}  {one.entered:>6,} entered, {one.controls:>5,} of them controls; "
            f"{one.steps:>6,} steps",
            err=True,
        )
    with warehouse.connect() as connection:
        click.echo(_results(connection))
    click.echo(f"Tables: {path} (schemas marts, programmes and sync)")


def _refuse_full_disk(settings: Settings, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    needed = settings.warehouse_path.stat().st_size + KEPT
    if shutil.disk_usage(folder).free < needed:
        raise ReplayError(
            f"a replay takes a copy of the warehouse and more: {needed / 1e9:.0f} GB have to be "
            f"free in {folder}"
        )


def _chosen(connection: duckdb.DuckDBPyConnection, asked: tuple[str, ...]) -> list[str]:
    """Return the programmes asked for, else those that are on, else all that go by e-mail."""
    known = connection.execute(
        "select programme, is_on, channel from reference.programmes order by priority"
    ).fetchall()
    names = [str(name) for name, *_ in known]
    if unknown := sorted(set(asked) - set(names)):
        raise ReplayError(
            f"there is no programme {', '.join(unknown)}; there are {', '.join(names)}"
        )
    if asked:
        return [name for name in names if name in asked]
    on = [str(name) for name, is_on, _ in known if is_on]
    return on or [str(name) for name, _, channel in known if channel == "email"]


def _results(connection: duckdb.DuckDBPyConnection) -> str:
    found = connection.execute(
        """
        select programme, plans.entered_count, results.entrant_count, results.treated_count,
            results.control_count, round(100 * results.treated_share, 1),
            round(100 * results.control_share, 1), results.verdict
        from marts.programme_results as results
        inner join programmes.programme_plans as plans using (programme)
        where results.kind = 'programme' order by programme
        """
    ).fetchall()
    head = ("programme", "entered", "window over", "treated", "controls", "% bought")
    return "\n" + table((*head, "% of controls", "verdict"), found) + "\n"
