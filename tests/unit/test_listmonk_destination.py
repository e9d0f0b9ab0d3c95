from collections import Counter
from collections.abc import Iterator

import pytest

from pipeline.apis.listmonk import WRITES, ListmonkApi
from pipeline.destinations.contract import Changes, Outcome
from pipeline.destinations.listmonk import ListmonkTool
from pipeline.http_answers import HttpError
from tests.stand_ins.calls import Call
from tests.stand_ins.faults import DROPPED, LOST_ANSWER, TRUNCATED_BODY, answering
from tests.stand_ins.listmonk import TOKEN, USER, on_list
from tests.stand_ins.listmonk_lists import ListmonkListsStandIn
from tests.unit.tool_changes import adding, person, removing, updating

OLD = "2024-01-01T00:00:00.000000+01:00"
NEWS = on_list("confirmed", created=OLD, updated=OLD)
LIST = "winback_slipping"


@pytest.fixture
def listmonk() -> Iterator[ListmonkListsStandIn]:
    with ListmonkListsStandIn() as server:
        for name in ("ann", "bob", "cleo", "dora"):
            server.add_subscriber(f"{name}@example.com", NEWS, attribs={"plan": "gold"})
        yield server
        assert server.harm == []
        assert server.mails == []


def tool_of(server: ListmonkListsStandIn, token: str = TOKEN) -> ListmonkTool:
    return ListmonkTool(ListmonkApi(server.base_url, USER, token, sleep=server.clock.sleep))


def apply(server: ListmonkListsStandIn, changes: Changes, audience: str = LIST) -> Outcome:
    return tool_of(server).apply(audience, changes)


def number_of(server: ListmonkListsStandIn, name: str) -> int:
    return int(server.subscriber(f"{name}@example.com")["id"])


def on(server: ListmonkListsStandIn, audience: str = LIST) -> dict[str, str]:
    return {email.partition("@")[0]: word for email, word in server.words(audience).items()}


def leave(server: ListmonkListsStandIn, name: str, audience: str = LIST) -> None:
    for one in server.subscriber(f"{name}@example.com")["lists"]:
        if one["name"] == audience:
            one["subscription_status"] = "unsubscribed"


def writes(server: ListmonkListsStandIn) -> list[str]:
    return [f"{one.method} {one.path}" for one in server.calls if one.method != "GET"]


def test_what_is_written_is_ours_alone_and_is_there_before_the_list_is(listmonk):
    apply(listmonk, adding(person("ann", winback_is_vip=True)))
    assert listmonk.subscriber("ann@example.com")["attribs"] == {
        "plan": "gold",
        "winback_first_name": "Ann",
        "winback_city": "Bonn",
        "winback_lists": LIST,
        "winback_is_vip": True,
        "winback_purchase_count": 3,
        "winback_offer_code": "BACK10",
        "winback_offer_ends_on": "2026-12-03",
    }
    assert [(one["type"], one["optin"]) for one in listmonk.lists] == [("private", "single")]
    number = number_of(listmonk, "ann")
    assert writes(listmonk) == [
        "POST /api/lists",
        f"PATCH /api/subscribers/{number}",
        "PUT /api/subscribers/query/lists",
    ]


def test_a_repetition_writes_nothing(listmonk):
    apply(listmonk, adding(person("ann")))
    listmonk.calls.clear()
    apply(listmonk, adding(person("ann")))
    assert writes(listmonk) == []


def test_what_is_not_known_any_more_is_emptied_and_nothing_else_is(listmonk):
    apply(listmonk, adding(person("ann"), person("bob", winback_offer_code=None)))
    assert "winback_offer_code" not in listmonk.subscriber("bob@example.com")["attribs"]
    ann = number_of(listmonk, "ann")
    listmonk.calls.clear()
    apply(listmonk, updating(person("ann", ann, winback_offer_code=None)))
    [call] = listmonk.called("PATCH", "/api/subscribers/")
    assert call.json() == {"attribs": {"winback_offer_code": None}}
    assert listmonk.subscriber("ann@example.com")["attribs"]["plan"] == "gold"


def test_who_must_not_be_mailed_is_refused_and_nobody_is_made_a_subscriber(listmonk):
    pending = on_list("unconfirmed", created=OLD, updated=OLD, optin="double")
    listmonk.add_subscriber("blocked@example.com", NEWS, status="blocklisted")
    listmonk.add_subscriber("off@example.com", NEWS, status="disabled")
    listmonk.add_subscriber("pending@example.com", NEWS, {**pending, "id": 4, "name": "Club"})
    people = [person(name) for name in ("ann", "blocked", "off", "pending", "nobody")]
    outcome = apply(listmonk, adding(*people))
    assert outcome.refused == {
        "blocked": "blocklisted",
        "off": "disabled",
        "pending": "awaiting confirmation",
        "nobody": "not a contact",
    }
    assert on(listmonk) == {"ann": "unconfirmed"}
    assert len(listmonk.subscribers) == 7


