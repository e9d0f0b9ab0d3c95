import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from pipeline.warehouse import SAMPLE_TABLES

DATA = Path(__file__).resolve().parents[2] / "data"
SIMULATED = tuple(table for table in SAMPLE_TABLES if table.startswith("simulated_"))

VIEWS = """
    create view mail_consents as from simulated_consents where channel = 'email';
    create table mails as
    select
        message_id, customer_id,
        min(occurred_at) filter (event = 'sent') as sent_at,
        min(occurred_at) filter (event = 'delivered') as delivered_at,
        count(*) filter (event = 'sent') as sent_count,
        count(*) filter (event = 'delivered') as delivered_count,
        count(*) filter (event = 'bounced') as bounced_count,
        count(*) filter (event = 'opened' and is_machine) as machine_open_count,
        bool_or(coalesce(event = 'opened' and not is_machine, false)) as is_opened,
        bool_or(event = 'unsubscribed') as is_unsubscribed,
    from simulated_email_events group by message_id, customer_id;
    create table banded as
    with purchases as (
        select distinct cast("Customer ID" as varchar) as customer_id, "InvoiceDate" as bought_at,
        from lines where "Customer ID" is not null and "Invoice" not like 'C%'
    )
    select
        case
            when date_diff('day', bought_at, sent_at) <= 60 then 1
            when date_diff('day', bought_at, sent_at) <= 180 then 2
            when date_diff('day', bought_at, sent_at) <= 365 then 3
            else 4
        end as band,
        avg(cast(is_opened as integer)) as open_share,
        avg(cast(is_unsubscribed as integer)) as unsubscribed_share,
    from mails asof left join purchases
        on mails.customer_id = purchases.customer_id and sent_at >= bought_at
    where delivered_count = 1
    group by band;
"""

