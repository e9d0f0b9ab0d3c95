"""Stands in for the part of Brevo that lists, attributes and imports of contacts are."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from tests.stand_ins.brevo import BrevoStandIn, Records, problem
from tests.stand_ins.calls import Call, Reply
from tests.stand_ins.clock import StillClock

BODIES = {
    "POST /contacts/folders": {"name"},
    "POST /contacts/lists": {"name", "folderId"},
    "POST /contacts/attributes/normal/{name}": {
        *("type", "value", "enumeration", "isRecurring", "multiCategoryOptions")
    },
    "POST /contacts/import": {
        *("disableNotification", "emailBlacklist", "emptyContactsAttributes", "fileBody"),
        *("fileUrl", "jsonBody", "listIds", "consentGroupIds", "newList", "notifyUrl"),
        *("smsBlacklist", "updateExistingContacts"),
    },
    "PUT /contacts/{id}": {
        *("attributes", "emailBlacklisted", "ext_id", "listIds", "smsBlacklisted"),
        *("smtpBlacklistSender", "unlinkListIds", "forceMerge"),
    },
    "POST /contacts/lists/{id}/contacts/add": {"emails", "ids", "extIds"},
    "POST /contacts/lists/{id}/contacts/remove": {"emails", "ids", "extIds", "all"},
}
"""What a body may have by Brevo's own library."""
HARMFUL = {
    *("emailBlacklist", "smsBlacklist", "emailBlacklisted", "smsBlacklisted", "all"),
    *("smtpBlacklistSender", "consentGroupIds", "unlinkListIds", "forceMerge", "ext_id"),
    *("fileUrl", "notifyUrl", "newList"),
}
MOST_BYTES = 10_000_000
TYPES = ("text", "date", "float", "boolean", "id", "category", "multiple-choice", "user")


