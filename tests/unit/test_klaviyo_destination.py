import json

import pytest

from pipeline.apis import klaviyo as api_module
from pipeline.http_answers import HttpError
from tests.stand_ins.faults import (
    DROPPED,
    LOST_ANSWER,
    STALLED,
    TRUNCATED_BODY,
    answering,
    too_many_requests,
)
from tests.stand_ins.klaviyo import KEY
from tests.stand_ins.klaviyo_imports import KlaviyoAccount
from tests.stand_ins.klaviyo_rules import endpoints, rates
from tests.unit.klaviyo_account import add_people, api_of, changes, properties_of, row, tool_of

LIST = "winback_slipping"
ANN, BOB, CARL = "ann@example.com", "bob@example.com", "carl@example.com"
IMPORTS = "/api/profile-bulk-import-jobs"


@pytest.fixture
def klaviyo():
    with KlaviyoAccount() as server:
        add_people(server, "ann", "bob", "carl")
        yield server


def added(server, *rows):
    return tool_of(server).apply(LIST, changes(adds=rows))


def updated(server, *rows):
    return tool_of(server).apply(LIST, changes(updates=rows))


def removed(server, *pairs):
    return tool_of(server).apply(LIST, changes(removes=pairs))


def members(server):
    return sorted(tool_of(server).members(LIST)["email"].to_pylist())


def is_write(call):
    return call.method != "GET"


def writes(server):
    return [call for call in server.calls if is_write(call)]


# The contract


def test_who_is_added_is_on_the_list_with_properties_and_his_contact_is_told(klaviyo):
    outcome = added(klaviyo, row(ANN), row(BOB, winback_is_vip=True))
    assert outcome.contacts == {f"c-{ANN}": "P-ann", f"c-{BOB}": "P-bob"}
    assert (outcome.refused, list(outcome.unseen)) == ({}, [])
    assert members(klaviyo) == [ANN, BOB]
    assert properties_of(klaviyo, "bob") == {
        "winback_first_name": "Ann",
        "winback_lifecycle_since": "2026-11-01",
        "winback_is_vip": True,
        "winback_purchase_count": 3,
        "winback_offer_code": "COMEBACK",
    }


def test_the_list_is_made_once_and_asked_for_once(klaviyo):
    tool = tool_of(klaviyo)
    for _ in range(3):
        tool.apply(LIST, changes(adds=[row(ANN)]))
    added(klaviyo, row(BOB))
    assert [one["attributes"]["name"] for one in klaviyo.lists] == [LIST]
    assert len(klaviyo.called("POST", "/api/lists")) == 1
    # Once by the first client, once by the second.
    assert len([one for one in klaviyo.calls if one.path == "/api/lists"]) == 3


def test_of_two_lists_of_a_name_the_oldest_is_the_one(klaviyo):
    oldest = klaviyo.add_list(LIST)
    klaviyo.clock.sleep(5)
    klaviyo.add_list(LIST)
    added(klaviyo, row(ANN))
    assert {one: set(people) for one, people in klaviyo.members.items() if people} == {
        oldest: {"P-ann"}
    }


def test_any_call_repeated_leaves_what_one_leaves(klaviyo):
    for _ in range(2):
        added(klaviyo, row(ANN), row(BOB))
        updated(klaviyo, row(ANN, contact_id="P-ann", winback_offer_code="MORE"))
        removed(klaviyo, (f"c-{BOB}", "P-bob"))
        assert members(klaviyo) == [ANN]
        assert properties_of(klaviyo, "ann")["winback_offer_code"] == "MORE"
        assert (len(klaviyo.profiles), len(klaviyo.lists)) == (3, 1)


def test_nothing_but_our_properties_and_the_list_is_touched(klaviyo):
    ours = klaviyo.by_email()[ANN]["attributes"]
    ours["properties"] = {"shoe_size": 38, "winback_offer_code": "OLD"}
    before = json.loads(json.dumps({**ours, "properties": None}))
    added(klaviyo, row(ANN))
    updated(klaviyo, row(ANN, contact_id="P-ann"))
    after = klaviyo.by_email()[ANN]["attributes"]
    assert {**after, "properties": None} == before
    assert after["properties"]["shoe_size"] == 38
    for body in klaviyo.imports():
        for profile in body["data"]["attributes"]["profiles"]["data"]:
            assert set(profile["attributes"]) == {"email", "properties"}
            assert all(name.startswith("winback_") for name in profile["attributes"]["properties"])


