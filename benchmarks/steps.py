"""The steps of a benchmark, each run as a process of its own so that its cost can be told."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from benchmarks import hand_tuned, plan, product, rival_tables, shop
from benchmarks.product import Shop
from pipeline.churn_model import purchases
from pipeline.sql import literal


def generate(of: Shop, customers: int) -> None:
    """Write the inbox."""
    shop.write_inbox(of.inbox, customers)


def add_next_day(of: Shop, customers: int) -> None:
    """Write the files of one more day."""
    shop.write_next_day(of.inbox, customers)


def load(of: Shop) -> None:
    """Take what is new in the inbox into raw."""
    product.load(of)


def read_plainly(of: Shop) -> None:
    """Copy the Parquet files into tables as they are, with nothing checked and nothing kept."""
    path = of.folder / "plain.duckdb"
    path.unlink(missing_ok=True)
    with product.Warehouse(path).connect() as connection:
        for entity in sorted(shop.TOTAL_ORDER):
            files = literal(str(of.inbox / entity / "*.parquet"))
            connection.execute(f"create table {entity} as from read_parquet({files})")
    path.unlink()


def statements(of: Shop) -> list[dict[str, Any]]:
    """Run what the last build compiled, statement by statement."""
    return [asdict(one) for one in product.build_again(of)]


def tune(of: Shop) -> None:
    """Write the four tables by hand-tuned SQL."""
    hand_tuned.write_tables(of, shop.LAST_DAY, of.folder / "hand_tuned.duckdb")


def compare(of: Shop) -> dict[str, dict[str, int]]:
    """Count in how many rows the hand-tuned tables and those of the product differ."""
    return hand_tuned.differences(of, of.folder / "hand_tuned.duckdb")


def compare_rival(of: Shop, path: str) -> dict[str, int]:
    """Count in how many rows the table of a rival and those of the product differ."""
    return rival_tables.differences(of, Path(path))


def write_buyers(of: Shop) -> None:
    """Write what a churn model is fitted to, one row per buyer."""
    path = literal(str(of.folder / "buyers.parquet"))
    with of.warehouse.connect() as connection:
        connection.execute(
            f"""copy (
                select repeat_count as x, days_to_last / 7 as t_x, age_days / 7 as t
                from intermediate.int_churn_model_histories
                where cutoff_kind = 'as_of' order by all
            ) to {path} (format parquet)"""
        )


def fit(of: Shop) -> dict[str, float]:
    """Fit the churn model once, on the as-of date; return parameters and cost."""
    with of.warehouse.connect() as connection:
        started = process_time()
        groups = connection.execute(
            """select repeat_count * 1.0e0, days_to_last / 7, age_days / 7, customer_count * 1.0e0
            from intermediate.int_churn_model_groups
            where cutoff_date = (
                select max(cutoff_date) from intermediate.int_churn_model_groups
            )
            order by repeat_count, days_to_last, age_days"""
        ).fetchnumpy()
    columns = (np.asarray(column, np.float64) for column in groups.values())
    model = purchases.fit(purchases.Histories(*columns))
    return {
        "r": model.r,
        "alpha": model.alpha,
        "a": model.a,
        "b": model.b,
        "fit_cpu_seconds": process_time() - started,
    }


def write_lists(of: Shop, customers: int) -> None:
    """Write lists and what was sent of them the day before."""
    plan.write_lists(of.warehouse_of_lists, customers)


def plan_lists(of: Shop) -> tuple[float, plan.Counts]:
    """Plan a push; return its cost and the changes by list and action."""
    return plan.plan(of.warehouse_of_lists)


def plan_long(of: Shop) -> tuple[float, plan.Counts]:
    """Find the same changes by one long join."""
    return plan.plan_long(of.warehouse_of_lists)


STEPS: dict[str, Callable[..., Any]] = {
    step.__name__: step
    for step in (
        generate,
        add_next_day,
        load,
        read_plainly,
        statements,
        tune,
        compare,
        compare_rival,
        write_buyers,
        fit,
        write_lists,
        plan_lists,
        plan_long,
    )
}


if __name__ == "__main__":
    name, folder, *arguments = sys.argv[1:]
    values = [int(value) if value.isdigit() else value for value in arguments]
    began = process_time()
    result = STEPS[name](Shop(Path(folder)), *values)
    told = {"cpu_seconds": process_time() - began, "result": result}
    sys.stdout.write(json.dumps(told))
