from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from tests.integration.shop import CONSENTS, LAST_DAY, ORDERS, Shop, marts_of, small_shop

pytestmark = pytest.mark.runs


def test_an_earlier_day_is_refused_unless_it_goes_into_a_file(shop: Shop) -> None:
    earlier = LAST_DAY - timedelta(days=30)

    said = shop.daily(earlier, succeeds=False)
    assert "--into" in said

    before = marts_of(shop.var / "warehouse.duckdb")
    outbox = {path.name: path.read_bytes() for path in (shop.var / "outbox").iterdir()}
    target = shop.folder / "past.duckdb"
    shop.daily(earlier, "--into", str(target))

    past = marts_of(target)
    assert {row[-1] for row in past["customers"]} == {earlier}
    assert len(past["customer_churn"]) < len(before["customer_churn"])
    assert marts_of(shop.var / "warehouse.duckdb") == before
    assert {path.name: path.read_bytes() for path in (shop.var / "outbox").iterdir()} == outbox


def test_a_build_of_a_past_day_equals_the_run_that_was_made_on_it(tmp_path: Path) -> None:
    then = small_shop(tmp_path / "then")
    then.settings["WINBACK_STALE_AFTER_DAYS"] = "400"
    day = LAST_DAY - timedelta(days=100)
    then.daily(day)
    on_the_day = marts_of(then.var / "warehouse.duckdb")
    then.daily(LAST_DAY)

    then.daily(day, "--into", str(tmp_path / "past.duckdb"))

    assert marts_of(tmp_path / "past.duckdb") == on_the_day


def test_unusual_churn_is_a_warning_also_where_the_tables_stay_as_they_are(shop: Shop) -> None:
    with duckdb.connect(str(shop.var / "warehouse.duckdb")) as connection:
        connection.execute(
            """update marts.retention_monthly
            set churn_rate = 20.04, churn_rate_low = 1, churn_rate_high = 19.96"""
        )

    said = shop.daily()

    assert "warning: churn_is_not_above_its_usual_band: 20.0 % of" in said
    assert "usual is 1.0 % to 20.0 %" in said


def test_the_brake_holds_a_list_until_it_is_confirmed(tmp_path: Path) -> None:
    shop = small_shop(tmp_path / "shop")
    people = [f"quiet{number}@example.com" for number in range(200)]
    then = LAST_DAY - timedelta(days=300)
    orders = [
        (f"q{n}", f"{then} 12:00", "", email, "paid", f"{9 + n}", "")
        for n, email in enumerate(people)
    ]
    shop.write("orders", "quiet.csv", ORDERS, orders)
    shop.write(
        "consents",
        "quiet.csv",
        CONSENTS,
        [(email, "email", "subscribed", f"{then} 12:00") for email in people],
    )
    shop.daily()
    listed = shop.listed("dormant")
    assert len(listed) >= 200
    back = [
        (f"b{n}", f"{LAST_DAY} 09:00", "", email, "paid", "9", "")
        for n, email in enumerate(people[:80])
    ]
    shop.write("orders", "back.csv", ORDERS, back)
    shop.write(
        "consents",
        "out.csv",
        CONSENTS,
        [(people[150], "email", "unsubscribed", f"{LAST_DAY} 09:00")],
    )

    said = shop.daily(succeeds=False)

    assert "--confirm winback_dormant" in said
    assert set(listed) - set(shop.listed("dormant")) == {people[150]}

    shop.daily(LAST_DAY, "--confirm", "winback_dormant")
    assert set(listed) - set(shop.listed("dormant")) == {people[150], *people[:80]}


def test_the_order_of_files_and_the_number_of_threads_change_nothing(tmp_path: Path) -> None:
    one, other = small_shop(tmp_path / "one"), small_shop(tmp_path / "other")
    text = (one.inbox / "orders" / "orders.csv").read_text().splitlines()
    for shop in (one, other):
        (shop.inbox / "orders" / "orders.csv").unlink()
        for name, half in (("orders_2", text[1:90]), ("orders_10", text[60:])):
            (shop.inbox / "orders" / f"{name}.csv").write_text("\n".join([text[0], *half]))
    other.settings["WINBACK_THREADS"] = "1"
    # What comes first holds no recent order.
    other.settings["WINBACK_STALE_AFTER_DAYS"] = "900"
    early = other.inbox / "orders" / "orders_2.csv"
    early.rename(other.folder / "late.csv")
    other.daily()
    (other.folder / "late.csv").rename(early)

    one.daily()
    other.daily()

    assert _by_address(one) == _by_address(other)


def _by_address(shop: Shop) -> dict[str, list[str]]:
    """Return all rows of every mart; ids, which a shop gives once, as the addresses behind them."""
    addresses = dict(shop.rows("select customer_id, email from marts.customers"))

    def without_ids(value: object) -> object:
        if isinstance(value, list):
            return [without_ids(item) for item in value]
        return addresses.get(value, value)

    return {
        name: sorted(repr([without_ids(value) for value in row]) for row in rows)
        for name, rows in marts_of(shop.var / "warehouse.duckdb").items()
    }
