"""What a signal raises, let through where a library would take it for an error of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


@contextmanager
def interruptible(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Raise what a signal raised while ``connection`` was at a statement, and end that.

    DuckDB makes an ordinary error of it, "Query interrupted", and a step would be tried again.
    """
    try:
        yield
    except RuntimeError as error:
        if error.__cause__ is None or isinstance(error.__cause__, Exception):
            raise
        # Else closing may wait until it has ended by itself.
        connection.interrupt()
        raise error.__cause__ from None
