"""The ways in which a server lets down who calls it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.stand_ins.calls import Call, Reply


class Way(Enum):
    """What becomes of the work and of the answer."""

    INSTEAD = "the fault's reply instead of the work"
    HALF = "half of the work, where a call asks for several things, then the fault's reply"
    DROPPED = "no work, connection closed"
    LOST = "the work, then the connection closed without an answer"
    STALLED = "the work, then silence until the caller gives up"
    SLOW = "the work, its answer byte by byte"
    TRUNCATED = "the work, half of its answer"


@dataclass(frozen=True)
class Fault:
    """One way of letting down."""

    way: Way
    reply: Reply = field(default_factory=Reply)


def answering(status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> Fault:
    """Return the fault of answering so, whatever was asked."""
    return Fault(Way.INSTEAD, Reply(status, body, dict(headers or {})))


def too_many_requests(retry_after: str | None = None) -> Fault:
    """Return a refusal for haste, which may say when to come back."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return answering(429, {"detail": "too many requests"}, headers)


HALF_DONE = Fault(Way.HALF, Reply(500, {"detail": "something went wrong"}))
DROPPED = Fault(Way.DROPPED)
LOST_ANSWER = Fault(Way.LOST)
STALLED = Fault(Way.STALLED)
SLOW_BODY = Fault(Way.SLOW)
TRUNCATED_BODY = Fault(Way.TRUNCATED)


class FaultQueue:
    """Faults waiting for the calls that they are meant for, first come first served."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[Call], bool], Fault]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, fault: Fault, times: int, matches: Callable[[Call], bool]) -> None:
        """Let the next ``times`` calls that match run into ``fault``."""
        self._waiting += [(matches, fault)] * times

    def take(self, call: Call) -> Fault | None:
        """Return the first fault that waits for this call, which is gone then."""
        for place, (matches, fault) in enumerate(self._waiting):
            if matches(call):
                del self._waiting[place]
                return fault
        return None
