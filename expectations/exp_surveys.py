"""What we promise the people who are asked by surveys, and the tool that asks."""

from typing import TYPE_CHECKING

from expectations.members import fits_its_lists, suite_of_members

if TYPE_CHECKING:
    import great_expectations as gx


def list_members_suite() -> "gx.ExpectationSuite":
    """Return what holds for everybody on a survey list: an address, consent to mail, no control."""
    return suite_of_members("surveys", "email", ["email"])


def profiles_suite() -> "gx.ExpectationSuite":
    """Return what holds for what survey tools are told: one row for each member, an address."""
    from expectations import rules

    return rules.suite(
        "exports.exp_surveys__profiles",
        [
            rules.has_columns(["customer_id", "email", "survey"]),
            rules.filled("customer_id"),
            rules.once(["customer_id"], "a customer"),
            rules.filled("email"),
            rules.matches("email", rules.ADDRESS, "an address that mail can go to"),
            rules.once(["email"], "an address"),
            rules.filled("survey"),
            fits_its_lists("surveys"),
        ],
    )
