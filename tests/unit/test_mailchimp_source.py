from datetime import datetime, timedelta

import pytest

from pipeline.apis.mailchimp import MailchimpApi
from pipeline.destinations.mailchimp_suppressions import MailchimpSuppressions
from pipeline.http import Patience
from pipeline.http_answers import HttpError
from pipeline.sources.mailchimp import MailchimpClient
from tests.stand_ins.calls import Call
from tests.stand_ins.faults import DROPPED, answering, too_many_requests
from tests.stand_ins.mailchimp import KEY, MailchimpStandIn

instant = datetime.fromisoformat
NOW = instant("2026-11-20 12:00")
BEGINNING = instant("0001-01-01")
FORBIDDEN = answering(403, b"<html>Forbidden</html>", {"Content-Type": "text/html"})


@pytest.fixture
def mailchimp():
    with MailchimpStandIn() as server:
        server.add_list("audience")
        yield server


def api_of(server: MailchimpStandIn, key: str = KEY) -> MailchimpApi:
    return MailchimpApi(
        key,
        base_url=server.base_url,
        patience=Patience(silence_seconds=2, attempts=8),
        sleep=server.clock.sleep,
        clock=server.clock,
    )


def read(server, stream, since=BEGINNING, until=NOW, list_id=None) -> list[dict]:
    client = MailchimpClient(api_of(server), list_id=list_id, now=lambda: NOW)
    return [one for page in client.pages(stream, since, until) for one in page]


def told(records: list[dict]) -> list[tuple[str, str, str]]:
    return [(r["report"], r["campaign"]["id"], r["row"]["email_address"]) for r in records]


def changed(second: int) -> str:
    return (instant("2026-11-01T00:00:00+00:00") + timedelta(seconds=second)).isoformat()


def test_each_report_of_a_campaign_is_read_with_the_campaigns_moment(mailchimp):
    mailchimp.add_campaign("c1", "2026-11-19T08:00:00+00:00")
    for report in ("sent-to", "email-activity", "open-details", "unsubscribed", "abuse-reports"):
        mailchimp.add_row("c1", report, "ann@example.com", activity=[], opens=[])
    found = read(mailchimp, "reports", since=instant("2026-11-19"))
    names = ("sent_to", "activity", "opens", "unsubscribes", "abuse")
    assert told(found) == [(name, "c1", "ann@example.com") for name in names]
    assert found[0]["campaign"] == {
        "id": "c1",
        "send_time": "2026-11-19T08:00:00+00:00",
        "list_id": "audience",
    }


def test_campaigns_of_the_last_month_are_read_again_for_what_is_new(mailchimp):
    mailchimp.add_campaign("old", "2026-10-01T08:00:00+00:00")
    mailchimp.add_campaign("lively", "2026-11-01T08:00:00+00:00")
    late = {"action": "click", "timestamp": "2026-11-19T10:00:00+00:00", "url": "u"}
    early = {"action": "click", "timestamp": "2026-11-02T10:00:00+00:00", "url": "u"}
    for campaign in ("old", "lively"):
        mailchimp.add_row(campaign, "sent-to", "ann@example.com", status="sent")
        mailchimp.add_row(campaign, "unsubscribed", "bob@example.com")
        mailchimp.add_row(campaign, "email-activity", "ann@example.com", activity=[early, late])
    found = read(mailchimp, "reports", since=instant("2026-11-18"))
    assert told(found) == [
        ("activity", "lively", "ann@example.com"),
        ("unsubscribes", "lively", "bob@example.com"),
    ]
    assert found[0]["row"]["activity"] == [late]


def test_the_first_load_reads_every_campaign_whole(mailchimp):
    mailchimp.add_campaign("first", "2012-01-01T08:00:00+00:00")
    mailchimp.add_row("first", "sent-to", "ann@example.com", status="sent")
    assert told(read(mailchimp, "reports")) == [("sent_to", "first", "ann@example.com")]


def test_reports_of_many_recipients_come_whole(mailchimp):
    mailchimp.add_campaign("c1", "2026-11-19T08:00:00+00:00")
    for number in range(2345):
        mailchimp.add_row("c1", "sent-to", f"p{number}@example.com", status="sent")
    found = read(mailchimp, "reports", since=instant("2026-11-19"))
    assert len({one["row"]["email_id"] for one in found}) == 2345


def test_members_are_read_by_the_time_of_their_change(mailchimp):
    mailchimp.add_list("other")
    mailchimp.add_member("audience", "before@example.com", changed="2026-11-17T23:59:59+00:00")
    mailchimp.add_member("audience", "start@example.com", changed="2026-11-18T00:00:00+00:00")
    mailchimp.add_member("other", "within@example.com", changed="2026-11-18T10:00:00+00:00")
    mailchimp.add_member("audience", "after@example.com", changed="2026-11-19T00:00:00+00:00")
    found = read(mailchimp, "members", instant("2026-11-18"), instant("2026-11-19"))
    assert [(one["list_id"], one["email_address"]) for one in found] == [
        ("audience", "start@example.com"),
        ("other", "within@example.com"),
    ]


