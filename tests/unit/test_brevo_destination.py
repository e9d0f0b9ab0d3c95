from collections import Counter
from collections.abc import Iterator

import pytest

from pipeline.apis.brevo import WRITES, BrevoApi
from pipeline.destinations.brevo import BrevoTool
from pipeline.destinations.contract import Changes, Outcome
from pipeline.http_answers import HttpError
from tests.stand_ins.brevo import KEY
from tests.stand_ins.brevo_lists import BrevoListsStandIn
from tests.stand_ins.calls import Call
from tests.stand_ins.faults import DROPPED, LOST_ANSWER, TRUNCATED_BODY, answering
from tests.unit.tool_changes import adding, person, removing, updating

AT = "2026-11-01T00:00:00.000+00:00"
LIST = "winback_slipping"
IMPORTED = "winback_profiles"


@pytest.fixture
def brevo() -> Iterator[BrevoListsStandIn]:
    with BrevoListsStandIn() as server:
        for name in ("ann", "bob", "cleo", "dora"):
            server.add_contact(f"{name}@example.com", modified=AT, attributes={"FIRSTNAME": "X"})
        yield server
        assert server.harm == []


def tool_of(server: BrevoListsStandIn, key: str = KEY) -> BrevoTool:
    api = BrevoApi(key, base_url=server.base_url, sleep=server.clock.sleep, clock=server.clock)
    return BrevoTool(api)


def apply(server: BrevoListsStandIn, changes: Changes, audience: str = LIST) -> Outcome:
    return tool_of(server).apply(audience, changes)


def number_of(server: BrevoListsStandIn, name: str) -> int:
    return int(server.contact(f"{name}@example.com")["id"])


def on(server: BrevoListsStandIn, audience: str = LIST) -> set[str]:
    return {email.partition("@")[0] for email in server.on(audience)}


def writes(server: BrevoListsStandIn) -> list[str]:
    return [f"{one.method} {one.path}" for one in server.calls if one.method != "GET"]


def crowd(server: BrevoListsStandIn, size: int) -> list[str]:
    names = [f"p{number}" for number in range(size)]
    server.contacts = [
        {
            "id": number + 1,
            "email": f"{name}@example.com",
            "emailBlacklisted": False,
            "smsBlacklisted": False,
            "createdAt": AT,
            "modifiedAt": AT,
            "listIds": [7],
            "attributes": {},
        }
        for number, name in enumerate(names)
    ]
    return names


def test_what_is_written_is_ours_alone_and_is_there_before_the_list_is(brevo):
    apply(brevo, adding(person("ann", winback_is_vip=True)))
    assert brevo.contact("ann@example.com")["attributes"] == {
        "FIRSTNAME": "X",
        "WINBACK_FIRST_NAME": "Ann",
        "WINBACK_CITY": "Bonn",
        "WINBACK_LISTS": LIST,
        "WINBACK_IS_VIP": "yes",
        "WINBACK_PURCHASE_COUNT": 3,
        "WINBACK_OFFER_CODE": "BACK10",
        "WINBACK_OFFER_ENDS_ON": "2026-12-03",
    }
    kinds = {name: kind for name, kind in brevo.attributes.items() if name != "FIRSTNAME"}
    assert kinds == dict.fromkeys(kinds, "text") | {
        "WINBACK_PURCHASE_COUNT": "float",
        "WINBACK_OFFER_ENDS_ON": "date",
    }
    assert [one["name"] for one in brevo.folders] == ["Winback"]
    number = number_of(brevo, "ann")
    assert writes(brevo)[-2:] == [
        f"PUT /contacts/{number}",
        f"POST /contacts/lists/{brevo.lists[0]['id']}/contacts/add",
    ]


def test_a_repetition_writes_nothing(brevo):
    apply(brevo, adding(person("ann")))
    brevo.calls.clear()
    apply(brevo, adding(person("ann")))
    assert writes(brevo) == []


def test_nobody_is_made_a_contact_and_no_block_is_lifted(brevo):
    brevo.contact("bob@example.com")["emailBlacklisted"] = True
    brevo.contact("bob@example.com")["listIds"] = [7]
    outcome = apply(
        brevo, adding(person("ann"), person("bob"), person("nobody"), person("odd", email="odd"))
    )
    assert outcome.refused == {
        "bob": "unsubscribed",
        "nobody": "not a contact",
        "odd": "not a contact",
    }
    assert on(brevo) == {"ann"}
    assert len(brevo.contacts) == 4
    assert brevo.contact("bob@example.com")["emailBlacklisted"] is True


