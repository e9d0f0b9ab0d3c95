"""What we promise the people on call lists, and whoever calls them."""

from typing import TYPE_CHECKING

from expectations.members import fits_its_lists, suite_of_members

if TYPE_CHECKING:
    import great_expectations as gx

NUMBER = r"\D*(\d\D*){5,}"
"""Five digits or more, whatever stands between them."""


def list_members_suite() -> "gx.ExpectationSuite":
    """Return what holds for everybody on a call list: a number, consent to calls, no control."""
    return suite_of_members("calls", "phone", ["phone"])


def profiles_suite() -> "gx.ExpectationSuite":
    """Return what holds for what callers are told: one row for each member, with a number."""
    from expectations import rules

    return rules.suite(
        "exports.exp_calls__profiles",
        [
            rules.has_columns(["customer_id", "phone", "reason", "programme", "step"]),
            rules.filled("customer_id"),
            rules.once(["customer_id"], "a customer"),
            rules.filled("phone"),
            rules.filled("reason"),
            rules.matches("phone", NUMBER, "a number that can be dialled"),
            fits_its_lists("calls"),
        ],
    )
