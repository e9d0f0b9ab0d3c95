import shutil
from pathlib import Path

import duckdb
import pytest

from expectations import exp_audiences, exp_calls, exp_surveys
from expectations.runner import Outcome, validate

DIGEST = "'" + "0a" * 32 + "'"
SHOP = f"""
create schema exports;
create schema intermediate;
create schema programmes;
create table intermediate.int_customers_described (
    customer_id varchar, email varchar, phone varchar);
create table intermediate.int_consents_in_force (
    customer_id varchar, channel varchar, state varchar, newest_state varchar);
create table intermediate.int_channel_permissions (
    customer_id varchar, channel varchar, may_be_contacted boolean);
create table programmes.programme_ladders (
    customer_id varchar, programme varchar, is_control boolean, ended_on date);
create table programmes.programme_entries (
    customer_id varchar, programme varchar, is_control boolean);
create table programmes.programme_lists (
    audience varchar, customer_id varchar, programme varchar);
create table exports.exp_calls__list_members (
    audience varchar, customer_id varchar, phone varchar);
create table exports.exp_calls__profiles (
    customer_id varchar, phone varchar, reason varchar, programme varchar, step integer);
create table exports.exp_surveys__list_members (
    audience varchar, customer_id varchar, email varchar);
create table exports.exp_surveys__profiles (
    customer_id varchar, email varchar, survey varchar);
create table exports.exp_audiences__list_members (audience varchar, customer_id varchar);
create table exports.exp_audiences__profiles as
select
    cast(null as varchar) as customer_id, 'DE' as google_country,
    {", ".join(f"{DIGEST} as {column}" for column in exp_audiences.HASHED)}
limit 0;
insert into intermediate.int_customers_described
select 'c' || number, 'c' || number || '@example.org', '+49 30 5550' || number
from range(1, 4) as _ (number);
insert into intermediate.int_consents_in_force
select customer_id, channel, 'subscribed', 'subscribed'
from intermediate.int_customers_described, (values ('phone'), ('email'), ('ads')) as _ (channel);
insert into intermediate.int_channel_permissions
select customer_id, channel, true from intermediate.int_consents_in_force;
insert into programmes.programme_lists select 'winback_p_1_a', 'c1', 'p';
insert into programmes.programme_ladders values
    ('c3', 'p', true, null), ('c1', 'p', false, null), ('c1', 'p', true, date '2020-01-01');
insert into programmes.programme_entries values ('c1', 'other', true);
insert into exports.exp_calls__list_members
select 'winback_p_1_a', customer_id, phone from intermediate.int_customers_described
where customer_id <> 'c3';
insert into exports.exp_surveys__list_members
select 'winback_p_1_a', customer_id, email from intermediate.int_customers_described
where customer_id <> 'c3';
insert into exports.exp_audiences__list_members
select audience, customer_id from exports.exp_calls__list_members;
insert into exports.exp_calls__profiles
select customer_id, phone, 'VIP', 'p', 1 from exports.exp_calls__list_members;
insert into exports.exp_surveys__profiles
select customer_id, email, 'p' from exports.exp_surveys__list_members;
insert into exports.exp_audiences__profiles by name
select
    customer_id, 'DE' as google_country,
    {", ".join(f"{DIGEST} as {column}" for column in exp_audiences.HASHED)}
from exports.exp_audiences__list_members;
"""
OUTLETS = {
    "calls": ("phone", exp_calls),
    "surveys": ("email", exp_surveys),
    "audiences": ("ads", exp_audiences),
}
PROFILED = "customer_id of every member of a list has a profile"

