import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.shop import CONSENTS, LAST_DAY, ORDERS, Shop, marts_of, small_shop


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = small_shop(tmp_path_factory.mktemp("built") / "shop")
    shop.daily()
    return shop


@pytest.fixture
def shop(built: Shop, tmp_path: Path) -> Shop:
    """The shop after its first run, for one test alone."""
    shutil.copytree(built.folder, tmp_path / "shop")
    return Shop(tmp_path / "shop")


def test_everybody_who_may_be_mailed_is_on_the_list_of_his_state(built: Shop) -> None:
    states = dict(
        built.rows(
            "select email, lifecycle from marts.customers join marts.customer_churn "
            "using (customer_id)"
        )
    )
    for state in ("slipping", "dormant", "long_dormant", "new"):
        expected = sorted(email for email, found in states.items() if found == state)
        assert sorted(built.listed(state)) == expected
        assert expected


def test_a_second_run_pushes_nothing_and_touches_no_file(shop: Shop) -> None:
    files = sorted((shop.var / "outbox").iterdir())
    before = [(path.name, path.stat().st_mtime_ns) for path in files]
    tables = marts_of(shop.var / "warehouse.duckdb")
    built_at = (shop.var / "dbt" / "run_results.json").stat().st_mtime_ns

    shop.daily()

    assert (shop.var / "dbt" / "run_results.json").stat().st_mtime_ns == built_at
    assert [(path.name, path.stat().st_mtime_ns) for path in files] == before
    assert shop.rows("select count(distinct run_id) from sync.ledger") == [(1,)]
    assert marts_of(shop.var / "warehouse.duckdb") == tables

    shop.daily(LAST_DAY, "--full-refresh")

    assert (shop.var / "dbt" / "run_results.json").stat().st_mtime_ns > built_at
    assert marts_of(shop.var / "warehouse.duckdb") == tables


def test_whoever_unsubscribes_is_off_every_list_on_the_next_run(shop: Shop) -> None:
    email = shop.listed("dormant")[0]
    shop.write(
        "consents",
        "later.csv",
        CONSENTS,
        [(email, "email", "unsubscribed", f"{LAST_DAY} 10:00")],
    )

    shop.daily()

    everywhere = [line for path in (shop.var / "outbox").iterdir() for line in path.open()]
    assert not [line for line in everywhere if email in line]
    assert ("remove", "consent: unsubscribed", "done") in shop.rows(
        "select distinct action, reason, status from sync.ledger"
    )


def test_an_opt_out_after_the_day_only_takes_people_out(shop: Shop) -> None:
    email, unread, settled = shop.listed("dormant")[:3]
    day_after = LAST_DAY + timedelta(days=1)
    opt_outs = [
        (email, "email", "unsubscribed", f"{day_after} 10:00"),
        # Not what the contract allows, but who wrote it wants no mail.
        (unread, "E-Mail", "unsubscribed", f"{day_after} 10:00"),
        (settled, "E-Mail", "unsubscribed", f"{day_after} 10:00"),
        (settled, "email", "subscribed", "2199-01-01 10:00"),
    ]
    shop.write("consents", "later.csv", CONSENTS, opt_outs)

    shop.daily()

    assert email not in shop.listed("dormant")
    assert unread not in shop.listed("dormant")
    assert settled in shop.listed("dormant")
    assert shop.rows(f"select email_consent from marts.customers where email = '{email}'") == [
        ("subscribed",)
    ]


def test_a_plan_shows_what_would_be_done_and_does_nothing(shop: Shop) -> None:
    email = shop.listed("dormant")[0]
    shop.write(
        "consents", "later.csv", CONSENTS, [(email, "email", "unsubscribed", f"{LAST_DAY} 10:00")]
    )
    before = (shop.var / "warehouse.duckdb").read_bytes()

    finished = shop.run("plan", "--as-of", LAST_DAY.isoformat())

    assert "consent: unsubscribed" in finished.stdout
    assert email not in finished.stdout
    assert email in shop.listed("dormant")
    assert (shop.var / "warehouse.duckdb").read_bytes() == before
    assert not list(shop.var.glob("plan-*"))


