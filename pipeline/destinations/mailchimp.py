"""Mailchimp as destination: lists are tags of one audience, properties are merge fields.

Tags, as they are the one thing there that can be put on 500 contacts at once, read back and
counted, and that starts a flow. Groups are shown to people, saved segments cannot be filled.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipeline.apis.mailchimp import MailchimpApi, problem_of
from pipeline.apis.mailchimp_walks import changed_members
from pipeline.clock import utc_now
from pipeline.destinations.contract import (
    CONTACT_UNKNOWN,
    STILL_THERE,
    Changes,
    Outcome,
    on_list,
    together,
)
from pipeline.destinations.mailchimp_contacts import (
    ARCHIVED,
    NO_ADDRESS,
    Contact,
    Contacts,
    Told,
    hashed,
    id_of,
)
from pipeline.destinations.mailchimp_fields import MergeFields, values_of
from pipeline.destinations.mailchimp_lists import Found, Lists
from pipeline.destinations.mailchimp_tags import MOST_AT_ONCE, Tags
from pipeline.http_answers import HttpError

FEW = 200
"""So many contacts are asked for one by one rather than by reading the audience."""
FROM_THE_START = datetime.fromisoformat("0001-01-01")

Row = Mapping[str, Any]


class MailchimpTool:
    """The tags of one audience. Nobody is made a contact, and nobody's status is written."""

    name = "mailchimp"
    batch_size = MOST_AT_ONCE

    def __init__(
        self, api: MailchimpApi, list_id: str, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._api = api
        self._list_id = list_id
        self._now = now
        self._tags = Tags(api, list_id)
        self._fields = MergeFields(api, list_id)
        self._contacts = Contacts(api, list_id)
        self._lists = Lists(api, self._tags, self._contacts)

    def apply(self, audience: str, changes: Changes) -> Outcome:
        """Take off, update and put on, and say what came of each; see ``MailTool``."""
        parts = (
            (changes.removes, self._remove),
            (changes.updates, self._update),
            (changes.adds, self._add),
        )
        return together(carry_out(audience, table) for table, carry_out in parts if len(table))

    def count(self, audience: str) -> int | None:
        """Return how many contacts have the tag, those who unsubscribed too."""
        return self._tags.count(audience)

    def members(self, audience: str) -> pa.Table:
        """Return everybody who has the tag, those who unsubscribed too.

        Mailchimp tells the addresses of a tag but not the ids that stay when these change; the
        audience is read for them.
        """
        there = self._tags.members(audience)
        ids = self._ids_of(there)
        return on_list((ids[key], one["email_address"]) for key, one in there.items() if key in ids)

    def find(self, audience: str, emails: Sequence[str]) -> pa.Table:
        """Return who of ``emails`` has the tag, a call each.

        A call that broke off may go on there for two minutes: whoever is not on the list is looked
        for so long.
        """
        if self._tags.find(audience) is None:
            return on_list(())
        keys = {hashed(email): hashed(email) for email in emails}
        found = self._looked_up(keys)
        missing = {
            key: one
            for key, one in found.items()
            if one and one.status != ARCHIVED and not one.is_on(audience)
        }
        found |= self._lists.seen(audience, missing)
        on = [one for one in found.values() if one and one.is_on(audience)]
        return on_list((one.contact_id, one.email) for one in on)

    def problems(self) -> Iterator[str]:
        """Yield what is not right with the key, the audience and the room for merge fields."""
        try:
            self._api.get(f"/lists/{self._list_id}", {"fields": "id"})
        except HttpError as error:
            if error.status not in (401, 403, 404):
                raise
            yield problem_of(error, "read the audience")
            return
        yield from self._fields.problems()

    def _add(self, audience: str, profiles: pa.Table) -> Outcome:
        told = self._told(profiles)
        taken, refused = _divided(told)
        # Of somebody who was refused now an earlier try may have left the tag.
        staying = self._lists.take_off(audience, {key: told[key].contact for key in refused})
        put = self._lists.put_on(audience, taken)
        return _outcome(taken, refused | put.refused, unseen=put.unseen | staying)

    def _update(self, audience: str, profiles: pa.Table) -> Outcome:
        told = self._told(profiles)
        taken, refused = _divided(told)
        before = _ids(profiles)
        # An address that is another contact's now, or nobody's: who had it before has to go.
        elsewhere = {
            key: former
            for key, former in before.items()
            if former and former != getattr(told[key].contact, "contact_id", None)
        }
        leaving = {
            key: one
            for key, one in self._looked_up(elsewhere).items()
            if one and one.is_on(audience)
        }
        heirs = {key: taken[key] for key in leaving if key in taken}
        unseen: set[str] = set()
        if heirs:
            # Before the others are taken off, so that a crash in between is mended by repeating it.
            put = self._lists.put_on(audience, heirs)
            refused, unseen = refused | put.refused, put.unseen
        staying = self._lists.take_off(audience, leaving)
        own = {key: told[key].contact for key in refused if key not in heirs}
        staying |= self._lists.take_off(audience, own)
        return _outcome(taken, refused, unseen=unseen | staying)

    def _remove(self, audience: str, people: pa.Table) -> Outcome:
        if self._tags.find(audience) is None:
            return Outcome()
        ids = _ids(people)
        found = self._looked_up({key: one for key, one in ids.items() if one})
        staying = self._lists.take_off(audience, found)
        unknown = {key: CONTACT_UNKNOWN for key, one in ids.items() if not one}
        return Outcome(refused=unknown | dict.fromkeys(staying, STILL_THERE))

    def _told(self, profiles: pa.Table) -> dict[str, Told]:
        """Tell Mailchimp what is known of each, by customer_id."""
        self._fields.ensure(profiles.column_names)
        rows = profiles.to_pylist()

        def tell(row: Row) -> Told:
            email = (row["email"] or "").strip()
            return self._contacts.tell(email, values_of(row)) if email else NO_ADDRESS

        told = self._api.each(tell, rows)
        return {row["customer_id"]: one for row, one in zip(rows, told, strict=True)}

    def _looked_up(self, ids: Mapping[str, str]) -> Found:
        return dict(zip(ids, self._api.each(self._contacts.look_up, ids.values()), strict=True))

    def _ids_of(self, there: Mapping[str, Row]) -> dict[str, str]:
        ids = {key: str(one["contact_id"]) for key, one in there.items() if one.get("contact_id")}
        if len(there) - len(ids) > FEW:
            pages = changed_members(self._api, self._list_id, FROM_THE_START, self._now())
            ids |= {one["id"]: id_of(one) for page in pages for one in page if one["id"] in there}
        others = self._looked_up({key: key for key in there if key not in ids})
        return ids | {key: one.contact_id for key, one in others.items() if one}


def _divided(told: Mapping[str, Told]) -> tuple[dict[str, Contact], dict[str, str]]:
    """Return who was taken, and why others were not."""
    taken = {key: one.contact for key, one in told.items() if one.contact and not one.refusal}
    return taken, {key: one.refusal for key, one in told.items() if one.refusal}


def _outcome(
    taken: Mapping[str, Contact], refused: Mapping[str, str], *, unseen: set[str]
) -> Outcome:
    """Return an outcome in which whoever was refused is not on the list, for all that is seen."""
    refused = {key: why for key, why in refused.items() if key not in unseen}
    contacts = {key: one.contact_id for key, one in taken.items() if key not in refused}
    return Outcome(refused=refused, contacts=contacts, unseen=unseen)


def _ids(people: pa.Table) -> dict[str, str | None]:
    return dict(
        zip(people["customer_id"].to_pylist(), people["contact_id"].to_pylist(), strict=True)
    )
