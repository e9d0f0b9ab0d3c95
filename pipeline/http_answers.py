"""What comes back from an HTTP call: the answer, or one kind of error that gives nothing away."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

LONGEST_SENTENCE = 400

_ADDRESS = re.compile(r"[^\s\"'<>()\[\]{},;:/=&?]+(?:@|%40)[^\s\"'<>()\[\]{},;:/=&?]+")
_HASHED_ADDRESS = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b", re.IGNORECASE)
_QUERY = re.compile(r"(https?://[^\s\"'<>?]+)\?[^\s\"'<>]+")
_PHONE = re.compile(r"\+\d[\d ()./-]{6,}\d")
_SHORTEST_SECRET = 4


@dataclass(frozen=True)
class Answer:
    """An answer that was read to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_ok(self) -> bool:
        """Whether the call succeeded."""
        return 200 <= self.status < 300

    @property
    def is_json(self) -> bool:
        """Whether the answer says that it is JSON."""
        return "json" in (self.headers.get("Content-Type") or "").lower()

    def json(self) -> Any:
        """Return the body read as JSON, None where there is none; raise ``ValueError``."""
        return self._read

    @cached_property
    def _read(self) -> Any:
        return json.loads(self.content) if self.content.strip() else None

    def seconds_to_wait(self, *names: str) -> float | None:
        """Return what the first of these headers that is there says, in seconds from now."""
        for name in names:
            seconds = _seconds(self.headers.get(name))
            if seconds is not None:
                return seconds
        return None


class HttpError(Exception):
    """A call that failed for good. Its text holds no secret, no address and no query.

    ``status`` is None where no answer came. ``is_unknown`` says that the other side may have done
    what was asked all the same: look before asking again. ``body`` is what it answered, as it was,
    for the code that asked; it belongs into no log.
    """

    def __init__(
        self,
        sentence: str,
        *,
        status: int | None = None,
        code: str = "",
        is_unknown: bool = False,
        body: Any = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.code = code
        self.is_unknown = is_unknown
        self.body = body


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Return ``text`` on one line without secrets, addresses, phone numbers and queries of URLs."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "…")
    for pattern, by in ((_QUERY, r"\1"), (_ADDRESS, "…"), (_HASHED_ADDRESS, "…"), (_PHONE, "…")):
        text = pattern.sub(by, text)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_SENTENCE else f"{text[:LONGEST_SENTENCE]}…"


def refusal(what: str, answer: Answer, secrets: Iterable[str]) -> HttpError:
    """Return the error for an answer that is no success; ``what`` says what was asked."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    code, told = _told(body)
    sentence = f"{what} was answered {answer.status}" + (f": {told}" if told else "")
    return HttpError(
        redacted(sentence, secrets),
        status=answer.status,
        code=redacted(code, secrets),
        is_unknown=answer.status >= 500,
        body=body,
    )


def _told(body: Any) -> tuple[str, str]:
    """Return code and words of an error body: JSON:API, problem+json, or an object with both."""
    if not isinstance(body, dict):
        return "", ""
    errors = body.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        first = {**body, **errors[0]}
    else:
        first = body
    words = [first.get(name) for name in ("title", "detail", "message")]
    if isinstance(errors, str):
        words.append(errors)
    told = ", ".join(dict.fromkeys(word for word in words if isinstance(word, str) and word))
    code = first.get("code") or first.get("type") or ""
    return str(code), told


def _seconds(value: str | None) -> float | None:
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