def test_whoever_has_left_the_list_is_not_put_on_it_again(brevo):
    apply(brevo, adding(person("ann")))
    brevo.contact("ann@example.com")["listIds"] = [7]
    brevo.contact("ann@example.com")["listUnsubscribed"] = [brevo.lists[0]["id"]]
    assert apply(brevo, adding(person("ann"))).refused == {"ann": "unsubscribed from this list"}
    assert on(brevo) == set()


def test_what_is_not_known_any_more_is_emptied_and_nothing_else_is(brevo):
    apply(brevo, adding(person("ann")))
    ann = number_of(brevo, "ann")
    brevo.calls.clear()
    nothing = {"winback_offer_code": None, "winback_offer_ends_on": None, "city": None}
    apply(brevo, updating(person("ann", ann, **nothing)))
    [call] = brevo.called("PUT", "/contacts/")
    assert call.json() == {
        "attributes": {
            "WINBACK_OFFER_CODE": "",
            "WINBACK_OFFER_ENDS_ON": "",
            "WINBACK_CITY": "",
        }
    }
    left = brevo.contact("ann@example.com")["attributes"]
    assert left.keys() == {
        *("FIRSTNAME", "WINBACK_FIRST_NAME", "WINBACK_LISTS", "WINBACK_IS_VIP"),
        "WINBACK_PURCHASE_COUNT",
    }


def test_nobody_stays_on_a_list_with_an_offer_that_cannot_be_taken_back(brevo):
    apply(brevo, adding(person("ann"), person("bob")))
    brevo.keeps_dates = True
    ann, bob = number_of(brevo, "ann"), number_of(brevo, "bob")
    outcome = apply(
        brevo, updating(person("ann", ann, winback_offer_ends_on=None), person("bob", bob))
    )
    assert outcome.refused == {"ann": "an attribute could not be emptied"}
    assert on(brevo) == {"bob"}


def test_who_cannot_be_updated_is_refused_alone(brevo):
    brevo.duplicates = {number_of(brevo, "ann")}
    outcome = apply(brevo, adding(person("ann"), person("bob")))
    assert outcome.refused == {"ann": "the same as another contact"}
    assert on(brevo) == {"bob"}


def test_who_is_deleted_on_the_way_is_refused_alone(brevo):
    number = number_of(brevo, "ann")
    gone = answering(404, {"code": "document_not_found", "message": "Contact does not exist"})
    brevo.fail(gone, when=lambda call: call.path == f"/contacts/{number}")
    assert apply(brevo, adding(person("ann"), person("bob"))).refused == {"ann": "not a contact"}
    assert on(brevo) == {"bob"}


def test_a_type_that_does_not_take_our_values_is_told_before_anything_is_written(brevo):
    brevo.attributes["WINBACK_OFFER_ENDS_ON"] = "text"
    with pytest.raises(HttpError, match="WINBACK_OFFER_ENDS_ON is of type text"):
        apply(brevo, adding(person("ann")))
    assert on(brevo) == set()


def test_many_are_imported_and_put_on_the_list_by_a_hundred_and_fifty(brevo):
    names = crowd(brevo, 400)
    outcome = apply(brevo, adding(*map(person, names)))
    assert len(outcome.contacts) == len(on(brevo)) == 400
    [started] = brevo.called("POST", "/contacts/import")
    body = started.json()
    told = {name: value for name, value in body.items() if name != "jsonBody"}
    assert told == {
        "listIds": [next(one["id"] for one in brevo.lists if one["name"] == IMPORTED)],
        "updateExistingContacts": True,
        "emptyContactsAttributes": False,
        "disableNotification": True,
    }
    assert len(brevo.called("POST", "/contacts/lists/")) == 3
    assert brevo.called("PUT", "/contacts/") == []
    # 400 people are one page of all contacts.
    assert len([one for one in brevo.calls if "%40" in one.path or "@" in one.path]) == 0
    assert len(brevo.called("GET", "/processes/")) <= 3


def test_what_an_import_leaves_out_is_written_afterwards(brevo):
    names = crowd(brevo, 120)
    brevo.skipped = {"p3@example.com", "p4@example.com"}
    people = [person(name, winback_purchase_count=0) for name in names]
    outcome = apply(brevo, adding(*people))
    assert len(outcome.contacts) == 120
    told = [one["attributes"] for one in brevo.contacts]
    assert all(one["WINBACK_PURCHASE_COUNT"] == 0 for one in told)
    assert all(one["WINBACK_OFFER_CODE"] == "BACK10" for one in told)