def test_what_is_not_known_is_unset_and_never_sent_as_null(klaviyo):
    klaviyo.by_email()[ANN]["attributes"]["properties"] = {"winback_offer_code": "OLD", "size": 1}
    updated(klaviyo, row(ANN, contact_id="P-ann", winback_offer_code=None, winback_is_vip=None))
    left = properties_of(klaviyo, "ann")
    assert "winback_offer_code" not in left
    assert "winback_is_vip" not in left
    assert left["size"] == 1
    assert b"null" not in klaviyo.called("POST", IMPORTS)[0].body


def test_addresses_are_matched_trimmed_in_small_letters_and_keep_what_follows_a_plus(klaviyo):
    klaviyo.add_profile("P-plus", "ann+shop@example.com", updated="2026-11-01T10:00:00+00:00")
    outcome = added(klaviyo, row("  Ann@Example.COM ", "c1"), row("ANN+shop@example.com", "c2"))
    assert outcome.contacts == {"c1": "P-ann", "c2": "P-plus"}
    assert members(klaviyo) == ["ann+shop@example.com", ANN]
    found = tool_of(klaviyo).find(LIST, [" ANN@example.com", "nobody@example.com"])
    assert found.to_pylist() == [{"contact_id": "P-ann", "email": ANN}]


def test_who_is_no_contact_is_never_made_one(klaviyo):
    outcome = added(klaviyo, row(ANN), row("new@example.com"))
    assert outcome.refused == {"c-new@example.com": "not a contact"}
    assert outcome.contacts == {f"c-{ANN}": "P-ann"}
    assert len(klaviyo.profiles) == 3


@pytest.mark.parametrize("email", ["ann", "ann@", "a b@example.com", 'a"b@example.com', "", None])
def test_what_is_no_address_stops_nobody_else_and_is_not_asked_for(klaviyo, email):
    outcome = added(klaviyo, row(email, "odd"), row(ANN))
    assert outcome.refused == {"odd": "invalid email"}
    assert members(klaviyo) == [ANN]
    assert tool_of(klaviyo).find(LIST, [email or ""]).num_rows == 0


def test_an_update_puts_nobody_on_the_list(klaviyo):
    klaviyo.add_list(LIST)
    outcome = updated(klaviyo, row(ANN, contact_id="P-ann"))
    assert outcome.contacts == {f"c-{ANN}": "P-ann"}
    assert members(klaviyo) == []
    assert properties_of(klaviyo, "ann")["winback_purchase_count"] == 3
    (body,) = klaviyo.imports()
    assert "relationships" not in body["data"]


def test_an_add_names_its_list_beside_the_attributes(klaviyo):
    added(klaviyo, row(ANN))
    (body,) = klaviyo.imports()
    (made,) = klaviyo.lists
    assert body["data"]["relationships"] == {
        "lists": {"data": [{"type": "list", "id": made["id"]}]}
    }


def test_two_who_have_swapped_their_addresses_both_stay(klaviyo):
    klaviyo.add_list(LIST, ANN, BOB)
    outcome = updated(
        klaviyo, row(BOB, "c1", contact_id="P-ann"), row(ANN, "c2", contact_id="P-bob")
    )
    assert outcome.contacts == {"c1": "P-bob", "c2": "P-ann"}
    assert members(klaviyo) == [ANN, BOB]


def test_a_place_of_somebody_who_was_forgotten_goes_to_nobody(klaviyo):
    klaviyo.add_list(LIST, ANN)
    klaviyo.lose("P-ann")
    outcome = updated(klaviyo, row(BOB, "c1", contact_id="P-ann"))
    assert outcome.contacts == {"c1": "P-bob"}
    assert members(klaviyo) == []


@pytest.mark.parametrize("half", [1, 2])
def test_a_change_of_places_that_ended_in_the_middle_ends_well_when_repeated(klaviyo, half):
    klaviyo.add_list(LIST, ANN)
    moving = [row(BOB, "c1", contact_id="P-ann")]
    ends = {1: "POST", 2: "DELETE"}[half]
    # The work was done and nobody heard of it, however often it was asked for.
    klaviyo.fail(
        LOST_ANSWER,
        times=6,
        when=lambda call: call.method == ends and "relationships" in call.path,
    )
    with pytest.raises(HttpError):
        updated(klaviyo, *moving)
    outcome = updated(klaviyo, *moving)
    assert outcome.contacts == {"c1": "P-bob"}
    assert members(klaviyo) == [BOB]


