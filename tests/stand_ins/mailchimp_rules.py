"""What Mailchimp allows to be asked of each endpoint that is written to, and of those read for it.

Names are held against its specification by tests/contracts; sizes stand in its prose only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.stand_ins.calls import Call, Reply

MOST_MEMBERS = 500
FIELD_TYPES = ("text", "number", "address", "phone", "date", "url", "imageurl", "radio", "dropdown")
TRIMMED = ("fields", "exclude_fields")
PAGED = (*TRIMMED, "count", "offset")
INCLUDED = ("include_cleaned", "include_transactional", "include_unsubscribed")


@dataclass(frozen=True)
class Rule:
    """Parameters of a query, and by name the types of what a body may hold."""

    query: tuple[str, ...] = ()
    body: Mapping[str, type] = field(default_factory=dict)
    required: tuple[str, ...] = ()


RULES = {
    "GET /lists/{list_id}/merge-fields": Rule((*PAGED, "type", "required")),
    "POST /lists/{list_id}/merge-fields": Rule(
        body={
            "tag": str,
            "name": str,
            "type": str,
            "required": bool,
            "public": bool,
            "help_text": str,
            "default_value": str,
            "display_order": int,
            "options": dict,
        },
        required=("name", "type"),
    ),
    "GET /lists/{list_id}/members/{subscriber_hash}": Rule(TRIMMED),
    "PATCH /lists/{list_id}/members/{subscriber_hash}": Rule(
        ("skip_merge_validation",),
        {"email_address": str, "merge_fields": dict, "status": str, "language": str, "vip": bool},
    ),
    "GET /lists/{list_id}/members/{subscriber_hash}/tags": Rule(PAGED),
    "POST /lists/{list_id}/members/{subscriber_hash}/tags": Rule(
        body={"tags": list, "is_syncing": bool}, required=("tags",)
    ),
    "GET /lists/{list_id}/segments": Rule(
        (
            *PAGED,
            *INCLUDED,
            "type",
            "since_created_at",
            "before_created_at",
            "since_updated_at",
            "before_updated_at",
        )
    ),
    "POST /lists/{list_id}/segments": Rule(
        body={"name": str, "static_segment": list, "options": dict}, required=("name",)
    ),
    "GET /lists/{list_id}/segments/{segment_id}": Rule((*TRIMMED, *INCLUDED)),
    "POST /lists/{list_id}/segments/{segment_id}": Rule(
        body={"members_to_add": list, "members_to_remove": list}
    ),
    "GET /lists/{list_id}/segments/{segment_id}/members": Rule((*PAGED, *INCLUDED)),
}


def fault(call: Call, rule: Rule) -> str:
    """Return what of a call Mailchimp does not allow, "" if it allows all of it."""
    for name in call.query:
        if name not in rule.query:
            return f"{name} is no parameter of this call"
    body = call.json()
    if body is None:
        return "there is no body" if rule.required else ""
    for name, value in body.items():
        if name not in rule.body:
            return f"{name} does not belong here"
        if not isinstance(value, rule.body[name]):
            return f"{name} is of the wrong type"
        if name.startswith("members_to_") and len(value) > MOST_MEMBERS:
            return f"{name} holds more than {MOST_MEMBERS}"
    missing = [name for name in rule.required if name not in body]
    return f"{', '.join(missing)} is missing" if missing else ""


def fault_of_field(body: Mapping[str, Any]) -> str:
    """Return what is wrong with a merge field that is to be made."""
    if not re.fullmatch(r"[A-Z0-9_]{1,10}", body.get("tag", "MMERGE9")):
        return "a tag has up to ten capital letters, digits and underscores"
    return "" if body["type"] in FIELD_TYPES else "there is no such type"


def fault_of_value(kind: str, value: Any) -> str:
    """Return what is wrong with a value; an empty text empties a field of any type."""
    if value == "":
        return ""
    if not isinstance(value, str):
        return "Please enter a text"
    if kind == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return "Please enter the date"
    return "This value is too long" if len(value.encode()) > 255 else ""


def trimmed(call: Call, reply: Reply) -> Reply:
    """Return of an answer only the fields that were asked for."""
    names = [name for name in call.one("fields").split(",") if name]
    if not names or reply.status != 200:
        return reply
    body: dict[str, Any] = {}
    for name, value in reply.body.items():
        within = [one.partition(".")[2] for one in names if one.partition(".")[0] == name]
        if isinstance(value, list) and all(within) and within:
            body[name] = [{key: one[key] for key in within if key in one} for one in value]
        elif within:
            body[name] = value
    return Reply(reply.status, body, reply.headers)