# Each statement finds what must not be.
FORBIDDEN = {
    "a customer of the orders is missing or doubled, or one is made up": """
        select coalesce(seen.customer_id, simulated_customers.customer_id) from (
            select distinct cast("Customer ID" as varchar) as customer_id
            from lines where "Customer ID" is not null
        ) as seen full join simulated_customers using (customer_id)
        group by 1 having count(seen.customer_id) <> 1 or count(email) <> 1""",
    "somebody registered at another time than that of the first line": """
        select customer_id from simulated_customers
        inner join (
            select cast("Customer ID" as varchar) as customer_id, min("InvoiceDate") as first_at
            from lines group by "Customer ID"
        ) using (customer_id) where registered_at <> first_at""",
    "somebody lives where the latest lines are not from": """
        select customer_id from simulated_customers where (customer_id, country) not in (
            select cast("Customer ID" as varchar), "Country" from lines
            where "Customer ID" is not null
            qualify "InvoiceDate" = max("InvoiceDate") over (partition by "Customer ID"))""",
    "something simulated does not say so": """
        select email from simulated_customers where email <> 'customer-' || customer_id
            || '@example.com'
        union all select email from simulated_consents where source <> 'simulated'
            or email <> 'customer-' || customer_id || '@example.com'
        union all select event_id from simulated_email_events where
            email <> 'customer-' || customer_id || '@example.com'
            or not (starts_with(event_id, 'simulated-') and starts_with(message_id, 'simulated-')
                and starts_with(campaign_id, 'simulated-newsletter-'))""",
    "an event id stands twice": """
        select event_id from simulated_email_events group by event_id having count(*) > 1""",
    "an unsubscription or complaint is no consent, or the other way round": """
        (select customer_id, occurred_at from simulated_email_events
            where event in ('unsubscribed', 'complained')
            except all select customer_id, "at" from mail_consents where state = 'unsubscribed')
        union all
        (select customer_id, "at" from mail_consents where state = 'unsubscribed'
            except all select customer_id, occurred_at from simulated_email_events
            where event in ('unsubscribed', 'complained'))""",
    "somebody was mailed who was not subscribed then": """
        select message_id from mails asof left join mail_consents
            on mails.customer_id = mail_consents.customer_id and sent_at >= "at"
        where state is distinct from 'subscribed'""",
    "somebody was mailed after a hard bounce or a complaint": """
        select mails.message_id from mails inner join simulated_email_events as events
            on mails.customer_id = events.customer_id and sent_at > occurred_at
        where event = 'complained' or bounce_type = 'hard'""",
    "something happened before the first invoice or after the last day": """
        select event_id from simulated_email_events inner join simulated_customers
        using (customer_id)
        where occurred_at < registered_at or occurred_at > timestamp '2011-12-09 23:59'""",
    "a mail was not sent once and then delivered or bounced once": """
        select message_id from mails
        where sent_count <> 1 or delivered_count + bounced_count <> 1""",
    "something happened to a mail before its delivery or without one": """
        select event_id from simulated_email_events inner join mails using (message_id)
        where event in ('opened', 'clicked', 'unsubscribed', 'complained')
            and (delivered_at is null or occurred_at <= delivered_at)
            or event in ('delivered', 'bounced') and occurred_at <= sent_at""",
    "a mail was sent at another time than every other Thursday at ten": """
        select message_id from mails
        where strftime(sent_at, '%a %H:%M:%S') <> 'Thu 10:00:00'
            or date_diff('day', date '2009-12-17', sent_at) % 14 <> 0
            or sent_at < timestamp '2009-12-17 10:00'""",
    "an event stands in an hour that the clock skips or shows twice": """
        select event_id from simulated_email_events where hour(occurred_at) = 1""",
    "whose hand it was is told where there is none, or missing where there is one": """
        select event_id from simulated_email_events
        where (event in ('opened', 'clicked')) <> (is_machine is not null)
            or (is_machine is null) <> (user_agent is null)
            or (event = 'bounced') <> (bounce_type is not null)""",
    "a privacy proxy left out a delivered mail or opened it twice": """
        select message_id from mails where delivered_count = 1 and machine_open_count
            <> cast(customer_id in (select customer_id from mails where machine_open_count > 0)
                as integer)""",
    "a link scanner came late or under a person's name": """
        select event_id from simulated_email_events inner join mails using (message_id)
        where event = 'clicked' and is_machine and (not contains(user_agent, 'Scanner')
            or occurred_at > delivered_at + interval 10 second)""",
}


@pytest.fixture(scope="module")
def sample() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        files = {table: f"{table}.parquet" for table in SIMULATED}
        for table, file in {"lines": "online_retail_ii.parquet", **files}.items():
            statement = f"create table {table} as from read_parquet(?)"
            connection.execute(statement, [str(DATA / file)])
        connection.execute(VIEWS)
        yield connection


def _number(sample: duckdb.DuckDBPyConnection, statement: str) -> float:
    ((found,),) = sample.execute(statement).fetchall()
    return float(found)


def test_the_generator_writes_again_row_by_row_what_is_shipped(tmp_path: Path) -> None:
    subprocess.run([sys.executable, DATA / "simulate.py", "--to", tmp_path], check=True)

    for table in SIMULATED:
        paths = [str(folder / f"{table}.parquet") for folder in (DATA, tmp_path)]
        rows = "select * from read_parquet(?, file_row_number = true)"
        for files in (paths, paths[::-1]):
            different = duckdb.connect().execute(f"{rows} except all {rows}", files)
            assert different.fetchall() == []


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_the_simulation_never_shows_that(sample: duckdb.DuckDBPyConnection, statement: str) -> None:
    assert sample.execute(f"select * from ({statement}) limit 5").fetchall() == []


def test_the_orders_are_those_of_the_reference(sample: duckdb.DuckDBPyConnection) -> None:
    assert _number(sample, "select count(*) from lines") == 1_067_371
    assert _number(sample, 'select count(distinct "Customer ID") from lines') == 5_942
    sheet = "select * exclude (sheet) from lines where sheet = 'Year {}'"
    overlap = f"{sheet.format('2009-2010')} intersect all {sheet.format('2010-2011')}"
    assert _number(sample, f"select count(*) from ({overlap})") == 22_523


