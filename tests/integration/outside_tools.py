"""The four e-mail tools, each as an account that its stand-in keeps and its real client works."""

from dataclasses import replace
from typing import Any

from pipeline.apis import brevo as brevo_api
from pipeline.apis import mailchimp as mailchimp_api
from pipeline.apis.brevo import BrevoApi
from pipeline.apis.klaviyo import KlaviyoApi
from pipeline.apis.listmonk import ListmonkApi
from pipeline.apis.mailchimp import MailchimpApi
from pipeline.destinations.brevo import BrevoTool
from pipeline.destinations.brevo_suppressions import BrevoSuppressions
from pipeline.destinations.contract import MailTool
from pipeline.destinations.klaviyo import KlaviyoTool
from pipeline.destinations.klaviyo_suppressions import KlaviyoSuppressions
from pipeline.destinations.listmonk import ListmonkTool
from pipeline.destinations.listmonk_suppressions import ListmonkSuppressions
from pipeline.destinations.mailchimp import MailchimpTool
from pipeline.destinations.mailchimp_suppressions import MailchimpSuppressions
from pipeline.destinations.suppressions import SuppressionReader
from pipeline.http import PATIENCE
from tests.integration.outside_accounts import ATTEMPTS, HOUR, JOINED, Account, address
from tests.stand_ins import brevo, klaviyo, listmonk, mailchimp
from tests.stand_ins.brevo_lists import BrevoListsStandIn
from tests.stand_ins.klaviyo_imports import KlaviyoAccount
from tests.stand_ins.listmonk_lists import ListmonkListsStandIn
from tests.stand_ins.mailchimp import MailchimpStandIn, member_id
from tests.stand_ins.mailchimp_answers import problem


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
        return {one["name"]: self.server.on(one["name"]) for one in self.server.lists}

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

    def heal(self) -> None:
        super().heal()
        self.server.duplicates.clear()

    def _list(self, name: str) -> int:
        return next(one["id"] for one in self.server.lists if one["name"] == name)


class BrevoImports(Brevo):
    """Brevo, where as few as two contacts are worth an import."""

    column = "brevo's imports"
    import_from = 2


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


ACCOUNTS: dict[str, type[Account]] = {
    "klaviyo": Klaviyo,
    "mailchimp": Mailchimp,
    "brevo": Brevo,
    "brevo's imports": BrevoImports,
    "listmonk": Listmonk,
}
