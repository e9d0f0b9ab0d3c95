"""What the stand-in takes and answers of lists, and what the client sends, is Brevo's own."""

import inspect
import re

import pytest

from pipeline.apis.brevo import WRITES, BrevoApi
from pipeline.destinations.brevo import BrevoTool
from tests.stand_ins.brevo import KEY
from tests.stand_ins.brevo_lists import BODIES, BrevoListsStandIn
from tests.unit.tool_changes import adding, person, removing

AT = "2026-11-01T00:00:00.000+00:00"
METHODS = {
    "POST /contacts/folders": "create_folder",
    "POST /contacts/lists": "create_list",
    "POST /contacts/attributes/normal/{name}": "create_attribute",
    "POST /contacts/import": "import_contacts",
    "PUT /contacts/{id}": "update_contact",
    "POST /emailCampaigns/{id}/exportRecipients": "email_export_recipients",
}
ELSEWHERE = {
    *("identifier", "identifierType", "attributeCategory", "attributeName", "requestOptions"),
    *("self", "campaignId"),
}
"""Parameters of the library that travel in the address."""


@pytest.fixture
def brevo():
    with BrevoListsStandIn() as server:
        for number in range(3):
            server.add_contact(f"p{number}@example.com", modified=AT)
        # The library waits by another clock.
        server.fast[0].calls = 1000
        yield server


@pytest.fixture
def library(brevo):
    from brevo import Brevo

    return Brevo(api_key=KEY, base_url=brevo.base_url)


def names_of(method) -> set[str]:
    """Return the names of a method's parameters as they travel."""
    names = inspect.signature(method).parameters
    as_sent = {
        name if name == "ext_id" else re.sub(r"_(\w)", lambda found: found[1].upper(), name)
        for name in names
    }
    return as_sent - ELSEWHERE


@pytest.mark.parametrize("call", METHODS)
def test_the_stand_in_and_the_client_know_the_names_of_brevos_own_library(library, call):
    at = library.email_campaigns if call.startswith("POST /emailC") else library.contacts
    there = names_of(getattr(at, METHODS[call]))
    [sent] = [names for one, names in WRITES.items() if one.partition("?")[0] == call]
    assert set(sent) <= there
    assert BODIES.get(call, there) == there


@pytest.mark.parametrize("kind", ["add", "remove"])
def test_lists_are_changed_by_what_brevos_own_library_knows(library, kind):
    from brevo.contacts import types

    told = "AddContactToListRequestBody" if kind == "add" else "RemoveContactFromListRequestBody"
    there = set()
    for name in ("Emails", "Ids", "ExtIds", *(["All"] if kind == "remove" else [])):
        model = getattr(types, told + name)
        there |= {field.alias or name for name, field in model.model_fields.items()}
    assert BODIES[f"POST /contacts/lists/{{id}}/contacts/{kind}"] == there
    assert WRITES[f"POST /contacts/lists/{{id}}/contacts/{kind}"] == ("ids",)


def test_brevos_own_library_does_all_that_the_client_does(library, brevo):
    from brevo.contacts import (
        AddContactToListRequestBodyIds,
        ImportContactsRequestJsonBodyItem,
        RemoveContactFromListRequestBodyIds,
    )

    contacts = library.contacts
    folder = contacts.create_folder(name="Winback").id
    made = contacts.create_list(folder_id=folder, name="winback_slipping").id
    assert [one.name for one in contacts.get_lists(limit=50, offset=0, sort="asc").lists] == [
        "winback_slipping"
    ]
    assert contacts.get_folders(limit=50, offset=0, sort="asc").count == 1
    contacts.create_attribute("normal", "WINBACK_OFFER_CODE", type="text")
    there = {one.name: one.type for one in contacts.get_attributes().attributes}
    assert there["WINBACK_OFFER_CODE"] == "text"
    started = contacts.import_contacts(
        json_body=[
            ImportContactsRequestJsonBodyItem(
                email="p0@example.com", attributes={"WINBACK_OFFER_CODE": "BACK10"}
            )
        ],
        list_ids=[made],
        update_existing_contacts=True,
        empty_contacts_attributes=False,
        disable_notification=True,
    )
    brevo.polls = 0
    for _ in range(3):
        process = library.process.get_process(started.process_id)
    assert (process.name, process.status) == ("IMPORTUSER", "completed")
    numbers = [one["id"] for one in brevo.contacts]
    added = contacts.add_contact_to_list(made, request=AddContactToListRequestBodyIds(ids=numbers))
    assert (added.contacts.success, added.contacts.failure) == (numbers[1:], numbers[:1])
    contacts.update_contact(
        numbers[1], identifier_type="contact_id", attributes={"WINBACK_OFFER_CODE": "X"}
    )
    read = contacts.get_contacts(ids=numbers[:2], limit=20, offset=0)
    assert [one.attributes.WINBACK_OFFER_CODE for one in read.contacts] == ["BACK10", "X"]
    one = contacts.get_contact_info("p1@example.com", identifier_type="email_id")
    assert (one.id, one.list_ids, one.email_blacklisted) == (numbers[1], [7, made], False)
    page = contacts.get_contacts_from_list(made, limit=500, offset=0, sort="asc")
    assert page.count == 3
    contacts.remove_contact_from_list(
        made, request=RemoveContactFromListRequestBodyIds(ids=numbers[:1])
    )
    assert contacts.get_contacts_from_list(made, limit=1, offset=0).count == 2


def test_brevos_own_library_is_told_of_nothing_to_do_as_the_client_is(library, brevo):
    from brevo.contacts import RemoveContactFromListRequestBodyIds
    from brevo.core.api_error import ApiError

    api = BrevoApi(KEY, base_url=brevo.base_url, sleep=brevo.clock.sleep, clock=brevo.clock)
    BrevoTool(api).apply("winback_slipping", adding(person("p0")))
    number = brevo.lists[0]["id"]
    with pytest.raises(ApiError) as caught:
        library.contacts.remove_contact_from_list(
            number, request=RemoveContactFromListRequestBodyIds(ids=[999])
        )
    assert caught.value.status_code == 400
    assert BrevoTool(api).apply("winback_slipping", removing(999)).refused == {}
