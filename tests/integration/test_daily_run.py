from datetime import timedelta
from pathlib import Path

import duckdb

from tests.integration.shop import CONSENTS, LAST_DAY, Shop, marts_of


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


def test_tables_kept_by_other_models_are_made_anew_with_the_columns_of_these(shop: Shop) -> None:
    tables = marts_of(shop.var / "warehouse.duckdb")
    with duckdb.connect(str(shop.var / "warehouse.duckdb")) as connection:
        connection.execute("alter table intermediate.int_purchases drop column gap_days")
        connection.execute("alter table intermediate.int_orders_unioned add column gone integer")
        connection.execute("delete from sync.settings where name in ('built_from', 'last_build')")

    shop.daily()

    assert marts_of(shop.var / "warehouse.duckdb") == tables


def test_whoever_wants_no_mail_is_off_every_list_on_the_next_run(shop: Shop) -> None:
    on_the_day, after_it, unread, undated = shop.listed("dormant")[:4]
    day_after = LAST_DAY + timedelta(days=1)
    opt_outs = [
        (on_the_day, "email", "unsubscribed", f"{LAST_DAY} 10:00"),
        (after_it, "email", "unsubscribed", f"{day_after} 10:00"),
        # Not what the contract allows, but who wrote it wants no mail.
        (unread, "E-Mail", "unsubscribed", f"{day_after} 10:00"),
    ]
    shop.write("consents", "later.csv", CONSENTS, opt_outs)
    shop.write(
        "customers",
        "accounts.csv",
        ("customer_id", "email", "email_consent"),
        [("1", undated, "unsubscribed")],
    )

    shop.daily()

    everywhere = [line for path in (shop.var / "outbox").iterdir() for line in path.open()]
    for email in (on_the_day, after_it, unread, undated):
        assert not [line for line in everywhere if email in line]
    assert shop.rows(
        "select distinct reason from sync.ledger where action = 'remove' order by 1"
    ) == [
        ("consent: unsubscribed",),
        ("unread_record",),
    ]
    consents = dict(shop.rows("select email, email_consent from marts.customers"))
    assert consents[on_the_day] == "unsubscribed"
    assert consents[after_it] == "subscribed"


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