def test_a_change_of_places_of_which_no_word_came_is_asked_for_again(klaviyo):
    klaviyo.add_list(LIST, ANN)
    klaviyo.fail(LOST_ANSWER, when=lambda call: is_write(call) and "relationships" in call.path)
    assert updated(klaviyo, row(BOB, "c1", contact_id="P-ann")).contacts == {"c1": "P-bob"}
    assert len(klaviyo.called("POST", "/api/lists")) == 2


def test_who_is_refused_is_on_the_list_no_longer(klaviyo):
    klaviyo.add_list(LIST, ANN, BOB, CARL)
    klaviyo.conflicting = {BOB: "email", CARL: "duplicate"}
    outcome = updated(
        klaviyo,
        row("moved@example.com", "c1", contact_id="P-ann"),
        row(BOB, "c2", contact_id="P-bob"),
    )
    assert outcome.refused == {"c1": "not a contact", "c2": "invalid email"}
    assert members(klaviyo) == [CARL]
    # Not even where he is there under the number of another.
    assert updated(klaviyo, row(CARL, "c3", contact_id="P-bob")).refused
    assert members(klaviyo) == []
    klaviyo.join("L00000", "P-carl")
    assert added(klaviyo, row(CARL, "c3")).refused == {"c3": "more than one profile"}
    assert members(klaviyo) == []


def test_removing_takes_off_by_number_and_says_nothing(klaviyo):
    klaviyo.add_list(LIST, ANN, BOB)
    outcome = removed(klaviyo, (f"c-{ANN}", "P-ann"))
    assert (outcome.refused, outcome.contacts, list(outcome.unseen)) == ({}, {}, [])
    assert members(klaviyo) == [BOB]
    assert len(klaviyo.profiles) == 3


def test_removing_without_a_number_is_not_done_and_said_to_be_so(klaviyo):
    klaviyo.add_list(LIST, ANN, BOB)
    assert removed(klaviyo, ("c1", "P-ann"), ("c2", None)).refused == {"c2": "contact unknown"}
    assert members(klaviyo) == [BOB]
    assert updated(klaviyo, row(ANN, contact_id=None)).contacts == {f"c-{ANN}": "P-ann"}
    assert members(klaviyo) == [BOB]


def test_removing_from_a_list_that_was_deleted_meanwhile_is_done(klaviyo):
    klaviyo.add_list(LIST, ANN)
    tool = tool_of(klaviyo)
    assert tool.count(LIST) == 1
    klaviyo.lists = []
    assert tool.apply(LIST, changes(removes=[("c1", "P-ann")])).refused == {}
    assert tool.apply(LIST, changes(adds=[row(BOB)])).contacts == {f"c-{BOB}": "P-bob"}
    klaviyo.lists = []
    assert tool.count(LIST) is None


def test_all_who_are_removed_go_a_thousand_a_call(klaviyo):
    names = [f"p{number:04}" for number in range(2500)]
    klaviyo.profiles = [
        {"type": "profile", "id": f"P-{one}", "attributes": {"email": f"{one}@example.com"}}
        for one in names
    ]
    klaviyo.add_list(LIST, *(f"{one}@example.com" for one in names))
    removed(klaviyo, *((one, f"P-{one}") for one in names))
    calls = klaviyo.called("DELETE", "/api/lists")
    assert [len(call.json()["data"]) for call in calls] == [1000, 1000, 500]
    assert klaviyo.emails_on(LIST) == set()


def test_counting_members_and_finding_say_when_there_is_no_list(klaviyo):
    tool = tool_of(klaviyo)
    assert tool.count(LIST) is None
    assert tool.members(LIST).num_rows == tool.find(LIST, [ANN]).num_rows == 0
    assert writes(klaviyo) == []


def test_counting_takes_two_calls_and_keeps_within_its_own_limit(klaviyo):
    klaviyo.add_list(LIST, ANN, BOB)
    tool = tool_of(klaviyo)
    assert tool.count(LIST) == 2
    assert len(klaviyo.calls) == 2
    for _ in range(16):
        tool.count(LIST)
    # 1 a second and 15 a minute, and nobody had to be refused.
    assert klaviyo.clock() == pytest.approx(61)
    assert len(klaviyo.calls) == 18


