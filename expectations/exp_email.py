"""What we promise the people on the lists, and whoever sends to them from the files."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import great_expectations as gx

LARGE_LIST = 100
"""Up to so many members a list may be any share of all customers: small shops have small lists."""
REACHABLE = "email_consent in ('subscribed', 'soft_opt_in') and suppressed_reason is null"


def list_members_suite(*, largest_share: float, mailable_count: int) -> "gx.ExpectationSuite":
    """Return what holds for everybody on a list: reachable, distinct, allowed, not too many.

    Consent is read anew from the customers and the permissions, not from the export's columns.
    """
    from expectations import rules

    return rules.suite(
        "exports.exp_email__list_members",
        [
            rules.has_columns(["audience", "customer_id", "email"]),
            rules.filled("audience"),
            rules.filled("customer_id"),
            rules.filled("email"),
            rules.matches("email", rules.ADDRESS, "an address that mail can go to"),
            rules.once(["audience", "customer_id"], "a customer of a list"),
            rules.once(["audience", "email"], "an address of a list"),
            rules.known(
                "customer_id",
                f"select customer_id from marts.customers where {REACHABLE}",
                "somebody in marts.customers who subscribed and is not suppressed",
            ),
            rules.known(
                "customer_id",
                "select customer_id from intermediate.int_contact_permissions where may_be_mailed",
                "somebody in int_contact_permissions who may be mailed",
            ),
            rules.no_rows(
                "email is the customer's own in marts.customers",
                "select 1 as found from {batch} where ((customer_id, email) in"
                " (select (customer_id, email) from marts.customers)) is not true",
            ),
            rules.no_names(
                f"no audience of more than {LARGE_LIST} holds more than {largest_share:.0%}"
                f" of the {mailable_count} mailable customers",
                "select audience from {batch} group by audience having count(*) >"
                f" greatest({LARGE_LIST}, {largest_share * mailable_count:.6f}) order by audience",
            ),
        ],
    )


def profiles_suite() -> "gx.ExpectationSuite":
    """Return what holds for the profiles: one for each member of a list, with an address."""
    from expectations import rules

    return rules.suite(
        "exports.exp_email__profiles",
        [
            rules.has_columns(["customer_id", "email"]),
            rules.filled("customer_id"),
            rules.once(["customer_id"], "a customer"),
            rules.filled("email"),
            rules.matches("email", rules.ADDRESS, "an address that mail can go to"),
            rules.once(["email"], "an address"),
            rules.no_rows(
                "customer_id of every member of a list has a profile",
                "select 1 as found from exports.exp_email__list_members where"
                " (customer_id in (select customer_id from {batch})) is not true",
            ),
        ],
    )
