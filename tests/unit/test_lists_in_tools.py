"""What every e-mail tool has to keep of its contract; what is special has tests of its own."""

from collections.abc import Iterator

import pytest

from pipeline.destinations.contract import MailTool, Outcome, OwnFolder
from tests.integration.outside_accounts import Account, address
from tests.integration.outside_tools import ACCOUNTS
from tests.stand_ins.direct import asked_directly
from tests.unit.tool_changes import adding, person, removing, updating

LIST, OTHER = "winback_slipping", "winback_cart_1_a"
PEOPLE = ("ann", "bob", "cleo", "dora")
TOOLS = [kind for column, kind in ACCOUNTS.items() if column == kind.name]


@pytest.fixture(params=TOOLS, ids=lambda kind: kind.name)
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    account: Account = request.param()
    with asked_directly(account.server):
        for name in PEOPLE:
            account.add(name)
        account.count_anew()
        yield account
        assert account.trespasses == []


@pytest.fixture
def ids(account: Account) -> dict[str, str]:
    """Return the tool's own ids by name."""
    people = adding(*(person(name) for name in PEOPLE))
    return dict(account.tool().apply("winback_all", people).contacts)


def on(account: Account, audience: str = LIST) -> set[str]:
    return {email.partition("@")[0] for email in account.lists().get(audience, set())}


def writes(account: Account) -> list[str]:
    return [f"{one.method} {one.path}" for one in account.server.calls if one.method != "GET"]


def test_it_is_a_mail_tool(account):
    tool = account.tool()
    assert isinstance(tool, MailTool)
    assert not isinstance(tool, OwnFolder)
    assert tool.name == account.name


def test_a_list_that_is_not_there_has_nobody_and_is_not_made_by_looking(account):
    tool, before = account.tool(), account.made()
    assert tool.count(LIST) is None
    assert len(tool.members(LIST)) == len(tool.find(LIST, [address("ann")])) == 0
    assert tool.apply(LIST, removing(7, None)) == Outcome()
    assert list(tool.problems()) == []
    assert account.made() == before


def test_whoever_is_a_contact_is_put_on_a_list_that_is_made_once(account):
    tool = account.tool()
    outcome = tool.apply(LIST, adding(person("ann"), person("bob")))
    account.tool().apply(OTHER, adding(person("ann")))
    again = account.tool().apply(LIST, adding(person("ann"), person("bob")))

    assert (dict(outcome.refused), list(outcome.unseen)) == ({}, [])
    assert again.contacts == outcome.contacts
    assert outcome.contacts.keys() == {"ann", "bob"}
    assert on(account) == {"ann", "bob"}
    assert tool.count(LIST) == 2
    rows = {row["email"]: row["contact_id"] for row in tool.members(LIST).to_pylist()}
    assert rows == {address(name): contact for name, contact in outcome.contacts.items()}
    assert tool.find(LIST, [" ANN@example.com", address("cleo")]).to_pylist() == [
        {"contact_id": outcome.contacts["ann"], "email": address("ann")}
    ]
    assert account.made().count(LIST) == account.made().count(OTHER) == 1
    assert set(account.starts.values()) == {1}


def test_nobody_is_made_a_contact_and_who_said_no_is_not_put_on(account):
    account.unsubscribe("bob")
    people = adding(person("ann"), person("bob"), person("nobody"), person("odd", email="odd"))

    refused = account.tool().apply(LIST, people).refused

    # Klaviyo takes him, and mails him nothing; that he is not asked for is up to the engine.
    told = {"bob"} if account.name != "klaviyo" else set()
    assert refused.keys() == {"nobody", "odd"} | told
    assert refused["nobody"] == "not a contact"
    assert on(account) == {"ann", "bob"} - told


def test_an_update_puts_nobody_on_the_list(account, ids):
    account.tool().apply(LIST, adding(person("ann")))
    changes = updating(
        person("ann", ids["ann"], first_name="Anna"), person("bob", ids["bob"], first_name="Rob")
    )

    outcome = account.tool().apply(LIST, changes)

    assert outcome.contacts == {name: ids[name] for name in ("ann", "bob")}
    assert on(account) == {"ann"}
    for name, first in (("ann", "Anna"), ("bob", "Rob"), ("cleo", "Cleo")):
        assert first in account.properties(address(name)).values()


def test_another_contact_takes_the_place_when_the_address_has_become_his(account, ids):
    account.tool().apply(LIST, adding(person("ann")))
    moved = updating(person("ann", ids["ann"], email=address("bob")))
    for _ in range(2):
        assert account.tool().apply(LIST, moved).contacts == {"ann": ids["bob"]}
        assert on(account) == {"bob"}


def test_nobody_takes_a_place_that_others_have_taken_away(account, ids):
    account.tool().apply(LIST, adding(person("ann"), person("cleo")))
    account.take_off(LIST, "ann")
    account.tool().apply(LIST, updating(person("ann", ids["ann"], email=address("bob"))))
    assert on(account) == {"cleo"}


def test_a_contact_whose_address_is_none_any_more_is_taken_off(account, ids):
    account.tool().apply(LIST, adding(person("ann"), person("bob")))
    changes = updating(person("ann", ids["ann"], email=address("new")))
    assert account.tool().apply(LIST, changes).refused == {"ann": "not a contact"}
    assert on(account) == {"bob"}


def test_whoever_is_refused_is_taken_off(account):
    account.tool().apply(LIST, adding(person("ann"), person("bob")))
    account.refuse(address("ann"))
    outcome = account.tool().apply(LIST, adding(person("ann", first_name="Anna"), person("bob")))
    assert outcome.refused.keys() == {"ann"}
    assert on(account) == {"bob"}


def test_removals_are_done_whoever_is_there(account, ids):
    account.tool().apply(LIST, adding(person("ann"), person("bob")))
    account.delete("dora")
    gone = removing(ids["ann"], ids["cleo"], ids["dora"])
    for _ in range(2):
        assert account.tool().apply(LIST, gone) == Outcome()
    assert on(account) == {"bob"}


def test_who_is_to_go_and_was_never_told_by_an_id_is_asked_for_again(account):
    account.tool().apply(LIST, adding(person("ann")))
    outcome = account.tool().apply(LIST, removing(None))
    assert outcome.refused == {"None": "contact unknown"}


def test_looking_changes_nothing(account):
    account.tool().apply(LIST, adding(person("ann")))
    account.server.calls.clear()
    tool = account.tool()
    tool.count(LIST)
    tool.members(LIST)
    tool.find(LIST, [address("ann")])
    assert writes(account) == []
