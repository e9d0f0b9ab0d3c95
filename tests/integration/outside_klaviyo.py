"""An account with Klaviyo, kept by its stand-in and worked by the real client."""

from dataclasses import replace
from typing import Any

from pipeline.apis.klaviyo import KlaviyoApi
from pipeline.destinations.contract import MailTool
from pipeline.destinations.klaviyo import KlaviyoTool
from pipeline.destinations.klaviyo_suppressions import KlaviyoSuppressions
from pipeline.destinations.suppressions import SuppressionReader
from pipeline.http import PATIENCE
from tests.integration.outside_accounts import ATTEMPTS, HOUR, JOINED, Account, address
from tests.stand_ins import klaviyo
from tests.stand_ins.klaviyo_imports import KlaviyoAccount


class Klaviyo(Account):
    name = column = "klaviyo"
    kept = (("", "profiles"), ("", "lists"), ("", "members"), ("", "jobs"), ("", "_found_from"))

    def __init__(self) -> None:
        self.server: KlaviyoAccount = KlaviyoAccount()
        super().__init__()

    def _api(self) -> KlaviyoApi:
        return KlaviyoApi(
            klaviyo.KEY,
            base_url=self.server.base_url,
            patience=replace(PATIENCE, attempts=ATTEMPTS),
            sleep=self.server.clock.sleep,
            clock=self.server.clock,
        )

    def tool(self) -> MailTool:
        return KlaviyoTool(self._api())

    def reader(self) -> SuppressionReader:
        return KlaviyoSuppressions(self._api(), now=self.now)

    def lists(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        emails = {one["id"]: one["attributes"]["email"] for one in self.server.profiles}
        for one in self.server.lists:
            there = {emails[who] for who in self.server.members[one["id"]] if who in emails}
            found.setdefault(one["attributes"]["name"], set()).update(there)
        return found

    def made(self) -> list[str]:
        return sorted(one["attributes"]["name"] for one in self.server.lists)

    def properties(self, email: str) -> dict[str, Any]:
        found: dict[str, Any] = self._profile(email)["attributes"].get("properties", {})
        return found

    def add(self, name: str) -> None:
        self.server.add_profile(f"P-{name}", address(name), updated=JOINED)

    def unsubscribe(self, name: str) -> None:
        attributes = self._profile(address(name))["attributes"]
        attributes["updated"] = self.stamp()
        attributes["subscriptions"]["email"]["marketing"] |= {
            "can_receive_email_marketing": False,
            "consent": "UNSUBSCRIBED",
            "suppression": [{"reason": "UNSUBSCRIBE", "timestamp": self.stamp()}],
        }

    def delete(self, name: str) -> None:
        self.server.lose(f"P-{name}")

    def put_on(self, audience: str, name: str) -> None:
        self.server.join(self._list(audience), f"P-{name}")

    def take_off(self, audience: str, name: str) -> None:
        self.server.members[self._list(audience)].pop(f"P-{name}", None)

    def shows(self, when: str) -> None:
        self.server.job_seconds = {"at once": 0.0, "late": 300.0, "in the next run": 40.0}[when]
        self.server.show_seconds = {"at once": 0.0, "late": 100.0, "in the next run": 300.0}[when]
        self.server.list_seconds = {"at once": 0.0, "late": 20.0, "in the next run": 20.0}[when]

    def end_delays(self) -> None:
        self.shows("at once")
        self.server.clock.sleep(HOUR)

    def refuse(self, email: str) -> None:
        self.server.malformed[email] = "/attributes/email"

    def heal(self) -> None:
        super().heal()
        self.server.malformed.clear()

    def _profile(self, email: str) -> dict[str, Any]:
        return self.server.by_email()[email]

    def _list(self, name: str) -> str:
        return next(o["id"] for o in self.server.lists if o["attributes"]["name"] == name)
