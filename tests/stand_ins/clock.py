"""Clocks of tests: one that only moves when somebody sleeps, and one that runs fast."""

import threading
import time


class StillClock:
    """Shared by a client and the server it calls: what the one waits, the other sees pass."""

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.sleeps.append(seconds)
            self._now += seconds


class QuickClock(StillClock):
    """Runs a hundred times as fast, the same in all processes: for servers of whole runs."""

    def __call__(self) -> float:
        return time.monotonic() * 100

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / 100)
