"""What of a profile becomes attributes of a contact in Brevo, and how they get there."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from pipeline.apis.brevo import RUNNING, BrevoApi
from pipeline.destinations.brevo_contacts import BrevoContacts
from pipeline.destinations.brevo_lists import BrevoLists
from pipeline.destinations.contacts import Contact, Written
from pipeline.destinations.contract import NOT_A_CONTACT
from pipeline.destinations.properties import property_names
from pipeline.http_answers import HttpError
from pipeline.http_bodies import batches

IMPORT_FROM = 100
"""So many contacts at once are worth an import and its looks, which are a hundred an hour."""
MOST_BYTES = 8_000_000
IMPORTED = "winback_profiles"
"""An import has to name a list. On this one it means nothing to be; nothing is to be sent to it."""

Attributes = Mapping[str, Any]


class BrevoAttributes:
    """The attributes of ours in one account."""

    def __init__(self, api: BrevoApi, lists: BrevoLists, contacts: BrevoContacts) -> None:
        self._api, self._lists, self._contacts = api, lists, contacts
        self._are_made: set[str] = set()

    def make(self, schema: pa.Schema) -> None:
        """Make the attributes that are missing: Brevo leaves out what it does not know, silently.

        Raises ``HttpError`` where one is there with a type that does not take our values.
        """
        wanted = types_of(schema)
        if wanted.keys() <= self._are_made:
            return
        there = self.there()
        for name in sorted(wanted.keys() - there.keys()):
            self._make(name, wanted[name])
        for sentence in type_problems(wanted, there):
            raise HttpError(sentence)
        self._are_made |= wanted.keys()

    def there(self) -> dict[str, str]:
        """Return the type of each attribute of contacts that there is."""
        answer = self._api.get("/contacts/attributes")
        return {one["name"]: str(one.get("type")) for one in answer.get("attributes") or []}

    def write(self, wanted: Sequence[tuple[Contact, Attributes]]) -> Written:
        """See to it that contacts show ``wanted``, and ask nothing of those who do already.

        An import tells little of what it left out, so it is looked at afterwards.
        """
        changed = [(one, values) for one, values in wanted if _difference(one, values)]
        if len(changed) >= IMPORT_FROM:
            unfinished = self._import(changed)
            now = self._contacts.by_number(one.number for one, _ in changed)
            changed = [
                (now.get(one.number, one), values)
                for one, values in changed
                if one.number not in unfinished
            ]
        else:
            unfinished = frozenset()
        refused = {}
        emptied = {}
        for contact, values in changed:
            difference = _difference(contact, values)
            why = self._put(contact, difference) if difference else None
            if why:
                refused[contact.number] = why
            elif "" in difference.values():
                emptied[contact.number] = values
        return Written(refused | self._still_stale(emptied), unfinished)

    def _import(self, changed: Sequence[tuple[Contact, Attributes]]) -> frozenset[int]:
        """Import contacts that are there; return those of imports that have not come to an end."""
        numbers = {one.email: one.number for one, _ in changed}
        # Empty values an import leaves out, and those that it counts among them.
        people = [
            {
                "email": one.email,
                "attributes": {name: told for name, told in values.items() if told},
            }
            for one, values in changed
        ]
        unfinished: set[int] = set()
        for some in batches(people, most=len(people), most_bytes=MOST_BYTES):
            body = {
                "jsonBody": some,
                "listIds": [self._lists.made(IMPORTED)],
                "updateExistingContacts": True,
                "emptyContactsAttributes": False,
                "disableNotification": True,
            }
            started = self._api.write("POST /contacts/import", body)
            if self._api.process(started["processId"])["status"] in RUNNING:
                unfinished |= {numbers[one["email"]] for one in some}
        return frozenset(unfinished)

    def _put(self, contact: Contact, values: Attributes) -> str | None:
        try:
            self._api.write(
                "PUT /contacts/{id}?identifierType=contact_id",
                {"attributes": values},
                id=contact.number,
            )
        except HttpError as error:
            if error.status == 404:
                return NOT_A_CONTACT
            # The code of it has changed before.
            metadata = (error.body or {}).get("metadata") if isinstance(error.body, dict) else None
            if error.status == 400 and (metadata or {}).get("duplicate_identifiers"):
                return "the same as another contact"
            raise
        return None

    def _still_stale(self, emptied: Mapping[int, Attributes]) -> dict[int, str]:
        """Return those who go on showing what is over, an offer say: they must not be mailed."""
        now = self._contacts.by_number(emptied)
        return {
            number: "an attribute could not be emptied"
            for number, contact in now.items()
            if "" in _difference(contact, emptied[number]).values()
        }

    def _make(self, name: str, kind: str) -> None:
        try:
            self._api.write("POST /contacts/attributes/normal/{name}", {"type": kind}, name=name)
        except HttpError as error:
            # It may have been made by a call whose answer was lost.
            if error.status != 400 or name not in self.there():
                raise


def types_of(schema: pa.Schema) -> dict[str, str]:
    """Return the type of the attribute that each column becomes."""
    columns = {column: name.upper() for column, name in property_names(schema.names).items()}
    return {name: _type(schema.field(column).type) for column, name in columns.items()}


def type_problems(wanted: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """Return a sentence for each attribute of ours whose type does not take our values."""
    return [
        f"Brevo's attribute {name} is of type {there[name]} and has to be {kind}: delete it there,"
        " and it is made anew"
        for name, kind in sorted(wanted.items())
        if name in there and there[name] != kind
    ]


def attributes_of(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a profile as Brevo takes them, "" where nothing is known.

    A yes or no is text, because imports do not take booleans over.
    """
    names = property_names(profile)
    return {name.upper(): _value(profile[column]) for column, name in names.items()}


def _value(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()[:10]
    return value if isinstance(value, int | str) else float(value)


def _type(kind: pa.DataType) -> str:
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return "date"
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return "float" if is_number else "text"


def _difference(contact: Contact, wanted: Attributes) -> dict[str, Any]:
    """Return what of ``wanted`` the contact does not show. Nothing there is what is empty."""
    shown = {name: _shown(contact.attributes.get(name)) for name in wanted}
    return {name: value for name, value in wanted.items() if shown[name] != _shown(value)}


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{float(value):g}" if abs(value) < 1e6 else str(float(value))
    return str(value).strip()
