"""A shop whose lists go to an e-mail tool outside, run as its data engineer runs it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.integration.shop import LAST_DAY, Shop, small_shop
from tests.stand_ins.faults import answering
from tests.stand_ins.listmonk import TOKEN, USER, on_list
from tests.stand_ins.listmonk_lists import ListmonkListsStandIn

pytestmark = pytest.mark.sources

PEOPLE = 40
UNKNOWN = "person39@example.com"
NEWS = on_list(
    "confirmed",
    created="2024-01-01T00:00:00.000000+01:00",
    updated="2024-01-01T00:00:00.000000+01:00",
)


@dataclass
class Tool:
    """The shop and its listmonk, where everybody but one has subscribed to the newsletter."""

    shop: Shop
    listmonk: ListmonkListsStandIn

    def run(self, days_later: int, *, sends: bool = True, succeeds: bool = True) -> str:
        self.listmonk.calls.clear()
        self.shop.settings["WINBACK_SEND"] = "yes" if sends else "no"
        return self.shop.daily(LAST_DAY + timedelta(days=days_later), succeeds=succeeds)

    def writes(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.listmonk.calls if one.method != "GET"]

    def lists(self) -> dict[str, list[str]]:
        names = [one["name"] for one in self.listmonk.lists]
        found = {name: sorted(self.listmonk.words(name)) for name in names if name != NEWS["name"]}
        return {name: people for name, people in found.items() if people}

    def members(self) -> dict[str, list[str]]:
        return self._people("from sync.members")

    def added(self, day: date) -> dict[str, list[str]]:
        return self._people(f"from sync.ledger where action = 'add' and as_of_date = date '{day}'")

    def _people(self, source: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for audience, email in self.shop.rows(
            f"""select distinct audience, substr(key, 7) from ({source})
            inner join sync.customer_ids using (customer_id)
            where destination = 'listmonk' and key like 'email:%' order by all"""
        ):
            found.setdefault(audience, []).append(email)
        return found

    def lose_the_warehouse(self) -> None:
        """Lose all but the backups, and go back to the newest of them."""
        for path in self.shop.var.iterdir():
            if path.is_dir() and path.name != "backup":
                shutil.rmtree(path)
            elif path.is_file():
                path.unlink()
        newest = max((self.shop.var / "backup").glob("sync-*.duckdb"))
        self.shop.run("restore", str(newest))


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    with ListmonkListsStandIn() as listmonk:
        shop = small_shop(Path(tmp_path_factory.mktemp("shop")), PEOPLE)
        for number in range(PEOPLE):
            email = f"person{number}@example.com"
            if email != UNKNOWN:
                listmonk.add_subscriber(email, dict(NEWS))
        shop.settings = {
            "WINBACK_DESTINATIONS": "listmonk,files",
            "WINBACK_LISTMONK_URL": listmonk.base_url,
            "WINBACK_LISTMONK_USER": USER,
            "WINBACK_LISTMONK_TOKEN": TOKEN,
        }
        yield Tool(shop, listmonk)
        assert listmonk.harm == []
        assert listmonk.mails == []


def test_nothing_is_sent_before_it_is_wanted(tool: Tool) -> None:
    said = tool.run(0, sends=False)

    assert tool.writes() == []
    assert "Sending is off, so listmonk got nothing" in said
    assert tool.shop.rows("select count(*) from sync.members where destination = 'listmonk'") == [
        (0,)
    ]
    assert tool.shop.listed("dormant") != []


def test_doctor_has_nothing_against_it_and_changes_nothing(tool: Tool) -> None:
    tool.listmonk.calls.clear()

    said = tool.shop.run("doctor").stdout

    assert "destination listmonk: can be sent to" in said
    assert tool.writes() == []


def test_lists_hold_who_is_known_there_and_the_ledger_says_the_same(tool: Tool) -> None:
    tool.run(1)

    assert tool.lists() == tool.members()
    files = {path.stem for path in (tool.shop.var / "outbox").glob("winback_*.csv")}
    assert {name for name, people in tool.lists().items() if people} <= files
    assert all(UNKNOWN not in people for people in tool.lists().values())
    refused = tool.shop.rows(
        "select distinct reason from sync.ledger where destination = 'listmonk' "
        "and status = 'refused'"
    )
    assert refused == [("not a contact",)]


def test_where_the_tool_does_not_tell_whom_it_does_not_mail_nobody_is_added(tool: Tool) -> None:
    people = {name: set(people) for name, people in tool.lists().items()}
    tool.listmonk.fail(
        answering(403, {"message": "Permission denied"}),
        times=1,
        when=lambda call: call.path == "/api/subscribers",
    )

    said = tool.run(30, succeeds=False)

    assert "suppressions_are_read" in said
    assert "could not be read" in said
    assert all(set(now) <= people.get(name, set()) for name, now in tool.lists().items())


def test_the_next_run_makes_up_for_it_and_takes_off_who_unsubscribed_there(tool: Tool) -> None:
    # That all else is lost before makes no difference.
    tool.lose_the_warehouse()
    gone = tool.lists()["winback_dormant"][0]
    for one in tool.listmonk.subscriber(gone)["lists"]:
        if one["name"] == NEWS["name"]:
            one["subscription_status"] = "unsubscribed"
            one["subscription_updated_at"] = "2026-07-30T12:00:00.000000+02:00"
    before = tool.lists()

    tool.run(30)

    assert tool.lists() == tool.members() != before
    assert all(gone not in people for people in tool.lists().values())
    assert gone not in tool.shop.listed("dormant")
    added = tool.added(LAST_DAY + timedelta(days=30))
    assert added
    assert not any(set(people) & set(before.get(name, [])) for name, people in added.items())