def test_members_are_read_whole_though_a_cursor_is_lost(klaviyo):
    names = [f"p{number:03}" for number in range(250)]
    add_people(klaviyo, *names)
    klaviyo.add_list(LIST, *(f"{one}@example.com" for one in names))
    klaviyo.forgotten_cursors = 1
    found = tool_of(klaviyo).members(LIST)
    assert found.column_names == ["contact_id", "email"]
    assert sorted(found["email"].to_pylist()) == [f"{one}@example.com" for one in names]


def test_a_member_without_an_address_is_a_member(klaviyo):
    klaviyo.add_profile("P-sms", None, updated="2026-11-01T10:00:00+00:00")
    klaviyo.join(klaviyo.add_list(LIST), "P-sms")
    assert tool_of(klaviyo).members(LIST).to_pylist() == [{"contact_id": "P-sms", "email": None}]


def test_finding_costs_by_who_is_asked_for_not_by_the_list(klaviyo):
    names = [f"p{number:03}" for number in range(450)]
    add_people(klaviyo, *names)
    klaviyo.add_list(LIST, *(f"{one}@example.com" for one in names))
    tool_of(klaviyo).find(LIST, [f"{one}@example.com" for one in names[:150]])
    # The name, what is under way, and a hundred addresses a call.
    assert len(klaviyo.calls) == 4


def test_long_addresses_make_no_address_of_a_page_too_long(klaviyo):
    names = [f"{'a' * 60}{number:03}" for number in range(120)]
    emails = [f"{one}@{'b' * 60}.{'c' * 60}.example.com" for one in names]
    for number, email in enumerate(emails):
        klaviyo.add_profile(f"P{number}", email, updated="2026-11-01T10:00:00+00:00")
    assert len(added(klaviyo, *map(row, emails)).contacts) == 120


# Work that takes time


def test_an_import_is_waited_for_and_read_back(klaviyo):
    klaviyo.job_seconds, klaviyo.show_seconds = 40, 20
    outcome = added(klaviyo, row(ANN), row(BOB), row(CARL))
    assert len(outcome.contacts) == 3
    assert 60 <= klaviyo.clock() < 100


def test_who_does_not_show_in_time_is_unseen_and_stops_nobody(klaviyo):
    klaviyo.hidden = {BOB}
    outcome = added(klaviyo, row(ANN), row(BOB))
    assert list(outcome.unseen) == [f"c-{BOB}"]
    assert outcome.contacts == {f"c-{ANN}": "P-ann"}
    assert klaviyo.clock() == pytest.approx(180)


def test_while_nobody_shows_few_calls_are_spent(klaviyo):
    names = [f"p{number:04}" for number in range(1000)]
    add_people(klaviyo, *names)
    klaviyo.show_seconds = 60
    outcome = added(klaviyo, *(row(f"{one}@example.com") for one in names))
    assert len(outcome.contacts) == 1000
    looks = [one for one in klaviyo.calls if one.path.endswith("/profiles") and "L0" in one.path]
    assert 10 <= len(looks) <= 20


def test_an_import_that_is_not_done_in_time_leaves_its_people_unseen(klaviyo):
    klaviyo.job_seconds = 3 * 3600
    outcome = added(klaviyo, row(ANN), row(BOB))
    assert sorted(outcome.unseen) == [f"c-{ANN}", f"c-{BOB}"]
    outcome = updated(klaviyo, row(CARL, contact_id="P-carl"))
    assert list(outcome.unseen) == [f"c-{CARL}"]
    assert outcome.contacts == {}


def test_half_an_import_counts_for_those_whom_it_has_brought(klaviyo):
    klaviyo.job_seconds = 2 * 1800
    outcome = added(klaviyo, row(ANN), row(BOB))
    assert outcome.contacts == {f"c-{ANN}": "P-ann"}
    assert list(outcome.unseen) == [f"c-{BOB}"]


def test_finding_waits_for_what_is_under_way_into_the_list(klaviyo):
    klaviyo.add_list(LIST)
    klaviyo.job_seconds = 600
    # A run that was killed after it had asked for an import.
    klaviyo.fail(answering(401), when=lambda call: call.path.startswith(f"{IMPORTS}/"))
    with pytest.raises(HttpError):
        added(klaviyo, row(ANN))
    found = tool_of(klaviyo).find(LIST, [ANN, BOB])
    assert found.to_pylist() == [{"contact_id": "P-ann", "email": ANN}]
    assert klaviyo.clock() >= 600


