"""What can be asked of a tool that has lists of contacts, told apart by numbers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Profile = Mapping[str, Any]


@dataclass(frozen=True)
class Contact:
    """What a tool tells of somebody.

    ``lists`` are those he is on, ``left`` those that he himself has left. ``obstacle`` is why he is
    not mailed at all.
    """

    number: int
    email: str
    lists: frozenset[int]
    left: frozenset[int] = frozenset()
    obstacle: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def why_not(self, list_number: int) -> str | None:
        """Return why he must not be on a list, None where nothing stands against it."""
        return self.obstacle or (
            "unsubscribed from this list" if list_number in self.left else None
        )


@dataclass(frozen=True)
class Written:
    """What came of writing profiles, by number of the contact; who is in neither shows his.

    What is ``unfinished`` was accepted and has not been done yet.
    """

    refused: Mapping[int, str] = field(default_factory=dict)
    unfinished: Collection[int] = ()


class Desk(Protocol):
    """What can be asked of such a tool; repeating anything leaves what doing it once leaves."""

    def list_number(self, audience: str) -> int | None:
        """Return the number of a list, None where there is none."""

    def made_list(self, audience: str) -> int:
        """Return the number of a list, which is made where there is none."""

    def by_email(self, emails: Collection[str]) -> Mapping[str, Contact]:
        """Return contacts by ``key_of`` their addresses."""

    def by_number(self, numbers: Iterable[int]) -> Mapping[int, Contact]:
        """Return contacts by their numbers."""

    def write(self, profiles: Sequence[tuple[Contact, Profile]]) -> Written:
        """See to it that contacts show what is known of them."""

    def put_on(self, list_number: int, numbers: Sequence[int]) -> None:
        """Ask that contacts be put on a list."""

    def take_off(self, list_number: int, numbers: Sequence[int]) -> None:
        """Ask that contacts be taken off a list."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


def key_of(email: str) -> str:
    """Return the address by which people are matched."""
    return email.strip().lower()