class BrevoListsStandIn(BrevoStandIn):
    """Keeps ``folders`` and ``attributes`` with their types beside all else.

    ``shows_after`` is how many looks at a contact a change of its lists takes to show, ``skipped``
    whom imports leave out, ``import_ends`` what they end as, ``duplicates`` whom updates refuse,
    ``keeps_dates`` whether dates cannot be emptied. ``harm`` lists what was sent of that which must
    never be.
    """

    def __init__(self, clock: StillClock | None = None) -> None:
        super().__init__(clock)
        self.folders: Records = []
        self.attributes: dict[str, str] = {"FIRSTNAME": "text"}
        self.shows_after = 0
        self.skipped: set[str] = set()
        self.import_ends = "completed"
        self.duplicates: set[int] = set()
        self.keeps_dates = False
        self.harm: list[str] = []
        self._late: dict[tuple[int, int], int] = {}
        self._serve("POST", "/contacts/lists", lambda call: self._make(call, self.lists))
        self._serve("GET", "/contacts/folders", self._get_folders)
        self._serve("POST", "/contacts/folders", lambda call: self._make(call, self.folders))
        self._serve("GET", "/contacts/lists/{id}/contacts", self._get_members)
        self._serve("POST", "/contacts/lists/{id}/contacts/add", self._put_on)
        self._serve("POST", "/contacts/lists/{id}/contacts/remove", self._take_off)
        self._serve("GET", "/contacts/attributes", self._get_attributes)
        self._serve("POST", "/contacts/attributes/normal/{name}", self._make_attribute)
        self._serve("POST", "/contacts/import", self._import)
        self._serve("GET", "/contacts/{id}", self._get_contact)
        self._serve("PUT", "/contacts/{id}", self._change)

    def contact(self, email: str) -> dict[str, Any]:
        """Return the contact that has an address."""
        [found] = [one for one in self.contacts if one["email"] == email]
        return found

    def on(self, name: str) -> set[str]:
        """Return the addresses on a list, whether they show or not."""
        numbers = {one["id"] for one in self.lists if one["name"] == name}
        return {one["email"] for one in self.contacts if numbers & set(one["listIds"])}

    def _serve(self, method: str, path: str, handler: Callable[[Call], Reply]) -> None:
        allowed = BODIES.get(f"{method} {path}", set())

        def checked(call: Call) -> Reply:
            names = set(call.json() or {})
            self.harm += sorted(names & HARMFUL)
            if names - allowed:
                return problem(400, "invalid_parameter", f"{sorted(names - allowed)} is invalid")
            return handler(call)

        self.route(method, path, checked, self.fast)

    def _get_folders(self, call: Call) -> Reply:
        return self._page(call, "folders", self.folders, most=50)

    def _make(self, call: Call, kept: Records) -> Reply:
        body = call.json()
        if kept is self.lists and body.get("folderId") not in {one["id"] for one in self.folders}:
            return problem(400, "invalid_parameter", "Folder ID does not exist")
        made = {"id": max((one["id"] for one in kept), default=10) + 1, **body}
        kept.append({"totalSubscribers": 0, "totalBlacklisted": 0, "uniqueSubscribers": 0, **made})
        return Reply(201, {"id": made["id"]})

    def _get_attributes(self, call: Call) -> Reply:
        told = [
            {"name": name, "category": "normal", "type": kind}
            for name, kind in self.attributes.items()
        ]
        return Reply(body={"attributes": told})

    def _make_attribute(self, call: Call) -> Reply:
        name, kind = call.found["name"], call.json().get("type")
        if name in self.attributes:
            return problem(400, "invalid_parameter", "Attribute name must be unique")
        if kind not in TYPES or name != name.upper():
            return problem(400, "invalid_parameter", "type is invalid")
        self.attributes[name] = kind
        return Reply(201)

    def _get_contacts(self, call: Call) -> Reply:
        ids = call.query.get("ids")
        if ids is None:
            return super()._get_contacts(call)
        if len(ids) > 20:
            return problem(400, "invalid_parameter", "ids must not have more than 20")
        found = [self._shown(one) for one in self.contacts if str(one["id"]) in ids]
        return Reply(body={"contacts": found, "count": len(found)} if found else {"count": 0})

    def _get_contact(self, call: Call) -> Reply:
        if call.one("identifierType") != "email_id" or "@" not in call.found["id"]:
            return problem(400, "invalid_parameter", "Invalid email address")
        found = [one for one in self.contacts if one["email"] == call.found["id"].lower()]
        if not found:
            return problem(404, "document_not_found", "Contact does not exist")
        return Reply(body={**self._shown(found[0]), "statistics": {}})

    def _get_members(self, call: Call) -> Reply:
        number = int(call.found["id"])
        if number not in {one["id"] for one in self.lists}:
            return problem(404, "document_not_found", "List ID does not exist")
        shown = [self._shown(one) for one in self.contacts]
        found = [one for one in shown if number in one["listIds"]]
        return self._page(call, "contacts", found, most=500)

    def _shown(self, contact: dict[str, Any]) -> dict[str, Any]:
        """Return a contact as it shows: what has just changed of its lists takes some looks."""
        lists = set(contact["listIds"])
        for (number, listed), looks in list(self._late.items()):
            if number == contact["id"]:
                self._late[number, listed] -= 1
                lists ^= {listed} if looks > 0 else set()
        copied: dict[str, Any] = json.loads(json.dumps(contact))
        return {"whatsappBlacklisted": False, **copied, "listIds": sorted(lists)}

    def _put_on(self, call: Call) -> Reply:
        return self._listed(call, "Contact already in list and/or does not exist", is_on=True)

    def _take_off(self, call: Call) -> Reply:
        message = "Contact already removed from list and/or does not exist"
        return self._listed(call, message, is_on=False)

    def _listed(self, call: Call, message: str, *, is_on: bool) -> Reply:
        number, ids = int(call.found["id"]), call.json().get("ids", [])
        if number not in {one["id"] for one in self.lists}:
            return problem(404, "document_not_found", "List ID does not exist")
        if len(ids) > 150 or not ids or not all(isinstance(one, int) for one in ids):
            return problem(400, "invalid_parameter", "ids must have 1 to 150 numbers")
        done = [
            one for one in self.contacts if one["id"] in ids and (number in one["listIds"]) != is_on
        ]
        for contact in done:
            contact["listIds"] = sorted(set(contact["listIds"]) ^ {number})
            self._late[contact["id"], number] = self.shows_after
        if not done:
            return problem(400, "invalid_parameter", message)
        success = [one["id"] for one in done]
        failure = [one for one in ids if one not in success]
        return Reply(201, {"contacts": {"success": success, "failure": failure}})

    def _change(self, call: Call) -> Reply:
        number = int(call.found["id"])
        if call.one("identifierType") != "contact_id":
            return problem(400, "invalid_parameter", "a number may be a telephone's")
        self.harm += [name for name in call.json()["attributes"] if name[:8] != "WINBACK_"]
        if number in self.duplicates:
            told = {"duplicate_identifiers": ["SMS"]}
            body = {"code": "invalid_parameter", "message": "duplicate", "metadata": told}
            return Reply(400, body)
        found = [one for one in self.contacts if one["id"] == number]
        if not found:
            return problem(404, "document_not_found", "Contact does not exist")
        for name, value in call.json()["attributes"].items():
            self._set(found[0], name, value)
        return Reply(204)

    def _set(self, contact: dict[str, Any], name: str, value: Any) -> None:
        """Write a value down; what is unknown or of another type is left out without a word."""
        kind = self.attributes.get(name)
        if value == "" and kind and not (kind == "date" and self.keeps_dates):
            contact["attributes"].pop(name, None)
        elif (
            (kind == "text" and isinstance(value, str))
            or (kind == "float" and isinstance(value, int | float))
            or (kind == "boolean" and isinstance(value, bool))
            or (kind == "date" and _is_date(value))
        ):
            contact["attributes"][name] = value

    def _import(self, call: Call) -> Reply:
        body = call.json()
        people = body.get("jsonBody")
        if len(call.body) > MOST_BYTES or not people:
            return problem(400, "invalid_parameter", "File size is not valid")
        if not body.get("listIds"):
            return problem(400, "missing_parameter", "listIds or newList is missing")

        def work() -> str:
            if self.import_ends == "completed":
                for person in people:
                    self._imported(person, body)
            return self.import_ends

        number = len(self.processes) + 1
        self.processes[number] = {"name": "IMPORTUSER", "left": self.polls, "work": work}
        return Reply(202, {"processId": number})

    def _imported(self, person: dict[str, Any], body: dict[str, Any]) -> None:
        email = person["email"]
        self.harm += [name for name in person["attributes"] if name[:8] != "WINBACK_"]
        if email in self.skipped:
            return
        if email not in {one["email"] for one in self.contacts}:
            self.add_contact(email, modified="2026-11-20T00:00:00.000+00:00", listIds=[])
        contact = self.contact(email)
        contact["listIds"] = sorted({*contact["listIds"], *body["listIds"]})
        for name, value in person["attributes"].items():
            # Booleans and empty values are not taken over.
            if value and not isinstance(value, bool):
                self._set(contact, name, value)


def _is_date(value: Any) -> bool:
    try:
        return bool(date.fromisoformat(value))
    except (TypeError, ValueError):
        return False
