"""What a signal raises, let through where a library would take it for an error of its own."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise what a signal raised while DuckDB was at a statement.

    DuckDB makes an ordinary error of it, "Query interrupted", and a step would be tried again.
    """
    try:
        yield
    except RuntimeError as error:
        if error.__cause__ is None or isinstance(error.__cause__, Exception):
            raise
        raise error.__cause__ from None
