"""An account with listmonk, kept by its stand-in and worked by the real client."""

from dataclasses import replace
from typing import Any

from pipeline.apis.listmonk import ListmonkApi
from pipeline.destinations.contract import MailTool
from pipeline.destinations.listmonk import ListmonkTool
from pipeline.destinations.listmonk_suppressions import ListmonkSuppressions
from pipeline.destinations.suppressions import SuppressionReader
from pipeline.http import PATIENCE
from tests.integration.outside_accounts import ATTEMPTS, JOINED, Account, address
from tests.stand_ins import listmonk
from tests.stand_ins.listmonk_lists import ListmonkListsStandIn


class Listmonk(Account):
    name = column = "listmonk"
    has_delays = False
    kept = (("", "subscribers"), ("", "lists"))

    def __init__(self) -> None:
        self.server: ListmonkListsStandIn = ListmonkListsStandIn()
        super().__init__()

    def _api(self) -> ListmonkApi:
        return ListmonkApi(
            self.server.base_url,
            listmonk.USER,
            listmonk.TOKEN,
            patience=replace(PATIENCE, attempts=ATTEMPTS),
            sleep=self.server.clock.sleep,
        )

    def tool(self) -> MailTool:
        return ListmonkTool(self._api())

    def reader(self) -> SuppressionReader:
        return ListmonkSuppressions(self._api())

    def lists(self) -> dict[str, set[str]]:
        return {
            one["name"]: {
                email
                for email, word in self.server.words(one["name"]).items()
                if word != "unsubscribed"
            }
            for one in self.server.lists
        }

    def made(self) -> list[str]:
        return sorted(one["name"] for one in self.server.lists)

    def properties(self, email: str) -> dict[str, Any]:
        found: dict[str, Any] = self.server.subscriber(email)["attribs"]
        return {name: value for name, value in found.items() if value is not None}

    def add(self, name: str) -> None:
        news = listmonk.on_list("confirmed", created=JOINED, updated=JOINED)
        self.server.add_subscriber(address(name), news)

    def unsubscribe(self, name: str) -> None:
        self.server.subscriber(address(name))["status"] = "blocklisted"

    def delete(self, name: str) -> None:
        self.server.subscribers = [
            one for one in self.server.subscribers if one["email"] != address(name)
        ]

    def put_on(self, audience: str, name: str) -> None:
        there = next(one for one in self.server.lists if one["name"] == audience)
        stamps = {"subscription_created_at": JOINED, "subscription_updated_at": JOINED}
        word = {**there, "subscription_status": "unconfirmed", **stamps}
        self.server.subscriber(address(name))["lists"].append(word)

    def take_off(self, audience: str, name: str) -> None:
        subscriber = self.server.subscriber(address(name))
        subscriber["lists"] = [one for one in subscriber["lists"] if one["name"] != audience]

    def shows(self, when: str) -> None:
        # It has done what it has answered.
        return

    def end_delays(self) -> None:
        return

    def refuse(self, email: str) -> None:
        self.server.odd.add(email)

    def heal(self) -> None:
        super().heal()
        self.server.odd.clear()
