import random
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.integration.shop import LAST_DAY, ORDERS, Shop, marts_of, small_shop

pytestmark = pytest.mark.runs
MOMENTS = 3


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = small_shop(tmp_path_factory.mktemp("before") / "shop")
    shop.daily()
    new = [
        (f"n{n}", f"{LAST_DAY} 09:00", "", f"person{n}@example.com", "paid", "9", "")
        for n in range(30, 40)
    ]
    shop.write("orders", "new.csv", ORDERS, new)
    return shop


def state_of(shop: Shop) -> dict[str, object]:
    """Everything that a run decides: tables, lists, who is on them and what became of him."""
    return {
        "marts": marts_of(shop.var / "warehouse.duckdb"),
        "lists": {path.name: path.read_text() for path in (shop.var / "outbox").iterdir()},
        "members": shop.rows("from sync.members order by all"),
        "ids": shop.rows("from sync.customer_ids order by all"),
        "done": shop.rows(
            "select audience, customer_id, action, payload_hash from sync.ledger "
            "where status = 'done' order by all"
        ),
        "orders": shop.rows("select * exclude (_loaded_at) from raw_files.orders order by all"),
        "files": shop.rows("select path, rows_kept from raw_files.loaded_files order by all"),
    }


@pytest.fixture(scope="module")
def undisturbed(
    before: Shop, tmp_path_factory: pytest.TempPathFactory
) -> tuple[float, dict[str, object]]:
    folder = tmp_path_factory.mktemp("undisturbed") / "shop"
    shutil.copytree(before.folder, folder)
    started = time.monotonic()
    Shop(folder).daily()
    return time.monotonic() - started, state_of(Shop(folder))


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_run_after_a_kill_ends_like_an_undisturbed_one(
    before: Shop, undisturbed: tuple[float, dict[str, object]], moment: int, tmp_path: Path
) -> None:
    shutil.copytree(before.folder, tmp_path / "shop")
    shop = Shop(tmp_path / "shop")
    seconds, expected = undisturbed
    # One moment in each tenth of a run, so that every part of it is met.
    delay = seconds * (moment + random.Random(moment).random()) / MOMENTS
    process = shop.start("run", "--as-of", LAST_DAY.isoformat())
    time.sleep(delay)
    children = (
        psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    )
    process.send_signal(signal.SIGKILL)
    process.communicate()

    shop.daily()

    assert state_of(shop) == expected
    assert not [child for child in children if child.is_running()]
