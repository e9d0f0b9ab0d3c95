"""What the stand-in for Klaviyo answers is what Klaviyo's own models and library read."""

import pytest

from tests.stand_ins.klaviyo import KEY, KlaviyoStandIn


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
