"""What we promise of everybody on a list or in an audience, whatever the channel."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import great_expectations as gx

CONTROLS = """
    select (lists.audience, controls.customer_id)
    from (
        select customer_id, programme from programmes.programme_ladders
        where is_control and ended_on is null
        union
        select customer_id, programme from programmes.programme_entries where is_control
    ) as controls
    inner join (select distinct audience, programme from programmes.programme_lists) as lists
        on controls.programme = lists.programme
"""
"""Every list of a programme, with each of the programme's controls."""


def suite_of_members(
    destination: str, channel: str, columns: Sequence[str] = ()
) -> "gx.ExpectationSuite":
    """Return what holds for members: distinct, no controls, and with consent to ``channel``.

    Consent is read anew, as of the day and by what was loaded since. ``columns`` are those beside
    audience and customer_id.
    """
    from expectations import rules

    return rules.suite(
        f"exports.exp_{destination}__list_members",
        [
            rules.has_columns(["audience", "customer_id", *columns]),
            *(rules.filled(column) for column in ("audience", "customer_id", *columns)),
            rules.once(["audience", "customer_id"], "a customer of a list"),
            rules.known(
                "customer_id",
                "select customer_id from intermediate.int_consents_in_force"
                f" where channel = '{channel}' and state in ('subscribed', 'soft_opt_in')"
                " and newest_state in ('subscribed', 'soft_opt_in')",
                f"somebody in int_consents_in_force who said yes to {channel}",
            ),
            rules.known(
                "customer_id",
                "select customer_id from intermediate.int_channel_permissions"
                f" where channel = '{channel}' and may_be_contacted",
                f"somebody in int_channel_permissions who may be contacted on {channel}",
            ),
            rules.no_rows(
                "customer_id is no control of the list's programme",
                "select 1 as found from {batch}"
                f" where (audience, customer_id) in ({' '.join(CONTROLS.split())})",
            ),
            *(
                rules.no_rows(
                    f"{column} is the customer's own in int_customers_described",
                    f"select 1 as found from {{batch}} where ((customer_id, {column}) in"
                    f" (select (customer_id, {column}) from intermediate.int_customers_described))"
                    " is not true",
                )
                for column in columns
            ),
        ],
    )


def fits_its_lists(destination: str) -> "gx.expectations.Expectation":
    """Return that every member of a list of ``destination`` has a profile."""
    from expectations import rules

    return rules.no_rows(
        "customer_id of every member of a list has a profile",
        f"select 1 as found from exports.exp_{destination}__list_members where"
        " (customer_id in (select customer_id from {batch})) is not true",
    )
