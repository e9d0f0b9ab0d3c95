"""Whether those who were put on a programme's list were sent its mail."""

import dagster as dg

from pipeline.resources import WarehouseResource

LADDERS = dg.AssetKey(["programmes", "programme_ladders"])
NOT_SENT = """
    select ladders.programme, ladders.last_step, count(*)
    from programmes.programme_ladders as ladders
    inner join marts.customer_activity as activity using (customer_id)
    where ladders.end_reason = 'not_sent' and not ladders.is_control
        and ladders.ended_on > activity.as_of_date - 7
    group by all order by all
"""


@dg.asset_check(asset=LADDERS, blocking=False)
def steps_are_sent(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Warn when people left a ladder in the last week because the tool never sent them its step."""
    with warehouse.client().connect() as connection:
        found = connection.execute(NOT_SENT).fetchall()
    people = sum(count for *_, count in found)
    named = ", ".join(f"{programme} step {step}: {count:,}" for programme, step, count in found)
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        description=(
            f"{people:,} people were put on a list and not sent its mail within the days allowed "
            f"({named}); they left the ladder. Look whether the list starts a mail in the e-mail "
            "tool, and whether transforms/seeds/programme_messages.csv names its campaign"
            if found
            else "whoever was put on a list of a programme was sent its mail or still may be"
        ),
        metadata={"people": people},
    )
