"""Puts contacts of Mailchimp on a tag and takes them off; looks where its word is not enough."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.apis.mailchimp import MailchimpApi
from pipeline.destinations.mailchimp_contacts import Contact, Contacts
from pipeline.destinations.mailchimp_tags import Tags

POLLS_SECONDS = (5, 25, 90)
"""How long to wait between looks for what does not show: Mailchimp ends a call after 120."""

Found = dict[str, Contact | None]


@dataclass
class Put:
    """Who was not put on a list, by the key that the caller gave: why, and who does not show."""

    refused: dict[str, str] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)


class Lists:
    """Changes tags of contacts in batches and looks at those whom the answer leaves open."""

    def __init__(self, api: MailchimpApi, tags: Tags, contacts: Contacts) -> None:
        self._api = api
        self._tags = tags
        self._contacts = contacts

    def put_on(self, audience: str, people: Mapping[str, Contact]) -> Put:
        """Put people on a list, which is made where there is none."""
        tag = self._tags.find_or_make(audience)
        new = {key: one for key, one in people.items() if not one.is_on(audience)}
        changed = self._tags.change(tag, add=[one.email for one in new.values()])
        open_ = {key: one for key, one in new.items() if one.email.lower() not in changed.added}
        # What Mailchimp names as wrong may be only that somebody is there already.
        named = {key: one for key, one in open_.items() if one.email.lower() in changed.errors}
        silent = {key: one for key, one in open_.items() if key not in named}
        absent = named.keys() - _on(audience, self.looked_up(named))
        return Put(
            refused={key: _refusal(changed.errors[named[key].email.lower()]) for key in absent},
            unseen=silent.keys() - _on(audience, self.seen(audience, silent)),
        )

    def take_off(self, audience: str, people: Mapping[str, Contact | None]) -> set[str]:
        """Take people off a list; return who is on it all the same.

        Of contacts who are not subscribed nobody says whether the batch takes them; whom it does
        not are taken off one by one.
        """
        on = {key: one for key, one in people.items() if one and one.is_on(audience)}
        tag = self._tags.find(audience) if on else None
        if tag is None:
            return set()
        changed = self._tags.change(tag, remove=[one.email for one in on.values()])
        open_ = {key: one for key, one in on.items() if one.email.lower() not in changed.removed}
        staying = _on(audience, self.looked_up(open_))
        self._api.each(lambda key: self._contacts.untag(on[key], audience), staying)
        return _on(audience, self.seen(audience, {key: on[key] for key in staying}, is_on=False))

    def seen(self, audience: str, people: Mapping[str, Contact], *, is_on: bool = True) -> Found:
        """Return what became of people, looking again until they are on the list, or off it."""
        now = self.looked_up(people)
        for seconds in POLLS_SECONDS:
            waiting = {
                key: people[key] for key, one in now.items() if one and one.is_on(audience) != is_on
            }
            if not waiting:
                break
            self._api.sleep(seconds)
            now |= self.looked_up(waiting)
        return now

    def looked_up(self, people: Mapping[str, Contact]) -> Found:
        """Return people as they are now, nobody where one is gone."""
        ids = [one.contact_id for one in people.values()]
        return dict(zip(people, self._api.each(self._contacts.look_up, ids), strict=True))


def _on(audience: str, found: Found) -> set[str]:
    return {key for key, one in found.items() if one and one.is_on(audience)}


def _refusal(words: str) -> str:
    return "not subscribed" if "subscribe" in words.lower() else "refused by Mailchimp"
