"""Keep lists of contacts in Brevo, with what is known of them as attributes."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from pipeline.apis.brevo import BrevoApi
from pipeline.destinations.brevo_attributes import BrevoAttributes, attributes_of
from pipeline.destinations.brevo_contacts import BrevoContacts
from pipeline.destinations.brevo_lists import BrevoLists
from pipeline.destinations.contact_lists import carry_out
from pipeline.destinations.contacts import Contact, Profile, Written, key_of
from pipeline.destinations.contract import Changes, Outcome, on_list
from pipeline.destinations.properties import PREFIX
from pipeline.http_answers import HttpError

BATCH = 5000


class BrevoTool:
    """The lists of one account. Nobody who is unknown there is made a contact.

    A contact is put on a list by a call of its own, after its attributes: what an import puts on a
    list may start none of Brevo's automations.
    """

    name = "brevo"
    batch_size: int | None = BATCH

    def __init__(self, api: BrevoApi) -> None:
        self._desk = _Desk(api)
        self._api = api

    def apply(self, audience: str, changes: Changes) -> Outcome:
        """Carry out ``changes`` and say what came of each contact."""
        if len(changes.adds) or len(changes.updates):
            self._desk.attributes.make(changes.adds.schema)
        return carry_out(self._desk, audience, changes)

    def count(self, audience: str) -> int | None:
        """Return how many contacts are on the list, None where there is no such list."""
        return self._desk.lists.count(audience)

    def members(self, audience: str) -> pa.Table:
        """Return contact_id and email of everybody on the list."""
        number = self._desk.list_number(audience)
        records = self._desk.lists.members(number) if number is not None else []
        return on_list((str(one["id"]), key_of(one.get("email") or "")) for one in records)

    def find(self, audience: str, emails: Sequence[str]) -> pa.Table:
        """Return contact_id and email of those of ``emails`` who are on the list.

        There is nothing to be waited for: what may still be under way are attributes alone.
        """
        number = self._desk.list_number(audience)
        found = self._desk.by_email(emails).values() if number is not None else ()
        return on_list((str(one.number), one.email) for one in found if number in one.lists)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the key, and lists that share a name."""
        try:
            self._api.get("/account")
            names = Counter(name for _, name in self._desk.lists.all())
        except HttpError as error:
            if error.status not in (401, 403):
                raise
            yield "Brevo does not know the key, or not from this address: see WINBACK_BREVO_KEY"
            return
        for name, number in sorted(names.items()):
            if number > 1 and name.startswith(PREFIX):
                yield (
                    f"Brevo has {number} lists named {name}: keep the oldest, which is the one that"
                    " is written to, and rename the others"
                )


class _Desk:
    """What can be asked of an account."""

    def __init__(self, api: BrevoApi) -> None:
        self.lists = BrevoLists(api)
        self.attributes = BrevoAttributes(api, self.lists, BrevoContacts(api))
        self._contacts = BrevoContacts(api)
        self._api = api

    def list_number(self, audience: str) -> int | None:
        return self.lists.find(audience)

    def made_list(self, audience: str) -> int:
        return self.lists.made(audience)

    def put_on(self, list_number: int, numbers: Sequence[int]) -> None:
        self.lists.put_on(list_number, numbers)

    def take_off(self, list_number: int, numbers: Sequence[int]) -> None:
        self.lists.take_off(list_number, numbers)

    def sleep(self, seconds: float) -> None:
        self._api.sleep(seconds)

    def by_email(self, emails: Collection[str]) -> Mapping[str, Contact]:
        return self._contacts.by_email(emails)

    def by_number(self, numbers: Iterable[int]) -> Mapping[int, Contact]:
        return self._contacts.by_number(numbers)

    def write(self, profiles: Sequence[tuple[Contact, Profile]]) -> Written:
        return self.attributes.write([(one, attributes_of(row)) for one, row in profiles])
