"""Tables and plots as markdown, for what a person wants to see at a glance."""

import base64
from decimal import Decimal

import duckdb

Connection = duckdb.DuckDBPyConnection


def markdown_table(connection: Connection, query: str) -> str:
    """Return the rows of a query as a table."""
    found = connection.execute(query)
    names = [str(column[0]) for column in found.description or []]
    rows = [[_cell(value) for value in row] for row in found.fetchall()]
    return "\n".join(f"| {' | '.join(line)} |" for line in [names, ["---"] * len(names), *rows])


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int | Decimal) else str(value)


def markdown_plot(specification: dict[str, object]) -> str:
    """Return the picture of a Vega-Lite specification."""
    # Imported here: drawing costs half a second that only some marts need.
    import vl_convert

    png = vl_convert.vegalite_to_png(specification)
    return f"![plot](data:image/png;base64,{base64.b64encode(png).decode()})"