def test_whoever_has_left_the_list_stays_out_and_is_on_it_no_more(listmonk):
    tool = tool_of(listmonk)
    tool.apply(LIST, adding(person("ann"), person("bob")))
    ann = number_of(listmonk, "ann")
    leave(listmonk, "ann")
    assert tool.count(LIST) == 1
    assert tool.members(LIST)["email"].to_pylist() == ["bob@example.com"]
    assert len(tool.find(LIST, ["ann@example.com"])) == 0
    refused = {"ann": "unsubscribed from this list"}
    assert tool.apply(LIST, adding(person("ann"))).refused == refused
    assert tool.apply(LIST, updating(person("ann", ann))).refused == refused
    # His no is kept, whatever is taken off.
    assert tool.apply(LIST, removing(ann)) == Outcome()
    assert tool.apply(LIST, removing(ann, number_of(listmonk, "bob"))) == Outcome()
    assert on(listmonk) == {"ann": "unsubscribed"}


def test_whoever_leaves_or_is_blocked_between_two_calls_stays_out(listmonk):
    listmonk.add_list(LIST)

    def block(call: Call) -> bool:
        if call.method == "PUT":
            listmonk.subscriber("ann@example.com")["status"] = "blocklisted"
        return False

    listmonk.fail(DROPPED, when=block)
    outcome = apply(listmonk, adding(person("ann"), person("bob")))
    assert outcome.refused == {"ann": "blocklisted"}
    assert on(listmonk) == {"bob": "unconfirmed"}
    # There is nothing to wait for.
    assert listmonk.clock() == 0


def test_whoever_leaves_while_he_is_taken_off_keeps_his_no(listmonk):
    apply(listmonk, adding(person("ann"), person("bob")))

    def leaving(call: Call) -> bool:
        if call.method == "PUT":
            leave(listmonk, "ann")
        return False

    listmonk.fail(DROPPED, when=leaving)
    removed = removing(number_of(listmonk, "ann"), number_of(listmonk, "bob"))
    assert apply(listmonk, removed) == Outcome()
    assert on(listmonk) == {"ann": "unsubscribed"}


def test_what_listmonk_does_not_take_of_one_is_no_failure_of_the_rest(listmonk):
    listmonk.odd = {"ann@example.com"}
    outcome = apply(listmonk, adding(person("ann"), person("bob")))
    assert outcome.refused == {"ann": "not accepted"}
    assert on(listmonk).keys() == {"bob"}
    listmonk.odd = {"cleo@example.com", "dora@example.com"}
    with pytest.raises(HttpError, match="400"):
        apply(listmonk, adding(person("cleo"), person("dora")))


def test_an_old_listmonk_says_so(listmonk):
    listmonk.knows_patch = False
    with pytest.raises(HttpError, match="version 6 or newer"):
        apply(listmonk, adding(person("ann")))
    assert on(listmonk) == {}


def test_a_yes_to_what_was_not_done_is_noticed(listmonk):
    apply(listmonk, adding(person("bob")))
    listmonk.permissions.remove("lists:manage_all")
    with pytest.raises(HttpError, match="lacks the permission lists:manage_all"):
        apply(listmonk, adding(person("ann")))
    with pytest.raises(HttpError, match="lacks the permission lists:manage_all"):
        apply(listmonk, removing(number_of(listmonk, "bob")))


def test_a_list_with_double_opt_in_is_not_written_to(listmonk):
    listmonk.add_list(LIST, optin="double")
    with pytest.raises(HttpError, match="make it single opt-in"):
        apply(listmonk, adding(person("ann")))
    assert list(tool_of(listmonk).problems()) == [
        f"listmonk's list {LIST} is one with double opt-in, so nobody on it would be mailed: make"
        " it single opt-in"
    ]


def test_addresses_that_hold_signs_of_sql_are_found_and_do_no_harm(listmonk):
    odd = "o'hara') or true --@example.com"
    listmonk.add_subscriber(odd, NEWS)
    assert list(apply(listmonk, adding(person("odd", email=odd.upper()))).contacts) == ["odd"]
    assert list(listmonk.words(LIST)) == [odd]
    assert apply(listmonk, adding(person("x", email="x') or ('a'='a"))).refused == {
        "x": "not a contact"
    }


def test_many_are_looked_up_by_addresses_of_calls_that_servers_take(listmonk):
    names = [f"a-rather-long-name-{number}" for number in range(1000)]
    for name in names:
        listmonk.add_subscriber(f"{name}@example.com", NEWS)
    tool = tool_of(listmonk)
    assert len(tool.apply(LIST, adding(*map(person, names))).contacts) == 1000
    assert tool.count(LIST) == 1000
    assert len(tool.members(LIST)) == 1000
    listmonk.calls.clear()
    tool.find(LIST, [f"{name}@example.com" for name in names])
    assert len(listmonk.calls) < 20