# What goes wrong in the rows of one list, and the statements that no longer hold.
WRONG_MEMBERS = {
    "update {members} set audience = null where customer_id = 'c1'": ["audience is filled"],
    "update {members} set customer_id = null where customer_id = 'c1'": ["customer_id is filled"],
    "insert into {members} from {members} where customer_id = 'c1'": [
        "a customer of a list stands once (by audience, customer_id)"
    ],
    "update intermediate.int_consents_in_force set state = 'unsubscribed' where {own}": [
        "customer_id is somebody in int_consents_in_force who said yes to {channel}"
    ],
    "update intermediate.int_consents_in_force set newest_state = 'objected' where {own}": [
        "customer_id is somebody in int_consents_in_force who said yes to {channel}"
    ],
    "delete from intermediate.int_consents_in_force where {own}": [
        "customer_id is somebody in int_consents_in_force who said yes to {channel}"
    ],
    "update intermediate.int_channel_permissions set may_be_contacted = false where {own}": [
        "customer_id is somebody in int_channel_permissions who may be contacted on {channel}"
    ],
    "delete from intermediate.int_channel_permissions where {own}": [
        "customer_id is somebody in int_channel_permissions who may be contacted on {channel}"
    ],
    "insert into programmes.programme_ladders values ('c1', 'p', true, null)": [
        "customer_id is no control of the list's programme"
    ],
    "insert into programmes.programme_entries values ('c1', 'p', true)": [
        "customer_id is no control of the list's programme"
    ],
}
WRONG_PROFILES = [
    (
        "calls",
        "update {profiles} set customer_id = null where customer_id = 'c1'",
        ["customer_id is filled", PROFILED],
    ),
    (
        "calls",
        "insert into {profiles} from {profiles}",
        ["a customer stands once (by customer_id)"],
    ),
    ("calls", "update {profiles} set phone = null", ["phone is filled"]),
    ("calls", "update {profiles} set phone = 'n/a'", ["phone is a number that can be dialled"]),
    ("calls", "update {profiles} set reason = null", ["reason is filled"]),
    ("calls", "delete from {profiles} where customer_id = 'c1'", [PROFILED]),
    (
        "surveys",
        "update {profiles} set customer_id = null where customer_id = 'c1'",
        ["customer_id is filled", PROFILED],
    ),
    (
        "surveys",
        "insert into {profiles} select customer_id, 'x' || email, 'p' from {profiles}",
        ["a customer stands once (by customer_id)"],
    ),
    ("surveys", "update {profiles} set email = null where customer_id = 'c1'", ["email is filled"]),
    (
        "surveys",
        "update {profiles} set email = 'ann' where customer_id = 'c1'",
        ["email is an address that mail can go to"],
    ),
    (
        "surveys",
        "update {profiles} set email = 'same@example.org'",
        ["an address stands once (by email)"],
    ),
    ("surveys", "update {profiles} set survey = null", ["survey is filled"]),
    ("surveys", "delete from {profiles} where customer_id = 'c1'", [PROFILED]),
    (
        "audiences",
        "update {profiles} set customer_id = null where customer_id = 'c1'",
        ["customer_id is filled", PROFILED],
    ),
    (
        "audiences",
        "insert into {profiles} from {profiles}",
        ["a customer stands once (by customer_id)"],
    ),
    *(
        (
            "audiences",
            f"update {{profiles}} set {column} = 'ann@example.org'",
            [f"{column} is a SHA-256 or empty"],
        )
        for column in exp_audiences.HASHED
    ),
    (
        "audiences",
        "update {profiles} set google_country = 'Germany'",
        ["google_country is a code of two letters or empty"],
    ),
    (
        "audiences",
        "update intermediate.int_channel_permissions set may_be_contacted = false"
        " where channel = 'ads'",
        ["customer_id is somebody in int_channel_permissions who may be shown advertising"],
    ),
    (
        "audiences",
        "update {profiles} set google_email = null, google_phone = null",
        ["a profile holds an address or a number"],
    ),
    ("audiences", "delete from {profiles} where customer_id = 'c1'", [PROFILED]),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people on a list of each outlet, and a control who is on none."""
    made = tmp_path_factory.mktemp("outlets") / "warehouse.duckdb"
    with duckdb.connect(str(made)) as connection:
        connection.execute(SHOP)
    return made


@pytest.fixture
def path(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(built, tmp_path))


def change(path: Path, outlet: str, statement: str) -> None:
    channel = OUTLETS[outlet][0]
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            statement.format(
                members=f"exports.exp_{outlet}__list_members",
                profiles=f"exports.exp_{outlet}__profiles",
                own=f"customer_id = 'c1' and channel = '{channel}'",
            )
        )


def check(path: Path, outlet: str, table: str) -> Outcome:
    suites = OUTLETS[outlet][1]
    suite = suites.list_members_suite if table == "list_members" else suites.profiles_suite
    return validate(path, f"exports.exp_{outlet}__{table}", suite())


def unmet(outcome: Outcome) -> list[str]:
    return [
        statement
        for statement in outcome.figures
        if any(failure.startswith(f"{statement}: ") for failure in outcome.failures)
    ]


@pytest.mark.parametrize("outlet", OUTLETS)
@pytest.mark.parametrize("is_empty", [False, True])
def test_sound_and_empty_lists_pass(path: Path, outlet: str, is_empty: bool) -> None:
    if is_empty:
        for table in ("{members}", "{profiles}"):
            change(path, outlet, f"delete from {table}")

    for table in ("list_members", "profiles"):
        assert check(path, outlet, table).failures == ()


@pytest.mark.parametrize("outlet", OUTLETS)
@pytest.mark.parametrize("wrong", WRONG_MEMBERS)
def test_one_member_who_must_not_be_there_fails(path: Path, outlet: str, wrong: str) -> None:
    channel = OUTLETS[outlet][0]
    change(path, outlet, wrong)

    outcome = check(path, outlet, "list_members")

    expected = [statement.format(channel=channel) for statement in WRONG_MEMBERS[wrong]]
    own = [one for one in unmet(outcome) if "own in int_customers_described" not in one]
    assert own == expected
    assert "@" not in "".join(outcome.failures)


@pytest.mark.parametrize(("outlet", "column"), [("calls", "phone"), ("surveys", "email")])
def test_somebody_elses_address_fails(path: Path, outlet: str, column: str) -> None:
    change(path, outlet, f"update {{members}} set {column} = 'x' where customer_id = 'c1'")

    assert unmet(check(path, outlet, "list_members")) == [
        f"{column} is the customer's own in int_customers_described"
    ]


@pytest.mark.parametrize(("outlet", "wrong", "statements"), WRONG_PROFILES)
def test_one_wrong_profile_fails(
    path: Path, outlet: str, wrong: str, statements: list[str]
) -> None:
    change(path, outlet, wrong)

    outcome = check(path, outlet, "profiles")

    assert unmet(outcome) == statements
    assert "@" not in "".join(outcome.failures)


def test_every_expectation_has_its_exception_above() -> None:
    tested = {
        statement.format(channel=channel)
        for channel, _ in OUTLETS.values()
        for statements in WRONG_MEMBERS.values()
        for statement in statements
    } | {statement for _, _, statements in WRONG_PROFILES for statement in statements}
    suites = [
        suite
        for _, promises in OUTLETS.values()
        for suite in (promises.list_members_suite(), promises.profiles_suite())
    ]

    untested = {str(each.description) for suite in suites for each in suite.expectations} - tested
    addresses = ("phone is filled", "email is filled", "phone is the", "email is the", "the ")
    assert {each for each in untested if not each.startswith(addresses)} == set()