@pytest.mark.parametrize(("told", "waited"), [("always", 0), ("included", 0), ("never", 600)])
def test_finding_waits_for_no_import_that_says_it_is_for_another_list(klaviyo, told, waited):
    klaviyo.add_list(LIST, ANN)
    klaviyo.job_seconds, klaviyo.lists_told = 600, told
    klaviyo.fail(answering(401), when=lambda call: call.path.startswith(f"{IMPORTS}/"))
    with pytest.raises(HttpError):
        tool_of(klaviyo).apply("winback_other", changes(adds=[row(BOB)]))
    assert tool_of(klaviyo).find(LIST, [ANN]).num_rows == 1
    assert waited <= klaviyo.clock() < waited + 16


def test_finding_does_not_wait_for_ever(klaviyo):
    klaviyo.add_list(LIST)
    klaviyo.job_seconds = 10**6
    klaviyo.fail(answering(401), when=lambda call: call.path.startswith(f"{IMPORTS}/"))
    with pytest.raises(HttpError):
        added(klaviyo, row(ANN))
    with pytest.raises(HttpError, match="not done after 30 minutes: run again later"):
        tool_of(klaviyo).find(LIST, [ANN])


def test_a_cancelled_import_ends_the_push_with_a_sentence(klaviyo):
    klaviyo.cancels = True
    with pytest.raises(HttpError, match="import of 2 profiles into Klaviyo ended as cancelled"):
        added(klaviyo, row(ANN), row(BOB))


# What is refused


def test_whoever_makes_klaviyo_refuse_an_import_is_left_out_and_the_rest_sent_once_more(klaviyo):
    klaviyo.malformed = {BOB: "/attributes/email", CARL: "/attributes/properties"}
    outcome = added(klaviyo, row(ANN), row(BOB), row(CARL))
    assert outcome.refused == {f"c-{BOB}": "invalid email", f"c-{CARL}": "invalid profile"}
    assert outcome.contacts == {f"c-{ANN}": "P-ann"}
    assert len(klaviyo.called("POST", IMPORTS)) == 2
    assert members(klaviyo) == [ANN]


def test_where_nobody_is_left_nothing_is_sent_again(klaviyo):
    klaviyo.malformed = {BOB: "/attributes/email"}
    assert added(klaviyo, row(BOB)).refused == {f"c-{BOB}": "invalid email"}
    assert len(klaviyo.called("POST", IMPORTS)) == 1


def test_an_import_is_sent_again_only_once(klaviyo):
    wrong = {"errors": [{"code": "invalid", "source": {"pointer": f"{ROWS}/0/attributes/email"}}]}
    klaviyo.fail(answering(400, wrong), times=2, when=lambda call: call.path == IMPORTS)
    with pytest.raises(HttpError, match="answered 400"):
        added(klaviyo, row(ANN), row(BOB), row(CARL))
    assert len(klaviyo.called("POST", IMPORTS)) == 2


ROWS = "/data/attributes/profiles/data"


@pytest.mark.parametrize("pointer", ["/data/relationships/lists", f"{ROWS}/7/attributes/email"])
def test_a_refusal_that_names_nobody_of_ours_ends_the_push(klaviyo, pointer):
    wrong = {"errors": [{"code": "invalid", "title": "Invalid", "source": {"pointer": pointer}}]}
    klaviyo.fail(answering(400, wrong), when=lambda call: call.path == IMPORTS)
    with pytest.raises(HttpError, match="answered 400: Invalid"):
        added(klaviyo, row(ANN), row(BOB))
    assert len(klaviyo.called("POST", IMPORTS)) == 1


def test_whom_an_import_could_not_bring_is_told_by_customer(klaviyo):
    names = [f"p{number:03}" for number in range(150)]
    add_people(klaviyo, *names)
    klaviyo.conflicting = {f"{one}@example.com": "email" for one in names}
    outcome = added(klaviyo, row(ANN), *(row(f"{one}@example.com") for one in names))
    assert len(outcome.refused) == 150
    assert set(outcome.refused.values()) == {"invalid email"}
    assert outcome.contacts == {f"c-{ANN}": "P-ann"}
    assert klaviyo.clock() < 5


