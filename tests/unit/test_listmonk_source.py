from datetime import datetime

import pytest

from pipeline.apis.listmonk import ListmonkApi
from pipeline.destinations.listmonk_suppressions import ListmonkSuppressions
from pipeline.sources.listmonk import ListmonkClient
from tests.stand_ins.calls import Call
from tests.stand_ins.faults import DROPPED, answering
from tests.stand_ins.listmonk import TOKEN, USER, ListmonkStandIn, on_list
from tests.unit.mapping import mapped

instant = datetime.fromisoformat
BEGINNING = instant("0001-01-01")
NOW = instant("2026-11-20 12:00")
OLD, NEW = "2024-01-01T00:00:00.000000+01:00", "2026-01-01T00:00:00.000000+01:00"


@pytest.fixture
def listmonk():
    with ListmonkStandIn() as server:
        yield server


def api_of(server: ListmonkStandIn, token: str = TOKEN) -> ListmonkApi:
    return ListmonkApi(server.base_url + "/", USER, token, sleep=server.clock.sleep)


def read(server, stream, since=BEGINNING, until=NOW) -> list[dict]:
    client = ListmonkClient(api_of(server))
    return [one for page in client.pages(stream, since, until) for one in page]


def test_everybody_is_read_though_somebody_is_deleted_on_the_way(listmonk):
    for number in range(2500):
        listmonk.add_subscriber(f"p{number}@example.com")

    def delete(call: Call) -> None:
        listmonk.page_turned = lambda call: None
        del listmonk.subscribers[:300]

    listmonk.page_turned = delete
    found = read(listmonk, "subscribers")
    assert {one["email"] for one in found} == {f"p{number}@example.com" for number in range(2500)}


def test_bounces_are_read_back_to_the_start_of_the_window(listmonk):
    for number in range(1500):
        at = f"2026-11-{1 + number // 100:02}T00:00:00.000000+00:00"
        listmonk.add_bounce(number, f"p{number}@example.com", "soft", at)
    found = read(listmonk, "bounces", since=instant("2026-11-03"))
    assert {one["id"] for one in found} == set(range(200, 1500))
    assert len(listmonk.called("GET", "/api/bounces")) == 2


def test_a_fault_on_the_way_is_asked_again(listmonk):
    listmonk.add_subscriber("ann@example.com")
    listmonk.fail(DROPPED)
    listmonk.fail(answering(502, b"bad gateway"))
    assert len(read(listmonk, "subscribers")) == 1


def test_missing_permissions_are_named(listmonk):
    client = ListmonkClient(api_of(listmonk))
    assert client.problems() == []
    listmonk.permissions.clear()
    lacks = "the user of listmonk lacks the permission"
    assert client.problems() == [
        f"{lacks} subscribers:get_all and subscribers:sql_query: give it in his role",
        f"{lacks} bounces:get: give it in his role",
    ]
    wrong = ListmonkClient(api_of(listmonk, "wrong-token"))
    assert "does not know the user" in wrong.problems()[0]


def test_who_is_not_mailed_is_told(listmonk):
    add = listmonk.add_subscriber
    yes = on_list("confirmed", created=OLD, updated=OLD)
    no = on_list("unsubscribed", created=OLD, updated=NEW)
    add("yes@example.com", yes)
    add("left@example.com", no)
    add("left_the_newer@example.com", yes, no)
    add(
        "came_back@example.com",
        no,
        on_list("confirmed", created=NEW, updated="2026-02-01T00:00:00+01:00"),
    )
    add("blocked@example.com", yes, status="blocklisted")
    add("off@example.com", yes, status="disabled")
    add("nowhere@example.com")
    reader = ListmonkSuppressions(api_of(listmonk))
    found = {one.email.partition("@")[0]: one.reason for one in reader.suppressions(None)}
    assert found == {
        "left": "unsubscribed",
        "left_the_newer": "unsubscribed",
        "blocked": "unsubscribed",
        "off": "suppressed",
        "nowhere": "never_subscribed",
    }
    assert reader.is_always_whole


