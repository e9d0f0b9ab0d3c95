"""What the contract of e-mail tools asks of Mailchimp, sentence by sentence."""

from datetime import date

import pytest

from pipeline.destinations.contract import Outcome
from pipeline.http_answers import HttpError
from tests.stand_ins.faults import answering
from tests.stand_ins.mailchimp import MailchimpStandIn
from tests.stand_ins.mailchimp_answers import problem
from tests.unit.mailchimp_audience import (
    AUDIENCE,
    LIST,
    add,
    changes,
    contact_of,
    fields_of,
    on_list,
    people,
    profile,
    rows,
    tool_of,
)

ANN, BOB = contact_of("ann@example.com"), contact_of("bob@example.com")


@pytest.fixture
def mailchimp():
    with MailchimpStandIn() as server:
        people(server, "ann", "bob")
        yield server


def test_people_are_put_on_a_list_that_is_made_for_them(mailchimp):
    outcome = add(mailchimp, "ann", "bob")
    assert outcome == Outcome(contacts={"ann": ANN, "bob": BOB}, unseen=set())
    assert on_list(mailchimp) == {"ann", "bob"}


def test_an_address_is_matched_trimmed_and_in_lower_case(mailchimp):
    people(mailchimp, "Eve")
    rows_given = [profile("ann", email=" ANN@Example.com "), profile("eve")]
    outcome = tool_of(mailchimp).apply(LIST, changes(adds=rows_given))
    assert outcome.refused == {}
    assert on_list(mailchimp) == {"ann", "Eve"}


def test_whoever_is_no_contact_is_not_made_one(mailchimp):
    outcome = add(mailchimp, "ann", "nobody")
    assert outcome.refused == {"nobody": "not a contact"}
    assert outcome.contacts == {"ann": ANN}
    assert len(mailchimp.members[AUDIENCE]) == 2


def test_an_empty_address_is_refused_without_a_call(mailchimp):
    outcome = tool_of(mailchimp).apply(LIST, changes(adds=[profile("ann", email=" ")]))
    assert outcome.refused == {"ann": "no address"}
    assert mailchimp.called("PATCH", "/") == []


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("unsubscribed", "unsubscribed"),
        ("cleaned", "bounced"),
        ("pending", "not confirmed"),
        ("transactional", "never subscribed"),
        ("archived", "archived"),
    ],
)
def test_whoever_is_not_subscribed_is_not_put_on_and_stays_what_he_is(mailchimp, status, reason):
    people(mailchimp, "ann", status=status)
    assert add(mailchimp, "ann", "bob").refused == {"ann": reason}
    assert on_list(mailchimp) == {"bob"}
    statuses = {one["email_address"]: one["status"] for one in mailchimp.members[AUDIENCE].values()}
    assert statuses == {"ann@example.com": status, "bob@example.com": "subscribed"}


@pytest.mark.parametrize(
    ("title", "detail", "reason"),
    [
        ("Member In Compliance State", "ann@example.com cannot be subscribed.", "in compliance"),
        ("Forgotten Email Not Subscribed", "ann@example.com was deleted.", "deleted for ever"),
        ("Invalid Resource", "Your merge fields were invalid.", "invalid property"),
        ("Invalid Resource", "ann@example.com looks fake or invalid.", "invalid email"),
        ("Something New", "Nobody knows.", "refused by Mailchimp"),
    ],
)
def test_a_refusal_of_one_contact_leaves_the_others(mailchimp, title, detail, reason):
    mailchimp.audience.refusals["ann@example.com"] = problem(400, title, detail)
    outcome = add(mailchimp, "ann", "bob")
    assert outcome.refused["ann"].startswith(reason)
    assert "@" not in outcome.refused["ann"]
    assert on_list(mailchimp) == {"bob"}


def test_whoever_is_refused_is_not_on_the_list_whatever_was_there_before(mailchimp):
    add(mailchimp, "ann", "bob")
    people(mailchimp, "ann", status="unsubscribed")
    refusal = problem(400, "Member In Compliance State", "no")
    mailchimp.audience.refusals["bob@example.com"] = refusal
    known = [profile("ann", contact_id=ANN), profile("bob", contact_id=BOB)]
    outcome = tool_of(mailchimp).apply(LIST, changes(updates=known))
    assert outcome.refused == {"ann": "unsubscribed", "bob": "in compliance state"}
    assert on_list(mailchimp) == set()


def test_an_add_that_is_refused_takes_off_what_an_earlier_try_had_put_on(mailchimp):
    add(mailchimp, "ann")
    people(mailchimp, "ann", status="unsubscribed")
    assert add(mailchimp, "ann").refused == {"ann": "unsubscribed"}
    assert on_list(mailchimp) == set()


