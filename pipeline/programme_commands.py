"""Subcommands about programmes: the past once more, and sizes."""

import re
from datetime import datetime

import click

from pipeline.command_settings import Problem, settings_or_problem

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.option("--from", "first", required=True, type=DAY, help="First day, like 2010-12-01.")
@click.option("--to", "last", required=True, type=DAY, help="Last day.")
@click.option("--every", default="7d", show_default=True, help="Days from one run to the next.")
@click.option("--programme", multiple=True, metavar="NAME", help="Only this programme.")
def replay(first: datetime, last: datetime, every: str, programme: tuple[str, ...]) -> None:
    """Run the programmes through the past as if live, in a copy of the warehouse; send nothing."""
    settings = settings_or_problem()
    from pipeline.replay import screen

    if not re.fullmatch(r"[1-9]\d{0,3}d?", every):
        raise Problem(f"--every {every}: give a number of days, like 7d")
    screen.run(settings, first.date(), last.date(), int(every.removesuffix("d")), programme)


@click.command()
@click.argument("programme")
@click.option("--lift", type=click.FloatRange(0, 1), help="Effect to be seen, like 0.02.")
@click.option("--weekly", type=click.FloatRange(0), help="People who enter a week.")
@click.option("--base", type=click.FloatRange(0, 1), help="Share that buys by itself.")
def size(programme: str, lift: float | None, weekly: float | None, base: float | None) -> None:
    """Say how many people and weeks it takes to see what PROGRAMME does."""
    settings = settings_or_problem()
    from pipeline import sizing

    click.echo(sizing.size(settings, programme, lift, weekly, base))