def test_most_are_subscribed_and_every_state_occurs(sample: duckdb.DuckDBPyConnection) -> None:
    newest = """select arg_max(state, "at") as state from mail_consents group by customer_id"""
    statement = f"select state, count(*) from ({newest}) group by state"
    states = dict(sample.execute(statement).fetchall())

    assert sum(states.values()) == 5_942
    assert 0.75 < states["subscribed"] / 5_942 < 0.85
    assert 0.10 < states["never"] / 5_942 < 0.14
    assert (states["objected"], states["redacted"]) == (5, 3)
    assert min(states["soft_opt_in"], states["pending"], states["unsubscribed"]) > 100


def test_some_come_back_and_are_mailed_again(sample: duckdb.DuckDBPyConnection) -> None:
    returned = """select count(distinct later.customer_id) from mail_consents as later
        inner join mail_consents as earlier on later.customer_id = earlier.customer_id
            and later."at" > earlier."at"
        inner join mails on mails.customer_id = later.customer_id and sent_at > later."at"
        where later.state = 'subscribed' and earlier.state = 'unsubscribed'"""
    assert 5 <= _number(sample, returned) <= 20


def test_people_open_less_and_leave_more_the_longer_they_have_not_bought(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    bands = sample.execute("from banded order by band").fetchall()

    assert [band for band, _, _ in bands] == [1, 2, 3, 4]
    opened = [open_share for _, open_share, _ in bands]
    left = [unsubscribed_share for _, _, unsubscribed_share in bands]
    # Each band opens at least a quarter less than the one before, so that it shows in any lists.
    assert all(later < 0.75 * earlier for earlier, later in pairwise(opened))
    assert left == sorted(left)


def test_some_never_engage_however_often_they_are_mailed(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    silent = """select count(*) from (
            select customer_id from simulated_email_events group by customer_id
            having count(*) filter (event = 'delivered') >= 8
                and count(*) filter (event in ('opened', 'clicked') and not is_machine) = 0)"""
    assert 150 <= _number(sample, silent) <= 600


def test_machines_and_people_and_bounces_occur_in_plausible_shares(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    shares = sample.execute(
        """with counted as (
            select
                count(*) filter (event = 'sent') as sent,
                count(*) filter (event = 'delivered') as delivered,
                count(*) filter (event = 'opened' and is_machine) as opened_by_machines,
                count(*) filter (event = 'clicked' and is_machine) as clicked_by_machines,
                count(*) filter (bounce_type = 'soft') as soft,
                count(*) filter (bounce_type = 'hard') as hard,
                count(*) filter (event = 'unsubscribed') as unsubscribed,
                count(*) filter (event = 'complained') as complained,
            from simulated_email_events
        )
        select
            opened_by_machines / delivered, clicked_by_machines / delivered, soft / sent,
            hard / sent, unsubscribed / delivered, complained / delivered,
        from counted"""
    ).fetchall()[0]

    assert shares == pytest.approx((0.2, 0.02, 0.006, 0.0004, 0.002, 0.0002), rel=0.2)


def test_the_readme_tells_how_many_rows_there_are(sample: duckdb.DuckDBPyConnection) -> None:
    readme = (DATA / "README.md").read_text("utf-8")
    for table in SIMULATED:
        row_count = _number(sample, f"select count(*) from {table}")
        assert f"| `{table}.parquet` | {row_count:,.0f} |" in readme


def test_the_simulated_files_stay_small(sample: duckdb.DuckDBPyConnection) -> None:
    assert 300_000 < _number(sample, "select count(*) from simulated_email_events") < 500_000
    assert sum((DATA / f"{table}.parquet").stat().st_size for table in SIMULATED) < 6_000_000
