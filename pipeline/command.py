"""The ``winback`` command: a thin layer over the same assets that Dagster runs."""

import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.command_settings import Problem, settings_or_problem
from pipeline.programme_commands import replay, size

if TYPE_CHECKING:
    from pipeline.runs import Asked, Ended
    from pipeline.settings import Settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--traceback", "is_traceback", is_flag=True, help="Show where an error came from.")
@click.pass_context
def cli(context: click.Context, is_traceback: bool) -> None:
    """Bring a shop's quiet customers back: load, build, check, send lists, publish."""
    context.obj = {"traceback": is_traceback}


cli.add_command(replay)
cli.add_command(size)


@cli.command()
@click.option("--as-of", metavar="DAY", help="Compute for this day, like 2026-01-31.")
@click.option("--into", type=click.Path(path_type=Path), help="Build a past day into this file.")
@click.option("--full-refresh", is_flag=True, help="Rebuild what is kept from run to run.")
@click.option("--confirm", multiple=True, metavar="LIST", help="Let this list change unusually.")
@click.option(
    "--backfill",
    multiple=True,
    metavar="SOURCE:FROM:TO",
    help="Read these days of a source again, like sql:2026-01-01:2026-01-31.",
)
def run(
    as_of: str | None,
    into: Path | None,
    full_refresh: bool,
    confirm: tuple[str, ...],
    backfill: tuple[str, ...],
) -> None:
    """Run the whole daily job. With --into only the tables of a day are built, in a file."""
    settings = settings_or_problem()
    asked = _asked(as_of, confirm, full_refresh, _backfills(settings, backfill))
    from pipeline import runs, summary

    if into is not None:
        if confirm or backfill:
            raise Problem(
                "--into goes with neither --confirm nor --backfill: nothing is sent from a copy or "
                "loaded into it"
            )
        if into.exists() and not _is_ours(into):
            raise Problem(f"{into} exists and is no file of Winback; name another one")
        ended = runs.run_into(settings, asked, into.resolve())
        _stop_if_failed(settings, ended)
        click.echo(f"The tables of {as_of or 'the default day'} are in {into}, schema marts.")
        return
    click.echo(f"Winback runs on {', '.join(settings.sources)}", err=True)
    ended = runs.run_live(settings, asked)
    for warning in ended.warnings:
        click.echo(f"winback: warning: {warning}", err=True)
    if ended.succeeded:
        summary.show(settings, ended.run_id)
    _stop_if_failed(settings, ended)


@cli.command()
@click.option("--as-of", metavar="DAY", help="Plan for this day, like 2026-01-31.")
@click.option("--confirm", multiple=True, metavar="LIST", help="As if this list were confirmed.")
def plan(as_of: str | None, confirm: tuple[str, ...]) -> None:
    """Show what the next run would send and take off, list by list, without doing it."""
    settings = settings_or_problem()
    from pipeline import runs, summary
    from pipeline.as_of import resolve_as_of
    from pipeline.destinations.outlets import OUTLETS
    from pipeline.resources import open_warehouse
    from pipeline.sync.plan import make_plan

    with runs.planned(settings, _asked(as_of, confirm, False)) as (ended, path):
        _stop_if_failed(settings, ended, is_alerting=False)
        click.echo(f"As of {resolve_as_of(as_of, settings)}:")
        for destination in (*settings.destinations, *OUTLETS):
            made = make_plan(open_warehouse(settings, str(path)), destination, confirm)
            if destination in OUTLETS and not made.lists:
                continue
            click.echo(f"{destination}: {'nothing to do' if made.is_empty else 'would do'}")
            for one in made.lists:
                click.echo(f"  {one.sentence()}")
        click.echo(summary.programmes(open_warehouse(settings, str(path))))


@cli.command()
@click.argument("customer")
def explain(customer: str) -> None:
    """Show what is known about one person: CUSTOMER is an id, an account or an address."""
    settings = settings_or_problem()
    from pipeline import explanation

    click.echo(explanation.explain(settings, customer))


@cli.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path), required=False)
@click.option(
    "--customers",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Name up to N who moved.",
)
def compare(a: Path, b: Path | None, customers: int) -> None:
    """Show what moved from the tables in file A to those in file B, else to the published ones."""
    settings = settings_or_problem()
    from pipeline.comparison import screen

    click.echo(screen.compare(settings, a, b, customers))


