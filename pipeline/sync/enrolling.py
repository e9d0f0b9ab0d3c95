"""SQL that writes down who has entered a programme and who has taken which step of its ladder.

An entry stands in the transaction of the intent to send its first step, a step in that of its own.
Controls are written with those who are treated beside them. A second run of a day writes nothing
anew: the row that is there decides.
"""

from collections.abc import Sequence

import duckdb

from pipeline.clock import utc_now
from pipeline.sql import transaction
from pipeline.sync.ledger import Attempt

ENROLMENTS = "exports.exp_sync__enrolments"
STEPS = "exports.exp_sync__programme_steps"

ENTER = f"""
    insert into sync.enrolments
    select
        $as_of_date, customer_id, programme, arm, is_control, salt, entry_values, $now
    from {ENROLMENTS} as entering
    anti join (from sync.enrolments where as_of_date = $as_of_date) as known
        using (customer_id, programme)
    where {{chosen}}
    order by customer_id, programme
"""

MOVE = f"""
    insert into sync.programme_steps
    select
        $as_of_date, customer_id, programme, entered_on, step, message, is_listed, offer,
        offer_ends_on, $now
    from {STEPS} as moving
    anti join sync.programme_steps as known
        using (customer_id, programme, entered_on, step, message)
    where {{chosen}}
    order by customer_id, programme
"""

OF_NO_SUCH_LIST = "(audience is null or audience not in (select unnest($audiences)))"

WITH_LIST: Sequence[str] = tuple(
    statement.format(chosen="audience = $audience") for statement in (ENTER, MOVE)
)
"""What is carried out in the transaction that the intents of list ``$audience`` are written in."""


def enrol_others(
    connection: duckdb.DuckDBPyConnection, attempt: Attempt, audiences: Sequence[str]
) -> None:
    """Write down entries and steps that go with none of ``audiences``.

    They are of people whose first step is still to come, of the global control, and of lists on
    which controls alone would be.
    """
    told = {
        "as_of_date": attempt.as_of_date,
        "now": utc_now(),
        "audiences": list(audiences),
    }
    with transaction(connection):
        for statement in (ENTER, MOVE):
            connection.execute(statement.format(chosen=OF_NO_SUCH_LIST), told)
