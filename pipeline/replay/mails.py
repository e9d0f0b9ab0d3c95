"""Opens and clicks of programmes' mails that nobody was ever sent: simulated, and named so.

They decide who is sent a step once more and nothing else; no purchase follows from them.
"""

import duckdb

OPENED, CLICKED = 0.3, 0.03
"""Shares of the mails: of the order that shops report of mails to quiet customers."""

EVENTS = "replay.simulated_mail_events"
MADE = f"""
    create schema if not exists replay;
    create table if not exists {EVENTS} (
        customer_id varchar, programme varchar, step integer, arm varchar, message varchar,
        event varchar, occurred_date date, is_human boolean, mail_key varchar
    );
"""
SIMULATED = f"""
    insert into {EVENTS}
    with mails as (
        select
            steps.customer_id, steps.programme, steps.step, steps.message, steps.as_of_date,
            concat_ws(' ', 'simulated', steps.programme, steps.step, steps.message,
                steps.as_of_date) as mail_key,
            md5_number_lower(steps.customer_id || mail_key) % 1000000 / 1e6 as lot,
            cast(md5_number_lower(mail_key || steps.customer_id) % 3 as integer) + 1 as days
        from sync.programme_steps as steps
        where steps.as_of_date = $day and steps.is_listed
    )
    select
        customer_id, programme, step, null, message, event, as_of_date + days, true, mail_key
    from (
        select *, 'opened' as event from mails where lot < {OPENED}
        union all
        select *, 'clicked' as event from mails where lot < {CLICKED}
    )
"""
TAKEN_IN = f"""
    insert into programmes.programme_mail_events by name from {EVENTS} where occurred_date <= $day
"""


def set_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table that they are kept in, in a schema that no other run has."""
    connection.execute(MADE)
