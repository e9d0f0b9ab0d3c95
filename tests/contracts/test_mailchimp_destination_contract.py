"""What lists cost in calls is what Mailchimp specifies, and its own library drives the stand-in."""

import json

import pytest

from pipeline.apis.mailchimp import BODIES
from tests.stand_ins.calls import Call, Reply
from tests.stand_ins.faults import Fault
from tests.stand_ins.mailchimp import KEY, MailchimpStandIn, member_id
from tests.stand_ins.mailchimp_answers import problem
from tests.stand_ins.mailchimp_rules import RULES
from tests.unit.mailchimp_audience import (
    AUDIENCE,
    LIST,
    changes,
    contact_of,
    on_list,
    people,
    profile,
    tool_of,
)

ANN = contact_of("ann@example.com")


class Recorder(MailchimpStandIn):
    """Keeps each answer beside its call."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[tuple[Call, Reply]] = []

    def answer(self, call: Call) -> tuple[Reply, Fault | None]:
        reply, fault = super().answer(call)
        self.exchanges.append((call, reply))
        return reply, fault


@pytest.fixture
def mailchimp():
    with Recorder() as server:
        people(server, "ann", "bob")
        people(server, "eve", status="unsubscribed")
        yield server


@pytest.fixture
def contract(mailchimp_specification, mailchimp):
    from openapi_core import Config, OpenAPI

    specification = {**mailchimp_specification, "servers": [{"url": mailchimp.base_url}]}
    return OpenAPI.from_dict(specification, config=Config(spec_validator_cls=None))


@pytest.fixture
def library(mailchimp):
    from mailchimp_marketing import Client

    client = Client({"api_key": KEY})
    client.lists.api_client.host = mailchimp.base_url
    return client.lists


def held_against(contract, server: Recorder) -> set[str]:
    """Validate all that went over the wire; return the kinds of calls that were seen."""
    from openapi_core.testing import MockRequest, MockResponse

    seen = set()
    for call, reply in server.exchanges:
        request = MockRequest(
            server.base_url,
            call.method,
            call.path,
            args={name: values[0] for name, values in call.query.items()},
            headers={"Authorization": call.headers["Authorization"]},
            data=call.body or None,
            content_type="application/json",
        )
        contract.validate_request(request)
        # Errors are problem+json, of the same schema, which the validator does not read.
        response = MockResponse(
            reply.content(), status_code=reply.status, content_type="application/json"
        )
        contract.validate_response(request, response)
        seen.add(f"{call.method} {reply.status}")
    return seen


def test_a_push_asks_and_reads_as_mailchimp_specifies(contract, mailchimp):
    mailchimp.audience.refusals["bob@example.com"] = problem(400, "Invalid Resource", "no")
    for number in range(60):
        mailchimp.audience.put_on(AUDIENCE, f"tag {number}", "ann@example.com")
    tool = tool_of(mailchimp)
    names = ("ann", "bob", "eve", "nobody")
    outcome = tool.apply(LIST, changes(adds=[profile(name) for name in names]))
    assert set(outcome.refused) == {"bob", "eve", "nobody"}
    assert list(tool.problems()) == []
    assert tool.count(LIST) == tool.members(LIST).num_rows == 1
    assert tool.find(LIST, ["ann@example.com"]).num_rows == 1
    mailchimp.audience.tags.refusals = {"ann@example.com": "no"}
    gone = changes(removes=[{"customer_id": "ann", "contact_id": ANN}])
    assert tool.apply(LIST, gone).refused == {}
    expected = {"GET 200", "POST 200", "POST 204", "PATCH 200", "PATCH 400", "PATCH 404"}
    assert held_against(contract, mailchimp) == expected


def test_the_rules_of_the_stand_in_are_mailchimps(mailchimp_specification):
    for endpoint, rule in RULES.items():
        method, path = endpoint.split(" ")
        told = mailchimp_specification["paths"][path][method.lower()]
        shared = mailchimp_specification["components"].get("parameters", {})
        parameters = [
            shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
            for one in told["parameters"]
        ]
        assert set(rule.query) == {one["name"] for one in parameters if one["in"] == "query"}
        if method == "GET":
            continue
        body = told["requestBody"]["content"]["application/json"]["schema"]
        assert rule.body.keys() <= body["properties"].keys()
        assert set(rule.required) == set(body.get("required", []))


def test_no_call_can_send_what_mailchimp_does_not_specify(mailchimp_specification):
    for endpoint, names in BODIES.items():
        method, path = endpoint.split(" ")
        told = mailchimp_specification["paths"][path][method.lower()]
        body = told["requestBody"]["content"]["application/json"]["schema"]
        assert names <= body["properties"].keys()
        assert "status" not in names


def test_mailchimps_own_library_keeps_lists(library, mailchimp):
    made = library.create_segment(AUDIENCE, {"name": LIST, "static_segment": []})
    body = {"members_to_add": ["ann@example.com", "nobody@example.com"]}
    changed = library.batch_segment_members(body, AUDIENCE, made["id"])
    assert [one["email_address"] for one in changed["members_added"]] == ["ann@example.com"]
    assert changed["errors"][0]["email_addresses"] == ["nobody@example.com"]
    (found,) = library.list_segments(AUDIENCE, type="static", count=1000)["segments"]
    assert (found["id"], found["name"], found["member_count"]) == (made["id"], LIST, 1)
    (member,) = library.get_segment_members_list(AUDIENCE, made["id"])["members"]
    assert member["id"] == member_id("ann@example.com")
    library.update_list_member_tags(
        AUDIENCE, member["id"], {"tags": [{"name": LIST, "status": "inactive"}]}
    )
    assert library.get_segment(AUDIENCE, made["id"])["member_count"] == 0
    assert on_list(mailchimp) == set()


def test_mailchimps_own_library_reads_contacts_by_either_id(library, mailchimp):
    tool_of(mailchimp).apply(LIST, changes(adds=[profile("ann")]))
    for who in (ANN, member_id("ann@example.com")):
        member = library.get_list_member(AUDIENCE, who)
        assert member["merge_fields"]["WB_LAST"] == "2026-08-01"
        assert [tag["name"] for tag in member["tags"]] == [LIST]
    fields = library.get_list_merge_fields(AUDIENCE, count=1000)["merge_fields"]
    assert {one["type"] for one in fields if one["tag"] == "WB_LAST"} == {"date"}
    assert library.get_list_member_tags(AUDIENCE, ANN)["total_items"] == 1


def test_more_members_than_one_call_may_change_are_refused_to_mailchimps_own_library(library):
    from mailchimp_marketing.api_client import ApiClientError

    made = library.create_segment(AUDIENCE, {"name": LIST, "static_segment": []})
    many = [f"p{number}@example.com" for number in range(501)]
    with pytest.raises(ApiClientError) as caught:
        library.batch_segment_members({"members_to_add": many}, AUDIENCE, made["id"])
    assert "more than 500" in json.dumps(caught.value.text)