def test_one_audience_alone_can_be_read(mailchimp):
    mailchimp.add_list("other")
    mailchimp.add_member("audience", "a@example.com", changed=changed(1))
    mailchimp.add_member("other", "b@example.com", changed=changed(1))
    found = read(mailchimp, "members", list_id="other")
    assert [one["email_address"] for one in found] == ["b@example.com"]


def test_nobody_is_skipped_when_somebody_changes_between_pages(mailchimp):
    for number in range(2500):
        mailchimp.add_member("audience", f"p{number:04}@example.com", changed=changed(number))

    def change_those_read(call: Call) -> None:
        mailchimp.page_turned = lambda call: None
        for number in range(500):
            mailchimp.add_member(
                "audience", f"p{number:04}@example.com", changed="2026-11-20T11:59:00+00:00"
            )

    mailchimp.page_turned = change_those_read
    found = read(mailchimp, "members", since=instant("2026-11-01"))
    assert len({one["email_address"] for one in found}) == 2500
    # By offset, as one would expect it to be done, 500 are never seen.
    by_offset = [call.one("offset") for call in mailchimp.called("GET", "/lists/audience/members")]
    assert set(by_offset) == {"0"}


def test_who_leaves_a_second_that_many_changed_in_hides_nobody(mailchimp):
    for number in range(2500):
        mailchimp.add_member("audience", f"p{number:04}@example.com", changed=changed(0))
    first = min(mailchimp.members["audience"].values(), key=lambda one: one["id"])

    def change(call: Call) -> None:
        mailchimp.page_turned = lambda call: None
        first["last_changed"] = "2026-11-20T12:00:00+00:00"

    mailchimp.page_turned = change
    found = read(mailchimp, "members", since=instant("2026-11-01"))
    assert len({one["email_address"] for one in found}) == 2500


def test_more_members_of_one_second_than_a_page_holds_come_whole(mailchimp):
    for number in range(2500):
        mailchimp.add_member("audience", f"p{number:04}@example.com", changed=changed(7))
    mailchimp.add_member("audience", "last@example.com", changed=changed(9))
    found = read(mailchimp, "members")
    assert len({one["email_address"] for one in found}) == 2501


def test_a_refusal_without_json_is_one_for_haste(mailchimp):
    mailchimp.add_member("audience", "a@example.com", changed=changed(1))
    mailchimp.fail(FORBIDDEN, times=2)
    mailchimp.fail(too_many_requests())
    mailchimp.fail(DROPPED)
    assert len(read(mailchimp, "members")) == 1
    assert mailchimp.clock.sleeps == [1, 2, 4, 8]


def test_a_refusal_in_json_is_meant(mailchimp):
    mailchimp.fail(answering(403, {"title": "Forbidden", "status": 403}))
    with pytest.raises(HttpError, match="answered 403: Forbidden"):
        read(mailchimp, "members")
    assert mailchimp.clock.sleeps == []


def test_calls_come_one_at_a_time(mailchimp):
    mailchimp.add_campaign("c1", "2026-11-19T08:00:00+00:00")
    read(mailchimp, "reports")
    assert all(int(call.one("count")) <= 1000 for call in mailchimp.calls)


def test_a_key_without_a_data_centre_is_refused():
    with pytest.raises(ValueError, match="data centre"):
        MailchimpApi("0123456789abcdef")


def test_problems_are_told(mailchimp):
    def problems(key=KEY, list_id=None):
        return MailchimpClient(api_of(mailchimp, key), list_id=list_id).problems()

    assert problems() == []
    assert "does not know the key" in problems("wrong-us10")[0]
    assert "has no such audience" in problems(list_id="nowhere")[0]
    mailchimp.fail(answering(403, {"title": "Forbidden"}))
    assert "may not read audiences" in problems()[0]


def test_who_is_not_mailed_is_told_with_the_reason(mailchimp):
    add = mailchimp.add_member
    for status in ("subscribed", "unsubscribed", "cleaned", "pending", "transactional", "archived"):
        add("audience", f"{status}@example.com", changed=changed(1), status=status)
    mailchimp.complaints["audience"].append(
        {"email_address": "angry@example.com", "date": "2026-11-02T00:00:00+00:00"}
    )
    reader = MailchimpSuppressions(api_of(mailchimp), "audience", now=lambda: NOW)
    found = {one.email.partition("@")[0]: one.reason for one in reader.suppressions(None)}
    assert found == {
        "unsubscribed": "unsubscribed",
        "cleaned": "hard_bounce",
        "pending": "pending",
        "transactional": "never_subscribed",
        "archived": "suppressed",
        "angry": "complained",
    }
    since = {one.email: one.reason for one in reader.suppressions(instant("2026-11-01"))}
    assert since["subscribed@example.com"] == ""
    assert next(iter(reader.suppressions(instant("2026-11-10")))).reason == "complained"
