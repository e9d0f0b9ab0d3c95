"""The engine with the clients of Brevo and listmonk, down to the calls that they make."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pipeline.apis.brevo import BrevoApi
from pipeline.apis.listmonk import ListmonkApi
from pipeline.destinations.brevo import BrevoTool
from pipeline.destinations.contract import MailTool
from pipeline.destinations.listmonk import ListmonkTool
from pipeline.http_answers import HttpError
from pipeline.sync.engine import PushReport, push
from tests.stand_ins.brevo import KEY
from tests.stand_ins.brevo_lists import BrevoListsStandIn
from tests.stand_ins.calls import Call
from tests.stand_ins.faults import answering
from tests.stand_ins.listmonk import TOKEN, USER, on_list
from tests.stand_ins.listmonk_lists import ListmonkListsStandIn
from tests.unit.exported_lists import DAY, Exported, exported

AT = "2026-01-01T00:00:00.000000+00:00"
LIST, OTHER = "winback_slipping", "winback_dormant"
PEOPLE = ("ada", "bob", "cleo", "dora")
StandIn = Any


@pytest.fixture(params=["brevo", "listmonk"])
def server(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    news = on_list("confirmed", created=AT, updated=AT)
    with BrevoListsStandIn() if request.param == "brevo" else ListmonkListsStandIn() as made:
        for name in PEOPLE:
            email = f"{name}@example.com"
            if request.param == "brevo":
                made.add_contact(email, modified=AT)
            else:
                made.add_subscriber(email, news)
        yield made
        assert made.harm == []


@pytest.fixture
def shop(tmp_path: Path) -> Exported:
    return exported(tmp_path)


def tool_of(server: StandIn) -> MailTool:
    """Return a client as a new process makes it."""
    sleep = server.clock.sleep
    if isinstance(server, BrevoListsStandIn):
        return BrevoTool(BrevoApi(KEY, base_url=server.base_url, sleep=sleep, clock=server.clock))
    return ListmonkTool(ListmonkApi(server.base_url, USER, TOKEN, sleep=sleep))


def pushed(shop: Exported, server: StandIn) -> PushReport:
    return push(shop.build().warehouse, tool_of(server), run_id="run", as_of_date=DAY)


def lists(server: StandIn) -> dict[str, list[str]]:
    """Return who is on each list of ours that has anybody, as the server has it."""
    found: dict[str, list[str]] = {}
    for one in server.lists:
        if isinstance(server, BrevoListsStandIn):
            emails = server.on(one["name"])
        else:
            emails = {
                email for email, word in server.words(one["name"]).items() if word != "unsubscribed"
            }
        if emails:
            found[one["name"]] = sorted(email.partition("@")[0] for email in emails)
    return found


def block(server: StandIn, name: str) -> None:
    """Let the tool mail somebody no more."""
    if isinstance(server, BrevoListsStandIn):
        server.contact(f"{name}@example.com")["emailBlacklisted"] = True
    else:
        server.subscriber(f"{name}@example.com")["status"] = "blocklisted"


def test_lists_are_kept_day_by_day(shop: Exported, server: StandIn) -> None:
    shop.lists = {LIST: ["ada", "bob", "unknown"], OTHER: ["ada"]}
    block(server, "bob")
    report = pushed(shop, server)
    assert lists(server) == shop.members() == {LIST: ["ada"], OTHER: ["ada"]}
    assert report.lists[1].refused.keys() >= {"not a contact"}
    shop.lists = {LIST: ["cleo"], OTHER: ["ada"]}
    shop.names = {"ada": "Renamed"}
    pushed(shop, server)
    assert lists(server) == shop.members() == shop.lists
    server.calls.clear()
    pushed(shop, server)
    assert {one.method for one in server.calls} == {"GET"}


def test_an_address_that_becomes_another_contacts_takes_the_place(
    shop: Exported, server: StandIn
) -> None:
    shop.lists = {LIST: ["ada", "bob"]}
    pushed(shop, server)
    shop.emails = {"ada": "dora@example.com"}
    pushed(shop, server)
    assert lists(server) == {LIST: ["bob", "dora"]}
    assert shop.members() == shop.lists


@pytest.mark.parametrize("place", range(1, 40, 3))
def test_whatever_a_crash_leaves_is_made_good(shop: Exported, server: StandIn, place: int) -> None:
    shop.lists = {LIST: ["ada", "bob"]}
    pushed(shop, server)
    shop.lists = {LIST: ["bob", "cleo"], OTHER: ["dora"]}
    shop.names = {"bob": "Renamed"}
    came = [0]

    def is_late(call: Call) -> bool:
        came[0] += 1
        return came[0] > place

    server.fail(answering(403, {"message": "gone"}), times=1000, when=is_late)
    with suppress(HttpError):
        pushed(shop, server)
    came[0] = -1_000_000
    for _ in range(2):
        pushed(shop, server)
    assert lists(server) == shop.members() == shop.lists