def test_too_many_bad_rows_stop_the_run_before_anything_is_built(shop: Shop) -> None:
    tables = marts_of(shop.var / "warehouse.duckdb")
    bad = [(f"bad{n}", "31.31.2026", "", "a@example.com", "paid", "5", "") for n in range(30)]
    shop.write("orders", "bad.csv", ORDERS, bad)

    said = shop.daily(succeeds=False)

    assert "bad.csv" in said
    assert "ordered_at" in said
    assert "Traceback" not in said
    assert marts_of(shop.var / "warehouse.duckdb") == tables
    assert shop.rows("select count(*) from quarantine.rows where file = 'orders/bad.csv'") == [
        (30,)
    ]
    assert shop.rows("select status from sync.runs order by started_at desc limit 1") == [
        ("failed",)
    ]


def test_a_file_that_is_not_what_its_name_says_fails_the_run_after_the_others_are_loaded(
    shop: Shop,
) -> None:
    (shop.inbox / "orders" / "more.parquet").write_text("order_id,ordered_at\n1,2026-01-01\n")
    shop.write(
        "orders", "good.csv", ORDERS, [("g1", "2026-06-01", "", "g@example.com", "paid", "5", "")]
    )

    said = shop.daily(succeeds=False)

    assert "more.parquet" in said
    assert shop.rows("select count(*) from raw_files.orders where order_id = 'g1'") == [(1,)]
    assert shop.rows("select count(*) from marts.customers where email = 'g@example.com'") == [(0,)]


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
    return {
        name: sorted(repr([addresses.get(value, value) for value in row]) for row in rows)
        for name, rows in marts_of(shop.var / "warehouse.duckdb").items()
    }


def test_explain_tells_about_one_person_by_any_name(built: Shop) -> None:
    finished = built.run("explain", "Person20@Example.com")

    customer_id = built.rows(
        "select customer_id from marts.customers where email = 'person20@example.com'"
    )[0][0]
    assert finished.stdout == built.run("explain", customer_id).stdout
    assert "May be mailed" in finished.stdout
    assert "Lifecycle" in finished.stdout
    assert "nobody goes by" in built.run("explain", "stranger", succeeds=False).stderr


def test_doctor_is_content_after_a_run_and_says_what_is_missing_before(
    built: Shop, tmp_path: Path
) -> None:
    assert "✗" not in built.run("doctor").stdout

    nothing = Shop(tmp_path)
    nothing.settings["WINBACK_TIMEZONE"] = ""
    assert "WINBACK_TIMEZONE" in nothing.run("doctor", succeeds=False).stdout


def test_wrong_settings_are_one_line(tmp_path: Path) -> None:
    shop = Shop(
        tmp_path, {"WINBACK_SOURCES": "shopping", "WINBACK_ALERT_SMTP": "smtp://u:geheim@x"}
    )

    said = shop.run("run", succeeds=False).stderr

    assert said.count("\n") == 1
    assert "WINBACK_SOURCES" in said
    assert "geheim" not in said


def test_nothing_personal_stands_where_it_must_not(built: Shop) -> None:
    for path in sorted((built.var / "dagster").rglob("*")) + sorted((built.var / "logs").iterdir()):
        if path.is_file():
            assert b"person20@example.com" not in path.read_bytes(), path
    assert built.rows(
        "select count(*) from sync.ledger where contains(cast(ledger as varchar), '@')"
    ) == [(0,)]
    published = marts_of(built.var / "published" / "winback.duckdb")
    assert [name for name, rows in published.items() if "@example.com" in repr(rows)] == [
        "customers"
    ]


def test_a_second_run_waits_and_then_says_that_another_goes_on(shop: Shop) -> None:
    shop.settings["WINBACK_LOCK_WAIT_SECONDS"] = "0"
    first = shop.start("run", "--as-of", LAST_DAY.isoformat())
    while not (shop.var / "run.pid").exists():
        assert first.poll() is None

    said = shop.daily(succeeds=False)
    first.communicate(timeout=300)

    assert "another run is going on" in said
    assert first.returncode == 0


def test_the_history_of_runs_is_kept_and_interrupted_ones_are_marked(shop: Shop) -> None:
    from dagster import DagsterInstance, DagsterRunStatus

    process = shop.start("run", "--as-of", LAST_DAY.isoformat())
    while not (shop.var / "run.pid").exists():
        assert process.poll() is None
    process.kill()
    process.communicate()

    shop.daily()

    with DagsterInstance.from_config(str(shop.var / "dagster")) as instance:
        statuses = [run.status for run in instance.get_runs()]
    assert statuses == [
        DagsterRunStatus.SUCCESS,
        DagsterRunStatus.FAILURE,
        DagsterRunStatus.SUCCESS,
    ]
