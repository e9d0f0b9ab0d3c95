"""Writes the simulated people, consents and e-mails that ``simulate.sql`` makes of the orders."""

import argparse
from pathlib import Path

import duckdb

DATA = Path(__file__).resolve().parent
SAMPLE = DATA / "online_retail_ii.parquet"

ORDERS = {
    "simulated_customers": "registered_at, customer_id",
    "simulated_consents": '"at", customer_id, channel, state',
    "simulated_email_events": "occurred_at, event_id",
}
"""What is written, and the total order of its rows."""


def simulate(folder: Path) -> None:
    """Write the three simulated tables into ``folder``.

    The same orders give the same rows in the same order, on any machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("create table lines as from read_parquet(?)", [str(SAMPLE)])
        connection.execute((DATA / "simulate.sql").read_text("utf-8"))
        for table, order in ORDERS.items():
            path = str(folder / f"{table}.parquet").replace("'", "''")
            connection.execute(
                f"copy (from {table} order by {order}) to '{path}' (format parquet, "
                "parquet_version v2, compression zstd, compression_level 15)"
            )


def main() -> None:
    """Write the tables beside the orders, or into the folder that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=DATA, metavar="FOLDER")
    simulate(parser.parse_args().to)


if __name__ == "__main__":
    main()
