"""The benchmark at a tiny size: same files, same tables, and a comparison that can fail."""

import hashlib
import json
import sys
from pathlib import Path

import duckdb
import pytest

from benchmarks import hand_tuned, plan, shop
from benchmarks.cost import CommandFailed, measured
from benchmarks.product import Shop, load
from tests.dbt_project import DbtProject

PEOPLE = 400
EMPTY = ("visits", "carts", "returns", "complaints", "answers", "products", "order_lines")


def written(folder: Path, seed: int = shop.SEED) -> dict[str, str]:
    """Return the hash of every file of a shop, the day after included."""
    shop.write_inbox(folder / "inbox", PEOPLE, seed)
    shop.write_next_day(folder / "inbox", PEOPLE, seed)
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.parquet"))
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    of = Shop(tmp_path_factory.mktemp("bench"))
    shop.write_inbox(of.inbox, PEOPLE)
    load(of)
    DbtProject(of.folder).build(
        "--select",
        *(f"+{table}" for table in hand_tuned.KEYS),
        as_of_date=str(shop.LAST_DAY),
        sources=["files"],
        timezone="Europe/Berlin",
        currency="EUR",
    )
    hand_tuned.write_tables(of, shop.LAST_DAY, of.folder / "hand_tuned.duckdb")
    return of


def test_the_same_seed_and_size_give_the_same_files(tmp_path: Path) -> None:
    first = written(tmp_path / "first")
    assert written(tmp_path / "second") == first
    assert written(tmp_path / "other", seed=1) != first
    assert {name.split("/")[1] for name in first} == {
        "orders",
        "customers",
        "consents",
        "email_events",
    }


def test_hand_tuned_tables_are_those_of_the_product(built: Shop) -> None:
    found = hand_tuned.differences(built, built.folder / "hand_tuned.duckdb")
    assert {table: len(counts) for table, counts in found.items()} == {
        "customer_activity": 42,
        "customer_rfm": 11,
        "customer_churn": 28,
        "segment_members": 1,
    }
    assert {count for counts in found.values() for count in counts.values()} == {0}


def test_the_shop_has_what_makes_it_hard(built: Shop) -> None:
    with built.warehouse.connect() as connection:
        hard = connection.execute(
            """select
                (select count(*) from quarantine.rows) as bad_rows,
                (select count(*) - count(distinct order_id) from raw_files.orders) as versions,
                (select count(*) from raw_files.orders where customer_id is null) as guests,
                (select count(*) from intermediate.int_customer_keys)
                - (select count(distinct customer_id) from intermediate.int_customer_keys)
                    as keys_that_lead_to_a_person_known_before,
                (select count(*) from marts.customer_activity where return_count > 0) as returned,
                (select count(*) from marts.customer_activity where human_clicks_90d > 0) as clicked
            """
        ).fetchall()[0]
        held = connection.execute(
            "select table_name, estimated_size from duckdb_tables() where schema_name = 'raw_files'"
        ).fetchall()
    assert hard[0] == 0
    assert min(hard[1:]) > 10
    assert {name for name, rows in held if not rows} == set(EMPTY)


def test_a_wrong_cent_and_a_missing_person_are_found(built: Shop, tmp_path: Path) -> None:
    path = tmp_path / "wrong.duckdb"
    path.write_bytes((built.folder / "hand_tuned.duckdb").read_bytes())
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "update customer_activity set revenue = revenue + 0.01 "
            "where customer_id = (select min(customer_id) from customer_activity)"
        )
        connection.execute(
            "delete from customer_rfm "
            "where customer_id = (select max(customer_id) from customer_rfm)"
        )
    found = hand_tuned.differences(built, path)
    assert {name: count for name, count in found["customer_activity"].items() if count} == {
        "revenue": 1
    }
    assert {name: count for name, count in found["customer_rfm"].items() if count} == {"rows": 1}


def test_the_plan_of_a_push_and_the_long_join_give_the_same_changes(tmp_path: Path) -> None:
    warehouse = Shop(tmp_path).warehouse_of_lists
    plan.write_lists(warehouse, 3000)

    _, planned = plan.plan(warehouse)
    _, joined = plan.plan_long(warehouse)

    assert {change: count for change, count in planned.items() if count} == joined
    assert {change.split()[1] for change in joined} == {"add", "update", "remove"}
    assert len({change.split()[0] for change in planned}) == 20
    # One in a hundred has changed, on eight lists each.
    assert 0.002 < sum(joined.values()) / (3000 * 8) < 0.02


def test_the_cost_of_a_command_is_that_of_its_process() -> None:
    spin = "import json; sum(i * i for i in range(3_000_000)); print(json.dumps('done'))"
    cost, said = measured(["python3", "-c", spin])
    assert json.loads(said) == "done"
    assert 0.05 < cost.cpu_seconds < 30
    assert cost.peak_bytes > 1024**2
    with pytest.raises(CommandFailed):
        measured(["python3", "-c", "raise SystemExit(3)"])


def test_a_first_load_is_measured_step_by_step() -> None:
    _, said = measured([sys.executable, "-m", "benchmarks.first_load", "--orders", "1500"])
    steps = dict(line.split(":", 1) for line in said.splitlines()[1:])
    assert list(steps) == ["read", "orders", "order_lines"]
    assert steps["read"].endswith(" 1,500 rows")
    assert steps["orders"].endswith(" 1,500 rows")