def test_an_import_that_fails_is_made_up_for(brevo):
    names = crowd(brevo, 100)
    brevo.import_ends = "failed"
    assert len(apply(brevo, adding(*map(person, names))).contacts) == 100
    assert len(brevo.called("PUT", "/contacts/")) == 100


def test_whom_an_import_has_not_come_to_is_not_mailed_yet(brevo):
    names = crowd(brevo, 100)
    brevo.polls = 10_000
    outcome = apply(brevo, adding(*map(person, names)))
    assert set(outcome.unseen) == set(names)
    assert outcome.contacts == {}
    assert on(brevo) == set()
    assert brevo.called("PUT", "/contacts/") == []
    assert len(brevo.called("GET", "/processes/")) < 20


def test_imports_stay_below_what_brevo_takes(brevo):
    names = crowd(brevo, 120)
    long = [person(name, winback_lists="ä" * 60_000) for name in names]
    apply(brevo, adding(*long))
    sizes = [len(one.body) for one in brevo.called("POST", "/contacts/import")]
    assert len(sizes) == 2
    assert max(sizes) <= 8_000_000


def test_what_shows_late_is_waited_for(brevo):
    brevo.shows_after = 3
    assert apply(brevo, adding(person("ann"))).unseen == set()
    assert apply(brevo, removing(number_of(brevo, "ann"))).refused == {}
    assert brevo.clock() > 0


def test_what_never_shows_is_told(brevo):
    apply(brevo, adding(person("bob")))
    brevo.shows_after = 1000
    outcome = apply(brevo, adding(person("ann"), person("bob")))
    assert outcome.unseen == {"ann"}
    assert outcome.contacts == {"bob": str(number_of(brevo, "bob"))}
    refused = apply(brevo, removing(number_of(brevo, "bob"))).refused
    assert refused == {str(number_of(brevo, "bob")): "still on the list"}


