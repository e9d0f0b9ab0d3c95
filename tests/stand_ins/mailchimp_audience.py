"""What can be written of an audience in the stand-in for Mailchimp: fields, contacts, tags."""

from collections.abc import Callable
from typing import Any, Protocol

from tests.stand_ins.calls import Call, Reply
from tests.stand_ins.mailchimp_answers import NOT_FOUND, page_of, problem
from tests.stand_ins.mailchimp_rules import RULES, fault, fault_of_field, fault_of_value, trimmed
from tests.stand_ins.mailchimp_tags import TAGS_WITH_A_MEMBER, Tag, Tags

Record = dict[str, Any]
MOST_FIELDS = 30


class Server(Protocol):
    """What keeps the contacts."""

    members: dict[str, dict[str, Record]]

    def route(self, method: str, path: str, handler: Callable[[Call], Reply]) -> None:
        """Let a handler answer."""


class Audience:
    """Keeps merge fields and tags of audiences. ``refusals`` have by address what a PATCH gets."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.tags = Tags()
        self.fields: dict[str, list[Record]] = {}
        self.most_fields = MOST_FIELDS
        self.refusals: dict[str, Reply] = {}
        for endpoint, handler in {
            "GET /lists/{list_id}/merge-fields": self._get_fields,
            "POST /lists/{list_id}/merge-fields": self._add_field,
            "GET /lists/{list_id}/members/{subscriber_hash}": self._get_member,
            "PATCH /lists/{list_id}/members/{subscriber_hash}": self._change_member,
            "GET /lists/{list_id}/members/{subscriber_hash}/tags": self._get_tags,
            "POST /lists/{list_id}/members/{subscriber_hash}/tags": self._change_tags,
            "GET /lists/{list_id}/segments": self._get_segments,
            "POST /lists/{list_id}/segments": self._add_segment,
            "GET /lists/{list_id}/segments/{segment_id}": self._get_segment,
            "POST /lists/{list_id}/segments/{segment_id}": self._change_segment,
            "GET /lists/{list_id}/segments/{segment_id}/members": self._get_segment_members,
        }.items():
            self._serve(endpoint, handler)

    def _serve(self, endpoint: str, handler: Callable[[Call], Reply]) -> None:
        def checked_handler(call: Call) -> Reply:
            wrong = fault(call, RULES[endpoint])
            if wrong:
                return problem(400, "Invalid Resource", wrong)
            if call.found["list_id"] not in self.server.members:
                return NOT_FOUND
            return trimmed(call, handler(call))

        self.server.route(*endpoint.split(" "), checked_handler)

    def add_field(self, list_id: str, tag: str, kind: str = "text", **more: Any) -> Record:
        """Add a merge field."""
        fields = self.fields_of(list_id)
        made = {
            "merge_id": len(fields) + 1,
            "tag": tag,
            "name": tag,
            "type": kind,
            "required": False,
            "default_value": "",
            "public": False,
            "display_order": len(fields) + 2,
            "options": {},
            "help_text": "",
            "list_id": list_id,
            **more,
        }
        fields.append(made)
        return made

    def on(self, list_id: str, name: str) -> set[str]:
        """Return the addresses of who has a tag."""
        contacts = {one for tag in self.tags.named(list_id, name) for one in tag.contacts}
        people = self.server.members[list_id].values()
        return {one["email_address"] for one in people if one["contact_id"] in contacts}

    def put_on(self, list_id: str, name: str, *emails: str) -> None:
        """Give contacts a tag by hand."""
        tag = (self.tags.named(list_id, name) or [self.tags.make(list_id, name)])[0]
        for one in self.server.members[list_id].values():
            if one["email_address"] in emails:
                tag.contacts.add(one["contact_id"])

    def fields_of(self, list_id: str) -> list[Record]:
        """Return the merge fields of an audience, those that come with it first."""
        if list_id not in self.fields:
            self.fields[list_id] = []
            for tag in ("FNAME", "LNAME", "ADDRESS", "PHONE"):
                self.add_field(list_id, tag)
        return self.fields[list_id]

    def _get_fields(self, call: Call) -> Reply:
        return page_of(call, "merge_fields", self.fields_of(call.found["list_id"]))

    def _add_field(self, call: Call) -> Reply:
        body, fields = call.json(), self.fields_of(call.found["list_id"])
        wrong = fault_of_field(body)
        if any(one["tag"] == body["tag"] for one in fields):
            wrong = f'A Merge Field with the tag "{body["tag"]}" already exists for this list.'
        # The address is one of them.
        elif len(fields) + 1 >= self.most_fields:
            wrong = f"An audience may have up to {self.most_fields} merge fields."
        if wrong:
            return problem(400, "Invalid Resource", wrong)
        more = {name: value for name, value in body.items() if name not in ("tag", "type")}
        return Reply(body=self.add_field(call.found["list_id"], body["tag"], body["type"], **more))

    def _member(self, call: Call) -> Record | None:
        who = call.found["subscriber_hash"]
        people = self.server.members[call.found["list_id"]]
        found = people.get(who)
        return found or next((one for one in people.values() if one["contact_id"] == who), None)

    def _told(self, call: Call, member: Record) -> Reply:
        tags = self.tags.shown(call.found["list_id"], member)
        shown = [{"id": one["id"], "name": one["name"]} for one in tags[:TAGS_WITH_A_MEMBER]]
        return Reply(body={**member, "tags_count": len(tags), "tags": shown})

    def _get_member(self, call: Call) -> Reply:
        member = self._member(call)
        return self._told(call, member) if member else NOT_FOUND

    def _change_member(self, call: Call) -> Reply:
        member = self._member(call)
        if member is None:
            return NOT_FOUND
        if member["email_address"] in self.refusals:
            return self.refusals[member["email_address"]]
        body, fields = call.json(), self.fields_of(call.found["list_id"])
        kinds = {one["tag"]: one["type"] for one in fields}
        given = {tag: value for tag, value in body["merge_fields"].items() if tag in kinds}
        wrong = {tag: fault_of_value(kinds[tag], value) for tag, value in given.items()}
        if call.one("skip_merge_validation") != "true":
            known = {**member["merge_fields"], **given}
            wrong |= {
                one["tag"]: "Please enter a value"
                for one in fields
                if one["required"] and not known.get(one["tag"])
            }
        errors = [{"field": tag, "message": words} for tag, words in wrong.items() if words]
        if errors:
            refusal = problem(400, "Invalid Resource", "Your merge fields were invalid.")
            return Reply(400, {**refusal.body, "errors": errors}, refusal.headers)
        # What belongs to no field is ignored without a word, and so is null.
        member["merge_fields"] |= {tag: one for tag, one in given.items() if one is not None}
        member.update({name: body[name] for name in body if name != "merge_fields"})
        return self._told(call, member)

    def _get_tags(self, call: Call) -> Reply:
        member = self._member(call)
        if member is None:
            return NOT_FOUND
        return page_of(call, "tags", self.tags.shown(call.found["list_id"], member))

    def _change_tags(self, call: Call) -> Reply:
        member = self._member(call)
        if member is None:
            return NOT_FOUND
        list_id = call.found["list_id"]
        for wanted in call.json()["tags"]:
            for tag in self.tags.named(list_id, wanted["name"]):
                is_on = {"active": True, "inactive": False}[wanted["status"]]
                tag.change(member["contact_id"], is_on=is_on, looks=self.tags.looks)
        return Reply(204)

    def _people(self, call: Call) -> list[Record]:
        return list(self.server.members[call.found["list_id"]].values())

    def _get_segments(self, call: Call) -> Reply:
        list_id = call.found["list_id"]
        found = [
            self.tags.segment(call, list_id, one, self._people(call))
            for one in self.tags.of(list_id)
        ]
        return page_of(call, "segments", found, list_id=list_id)

    def _add_segment(self, call: Call) -> Reply:
        list_id, body = call.found["list_id"], call.json()
        if self.tags.named(list_id, body["name"]):
            return problem(400, "Bad Request", "Sorry, that tag already exists.")
        if "static_segment" not in body:
            return problem(400, "Bad Request", "Must provide options or static_segment.")
        tag = self.tags.make(list_id, body["name"])
        self.put_on(list_id, tag.name, *body["static_segment"])
        return Reply(body=self.tags.segment(call, list_id, tag, self._people(call)))

    def _tag(self, call: Call) -> Tag | None:
        number = int(call.found["segment_id"])
        found = [one for one in self.tags.of(call.found["list_id"]) if one.number == number]
        return found[0] if found else None

    def _get_segment(self, call: Call) -> Reply:
        tag = self._tag(call)
        if tag is None:
            return NOT_FOUND
        return Reply(body=self.tags.segment(call, call.found["list_id"], tag, self._people(call)))

    def _change_segment(self, call: Call) -> Reply:
        tag = self._tag(call)
        if tag is None:
            return NOT_FOUND
        broken = problem(500, "Internal Server Error", "An unexpected error occurred.")
        return self.tags.change(call, tag, self._people(call)) or broken

    def _get_segment_members(self, call: Call) -> Reply:
        tag = self._tag(call)
        if tag is None:
            return NOT_FOUND
        return page_of(call, "members", self.tags.members(call, tag, self._people(call)))