def test_errors_that_name_nobody_leave_the_added_unseen_and_end_updates(klaviyo):
    klaviyo.conflicting, klaviyo.names_people = {BOB: "email"}, False
    outcome = added(klaviyo, row(ANN), row(BOB))
    assert (outcome.contacts, list(outcome.unseen)) == ({f"c-{ANN}": "P-ann"}, [f"c-{BOB}"])
    with pytest.raises(HttpError, match="refused 1 profiles of an import without naming them"):
        updated(klaviyo, row(BOB, contact_id="P-bob"))


def test_a_profile_that_is_too_large_is_refused_alone(klaviyo):
    outcome = added(klaviyo, row(ANN, winback_offer_code="x" * 100_000), row(BOB))
    assert outcome.refused == {f"c-{ANN}": "profile too large"}
    assert members(klaviyo) == [BOB]


def test_imports_are_cut_by_what_one_may_weigh(klaviyo):
    names = [f"p{number:03}" for number in range(120)]
    add_people(klaviyo, *names)
    rows = [row(f"{one}@example.com", winback_offer_code="ü" * 40_000) for one in names]
    assert len(added(klaviyo, *rows).contacts) == 120
    sizes = [len(call.body) for call in klaviyo.called("POST", IMPORTS)]
    assert len(sizes) == 2
    assert max(sizes) <= 5_000_000


def test_imports_are_cut_by_how_many_one_may_hold(klaviyo):
    emails = [f"p{number:05}@example.com" for number in range(10_001)]
    klaviyo.profiles = [
        {"type": "profile", "id": one, "attributes": {"email": one, "subscriptions": {}}}
        for one in emails
    ]
    small = [{"customer_id": one, "email": one, "contact_id": one} for one in emails]
    updated(klaviyo, *small)
    assert [len(b["data"]["attributes"]["profiles"]["data"]) for b in klaviyo.imports()] == [
        10_000,
        1,
    ]


@pytest.mark.parametrize("status", [401, 403])
def test_what_the_account_refuses_is_a_sentence_without_key_or_address(klaviyo, status):
    body = {"errors": [{"code": "no", "title": "No", "detail": f"{ANN} with {KEY} may not"}]}
    klaviyo.fail(answering(status, body), when=is_write)
    with pytest.raises(HttpError, match=f"was answered {status}") as caught:
        added(klaviyo, row(ANN))
    assert ANN not in str(caught.value)
    assert KEY not in str(caught.value)


def test_the_number_of_lists_that_may_be_made_in_a_day_is_told(klaviyo):
    tool = tool_of(klaviyo)
    for number in range(150):
        tool.apply(f"winback_{number}", changes(adds=[row(ANN)]))
    with pytest.raises(HttpError, match="asks to come back in"):
        tool.apply("winback_one_more", changes(adds=[row(ANN)]))


# Faults on the way


def is_making(call):
    return is_write(call) and call.path == "/api/lists"


@pytest.mark.parametrize("fault", [LOST_ANSWER, STALLED, TRUNCATED_BODY])
def test_a_list_that_was_made_without_a_word_is_looked_for_and_not_made_twice(klaviyo, fault):
    klaviyo.list_seconds = 20
    klaviyo.fail(fault, when=is_making)
    outcome = tool_of(klaviyo, silence_seconds=0.2).apply(LIST, changes(adds=[row(ANN)]))
    assert outcome.contacts == {f"c-{ANN}": "P-ann"}
    assert len(klaviyo.lists) == len(klaviyo.called("POST", "/api/lists")) == 1


@pytest.mark.parametrize("fault", [DROPPED, answering(503)])
def test_a_list_that_may_have_been_made_is_asked_for_again_by_the_next_run_only(klaviyo, fault):
    klaviyo.fail(fault, when=is_making)
    with pytest.raises(HttpError) as caught:
        added(klaviyo, row(ANN))
    assert caught.value.is_unknown
    assert klaviyo.clock() >= 60
    assert len(klaviyo.called("POST", "/api/lists")) == 1
    assert added(klaviyo, row(ANN)).contacts == {f"c-{ANN}": "P-ann"}
    assert len(klaviyo.lists) == 1


