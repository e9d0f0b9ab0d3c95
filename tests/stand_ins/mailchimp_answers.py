"""Answers as Mailchimp writes them: errors and pages."""

from typing import Any

from tests.stand_ins.calls import Call, Reply


def problem(status: int, title: str, detail: str) -> Reply:
    """Return an error as Mailchimp writes them."""
    body = {
        "type": "https://mailchimp.com/developer/marketing/docs/errors/",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": "995c5cb0-3280-4a6e-808b-3b096d0bb219",
    }
    return Reply(status, body, {"Content-Type": "application/problem+json; charset=utf-8"})


NOT_FOUND = problem(404, "Resource Not Found", "The requested resource could not be found.")


def page_of(call: Call, member: str, found: list[dict[str, Any]], **more: Any) -> Reply:
    """Return the page of records that a call asks for."""
    start, count = int(call.one("offset", "0")), int(call.one("count", "10"))
    return Reply(body={member: found[start : start + count], "total_items": len(found), **more})
