"""What every e-mail tool tells of whom it must not or does not mail."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

REASONS = (
    "complained",
    "unsubscribed",
    "hard_bounce",
    "invalid_address",
    "suppressed",
    "never_subscribed",
    "pending",
)
"""The worst first. suppressed: by hand, or for a reason that the tool does not tell."""
FREE = ""
"""The reason of somebody against whom nothing stands any more."""


@dataclass(frozen=True)
class Suppression:
    """What stands against an address in a tool; ``FREE`` as reason where nothing does any more.

    ``suppressed_at`` is in UTC without a zone, None where the tool does not tell.
    """

    email: str
    reason: str
    suppressed_at: datetime | None


class SuppressionReader(Protocol):
    """A tool's own word on whom it mails. It only reads."""

    def suppressions(self, since: datetime | None) -> Iterator[Suppression]:
        """Yield everybody against whom something stands, or only what has changed since.

        With ``since`` those come too against whom nothing stands any more. Where a tool cannot tell
        what has changed, all come: whoever is left out of that has nothing against him, and the
        reader says so by ``is_always_whole``. An address may come twice; the worst reason counts.
        """

    @property
    def is_always_whole(self) -> bool:
        """Whether all come, whatever ``since`` says."""


def worst(reasons: Iterator[tuple[str, datetime | None]]) -> tuple[str, datetime | None] | None:
    """Return the worst of what stands against somebody, None where there is nothing."""
    return min(reasons, key=lambda one: REASONS.index(one[0]), default=None)