@pytest.mark.parametrize(
    "fault",
    [DROPPED, LOST_ANSWER, TRUNCATED_BODY, answering(500), answering(503), too_many_requests("2")],
)
@pytest.mark.parametrize("place", range(7))
def test_a_fault_at_any_call_loses_and_doubles_nothing(klaviyo, fault, place):
    klaviyo.add_list(LIST, CARL)
    klaviyo.conflicting = {BOB: "email"}
    seen = []

    def is_due(call):
        seen.append(call)
        return len(seen) == place + 1

    klaviyo.fail(fault, when=is_due)
    tool = tool_of(klaviyo)
    outcome = tool.apply(LIST, changes(adds=[row(ANN), row(BOB)]))
    tool.apply(LIST, changes(removes=[("c3", "P-carl")]))
    assert outcome.contacts == {f"c-{ANN}": "P-ann"}
    assert outcome.refused == {f"c-{BOB}": "invalid email"}
    assert len(klaviyo.faults) == 0
    assert members(klaviyo) == [ANN]
    assert len(klaviyo.lists) == 1


def end(server, place, *, is_done):
    """Let a run end at its call number ``place``, before that is carried out or after it."""
    if is_done:
        server.fail(LOST_ANSWER, when=lambda call: len(server.calls) == place)
    server.fail(answering(401), when=lambda call: len(server.calls) == place + is_done)


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("place", range(1, 7))
def test_a_run_that_ends_at_any_call_is_put_right_by_the_same_again(klaviyo, place, is_done):
    wanted = changes(adds=[row(ANN), row(BOB)])
    end(klaviyo, place, is_done=is_done)
    with pytest.raises(HttpError):
        tool_of(klaviyo).apply(LIST, wanted)
    assert len(klaviyo.faults) == 0
    outcome = tool_of(klaviyo).apply(LIST, wanted)
    assert outcome.contacts == {f"c-{ANN}": "P-ann", f"c-{BOB}": "P-bob"}
    assert members(klaviyo) == [ANN, BOB]
    assert len(klaviyo.lists) == 1


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("place", range(1, 9))
def test_a_run_that_ends_at_any_call_is_put_right_by_finding_and_removing(klaviyo, place, is_done):
    klaviyo.job_seconds = 5
    end(klaviyo, place, is_done=is_done)
    with pytest.raises(HttpError):
        tool_of(klaviyo).apply(LIST, changes(adds=[row(ANN), row(BOB)]))
    assert len(klaviyo.faults) == 0
    tool = tool_of(klaviyo)
    found = tool.find(LIST, [ANN, BOB])["contact_id"].to_pylist()
    tool.apply(LIST, changes(removes=[(one, one) for one in found]))
    klaviyo.finish()
    assert members(klaviyo) == []


# What the stand-in holds the client to


def imported(*profiles, **members):
    data = {"type": "profile-bulk-import-job", "attributes": {"profiles": {"data": [*profiles]}}}
    return {"data": {**data, **members}}


def profile(email, **members):
    return {"type": "profile", "attributes": {"email": email}, **members}


def numbered(count):
    return {"data": [{"type": "profile", "id": "P-ann"}] * count}


@pytest.mark.parametrize(
    ("operation", "body", "wrong"),
    [
        ("POST /api/lists", {"data": {"type": "list", "attributes": {}}}, "400.*name is required"),
        (f"POST {IMPORTS}", imported(), "400.*Profiles are required"),
        (f"POST {IMPORTS}", imported(*[profile(ANN)] * 10_001), "400.*too large"),
        (f"POST {IMPORTS}", imported(profile("ann@")), "400.*not right"),
        (f"POST {IMPORTS}", imported(profile(ANN, a="x" * 100_000)), "400.*profile is too large"),
        (f"POST {IMPORTS}", imported(*[profile(ANN, a="x" * 90_000)] * 60), "400.*too large"),
        ("DELETE /api/lists/{id}/relationships/profiles", numbered(1001), "400.*1000 profiles"),
        ("POST /api/lists/{id}/relationships/profiles", numbered(1001), "400.*1000 profiles"),
        (
            "DELETE /api/lists/{id}/relationships/profiles",
            {"data": [{"type": "profile", "email": ANN}]},
            "400.*profiles with ids",
        ),
        (
            "DELETE /api/lists/{id}/relationships/profiles",
            {"data": [{"type": "profile", "id": "P-nobody"}]},
            "404.*does not exist",
        ),
    ],
)
def test_the_stand_in_refuses_what_klaviyo_refuses(klaviyo, operation, body, wrong):
    list_id = klaviyo.add_list(LIST)
    with pytest.raises(HttpError, match=wrong):
        api_of(klaviyo).call(operation, body=body, ids={"id": list_id})
    assert (klaviyo.jobs, klaviyo.members) == ({}, {list_id: {}})