def test_repeating_a_call_leaves_what_one_call_leaves(mailchimp):
    tool = tool_of(mailchimp)
    wanted = changes(adds=[profile("ann"), profile("bob")])
    first = tool.apply(LIST, wanted)
    before = fields_of(mailchimp, "ann") | {}
    assert tool.apply(LIST, wanted) == first
    assert on_list(mailchimp) == {"ann", "bob"}
    assert fields_of(mailchimp, "ann") == before
    gone = changes(removes=[{"customer_id": "ann", "contact_id": ANN}])
    assert tool.apply(LIST, gone) == tool.apply(LIST, gone) == Outcome(unseen=set())
    assert on_list(mailchimp) == {"bob"}


def test_an_update_of_a_list_that_is_gone_makes_none(mailchimp):
    outcome = tool_of(mailchimp).apply(LIST, changes(updates=[profile("ann", contact_id=BOB)]))
    assert outcome.contacts == {"ann": ANN}
    assert tool_of(mailchimp).count(LIST) is None


def test_a_removal_takes_the_tag_and_nothing_else(mailchimp):
    add(mailchimp, "ann", "bob")
    mailchimp.audience.put_on(AUDIENCE, "their own", "ann@example.com")
    before = fields_of(mailchimp, "ann") | {}
    gone = changes(removes=[{"customer_id": "ann", "contact_id": ANN}])
    assert tool_of(mailchimp).apply(LIST, gone).refused == {}
    assert on_list(mailchimp) == {"bob"}
    assert on_list(mailchimp, "their own") == {"ann"}
    assert fields_of(mailchimp, "ann") == before


def test_a_removal_finds_a_contact_whose_address_has_changed(mailchimp):
    add(mailchimp, "ann")
    mailchimp.change_address(AUDIENCE, "ann@example.com", "other@example.com")
    gone = changes(removes=[{"customer_id": "ann", "contact_id": ANN}])
    assert tool_of(mailchimp).apply(LIST, gone).refused == {}
    assert on_list(mailchimp) == set()


def test_a_list_is_counted_with_those_who_have_unsubscribed_since(mailchimp):
    assert tool_of(mailchimp).count(LIST) is None
    add(mailchimp, "ann", "bob")
    people(mailchimp, "ann", status="unsubscribed")
    mailchimp.calls.clear()
    assert tool_of(mailchimp).count(LIST) == 2
    assert len(mailchimp.calls) == 2
    assert rows(tool_of(mailchimp).members(LIST)) == {(ANN, "ann"), (BOB, "bob")}


def test_whoever_is_archived_is_on_no_list(mailchimp):
    add(mailchimp, "ann", "bob")
    people(mailchimp, "ann", status="archived")
    tool = tool_of(mailchimp)
    assert tool.count(LIST) == 1
    assert rows(tool.members(LIST)) == {(BOB, "bob")}
    assert rows(tool.find(LIST, ["ann@example.com", "bob@example.com"])) == {(BOB, "bob")}
    gone = changes(removes=[{"customer_id": "ann", "contact_id": ANN}])
    assert tool.apply(LIST, gone).refused == {}
    assert mailchimp.clock.sleeps == []


def test_the_members_of_no_list_are_nobody(mailchimp):
    table = tool_of(mailchimp).members(LIST)
    assert (table.num_rows, table.column_names) == (0, ["contact_id", "email"])


def test_a_long_list_is_read_whole_with_the_ids_that_stay(mailchimp):
    names = [f"p{number}" for number in range(1234)]
    people(mailchimp, *names)
    mailchimp.audience.put_on(AUDIENCE, LIST, *(f"{name}@example.com" for name in names))
    mailchimp.calls.clear()
    found = rows(tool_of(mailchimp).members(LIST))
    assert found == {(contact_of(f"{name}@example.com"), name) for name in names}
    assert len(mailchimp.calls) < 10


def test_ids_that_mailchimp_tells_with_a_list_are_taken(mailchimp):
    add(mailchimp, "ann")
    mailchimp.audience.tags.tells_contact_ids = True
    mailchimp.calls.clear()
    assert rows(tool_of(mailchimp).members(LIST)) == {(ANN, "ann")}
    assert mailchimp.called("GET", f"/lists/{AUDIENCE}/members") == []


