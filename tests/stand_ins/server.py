"""A threaded server on loopback: routes, a log of calls, rate windows, faults on command."""

import re
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from tests.stand_ins.calls import Call, Reply, Window, halved
from tests.stand_ins.clock import StillClock
from tests.stand_ins.faults import Fault, FaultQueue, Way
from tests.stand_ins.wire import Listener

Handler = Callable[[Call], Reply]


class StandIn:
    """A server that others build on: ``with StandIn() as server`` starts and stops it.

    Routes are asked one call at a time, so handlers may keep state in plain attributes.
    ``arriving`` is called before anything is made of a call, ``answered`` when it has been.
    """

    def __init__(self, clock: StillClock | None = None) -> None:
        self.clock = clock or StillClock()
        self.calls: list[Call] = []
        self.faults = FaultQueue()
        self.arriving: Callable[[Call], None] = lambda call: None
        self.answered: Callable[[Call], None] = lambda call: None
        self._routes: list[tuple[str, re.Pattern[str], Handler, Sequence[Window]]] = []
        self._lock = threading.Lock()
        self._listener = Listener(self.answer)

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.stop()

    @property
    def base_url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self._listener.server_port}"

    @property
    def dripped_bytes(self) -> int:
        """Return how much of slow answers went out before whoever had asked gave up."""
        return self._listener.dripped_bytes

    def route(
        self, method: str, path: str, handler: Handler, windows: Sequence[Window] = ()
    ) -> None:
        """Let ``handler`` answer; names in braces in ``path`` stand for one part of it each."""
        parts = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
        self._routes.append((method, re.compile(parts), handler, windows))

    def fail(
        self,
        fault: Fault,
        *,
        times: int = 1,
        when: Callable[[Call], bool] = lambda call: True,
    ) -> None:
        """Let the next calls that match run into ``fault``."""
        self.faults.add(fault, times, when)

    def called(self, method: str, path: str) -> list[Call]:
        """Return the calls of a method whose path begins so."""
        return [one for one in self.calls if one.method == method and one.path.startswith(path)]

    def checked(self, call: Call) -> Reply | None:
        """Return a refusal of any call that the vendor would refuse everywhere. For vendors."""
        return None

    def too_fast(self, window: Window) -> Reply:
        """Return the refusal of a call over the limit. For vendors."""
        return Reply(429, {"detail": "too fast"}, {"Retry-After": f"{window.seconds_left:.0f}"})

    def with_limits(self, reply: Reply, windows: Sequence[Window]) -> Reply:
        """Return an ordinary reply with what the vendor tells of its limits. For vendors."""
        return reply

    def answer(self, call: Call) -> tuple[Reply, Fault | None]:
        """Return what to answer and how, having done the work unless something was in the way."""
        with self._lock:
            self.calls.append(call)
            self.arriving(call)
            fault = self.faults.take(call)
            reply = self._work_of(call, fault)
            self.answered(call)
            return reply, fault

    def _work_of(self, call: Call, fault: Fault | None) -> Reply:
        if fault and fault.way in (Way.INSTEAD, Way.DROPPED):
            return fault.reply
        if fault and fault.way is Way.HALF:
            half = halved(call)
            if half:
                self._handled(half)
            return fault.reply
        return self._handled(call)

    def _handled(self, call: Call) -> Reply:
        for method, pattern, handler, windows in self._routes:
            match = pattern.fullmatch(call.path)
            if method == call.method and match:
                found = {name: unquote(value) for name, value in match.groupdict().items()}
                call = Call(call.method, call.path, call.query, call.headers, call.body, found)
                full = [one for one in windows if one.remaining <= 0]
                if full:
                    return self.too_fast(max(full, key=lambda one: one.seconds_left))
                for window in windows:
                    window.use()
                return self.with_limits(self.checked(call) or handler(call), windows)
        return Reply(404, {"detail": f"no route for {call.method} {call.path}"})
