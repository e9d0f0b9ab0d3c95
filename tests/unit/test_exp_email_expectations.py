import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import exp_email
from expectations.runner import Outcome, validate

MEMBERS = "exports.exp_email__list_members"
PROFILES = "exports.exp_email__profiles"
SMALL_SHOP = """
create schema marts;
create schema intermediate;
create schema exports;
create table marts.customers (
    customer_id varchar, email varchar, email_consent varchar, suppressed_reason varchar
);
create table intermediate.int_contact_permissions (
    customer_id varchar, email varchar, may_be_mailed boolean, forbidden_reason varchar
);
create table exports.exp_email__list_members (
    audience varchar, customer_id varchar, email varchar
);
create table exports.exp_email__profiles (
    customer_id varchar, email varchar, winback_segment varchar
);
insert into marts.customers
select 'c' || number, 'person' || number || '@example.org', 'subscribed', null
from range(1, 301) as _ (number);
insert into intermediate.int_contact_permissions
select customer_id, email, true, null from marts.customers;
insert into exports.exp_email__list_members
select 'winback_slipping', customer_id, email from marts.customers where customer_id < 'c2'
union all select 'winback_vip', 'c1', 'person1@example.org';
insert into exports.exp_email__profiles
select customer_id, email, 'slipping' from marts.customers;
"""
ONE = "where audience = 'winback_slipping' and customer_id = 'c1'"
OWN = "email is the customer's own in marts.customers"
SUBSCRIBED = "customer_id is somebody in marts.customers who subscribed and is not suppressed"
MAILABLE = "customer_id is somebody in int_contact_permissions who may be mailed"
ADDRESS = "email is an address that mail can go to"