@cli.command()
def doctor() -> None:
    """Say what is configured, what is missing and how to mend it."""
    from pipeline import diagnosis

    findings = diagnosis.examine()
    for finding in findings:
        click.echo(str(finding))
    if any(finding.is_problem for finding in findings):
        raise SystemExit(1)


@cli.command()
@click.argument("backup", type=click.Path(path_type=Path))
@click.option("--forget", is_flag=True, help="Also if it does not know all that was sent.")
def restore(backup: Path, forget: bool) -> None:
    """Put back what was sent and learnt from a BACKUP of var/backup."""
    settings = settings_or_problem()
    from pipeline import run_lock
    from pipeline.resources import LOCK_NAME, keep_private, open_warehouse
    from pipeline.sync.backup import back_up
    from pipeline.sync.backup import restore as put_back

    keep_private(settings)
    warehouse = open_warehouse(settings)
    with run_lock.hold(settings.var_folder / LOCK_NAME, settings.lock_wait_seconds):
        warehouse.prepare()
        # In a folder of its own: the others are only so many, and one of them is being restored.
        kept = back_up(warehouse, settings.var_folder / "backup" / "before-restore")
        for table, rows in put_back(warehouse, backup, may_forget=forget).items():
            click.echo(f"  sync.{table}: {rows:,} rows")
    click.echo(f"What was there before is in {kept}")
    if settings.tools:
        click.echo(
            f"Runs since then are forgotten: whoever they put on a list in "
            f"{', '.join(settings.tools)} counts as put on it by others and stays until he is "
            "taken off there, or is on the list here as well; whoever they entered into a "
            "programme may enter it again"
        )


@cli.command()
@click.option("--port", default=3000, show_default=True, help="Port on the loopback address.")
def ui(port: int) -> None:
    """Open Dagster's UI on this machine only, and run its schedules while it is open."""
    settings = settings_or_problem()
    from pipeline.runs import prepare_home
    from pipeline.settings import PROJECT_ROOT

    prepare_home(settings)
    dagster = str(Path(sys.executable).parent / "dagster")
    workspace = str(PROJECT_ROOT / "workspace.yaml")
    os.chdir(PROJECT_ROOT)
    arguments = [dagster, "dev", "-w", workspace, "-h", "127.0.0.1", "-p", str(port)]
    # Started in the background of a shell it would inherit that interrupts are ignored, and Dagster
    # takes a request to terminate for an interrupt.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(dagster, arguments)  # noqa: S606


def _asked(
    as_of: str | None,
    confirm: tuple[str, ...],
    full_refresh: bool,
    backfill: tuple[str, ...] = (),
) -> "Asked":
    from pipeline.runs import Asked

    return Asked(as_of, confirm, full_refresh, backfill)


def _backfills(settings: "Settings", asked: tuple[str, ...]) -> tuple[str, ...]:
    from pipeline.sources.catalogue import extracted
    from pipeline.sources.extraction import parse_backfill

    for text in asked:
        try:
            parse_backfill(text, extracted(settings.sources))
        except ValueError as error:
            raise Problem(str(error)) from error
    return asked


def _stop_if_failed(settings: "Settings", ended: "Ended", *, is_alerting: bool = True) -> None:
    if ended.succeeded and not ended.problems:
        return
    text = "\n".join(ended.problems) or "the run failed"
    if is_alerting:
        from pipeline.alerts import alert

        for problem in alert(settings, f"Winback run {ended.run_id} failed", text):
            click.echo(f"winback: {problem}", err=True)
    raise Problem(text)


def _is_ours(path: Path) -> bool:
    from pipeline.warehouse import is_warehouse

    return is_warehouse(path)


def main() -> None:
    """Run the command; errors are one line unless a traceback is asked for."""
    try:
        cli(standalone_mode=True)
    except Exception as error:  # the last place: whatever comes is shown, not swallowed
        if "--traceback" in sys.argv:
            traceback.print_exc()
        first = str(error).strip().splitlines()
        click.echo(f"winback: {first[0] if first else type(error).__name__}", err=True)
        click.echo("(winback --traceback … shows where it came from)", err=True)
        raise SystemExit(1) from None
