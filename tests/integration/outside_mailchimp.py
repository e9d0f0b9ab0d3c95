"""An account with Mailchimp, kept by its stand-in and worked by the real client."""

from dataclasses import replace
from typing import Any

from pipeline.apis import mailchimp as mailchimp_api
from pipeline.apis.mailchimp import MailchimpApi
from pipeline.destinations.contract import MailTool
from pipeline.destinations.mailchimp import MailchimpTool
from pipeline.destinations.mailchimp_suppressions import MailchimpSuppressions
from pipeline.destinations.suppressions import SuppressionReader
from tests.integration.outside_accounts import ATTEMPTS, JOINED, Account, address
from tests.stand_ins import mailchimp
from tests.stand_ins.mailchimp import MailchimpStandIn, member_id
from tests.stand_ins.mailchimp_answers import problem


class Mailchimp(Account):
    name = column = "mailchimp"
    kept = (
        ("", "members"),
        ("", "complaints"),
        ("audience.tags", "by_audience"),
        ("audience", "fields"),
    )
    audience = "audience"

    def __init__(self) -> None:
        self.server: MailchimpStandIn = MailchimpStandIn()
        self.server.add_list(self.audience)
        super().__init__()

    def _api(self) -> MailchimpApi:
        return MailchimpApi(
            mailchimp.KEY,
            base_url=self.server.base_url,
            patience=replace(mailchimp_api.PATIENCE, attempts=ATTEMPTS),
            sleep=self.server.clock.sleep,
            clock=self.server.clock,
        )

    def tool(self) -> MailTool:
        return MailchimpTool(self._api(), self.audience, now=self.now)

    def reader(self) -> SuppressionReader:
        return MailchimpSuppressions(self._api(), self.audience, now=self.now)

    def lists(self) -> dict[str, set[str]]:
        emails = {
            one["contact_id"]: one["email_address"]
            for one in self.server.members[self.audience].values()
        }
        found: dict[str, set[str]] = {}
        for tag in self.server.audience.tags.of(self.audience):
            there = {emails[one] for one in tag.contacts if one in emails}
            found.setdefault(tag.name, set()).update(there)
        return found

    def made(self) -> list[str]:
        tags = [one.name for one in self.server.audience.tags.of(self.audience)]
        return sorted([*tags, *(one["tag"] for one in self._fields())])

    def _fields(self) -> list[dict[str, Any]]:
        return self.server.audience.fields_of(self.audience)

    def properties(self, email: str) -> dict[str, Any]:
        fields: dict[str, Any] = self._member(email)["merge_fields"]
        return {tag: value for tag, value in fields.items() if tag.startswith("WB_")}

    def add(self, name: str) -> None:
        self.server.add_member(self.audience, address(name), changed=JOINED)

    def unsubscribe(self, name: str) -> None:
        self._member(address(name)).update(status="unsubscribed", last_changed=self.stamp())

    def delete(self, name: str) -> None:
        gone = self.server.members[self.audience].pop(member_id(address(name)), None)
        for tag in self.server.audience.tags.of(self.audience) if gone else ():
            tag.contacts.discard(gone["contact_id"])

    def put_on(self, audience: str, name: str) -> None:
        self.server.audience.put_on(self.audience, audience, address(name))

    def take_off(self, audience: str, name: str) -> None:
        contact = self._member(address(name))["contact_id"]
        for tag in self.server.audience.tags.named(self.audience, audience):
            tag.contacts.discard(contact)

    def shows(self, when: str) -> None:
        looks = {"at once": 0, "late": 3, "in the next run": 11}[when]
        self.server.audience.tags.looks = looks

    def end_delays(self) -> None:
        self.shows("at once")
        for tag in self.server.audience.tags.of(self.audience):
            for contact, (is_on, _) in list(tag.on_the_way.items()):
                tag.change(contact, is_on=is_on, looks=0)
            tag.on_the_way.clear()

    def refuse(self, email: str) -> None:
        wrong = problem(400, "Member In Compliance State", "No.")
        self.server.audience.refusals[email] = wrong

    def heal(self) -> None:
        super().heal()
        self.server.audience.refusals.clear()

    def _member(self, email: str) -> dict[str, Any]:
        return self.server.members[self.audience][member_id(email)]
