"""What the client asks of Mailchimp, and what the stand-in answers, is what Mailchimp specifies."""

from datetime import datetime

import pytest
import requests

from pipeline.apis.mailchimp import MailchimpApi
from pipeline.destinations.mailchimp_suppressions import MailchimpSuppressions
from pipeline.sources.mailchimp import MailchimpClient
from tests.stand_ins.mailchimp import KEY, MailchimpStandIn

instant = datetime.fromisoformat
AT = "2026-11-18T10:00:00+00:00"


@pytest.fixture
def mailchimp():
    with MailchimpStandIn() as server:
        server.add_member("audience", "ann@example.com", changed=AT)
        server.complaints["audience"].append(
            {"id": 1, "email_address": "bob@example.com", "date": AT, "list_id": "audience"}
        )
        server.add_campaign("c1", AT)
        server.add_row("c1", "sent-to", "ann@example.com", status="sent", open_count=1)
        server.add_row("c1", "open-details", "ann@example.com", opens=[{"timestamp": AT}])
        deed = {"action": "click", "timestamp": AT, "url": "https://a.example"}
        server.add_row("c1", "email-activity", "ann@example.com", activity=[deed])
        server.add_row("c1", "unsubscribed", "ann@example.com", timestamp=AT, reason="none")
        server.add_row("c1", "abuse-reports", "ann@example.com", date=AT)
        yield server


@pytest.fixture
def contract(mailchimp_specification, mailchimp):
    from openapi_core import Config, OpenAPI

    specification = {**mailchimp_specification, "servers": [{"url": mailchimp.base_url}]}
    # Mailchimp's document itself has flaws that a validator of documents stumbles over.
    return OpenAPI.from_dict(specification, config=Config(spec_validator_cls=None))


def held_against(contract, server: MailchimpStandIn) -> int:
    from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse

    calls = list(server.calls)
    for call in calls:
        request = requests.Request(
            call.method, server.base_url + call.path, params=call.query, headers=dict(call.headers)
        )
        contract.validate_request(RequestsOpenAPIRequest(request))
        with requests.Session() as session:
            response = session.send(request.prepare(), timeout=5)
        assert response.status_code == 200
        contract.validate_response(
            RequestsOpenAPIRequest(request), RequestsOpenAPIResponse(response)
        )
    return len(calls)


def test_reports_and_members_are_asked_for_as_mailchimp_specifies(contract, mailchimp):
    client = MailchimpClient(
        MailchimpApi(KEY, base_url=mailchimp.base_url), now=lambda: instant("2026-11-20")
    )
    for stream in ("reports", "members"):
        for since in ("0001-01-01", "2026-11-17", "2026-11-19"):
            assert list(client.pages(stream, instant(since), instant("2026-11-20"))) or since > AT
    assert held_against(contract, mailchimp) == 23


def test_suppressions_are_asked_for_as_mailchimp_specifies(contract, mailchimp):
    api = MailchimpApi(KEY, base_url=mailchimp.base_url)
    reader = MailchimpSuppressions(api, "audience", now=lambda: instant("2026-11-20"))
    assert len(list(reader.suppressions(instant("2026-11-17")))) == 2
    assert held_against(contract, mailchimp) == 2


def test_a_page_beyond_the_limit_is_no_valid_request(contract, mailchimp):
    from openapi_core.contrib.requests import RequestsOpenAPIRequest
    from openapi_core.exceptions import OpenAPIError

    request = requests.Request("GET", f"{mailchimp.base_url}/campaigns", params={"count": 1001})
    with pytest.raises(OpenAPIError):
        contract.validate_request(RequestsOpenAPIRequest(request))
