"""One account with each e-mail tool, the same people in all of them, and the real client on it."""

import copy
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.destinations.contract import MailTool
from pipeline.destinations.suppressions import SuppressionReader
from tests.stand_ins.calls import Call
from tests.stand_ins.faults import FaultQueue
from tests.stand_ins.klaviyo_lists import EPOCH
from tests.stand_ins.server import StandIn

DAY_SECONDS, HOUR = 86_400, 3600
ATTEMPTS = 3
"""How often a client asks; fewer than outside of tests, so that its patience ends sooner."""
JOINED = "2026-11-01T10:00:00+00:00"
State = dict[str, dict[str, dict[str, Any]]]


class Account(ABC):
    """An account of a tool. ``kept`` are the places that hold what the tool remembers.

    ``starts`` counts how often somebody came onto a list who was not on it, which is what starts a
    mail there, and ``barred`` are those who must never. ``trespasses`` are those who did.
    """

    name: str
    column: str
    has_delays = True
    import_from = 100
    kept: Sequence[tuple[str, str]]
    server: StandIn

    def __init__(self) -> None:
        self.starts: Counter[tuple[str, str]] = Counter()
        self.barred: set[str] = set()
        self.said_no: set[str] = set()
        self.trespasses: list[tuple[str, str]] = []
        self._before: set[tuple[str, str]] = set()
        self._kept: list[Any] = []
        self.server.answered = self._look

    def keep(self) -> None:
        """Remember how it is now."""
        self._kept = [copy.deepcopy(getattr(self._at(place), what)) for place, what in self.kept]

    def concerns(self, call: Call) -> bool:
        """Say whether a call is one that faults are tried at."""
        return True

    def restore(self) -> None:
        """Make all as it was, on the next day and without faults; time never goes back."""
        for (place, what), value in zip(self.kept, self._kept, strict=True):
            setattr(self._at(place), what, copy.deepcopy(value))
        self.server.clock.sleep(DAY_SECONDS - self.server.clock() % DAY_SECONDS)
        self.shows("at once")
        self.heal()
        self.server.calls.clear()
        self.trespasses.clear()
        self.barred.clear()
        self.said_no.clear()
        self.count_anew()

    def heal(self) -> None:
        """End every fault that was set."""
        self.server.faults = FaultQueue()
        self.server.arriving = lambda call: None

    def say_no(self, name: str) -> None:
        """Let somebody unsubscribe; he is barred from when he can have been read of."""
        self.unsubscribe(name)
        self.said_no.add(address(name))

    def count_anew(self) -> None:
        """Let whoever is on a list now have been there."""
        self.starts.clear()
        self._before = self._on()

    def now(self) -> datetime:
        """Return what time it is in the account, in UTC without a zone."""
        moment = EPOCH + timedelta(seconds=self.server.clock())
        return moment.astimezone(UTC).replace(tzinfo=None)

    def stamp(self) -> str:
        """Return what time it is as the tool writes it."""
        return self.now().replace(tzinfo=UTC).isoformat()

    def state(self) -> State:
        """Return by list and address the properties of everybody on it."""
        return {
            name: {email: dict(self.properties(email)) for email in sorted(people)}
            for name, people in self.lists().items()
        }

    @abstractmethod
    def tool(self) -> MailTool:
        """Return the real client, which remembers nothing."""

    @abstractmethod
    def reader(self) -> SuppressionReader:
        """Return what reads whom it does not mail."""

    @abstractmethod
    def lists(self) -> dict[str, set[str]]:
        """Return by list the addresses on it, whether they show or not."""

    @abstractmethod
    def made(self) -> list[str]:
        """Return the names of all that was made, twice what there is twice."""

    @abstractmethod
    def properties(self, email: str) -> dict[str, Any]:
        """Return the properties of ours that a contact has."""

    @abstractmethod
    def add(self, name: str) -> None:
        """Add a subscriber."""

    @abstractmethod
    def unsubscribe(self, name: str) -> None:
        """Let somebody say no to all mail."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Delete a contact."""

    @abstractmethod
    def put_on(self, audience: str, name: str) -> None:
        """Put somebody on a list by hand."""

    @abstractmethod
    def take_off(self, audience: str, name: str) -> None:
        """Take somebody off a list by hand."""

    @abstractmethod
    def refuse(self, email: str) -> None:
        """Let what is told of somebody be refused."""

    @abstractmethod
    def shows(self, when: str) -> None:
        """Set when what was accepted is done and shows: at once, late, or in the next run."""

    @abstractmethod
    def end_delays(self) -> None:
        """Let all that was accepted be done and show."""

    def _at(self, place: str) -> Any:
        found: Any = self.server
        for part in filter(None, place.split(".")):
            found = getattr(found, part)
        return found

    def _on(self) -> set[tuple[str, str]]:
        return {(name, email) for name, people in self.lists().items() for email in people}

    def _look(self, call: Call) -> None:
        now = self._on()
        for audience, email in now - self._before:
            self.starts[audience, email] += 1
            if email in self.barred:
                self.trespasses.append((audience, email))
        self._before = now


def address(name: str) -> str:
    """Return the address of somebody."""
    return f"{name}@example.com"
