"""A clock that only moves when somebody sleeps, so that tests of waiting take no time."""

import threading


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