@pytest.mark.parametrize("count", [0, 101])
def test_the_stand_in_answers_no_filter_with_too_many_values(klaviyo, count):
    wanted = json.dumps([ANN] * count)
    with pytest.raises(HttpError, match="too many values, or with none"):
        api_of(klaviyo).get("/api/profiles", {"filter": f"any(email,{wanted})"})


def test_the_stand_in_looks_for_lists_in_one_place_only(klaviyo):
    lists = {"lists": {"data": [{"type": "list", "id": klaviyo.add_list(LIST)}]}}
    body = imported(profile("new@example.com"))
    body["data"]["attributes"]["relationships"] = lists
    api_of(klaviyo).call(f"POST {IMPORTS}", body=body)
    assert members(klaviyo) == []
    # It makes profiles of strangers, as Klaviyo does.
    assert klaviyo.by_email()["new@example.com"]


# What may be called at all


def test_these_calls_and_no_others_change_anything():
    assert sorted(api_module.WRITES) == [
        "DELETE /api/lists/{id}/relationships/profiles",
        "POST /api/lists",
        "POST /api/lists/{id}/relationships/profiles",
        "POST /api/profile-bulk-import-jobs",
    ]


@pytest.mark.parametrize(
    "operation",
    [
        "POST /api/profile-subscription-bulk-create-jobs",
        "POST /api/profile-subscription-bulk-delete-jobs",
        "POST /api/profile-suppression-bulk-delete-jobs",
        "POST /api/data-privacy-deletion-jobs",
        "PATCH /api/profiles/{id}",
        "DELETE /api/lists/{id}",
    ],
)
def test_every_other_write_is_refused_before_it_leaves(klaviyo, operation):
    with pytest.raises(ValueError, match="may change anything in Klaviyo"):
        api_of(klaviyo).call(operation, body={}, ids={"id": "L1"})
    assert klaviyo.calls == []


def test_the_limits_are_those_of_klaviyos_specification():
    published = {name: rates(rule) for name, rule in endpoints().items()}
    told = {name: limit for name, limit in api_module.LIMITS.items() if name in published}
    # The number of members has limits of its own, which stand only in prose.
    assert told | {"GET /api/lists/{id}": (75, 750)} == {name: published[name] for name in told}
    assert set(api_module.LIMITS) <= set(published)
    assert set(published) - set(told) == {"GET /api/lists/{id}/relationships/profiles"}


# What doctor tells


def test_a_key_that_may_do_all_that_is_needed_has_no_problems_and_nothing_is_changed(klaviyo):
    assert list(tool_of(klaviyo).problems()) == []
    assert (klaviyo.lists, klaviyo.jobs) == ([], {})


@pytest.mark.parametrize("scope", ["lists:read", "lists:write", "profiles:read", "profiles:write"])
def test_each_scope_that_is_missing_is_named(klaviyo, scope):
    klaviyo.scopes.remove(scope)
    assert list(tool_of(klaviyo).problems()) == [
        f"the key of Klaviyo lacks the scope {scope}: make one that has it"
    ]


def test_scopes_that_klaviyo_does_not_name_are_told_all_the_same(klaviyo):
    klaviyo.fail(answering(403), when=is_write)
    assert list(tool_of(klaviyo).problems()) == [
        "the key of Klaviyo lacks the scope lists:write or profiles:write: make one that has it"
    ]


def test_a_wrong_key_is_told_once_and_a_silent_host_raises(klaviyo):
    assert list(tool_of(klaviyo, "pk_wrong").problems()) == [
        "Klaviyo does not know the key: make a private one and set WINBACK_KLAVIYO_KEY"
    ]
    klaviyo.fail(answering(500), times=99)
    with pytest.raises(HttpError, match="GET /api/lists was answered 500"):
        list(tool_of(klaviyo).problems())


def test_two_lists_of_ours_with_one_name_are_told(klaviyo):
    for name in ("winback_hold", "winback_hold", "newsletter", "newsletter"):
        klaviyo.add_list(name)
    assert list(tool_of(klaviyo).problems()) == [
        "Klaviyo has 2 lists named winback_hold, of which only the oldest is kept up: "
        "delete the others"
    ]
