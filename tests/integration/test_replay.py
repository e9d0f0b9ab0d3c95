"""The small shop's past once more, by the command."""

from datetime import timedelta

import duckdb
import pytest

from tests.integration.shop import LAST_DAY, Shop, marts_of

pytestmark = pytest.mark.programmes

FIRST_DAY = LAST_DAY - timedelta(days=28)


@pytest.fixture(scope="module")
def replayed(built: Shop) -> tuple[Shop, str]:
    before = marts_of(built.var / "warehouse.duckdb")
    days = ("--from", str(FIRST_DAY), "--to", str(LAST_DAY), "--every", "7d")
    programmes = ("--programme", "passive_regulars", "--programme", "dormant")
    finished = built.run("replay", *days, *programmes)
    assert marts_of(built.var / "warehouse.duckdb") == before
    return built, finished.stdout + finished.stderr


def ask(shop: Shop, query: str) -> list[tuple]:
    path = shop.var / "replay" / "warehouse.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_it_says_who_entered_on_each_day_and_what_came_of_it(replayed: tuple[Shop, str]) -> None:
    shop, said = replayed
    days = [str(FIRST_DAY + timedelta(days=7 * week)) for week in range(5)]
    assert all(day in said for day in days)
    assert "simulated" in said
    entered = ask(shop, "select count(*) from sync.enrolments where programme <> 'all'")[0][0]
    assert entered > 0
    assert ask(
        shop,
        "select sum(entrant_count) from marts.programme_results where kind = 'programme' "
        "and programme <> 'all'",
    ) == [(0,)]
    assert ask(shop, "select distinct programme from sync.enrolments order by all") == [
        ("all",),
        ("dormant",),
        ("passive_regulars",),
    ]


def test_nothing_is_written_to_the_live_warehouse_and_nothing_is_sent(
    replayed: tuple[Shop, str],
) -> None:
    shop, _ = replayed
    assert shop.rows("select count(*) from sync.enrolments") == [(0,)]
    assert ask(shop, "select count(*) from sync.ledger") == [(0,)]


def test_records_come_into_sight_on_their_day(replayed: tuple[Shop, str]) -> None:
    shop, _ = replayed
    hidden = 'hidden_until_its_day."raw_files email_events"'
    assert ask(shop, "select count(*) from raw_files.email_events") == ask(
        shop, f"select count(*) from {hidden} where occurred_at < '{LAST_DAY} 24:00'"
    )
    # Whoever bought after the first day was not kept out by it then.
    assert ask(
        shop,
        f"""select count(*) from sync.enrolments as entries
        inner join intermediate.int_purchases as purchases using (customer_id)
        where entries.as_of_date = '{FIRST_DAY}' and purchases.purchase_date <= '{FIRST_DAY}'
        and purchases.next_purchase_date > '{FIRST_DAY}'""",
    ) == [(0,)]


def test_days_that_are_none_and_programmes_that_are_not_known_are_said_so(built: Shop) -> None:
    asked = ("replay", "--from", "2026-06-30", "--to")
    assert "no days" in built.run(*asked, "2026-06-01", succeeds=False).stderr
    unknown = built.run(*asked, "2026-06-30", "--programme", "nobody", succeeds=False).stderr
    assert "there is no programme nobody" in unknown
    assert "like 7d" in built.run(*asked, "2026-06-30", "--every", "x", succeeds=False).stderr


def test_a_size_is_told_from_the_shops_own_rates(built: Shop) -> None:
    said = built.run("size", "dormant", "--weekly", "300", "--base", "0.03", "--lift", "0.01")
    assert "26,189" in said.stdout
    assert "10,596" in said.stdout
    assert "nobody knows" not in said.stdout
    assert "there is no programme" in built.run("size", "nix", succeeds=False).stderr
