"""What a stand-in gets, what it gives back, and how fast it may be asked."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Call:
    """A request as it came. ``found`` holds what the route's pattern names in the path."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""
    found: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """Return the body as JSON, None where there is none."""
        return json.loads(self.body) if self.body else None

    def one(self, name: str, default: str = "") -> str:
        """Return the value of a query parameter that may come once."""
        values = self.query.get(name, [default])
        assert len(values) == 1, f"{name} came {len(values)} times"
        return values[0]


@dataclass(frozen=True)
class Reply:
    """An answer; a body that is not bytes travels as JSON, None is an empty one."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        """Return the body as it travels."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def halved(call: Call) -> Call | None:
    """Return a call that asks for the first half of what this one asks for, None if it is one."""
    try:
        body = call.json()
    except ValueError:
        return None
    several = next((one for one in _lists_in(body) if len(one) > 1), None)
    if several is None:
        return None
    del several[len(several) // 2 :]
    return replace(call, body=json.dumps(body).encode())


def _lists_in(body: Any) -> Iterator[list[Any]]:
    if isinstance(body, list):
        yield body
    elif isinstance(body, dict):
        for one in body.values():
            yield from _lists_in(one)


class Window:
    """A fixed window: at most so many calls from one full multiple of ``seconds`` to the next."""

    def __init__(self, calls: int, seconds: float, clock: Callable[[], float]) -> None:
        self.calls, self.seconds, self._clock = calls, seconds, clock
        self._number = -1
        self._used = 0

    @property
    def remaining(self) -> int:
        """Return how many calls are left now."""
        return self.calls if self._turn() != self._number else self.calls - self._used

    @property
    def seconds_left(self) -> float:
        """Return when the window ends, from now."""
        return (self._turn() + 1) * self.seconds - self._clock()

    def use(self) -> None:
        """Count a call."""
        if self._turn() != self._number:
            self._number, self._used = self._turn(), 0
        self._used += 1

    def _turn(self) -> int:
        return int(self._clock() // self.seconds)
