"""Contacts of an audience in Mailchimp: who has an address, what is told of them, their tags."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.apis.mailchimp import MailchimpApi
from pipeline.destinations.contract import NOT_A_CONTACT
from pipeline.http_answers import HttpError

SUBSCRIBED, ARCHIVED = "subscribed", "archived"
NOT_MAILED = {
    "unsubscribed": "unsubscribed",
    "cleaned": "bounced",
    "pending": "not confirmed",
    "transactional": "never subscribed",
    ARCHIVED: "archived",
}
"""Why a contact of another status than subscribed is on no list of ours."""
ABOUT_ONE = (400, 422)
"""Refusals that are about the contact which is asked for and no other."""
WANTED = "id,contact_id,email_address,status,tags,tags_count"


@dataclass(frozen=True)
class Contact:
    """Somebody in the audience. ``tags`` are in lower case: Mailchimp does not tell them apart."""

    contact_id: str
    email: str
    status: str
    tags: frozenset[str]

    def is_on(self, audience: str) -> bool:
        """Say whether the contact is on a list. Whoever is archived is on none."""
        return self.status != ARCHIVED and audience.lower() in self.tags


@dataclass(frozen=True)
class Told:
    """What came of telling Mailchimp of somebody: the contact if there is one, why it refused."""

    contact: Contact | None
    refusal: str = ""


NO_ADDRESS = Told(None, "no address")


class Contacts:
    """Reads and updates contacts one by one, a few at once; nobody's status is ever written.

    Calls for many at once that Mailchimp has may create a contact; this one never does.
    """

    def __init__(self, api: MailchimpApi, list_id: str) -> None:
        self._api = api
        self._path = f"/lists/{list_id}/members"

    def look_up(self, who: str) -> Contact | None:
        """Return the contact with this id, or with the address that ``hashed`` gave this for."""
        found = self._api.find(f"{self._path}/{who}", {"fields": WANTED})
        return None if found is None else self._contact(found)

    def tell(self, email: str, fields: Mapping[str, str]) -> Told:
        """Write merge fields of whoever has the address; refusals for one contact are returned.

        A required field of the audience's own that is empty does not stand in the way.
        """
        who = hashed(email)
        try:
            member = self._api.write(
                "PATCH",
                f"{self._path}/{who}",
                {"merge_fields": fields},
                parameters={"skip_merge_validation": "true"},
                is_repeatable=True,
            )
        except HttpError as error:
            if error.status == 404:
                return Told(None, NOT_A_CONTACT)
            if error.status not in ABOUT_ONE:
                raise
            return Told(self.look_up(who), _refusal(error.body))
        contact = self._contact(member)
        if contact.status == SUBSCRIBED:
            return Told(contact)
        # A status that nobody knows is no yes.
        return Told(contact, NOT_MAILED.get(contact.status, "not subscribed"))

    def untag(self, contact: Contact, audience: str) -> None:
        """Take a tag from one contact; there is nothing to do where it is gone."""
        path = f"{self._path}/{hashed(contact.email)}/tags"
        body = {"tags": [{"name": audience, "status": "inactive"}]}
        try:
            self._api.write("POST", path, body, is_repeatable=True)
        except HttpError as error:
            if error.status not in (404, *ABOUT_ONE):
                raise

    def _contact(self, member: Mapping[str, Any]) -> Contact:
        tags = member.get("tags") or []
        if member.get("tags_count", 0) > len(tags):
            # Fifty come with a contact.
            path = f"{self._path}/{member['id']}/tags"
            tags = [tag for page in self._api.pages(path, "tags") for tag in page]
        return Contact(
            contact_id=id_of(member),
            email=member["email_address"],
            status=member["status"],
            tags=frozenset(tag["name"].lower() for tag in tags),
        )


def hashed(email: str) -> str:
    """Return what Mailchimp calls an address by."""
    return hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()


def id_of(member: Mapping[str, Any]) -> str:
    """Return the id of a contact that stays when the address changes."""
    return str(member.get("contact_id") or member["id"])


def _refusal(body: Any) -> str:
    told = body if isinstance(body, Mapping) else {}
    title, detail = (str(told.get(name) or "").lower() for name in ("title", "detail"))
    if "compliance" in title:
        return "in compliance state"
    if "forgotten" in title:
        return "deleted for ever"
    if "merge field" in detail:
        return "invalid property"
    if "fake or invalid" in detail or "valid email" in detail:
        return "invalid email"
    return "refused by Mailchimp"
