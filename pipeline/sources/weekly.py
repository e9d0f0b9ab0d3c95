"""When a run looks again at what no window of changes would show."""

from datetime import datetime, timedelta

MONDAY = datetime.fromisoformat("2024-01-01")


def holds_a_monday(since: datetime, until: datetime) -> bool:
    """Say whether a week begins in a window, so that one run a week is chosen without a memory."""
    return _weeks(until) > _weeks(since)


def _weeks(moment: datetime) -> int:
    return (moment - MONDAY) // timedelta(weeks=1)