def subscriber(*lists: dict, **more) -> dict:
    return {
        "id": 1,
        "uuid": "u1",
        "email": "ann@example.com",
        "status": "enabled",
        "attribs": {"city": "Bonn"},
        "created_at": "2020-01-01T00:00:00.000000+01:00",
        "updated_at": "2020-01-01T00:00:00.000000+01:00",
        "lists": list(lists),
        **more,
    }


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (subscriber(), [("never", "2020-01-01")]),
        (subscriber(lists=None), [("never", "2020-01-01")]),
        (
            subscriber(on_list("confirmed", created=OLD, updated=NEW)),
            [("subscribed", "2026-01-01")],
        ),
        (
            subscriber(on_list("unconfirmed", created=OLD, updated=NEW)),
            [("subscribed", "2024-01-01")],
        ),
        (
            subscriber(on_list("unconfirmed", created=OLD, updated=NEW, optin="double")),
            [("pending", "2024-01-01")],
        ),
        (
            subscriber(on_list("unsubscribed", created=OLD, updated=NEW)),
            [("unsubscribed", "2026-01-01")],
        ),
    ],
)
def test_each_list_is_a_word(given, wanted):
    rows = mapped("listmonk", "consents", [given])
    assert [(row["state"], row["at"][:10]) for row in rows] == wanted


OURS = {"name": "winback_slipping"}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([("confirmed", {}), ("unconfirmed", OURS)], [("subscribed", "2026-01-01")]),
        ([("unconfirmed", OURS)], [("never", "2020-01-01")]),
        ([("unsubscribed", OURS)], [("unsubscribed", "2026-01-01")]),
    ],
)
def test_being_on_lists_of_ours_is_no_word_but_leaving_one_is(given, wanted, listmonk):
    lists = [{**on_list(word, created=OLD, updated=NEW), **more} for word, more in given]
    rows = mapped("listmonk", "consents", [subscriber(*lists)])
    assert [(row["state"], row["at"][:10]) for row in rows] == wanted
    listmonk.add_subscriber("ann@example.com", *lists)
    told = [one.reason for one in ListmonkSuppressions(api_of(listmonk)).suppressions(None)]
    reasons = {"subscribed": [], "never": ["never_subscribed"], "unsubscribed": ["unsubscribed"]}
    assert told == reasons[wanted[0][0]]


def test_a_block_without_a_time_of_its_own_is_no_older_than_the_last_yes():
    # A bounce blocks somebody without touching any time of his.
    given = subscriber(on_list("confirmed", created=OLD, updated=NEW), status="blocklisted")
    rows = mapped("listmonk", "consents", [given])
    told = {row["state"]: row["at"] for row in rows}
    assert instant(told["unsubscribed"]) == instant(told["subscribed"]) == instant(NEW)


def test_bounces_and_complaints_are_events(listmonk):
    listmonk.add_bounce(1, "ann@example.com", "hard", NEW)
    listmonk.add_bounce(2, "ann@example.com", "soft", NEW)
    listmonk.add_bounce(3, "ann@example.com", "complaint", NEW)
    listmonk.add_bounce(4, "", "hard", NEW)
    rows = mapped("listmonk", "email_events", listmonk.bounces)
    assert [(row["event_id"], row["event"], row.get("bounce_type")) for row in rows] == [
        ("bounce-1", "bounced", "hard"),
        ("bounce-2", "bounced", "soft"),
        ("bounce-3", "complained", None),
    ]
    assert rows[0]["campaign_id"] == "9"


def test_a_subscriber_is_no_account():
    assert mapped("listmonk", "customers", [subscriber()]) == [
        {
            "customer_id": "u1",
            "email": "ann@example.com",
            "city": "Bonn",
            "registered_at": "2020-01-01T00:00:00.000000+01:00",
            "has_account": False,
        }
    ]
