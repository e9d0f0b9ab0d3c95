"""What the stand-in for Brevo answers is what Brevo's own library reads."""

import pytest

from tests.stand_ins.brevo import KEY, BrevoStandIn

AT = "2026-11-19T00:00:00.000+00:00"


@pytest.fixture
def brevo():
    with BrevoStandIn() as server:
        server.add_contact("ann@example.com", modified=AT, emailBlacklisted=True)
        server.add_event("loadedByProxy", "ann@example.com", AT)
        server.campaigns = [{"id": 5, "name": "News", "sentDate": AT}]
        yield server


@pytest.fixture
def library(brevo):
    from brevo import Brevo

    return Brevo(api_key=KEY, base_url=brevo.base_url)


def test_contacts_are_read_by_brevos_own_library(library):
    answer = library.contacts.get_contacts(limit=1000, offset=0, modified_since=AT, sort="asc")
    assert answer.count == 1
    assert answer.contacts[0].email_blacklisted is True


def test_events_are_read_by_brevos_own_library(library):
    answer = library.transactional_emails.get_email_event_report(
        limit=5000, offset=0, start_date="2026-11-19", end_date="2026-11-19", sort="asc"
    )
    (event,) = answer.events
    assert (event.event, event.email) == ("loadedByProxy", "ann@example.com")


def test_recipients_are_exported_by_brevos_own_library(library, brevo):
    started = library.email_campaigns.email_export_recipients(5, recipients_type="openers")
    brevo.polls = 0
    for _ in range(3):
        process = library.process.get_process(started.process_id)
    assert process.status == "completed"
    assert process.export_url.startswith(brevo.base_url)