# What goes wrong, and the statements that no longer hold.
WRONG_MEMBERS = [
    (f"update {MEMBERS} set audience = null {ONE}", ["audience is filled"]),
    (f"update {MEMBERS} set customer_id = null {ONE}", ["customer_id is filled", OWN]),
    (f"update {MEMBERS} set email = null {ONE}", ["email is filled", OWN]),
    (
        f"insert into {MEMBERS} values ('winback_vip', 'c1', 'person1@example.org')",
        [
            "a customer of a list stands once (by audience, customer_id)",
            "an address of a list stands once (by audience, email)",
        ],
    ),
    (
        f"update {MEMBERS} set email = 'person10@example.org' {ONE}",
        ["an address of a list stands once (by audience, email)", OWN],
    ),
    (f"update {MEMBERS} set email = 'stranger@example.org' {ONE}", [OWN]),
    ("delete from marts.customers where customer_id = 'c1'", [SUBSCRIBED, OWN]),
    *(
        (
            f"update marts.customers set email_consent = {state} where customer_id = 'c1'",
            [SUBSCRIBED],
        )
        for state in ("'unsubscribed'", "'never'", "'pending'", "'objected'", "null")
    ),
    (
        "update marts.customers set suppressed_reason = 'complained' where customer_id = 'c1'",
        [SUBSCRIBED],
    ),
    (
        "update intermediate.int_contact_permissions set may_be_mailed = false"
        " where customer_id = 'c1'",
        [MAILABLE],
    ),
    (
        "update intermediate.int_contact_permissions set may_be_mailed = null"
        " where customer_id = 'c1'",
        [MAILABLE],
    ),
    ("delete from intermediate.int_contact_permissions where customer_id = 'c1'", [MAILABLE]),
    (
        "update intermediate.int_contact_permissions set customer_id = null"
        " where customer_id = 'c1'",
        [MAILABLE],
    ),
]
WRONG_PROFILES = [
    (
        f"update {PROFILES} set customer_id = null where customer_id = 'c300'",
        "customer_id is filled",
    ),
    (
        f"insert into {PROFILES} values ('c300', 'other@example.org', 'vip')",
        "a customer stands once (by customer_id)",
    ),
    (f"update {PROFILES} set email = null where customer_id = 'c300'", "email is filled"),
    (f"update {PROFILES} set email = 'nobody' where customer_id = 'c300'", ADDRESS),
    (
        f"insert into {PROFILES} values ('c301', 'person300@example.org', 'vip')",
        "an address stands once (by email)",
    ),
    (
        f"delete from {PROFILES} where customer_id = 'c1'",
        "customer_id of every member of a list has a profile",
    ),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of 300 people, of whom 111 are on one list and one on another too."""
    made = tmp_path_factory.mktemp("exports") / "warehouse.duckdb"
    with duckdb.connect(str(made)) as connection:
        connection.execute(SMALL_SHOP)
    return made


@pytest.fixture
def path(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(built, tmp_path))


def change(path: Path, *statements: str) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def check_members(path: Path, *, share: float = 0.5, mailable: int = 300) -> Outcome:
    suite = exp_email.list_members_suite(largest_share=share, mailable_count=mailable)
    return validate(path, MEMBERS, suite)


def statements_of(outcome: Outcome) -> list[str]:
    return [
        statement
        for statement in outcome.figures
        if any(failure.startswith(f"{statement}: ") for failure in outcome.failures)
    ]


def test_sound_lists_and_profiles_pass(path: Path) -> None:
    members, profiles = check_members(path), validate(path, PROFILES, exp_email.profiles_suite())

    assert (members.failures, profiles.failures) == ((), ())
    assert members.figures["customer_id is filled"] == "112 of 112 rows"


def test_empty_lists_pass(path: Path) -> None:
    change(path, f"truncate {MEMBERS}", f"truncate {PROFILES}")

    assert check_members(path, mailable=0).passed
    assert validate(path, PROFILES, exp_email.profiles_suite()).passed


@pytest.mark.parametrize(("wrong", "statements"), WRONG_MEMBERS)
def test_one_member_who_must_not_be_mailed_fails(
    path: Path, wrong: str, statements: list[str]
) -> None:
    change(path, wrong)

    outcome = check_members(path)

    assert statements_of(outcome) == statements
    assert "@" not in "".join(outcome.failures)


@pytest.mark.parametrize(
    "email",
    [
        "person1",
        "person1@example",
        "@example.org",
        "person 1@example.org",
        "a@b@example.org",
        "person1@example.org,person2@example.org",
        "person1@example.org;person2@example.org",
        "Ann <person1@example.org>",
        '"ann"@example.org',
        "person1@example.org\n",
    ],
)
def test_an_address_that_mail_cannot_go_to_fails(path: Path, email: str) -> None:
    for table in (MEMBERS, "marts.customers"):
        change(path, f"update {table} set email = '{email}' where customer_id = 'c1'")

    outcome = check_members(path)

    assert statements_of(outcome) == [ADDRESS]
    assert "person1" not in repr(outcome)


@pytest.mark.parametrize(("wrong", "statement"), WRONG_PROFILES)
def test_one_wrong_profile_fails(path: Path, wrong: str, statement: str) -> None:
    change(path, wrong)

    outcome = validate(path, PROFILES, exp_email.profiles_suite())

    assert statements_of(outcome) == [statement]
    assert "@" not in "".join(outcome.failures)


@pytest.mark.parametrize(
    ("share", "mailable", "passed"),
    [
        (0.5, 222, True),
        (0.5, 221, False),
        (1.0, 111, True),
        (0.0, 300, False),
        (0.5, 0, False),
    ],
)
def test_a_list_of_too_many_is_named(path: Path, share: float, mailable: int, passed: bool) -> None:
    outcome = check_members(path, share=share, mailable=mailable)

    assert outcome.passed is passed
    assert passed or outcome.failures == (
        f"no audience of more than 100 holds more than {share:.0%} of the {mailable} mailable"
        " customers: found 1 exception: winback_slipping",
    )


def test_a_list_of_a_hundred_may_be_everybody(path: Path) -> None:
    change(path, f"delete from {MEMBERS} where customer_id >= 'c189'")

    assert check_members(path, share=0.01, mailable=100).passed


@pytest.mark.parametrize(
    ("table", "suite"),
    [
        (MEMBERS, lambda: exp_email.list_members_suite(largest_share=0.5, mailable_count=300)),
        (PROFILES, exp_email.profiles_suite),
    ],
)
def test_a_payload_without_addresses_fails(
    path: Path, table: str, suite: Callable[[], Any]
) -> None:
    change(path, f"alter table {table} drop column email")

    outcome = validate(path, table, suite())

    assert "promised columns are there: found 2 columns, without email" in outcome.failures[0]


def test_every_expectation_has_its_exception_above() -> None:
    tested = {statement for _, statements in WRONG_MEMBERS for statement in statements}
    tested |= {ADDRESS} | {statement for _, statement in WRONG_PROFILES}
    suites = (
        exp_email.list_members_suite(largest_share=0.5, mailable_count=300),
        exp_email.profiles_suite(),
    )

    untested = {each.description for suite in suites for each in suite.expectations} - tested
    assert {each for each in untested if not each.startswith(("no audience", "the "))} == set()
