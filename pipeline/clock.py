"""Where the time of day is read."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time now as the warehouse keeps times: in UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)