FAULTS = [LOST_ANSWER, DROPPED, TRUNCATED_BODY, answering(502, b"bad gateway")]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("place", range(8))
def test_whatever_breaks_once_is_got_over(listmonk, fault, place):
    seen = Counter[str]()

    def is_it(call: Call) -> bool:
        seen["calls"] += 1
        return seen["calls"] == place + 1

    listmonk.fail(fault, when=is_it)
    outcome = apply(listmonk, adding(person("ann"), person("bob")))
    assert len(listmonk.faults) == 0, "there are fewer calls than places"
    assert set(outcome.contacts) == {"ann", "bob"} == set(on(listmonk))
    assert [one["name"] for one in listmonk.lists] == [LIST]


@pytest.mark.parametrize("place", range(1, 24))
def test_a_crash_between_any_two_calls_is_made_good_by_a_repetition(listmonk, place):
    apply(listmonk, adding(person("cleo")))
    changes = [
        adding(person("ann")),
        updating(person("cleo", number_of(listmonk, "cleo"), email="dora@example.com")),
    ]
    seen = Counter[str]()

    def is_late(call: Call) -> bool:
        seen["calls"] += 1
        return seen["calls"] > place

    # Nothing comes through any more, and nothing is tried again by another process.
    listmonk.fail(answering(403, {"message": "gone"}), times=1000, when=is_late)
    try:
        for one in changes:
            apply(listmonk, one)
    except HttpError:
        pass
    seen["calls"] = -1_000_000
    for one in changes:
        apply(listmonk, one)
    assert on(listmonk).keys() == {"ann", "dora"}


def test_problems_change_nothing(listmonk):
    assert list(tool_of(listmonk).problems()) == []
    listmonk.add_list(LIST)
    listmonk.add_list(LIST)
    assert "several lists named winback_slipping" in next(tool_of(listmonk).problems())
    listmonk.permissions.clear()
    assert "lacks one of lists:get_all" in next(tool_of(listmonk).problems())
    assert "does not know the user" in next(tool_of(listmonk, "wrong").problems())
    assert writes(listmonk) == []
    listmonk.fail(answering(500, {}), times=20)
    with pytest.raises(HttpError):
        list(tool_of(listmonk).problems())


@pytest.mark.parametrize("status", [400, 403, 500])
def test_no_address_and_no_secret_is_in_an_error(listmonk, status):
    told = {"message": f"ann@example.com with {TOKEN}"}
    listmonk.fail(answering(status, told), times=20, when=lambda call: "query" in call.query)
    with pytest.raises(HttpError) as caught:
        apply(listmonk, adding(person("ann")))
    assert "example.com" not in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "call", ["PUT /subscribers/{id}", "PUT /subscribers/lists", "POST /subscribers"]
)
def test_what_may_not_be_changed_is_not_called(listmonk, call):
    api = ListmonkApi(listmonk.base_url, USER, TOKEN)
    with pytest.raises(ValueError, match="not among the calls"):
        api.write(call, {}, id=1)
    assert listmonk.calls == []


CHANGE = {"query": "subscribers.id in (1, 2)", "action": "add", "target_list_ids": [1]}


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("PUT /subscribers/query/lists", {**CHANGE, "status": "confirmed"}),
        ("PUT /subscribers/query/lists", {**CHANGE, "action": "unsubscribe"}),
        ("PUT /subscribers/query/lists", {**CHANGE, "query": ""}),
        ("PUT /subscribers/query/lists", {**CHANGE, "query": "subscribers.id in (1) or true"}),
        ("PUT /subscribers/query/lists", {"action": "remove", "target_list_ids": [1]}),
        ("PATCH /subscribers/{id}", {"lists": []}),
        ("PATCH /subscribers/{id}", {"attribs": {"plan": None}}),
        ("PATCH /subscribers/{id}", {"preconfirm_subscriptions": True}),
    ],
)
def test_what_may_not_be_sent_is_not(listmonk, call, body):
    api = ListmonkApi(listmonk.base_url, USER, TOKEN)
    with pytest.raises(ValueError, match="must"):
        api.write(call, body, id=1)
    assert listmonk.calls == []


def test_all_that_changes_anything_is_here():
    assert {call: set(names) for call, names in WRITES.items()} == {
        "POST /lists": {"name", "type", "optin", "tags"},
        "PATCH /subscribers/{id}": {"attribs"},
        "PUT /subscribers/query/lists": {
            *("query", "action", "target_list_ids", "list_ids", "subscription_status")
        },
    }
