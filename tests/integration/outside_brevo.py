"""An account with Brevo, kept by its stand-in and worked by the real client."""

from dataclasses import replace
from typing import Any

from pipeline.apis import brevo as brevo_api
from pipeline.apis.brevo import BrevoApi
from pipeline.destinations.brevo import BrevoTool
from pipeline.destinations.brevo_attributes import IMPORTED
from pipeline.destinations.brevo_suppressions import BrevoSuppressions
from pipeline.destinations.contract import MailTool
from pipeline.destinations.suppressions import SuppressionReader
from tests.integration.outside_accounts import ATTEMPTS, JOINED, Account, address
from tests.stand_ins import brevo
from tests.stand_ins.brevo_lists import BrevoListsStandIn
from tests.stand_ins.calls import Call


class Brevo(Account):
    name = column = "brevo"
    kept = tuple(
        ("", what) for what in ("contacts", "lists", "folders", "attributes", "processes", "_late")
    )

    def __init__(self) -> None:
        self.server: BrevoListsStandIn = BrevoListsStandIn()
        super().__init__()

    def _api(self) -> BrevoApi:
        return BrevoApi(
            brevo.KEY,
            base_url=self.server.base_url,
            patience=replace(brevo_api.PATIENCE, attempts=ATTEMPTS),
            sleep=self.server.clock.sleep,
            clock=self.server.clock,
        )

    def tool(self) -> MailTool:
        return BrevoTool(self._api())

    def reader(self) -> SuppressionReader:
        return BrevoSuppressions(self._api())

    def lists(self) -> dict[str, set[str]]:
        # To be on the list that imports need means nothing.
        names = {one["name"] for one in self.server.lists} - {IMPORTED}
        return {name: self.server.on(name) for name in names}

    def made(self) -> list[str]:
        made = [*self.server.lists, *self.server.folders]
        return sorted([*(one["name"] for one in made), *self.server.attributes])

    def properties(self, email: str) -> dict[str, Any]:
        found: dict[str, Any] = self.server.contact(email)["attributes"]
        return {name: value for name, value in found.items() if name.startswith("WINBACK_")}

    def add(self, name: str) -> None:
        self.server.add_contact(address(name), modified=JOINED, listIds=[7])

    def unsubscribe(self, name: str) -> None:
        contact = self.server.contact(address(name))
        contact |= {"emailBlacklisted": True, "modifiedAt": self.stamp()}

    def delete(self, name: str) -> None:
        self.server.contacts = [
            one for one in self.server.contacts if one["email"] != address(name)
        ]

    def put_on(self, audience: str, name: str) -> None:
        contact = self.server.contact(address(name))
        contact["listIds"] = sorted({*contact["listIds"], self._list(audience)})

    def take_off(self, audience: str, name: str) -> None:
        contact = self.server.contact(address(name))
        contact["listIds"] = sorted({*contact["listIds"]} - {self._list(audience)})

    def shows(self, when: str) -> None:
        self.server.shows_after = {"at once": 0, "late": 5, "in the next run": 9}[when]

    def end_delays(self) -> None:
        self.shows("at once")
        self.server._late.clear()

    def refuse(self, email: str) -> None:
        self.server.duplicates.add(self.server.contact(email)["id"])
        self.server.skipped.add(email)

    def heal(self) -> None:
        super().heal()
        self.server.duplicates.clear()
        self.server.skipped.clear()

    def _list(self, name: str) -> int:
        return next(one["id"] for one in self.server.lists if one["name"] == name)


class BrevoImports(Brevo):
    """Brevo, where as few as two contacts are worth an import."""

    column = "brevo's imports"
    import_from = 2

    def concerns(self, call: Call) -> bool:
        # All others are Brevo's without imports too.
        own = ("/contacts/import", "/processes/", "/contacts/lists", "/contacts/folders")
        return call.path.startswith(own) and not call.path.endswith("/contacts")