def test_finding_costs_a_call_for_each_address(mailchimp):
    names = [f"p{number}" for number in range(600)]
    people(mailchimp, *names)
    mailchimp.audience.put_on(AUDIENCE, LIST, *(f"{name}@example.com" for name in names))
    mailchimp.calls.clear()
    asked = ["P7@example.com ", "p8@example.com", "nobody@example.com"]
    found = rows(tool_of(mailchimp).find(LIST, asked))
    assert {name for _, name in found} == {"p7", "p8"}
    assert len(mailchimp.calls) == 4


def test_whoever_is_not_on_the_list_is_not_found(mailchimp):
    assert tool_of(mailchimp).find(LIST, ["ann@example.com"]).num_rows == 0
    add(mailchimp, "ann")
    found = tool_of(mailchimp).find(LIST, ["ann@example.com", "bob@example.com"])
    assert rows(found) == {(ANN, "ann")}


def test_somebody_with_many_tags_is_found(mailchimp):
    for number in range(60):
        mailchimp.audience.put_on(AUDIENCE, f"tag {number}", "ann@example.com")
    add(mailchimp, "ann")
    assert rows(tool_of(mailchimp).find(LIST, ["ann@example.com"])) == {(ANN, "ann")}


def test_what_mailchimp_is_told_is_in_fields_of_ours(mailchimp):
    add(mailchimp, "ann")
    assert fields_of(mailchimp, "ann") == {
        "FNAME": "",
        "LNAME": "",
        "WB_FNAME": "Ann",
        "WB_STATE": "slipping",
        "WB_VIP": "yes",
        "WB_LAST": "2026-08-01",
        "WB_FAV": "",
        "WB_FAVURL": "",
        "WB_CODE": "",
    }


def test_what_is_not_known_any_more_is_emptied_and_nothing_of_others(mailchimp):
    add(mailchimp, "ann")
    fields_of(mailchimp, "ann")["FNAME"] = "Anna"
    less = profile("ann", contact_id=ANN, winback_lifecycle=None, winback_last_purchase_date=None)
    tool_of(mailchimp).apply(LIST, changes(updates=[less]))
    fields = fields_of(mailchimp, "ann")
    assert (fields["WB_STATE"], fields["WB_LAST"], fields["FNAME"]) == ("", "", "Anna")


def test_texts_are_cut_to_what_a_field_holds_and_what_must_be_whole_is_left_out(mailchimp):
    wanted = profile(
        "ann",
        winback_favourite_product_name="é" * 200,
        winback_favourite_product_url="https://shop.example/" + "x" * 240,
        winback_offer_code="y" * 256,
        winback_last_purchase_date=date(2026, 1, 9),
    )
    assert tool_of(mailchimp).apply(LIST, changes(adds=[wanted])).refused == {}
    fields = fields_of(mailchimp, "ann")
    assert fields["WB_FAV"] == "é" * 127
    assert (fields["WB_FAVURL"], fields["WB_CODE"]) == ("", "")
    assert fields["WB_LAST"] == "2026-01-09"


def test_a_required_field_of_the_audience_does_not_stand_in_the_way(mailchimp):
    mailchimp.audience.add_field(AUDIENCE, "SHOESIZE", required=True)
    assert add(mailchimp, "ann").refused == {}


def test_fields_are_made_once_hidden_from_forms(mailchimp):
    add(mailchimp, "ann")
    add(mailchimp, "bob")
    made = [call.json() for call in mailchimp.called("POST", f"/lists/{AUDIENCE}/merge-fields")]
    assert len({one["tag"] for one in made}) == len(made) == 7
    assert {one["public"] for one in made} == {False}


def test_problems_are_told_and_change_nothing(mailchimp):
    def problems(**key):
        return list(tool_of(mailchimp, **key).problems())

    assert problems() == []
    assert "does not know the key" in problems(key="wrong-us10")[0]
    assert "has no such audience" in problems(list_id="nowhere")[0]
    mailchimp.fail(answering(403, {"title": "Forbidden"}))
    assert "may not read the audience" in problems()[0]
    for number in range(9):
        mailchimp.audience.add_field(AUDIENCE, f"OWN{number}")
    assert "has 14 fields and 18 of Winback's are missing; it holds 30 (80" in problems()[0]
    mailchimp.audience.add_field(AUDIENCE, "WB_LAST", "number")
    assert "WB_LAST is of type number and has to be date" in problems()[-1]
    assert {call.method for call in mailchimp.calls} == {"GET"}


def test_problems_are_no_answer_where_mailchimp_gives_none(mailchimp):
    mailchimp.fail(answering(500), times=3)
    with pytest.raises(HttpError, match="answered 500"):
        list(tool_of(mailchimp).problems())
