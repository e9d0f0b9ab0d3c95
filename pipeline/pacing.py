"""Keeps calls within limits of so many per so many seconds, counting from any moment."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """So many calls in any ``seconds``."""

    calls: int
    seconds: float


class Pacer:
    """Lets calls through as fast as all limits allow; may be shared between threads.

    Vendors count in windows whose start nobody outside knows. What never exceeds a limit in any
    stretch of that length does not exceed it in theirs.
    """

    def __init__(
        self,
        *limits: Limit,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limits = limits
        self._passed: deque[float] = deque(maxlen=max((one.calls for one in limits), default=1))
        self._not_before = float("-inf")
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next call may go out, and count it."""
        with self._lock:
            now = self._clock()
            free_at = max([now, self._not_before, *map(self._free_at, self._limits)])
            if free_at > now:
                self._sleep(free_at - now)
            self._passed.append(max(free_at, self._clock()))

    def pause(self, seconds: float) -> None:
        """Let nothing through for so long, because the other side said so."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)

    def _free_at(self, limit: Limit) -> float:
        if len(self._passed) < limit.calls:
            return float("-inf")
        return self._passed[-limit.calls] + limit.seconds