FAULTS = [
    LOST_ANSWER,
    DROPPED,
    TRUNCATED_BODY,
    answering(500, {"code": "x"}),
    answering(429, {"code": "too_many_requests"}, {"x-sib-ratelimit-reset": "3"}),
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("place", range(18))
def test_whatever_breaks_once_is_got_over(brevo, fault, place):
    seen = Counter[str]()

    def is_it(call: Call) -> bool:
        seen["calls"] += 1
        return seen["calls"] == place + 1

    brevo.fail(fault, when=is_it)
    outcome = apply(brevo, adding(person("ann"), person("bob")))
    assert len(brevo.faults) == 0, "there are fewer calls than places"
    assert set(outcome.contacts) == {"ann", "bob"} == on(brevo)
    assert sorted(one["name"] for one in brevo.lists) == [LIST]
    assert len(brevo.folders) == 1


@pytest.mark.parametrize("place", range(1, 40))
def test_a_crash_between_any_two_calls_is_made_good_by_a_repetition(brevo, place):
    apply(brevo, adding(person("cleo")))
    changes = [
        adding(person("ann")),
        updating(person("cleo", number_of(brevo, "cleo"), email="dora@example.com")),
    ]
    seen = Counter[str]()

    def is_late(call: Call) -> bool:
        seen["calls"] += 1
        return seen["calls"] > place

    # Nothing comes through any more, and nothing is tried again by another process.
    gone = answering(403, {"code": "forbidden", "message": "gone"})
    brevo.fail(gone, times=100, when=is_late)
    try:
        for one in changes:
            apply(brevo, one)
    except HttpError:
        pass
    seen["calls"] = -1_000_000
    for one in changes:
        apply(brevo, one)
    assert on(brevo) == {"ann", "dora"}
    assert [one["name"] for one in brevo.lists] == [LIST]


def test_limits_are_kept_and_never_refused(brevo):
    names = crowd(brevo, 300)
    tool = tool_of(brevo)
    for number in range(12):
        tool.apply(f"winback_{number}", adding(*map(person, names)))
    assert brevo.clock() < 3600
    assert all(one.path != "/contacts/batch" for one in brevo.calls)


def test_an_hour_that_others_used_up_is_waited_for(brevo):
    for _ in range(100):
        brevo.rest[0].use()
    names = crowd(brevo, 100)
    assert len(apply(brevo, adding(*map(person, names))).contacts) == 100
    assert brevo.clock() > 3000


def test_looking_somebody_up_costs_a_call_at_most(brevo):
    names = crowd(brevo, 3000)
    tool = tool_of(brevo)
    tool.apply(LIST, adding(person("p1")))
    brevo.calls.clear()
    assert len(tool.find(LIST, [f"{name}@example.com" for name in names[:10]])) == 1
    assert len(brevo.calls) == 10
    brevo.calls.clear()
    tool.find(LIST, [f"{name}@example.com" for name in names])
    assert len(brevo.calls) <= 6


def test_a_key_without_rights_stops_everything(brevo):
    tool = tool_of(brevo, "wrong")
    assert "does not know the key" in next(tool.problems())
    with pytest.raises(HttpError, match="401") as caught:
        tool.apply(LIST, adding(person("ann")))
    assert "ann" not in str(caught.value)
    assert "wrong" not in str(caught.value)


def test_no_address_is_in_an_error(brevo):
    brevo.fail(answering(400, {"code": "bad", "message": "ann@example.com is bad"}), times=9)
    with pytest.raises(HttpError) as caught:
        apply(brevo, adding(person("ann")))
    assert "ann@" not in str(caught.value)
    assert "example.com" not in str(caught.value)


def test_problems_change_nothing_and_tell_of_lists_with_one_name(brevo):
    tool = tool_of(brevo)
    assert list(tool.problems()) == []
    apply(brevo, adding(person("ann")))
    brevo.lists.append({**brevo.lists[0], "id": 99})
    brevo.calls.clear()
    assert list(tool.problems()) == [
        f"Brevo has 2 lists named {LIST}: keep the oldest, which is the one that is written to,"
        " and rename the others"
    ]
    assert writes(brevo) == []
    brevo.fail(answering(500, {}), times=20)
    with pytest.raises(HttpError):
        list(tool.problems())


def test_a_list_that_is_deleted_is_noticed(brevo):
    tool = tool_of(brevo)
    tool.apply(LIST, adding(person("ann")))
    assert tool.count(LIST) == 1
    brevo.lists.clear()
    assert tool.count(LIST) is None


def test_members_are_whole_though_somebody_leaves_on_the_way(brevo):
    crowd(brevo, 1200)
    tool = tool_of(brevo)
    tool.apply(LIST, adding(person("p1")))
    number = brevo.lists[0]["id"]
    for one in brevo.contacts:
        one["listIds"] = [number]
    reads = Counter[str]()

    def leave(call: Call) -> bool:
        reads["pages"] += call.one("limit") == "500"
        if reads["pages"] == 2:
            reads["pages"] += 1
            for one in brevo.contacts[:100]:
                one["listIds"] = []
        return False

    brevo.fail(DROPPED, when=leave)
    found = {row["email"] for row in tool.members(LIST).to_pylist()}
    assert {f"p{number}@example.com" for number in range(100, 1200)} <= found


@pytest.mark.parametrize(
    "call", ["DELETE /contacts/{id}", "POST /contacts/batch", "POST /contacts"]
)
def test_what_may_not_be_changed_is_not_called(brevo, call):
    api = BrevoApi(KEY, base_url=brevo.base_url)
    with pytest.raises(ValueError, match="not among the calls"):
        api.write(call, {}, id=1)
    assert brevo.calls == []


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("POST /contacts/import", {"jsonBody": [], "emailBlacklist": False}),
        ("POST /contacts/lists/{id}/contacts/remove", {"all": True}),
        ("PUT /contacts/{id}?identifierType=contact_id", {"emailBlacklisted": False}),
        ("PUT /contacts/{id}?identifierType=contact_id", {"attributes": {"EMAIL": "x"}}),
        ("POST /contacts/import", {"jsonBody": [{"email": "x", "attributes": {"SMS": "1"}}]}),
    ],
)
def test_what_may_not_be_sent_is_not(brevo, call, body):
    api = BrevoApi(KEY, base_url=brevo.base_url)
    with pytest.raises(ValueError, match="must not be sent"):
        api.write(call, body, id=1)
    assert brevo.calls == []


def test_all_that_changes_anything_is_here():
    assert {call.partition("?")[0]: set(names) for call, names in WRITES.items()} == {
        "POST /emailCampaigns/{id}/exportRecipients": {"recipientsType"},
        "POST /contacts/folders": {"name"},
        "POST /contacts/lists": {"name", "folderId"},
        "POST /contacts/attributes/normal/{name}": {"type"},
        "POST /contacts/import": {
            *("jsonBody", "listIds", "updateExistingContacts", "emptyContactsAttributes"),
            "disableNotification",
        },
        "PUT /contacts/{id}": {"attributes"},
        "POST /contacts/lists/{id}/contacts/add": {"ids"},
        "POST /contacts/lists/{id}/contacts/remove": {"ids"},
    }
