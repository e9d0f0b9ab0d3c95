"""Tags of audiences in the stand-in for Mailchimp, which its API calls static segments."""

from dataclasses import dataclass, field
from typing import Any

from tests.stand_ins.calls import Call, Reply

AT = "2026-11-01T00:00:00+00:00"
TAGS_WITH_A_MEMBER = 50
Record = dict[str, Any]


@dataclass
class Tag:
    """A tag with the ids of its contacts; ``on_the_way`` change after so many looks at them."""

    number: int
    name: str
    contacts: set[str] = field(default_factory=set)
    on_the_way: dict[str, tuple[bool, int]] = field(default_factory=dict)

    def change(self, contact_id: str, *, is_on: bool, looks: int) -> bool:
        """Put a contact on or take it off, at once or after some looks; say if it was at once."""
        if looks:
            # What is on the way already does not start anew when it is asked for again.
            if self.on_the_way.get(contact_id, (not is_on, 0))[0] is not is_on:
                self.on_the_way[contact_id] = (is_on, looks)
            return False
        (self.contacts.add if is_on else self.contacts.discard)(contact_id)
        return True

    def look(self, contact_id: str) -> None:
        """Let what is on the way come nearer by a look at the contact."""
        is_on, looks = self.on_the_way.pop(contact_id, (False, 0))
        if looks > 1:
            self.on_the_way[contact_id] = (is_on, looks - 1)
        elif looks:
            self.change(contact_id, is_on=is_on, looks=0)


class Tags:
    """Keeps the tags of each audience, and misbehaves.

    ``looks`` at a contact pass until a change shows, and the answer does not name it meanwhile.
    ``half_done`` lets the next change do so many contacts and then answer 500. ``refusals`` have by
    address the words with which a change is refused. With ``subscribed_only`` changes in a batch
    leave out everybody else. ``tells_contact_ids`` lets members of a tag come with their ids.
    """

    def __init__(self) -> None:
        self.by_audience: dict[str, list[Tag]] = {}
        self.looks = 0
        self.half_done: int | None = None
        self.refusals: dict[str, str] = {}
        self.subscribed_only = False
        self.tells_contact_ids = False

    def of(self, list_id: str) -> list[Tag]:
        """Return the tags of an audience."""
        return self.by_audience.setdefault(list_id, [])

    def named(self, list_id: str, name: str) -> list[Tag]:
        """Return the tags of a name, of which there should be one at most."""
        return [one for one in self.of(list_id) if one.name.lower() == name.lower()]

    def make(self, list_id: str, name: str) -> Tag:
        """Make a tag."""
        tag = Tag(100 + len(self.of(list_id)), name)
        self.of(list_id).append(tag)
        return tag

    def shown(self, list_id: str, member: Record) -> list[Record]:
        """Return the tags of a contact after a look at it."""
        for tag in self.of(list_id):
            tag.look(member["contact_id"])
        return [
            {"id": tag.number, "name": tag.name, "date_added": AT}
            for tag in self.of(list_id)
            if member["contact_id"] in tag.contacts
        ]

    def segment(self, call: Call, list_id: str, tag: Tag, members: list[Record]) -> Record:
        """Return a tag as Mailchimp tells it."""
        return {
            "id": tag.number,
            "name": tag.name,
            "member_count": len(self.members(call, tag, members)),
            "type": "static",
            "created_at": AT,
            "updated_at": AT,
            "list_id": list_id,
        }

    def members(self, call: Call, tag: Tag, members: list[Record]) -> list[Record]:
        """Return who has a tag, of the statuses that the call includes."""
        wanted = {"subscribed", "pending"} | {
            status
            for status in ("cleaned", "transactional", "unsubscribed")
            if call.one(f"include_{status}") == "true"
        }
        hidden = () if self.tells_contact_ids else ("contact_id",)
        return [
            {name: value for name, value in one.items() if name not in hidden}
            for one in members
            if one["contact_id"] in tag.contacts and one["status"] in wanted
        ]

    def change(self, call: Call, tag: Tag, members: list[Record]) -> Reply | None:
        """Add and remove as the body says; nothing is returned where it broke off half done."""
        by_email = {one["email_address"].lower(): one for one in members}
        wanted = [(email, True) for email in call.json().get("members_to_add", [])]
        wanted += [(email, False) for email in call.json().get("members_to_remove", [])]
        done: dict[bool, list[Record]] = {True: [], False: []}
        errors: dict[str, list[str]] = {}
        limit, self.half_done = self.half_done, None
        for email, is_on in wanted[:limit]:
            words = self._refused(email, by_email.get(email.lower()))
            if words:
                errors.setdefault(words, []).append(email)
                continue
            member = by_email[email.lower()]
            if (member["contact_id"] in tag.contacts) is not is_on and tag.change(
                member["contact_id"], is_on=is_on, looks=self.looks
            ):
                done[is_on].append(member)
        if limit is not None:
            return None
        return Reply(
            body={
                "members_added": done[True],
                "members_removed": done[False],
                "errors": [
                    {"email_addresses": emails, "error": words} for words, emails in errors.items()
                ],
                "total_added": len(done[True]),
                "total_removed": len(done[False]),
                "error_count": len(errors),
            }
        )

    def _refused(self, email: str, member: Record | None) -> str:
        if member is None or member["status"] == "archived":
            return "Email addresses do not exist in the audience"
        if self.subscribed_only and member["status"] != "subscribed":
            return "Email addresses are not subscribed to the audience"
        return self.refusals.get(email.lower(), "")
