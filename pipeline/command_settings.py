"""What every subcommand begins with: the settings, or one line that says what is wrong."""

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.settings import Settings


class Problem(click.ClickException):
    """What went wrong, in one line; the exit status is 1."""

    def show(self, file: object = None) -> None:  # noqa: ARG002 - click's signature
        """Write the line to standard error."""
        click.echo(f"winback: {self.message}", err=True)


def settings_or_problem() -> "Settings":
    """Return the settings; raise ``Problem`` where they cannot be read."""
    from pydantic import ValidationError

    from pipeline.settings import Settings, sentence_of

    os.environ.setdefault("DO_NOT_TRACK", "1")
    try:
        return Settings()
    except ValidationError as error:
        raise Problem(sentence_of(error)) from error
