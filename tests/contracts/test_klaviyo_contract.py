"""What the stand-in for Klaviyo answers is what Klaviyo's own models and library read."""

import json

import pytest

from tests.stand_ins.klaviyo import KEY, KlaviyoStandIn
from tests.stand_ins.klaviyo_imports import KlaviyoAccount
from tests.unit.klaviyo_account import add_people, changes, row, tool_of


@pytest.fixture
def klaviyo():
    with KlaviyoStandIn() as server:
        server.add_metric("OPEN", "Opened Email")
        server.add_event("e1", "OPEN", "P1", "2026-11-01T10:00:00+00:00", machine_open=True)
        server.add_profile(
            "P1",
            "ann@example.com",
            updated="2026-11-01T10:00:00+00:00",
            suppressions=[("HARD_BOUNCE", "2026-11-01T10:00:00+00:00")],
        )
        yield server


@pytest.fixture
def library(klaviyo):
    from klaviyo_api import KlaviyoAPI

    return KlaviyoAPI(KEY, max_delay=1, max_retries=1, test_host=klaviyo.base_url)


def test_events_are_read_by_klaviyos_own_library(library):
    wanted = 'equals(metric_id,"OPEN"),greater-or-equal(datetime,2026-11-01T00:00:00Z)'
    answer = library.Events.get_events(filter=wanted, sort="datetime", page_size=1000)
    (event,) = answer.data
    assert event.id == "e1"
    assert event.attributes.event_properties == {"machine_open": True}
    assert event.relationships.profile.data.id == "P1"


def test_profiles_are_read_by_klaviyos_own_library(library):
    answer = library.Profiles.get_profiles(
        additional_fields_profile=["subscriptions"], page_size=100, sort="updated"
    )
    (profile,) = answer.data
    marketing = profile.attributes.subscriptions.email.marketing
    assert profile.attributes.email == "ann@example.com"
    assert marketing.consent == "SUBSCRIBED"
    assert [one.reason for one in marketing.suppression] == ["HARD_BOUNCE"]


def test_metrics_are_read_by_klaviyos_own_library(library):
    (metric,) = library.Metrics.get_metrics().data
    assert metric.attributes.name == "Opened Email"


@pytest.fixture
def account():
    with KlaviyoAccount() as server:
        add_people(server, "ann", "bob", "carl")
        yield server


@pytest.fixture
def library_of_account(account):
    from klaviyo_api import KlaviyoAPI

    return KlaviyoAPI(KEY, max_delay=1, max_retries=1, test_host=account.base_url)


def test_lists_are_made_found_and_counted_by_klaviyos_own_library(account, library_of_account):
    from openapi_client.models import ListCreateQuery

    lists = library_of_account.Lists
    wanted = {"data": {"type": "list", "attributes": {"name": "winback_hold"}}}
    made = lists.create_list(ListCreateQuery.from_dict(wanted))
    account.join(made.data.id, "P-ann")
    (found,) = lists.get_lists(filter='any(name,["winback_hold"])', sort="created").data
    assert (found.id, found.attributes.name) == (made.data.id, "winback_hold")
    counted = lists.get_list(found.id, additional_fields_list=["profile_count"])
    assert counted.data.attributes.profile_count == 1


def test_members_are_put_on_read_and_taken_off_by_klaviyos_own_library(account, library_of_account):
    from openapi_client.models import ListMembersAddQuery, ListMembersDeleteQuery

    lists, list_id = library_of_account.Lists, account.add_list("winback_hold")
    people = {"data": [{"type": "profile", "id": "P-ann"}, {"type": "profile", "id": "P-bob"}]}
    lists.add_profiles_to_list(list_id, ListMembersAddQuery.from_dict(people))
    wanted = 'any(email,["ann@example.com","carl@example.com"])'
    (member,) = lists.get_profiles_for_list(list_id, filter=wanted, page_size=100).data
    assert (member.id, member.attributes.email) == ("P-ann", "ann@example.com")
    assert member.attributes.joined_group_at
    lists.remove_profiles_from_list(list_id, ListMembersDeleteQuery.from_dict(people))
    assert lists.get_profiles_for_list(list_id).data == []


def test_imports_are_followed_to_their_errors_by_klaviyos_own_library(account, library_of_account):
    from openapi_client.models import ProfileImportJobCreateQuery

    profiles, list_id = library_of_account.Profiles, account.add_list("winback_hold")
    account.conflicting = {"bob@example.com": "email"}
    people = [
        {"type": "profile", "attributes": {"email": f"{one}@example.com"}} for one in ("ann", "bob")
    ]
    wanted = {
        "data": {
            "type": "profile-bulk-import-job",
            "attributes": {"profiles": {"data": people}},
            "relationships": {"lists": {"data": [{"type": "list", "id": list_id}]}},
        }
    }
    account.job_seconds = 10
    job = profiles.bulk_import_profiles(ProfileImportJobCreateQuery.from_dict(wanted)).data
    (waiting,) = profiles.get_bulk_import_profiles_jobs(
        filter='any(status,["queued","processing"])'
    ).data
    assert (waiting.id, waiting.attributes.status) == (job.id, "queued")
    assert [one.id for one in waiting.relationships.lists.data] == [list_id]
    account.clock.sleep(10)
    done = profiles.get_bulk_import_profiles_job(job.id).data.attributes
    assert (done.status, done.completed_count, done.failed_count) == ("complete", 1, 1)
    (error,) = profiles.get_errors_for_bulk_import_profiles_job(job.id, page_size=100).data
    assert error.attributes.source.pointer == "/data/attributes/profiles/data/1/attributes/email"
    assert account.emails_on("winback_hold") == {"ann@example.com"}


def test_all_that_the_client_writes_is_known_to_klaviyos_own_models(account):
    from openapi_client.models import (
        ListCreateQuery,
        ListMembersAddQuery,
        ListMembersDeleteQuery,
        ProfileImportJobCreateQuery,
    )

    tool, name = tool_of(account), "winback_hold"
    tool.apply(name, changes(adds=[row("ann@example.com", winback_offer_code=None)]))
    tool.apply(name, changes(updates=[row("bob@example.com", "c1", contact_id="P-ann")]))
    tool.apply(name, changes(removes=[("c1", "P-bob")]))
    members = "/api/lists/L00000/relationships/profiles"
    models = {
        ("POST", "/api/lists"): ListCreateQuery,
        ("POST", "/api/profile-bulk-import-jobs"): ProfileImportJobCreateQuery,
        ("POST", members): ListMembersAddQuery,
        ("DELETE", members): ListMembersDeleteQuery,
    }
    written = [call for call in account.calls if call.method != "GET"]
    assert {(call.method, call.path) for call in written} == set(models)
    for call in written:
        body = call.json()
        # A model drops what it does not know, so nothing may be missing when it is written again.
        again = models[call.method, call.path].from_dict(body).to_json()
        assert without_nulls(json.loads(again)) == body


def without_nulls(value):
    if isinstance(value, list):
        return [without_nulls(one) for one in value]
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    return value
