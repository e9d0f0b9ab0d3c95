import shutil
from datetime import timedelta

import pytest

from tests.integration.shop import LAST_DAY, ORDERS, Shop

pytestmark = pytest.mark.runs


def test_comparing_shows_exactly_what_a_late_file_changed(shop: Shop) -> None:
    day = LAST_DAY - timedelta(days=60)
    published, past, again = (shop.folder / f"{name}.duckdb" for name in ("kept", "past", "again"))
    shutil.copyfile(shop.var / "published" / "winback.duckdb", published)
    shop.daily(day, "--into", str(past))
    # Of somebody who was quiet by then, and of somebody who had never bought.
    shop.write(
        "orders",
        "late.csv",
        ORDERS,
        [
            ("late1", f"{day} 12:00", "", "person59@example.com", "paid", "11", ""),
            ("late2", f"{day} 12:00", "", "stranger@example.com", "paid", "7", ""),
        ],
    )
    shop.daily(LAST_DAY)
    shop.daily(day, "--into", str(again))

    said = shop.run("compare", str(past), str(again), "--customers", "9").stdout
    lines = [line.split() for line in said.splitlines()]
    people, buyers, purchases, revenue = (
        next(line for line in lines if line[:1] == [name])
        for name in ("people", "buyers", "purchases", "revenue")
    )
    assert people[2:5:2] == ["0", "1"]
    assert buyers[2:5:2] == ["0", "1"]
    assert purchases[-1] == "+2"
    assert revenue[-1] == "+18.00"
    assert f"Of {day} B tells another lifecycle than A for 2 people" in said
    named = lines[lines.index(["customer", "in", "A", "in", "B"]) + 2 :]
    assert sorted(tuple(one[1:]) for one in named) == [
        ("lost", "active"),
        ("not", "a", "buyer", "yet", "new"),
    ]
    assert "example.com" not in said

    # The first run of the last day had not seen the file.
    said = shop.run("compare", str(published)).stdout
    assert "the first run for 2026-06-30 ended" in said
    loads = [line.split() for line in said.splitlines() if line.startswith("  orders ")]
    assert [(load[-2], load[-1]) for load in loads] == [("2", "2")]
    assert [line for line in said.splitlines() if line.startswith("  order_lines ")] == []
