"""What we promise the people in audiences of advertising, and the networks that take them."""

from typing import TYPE_CHECKING

from expectations.members import fits_its_lists, suite_of_members

if TYPE_CHECKING:
    import great_expectations as gx

HASHED = (
    *(f"google_{one}" for one in ("email", "phone", "first_name", "last_name")),
    *(f"meta_{one}" for one in ("email", "phone", "first_name", "last_name", "city", "country")),
)
DIGEST = "[0-9a-f]{64}"


def list_members_suite() -> "gx.ExpectationSuite":
    """Return what holds for everybody in an audience, also to be left out: consent to ads."""
    return suite_of_members("audiences", "ads")


def profiles_suite() -> "gx.ExpectationSuite":
    """Return what holds for what networks are told: hashes alone, of people who said yes."""
    from expectations import rules

    return rules.suite(
        "exports.exp_audiences__profiles",
        [
            rules.has_columns(["customer_id", *HASHED, "google_country"]),
            rules.filled("customer_id"),
            rules.once(["customer_id"], "a customer"),
            *(rules.matches(column, DIGEST, "a SHA-256 or empty") for column in HASHED),
            rules.matches("google_country", "[A-Z]{2}", "a code of two letters or empty"),
            rules.known(
                "customer_id",
                "select customer_id from intermediate.int_channel_permissions"
                " where channel = 'ads' and may_be_contacted",
                "somebody in int_channel_permissions who may be shown advertising",
            ),
            rules.no_rows(
                "a profile holds an address or a number",
                "select 1 as found from {batch}"
                " where google_email is null and google_phone is null",
            ),
            fits_its_lists("audiences"),
        ],
    )
