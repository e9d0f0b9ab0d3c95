"""Which day a run is for. The only place that looks at the clock for a date."""

from datetime import date, datetime, timedelta

from pipeline.settings import Settings

SAMPLE_LAST_DAY = date(2011, 12, 9)
"""The last day that the shipped sample covers."""


class AsOfError(ValueError):
    """The day asked for cannot be computed."""


def resolve_as_of(asked: str | None, settings: Settings) -> date:
    """Return the day asked for, else the default.

    The default is yesterday in the shop's time zone, the last whole day there is; for the sample
    alone it is the sample's last day. Raises ``AsOfError`` for what is no day or has not begun.
    """
    if not asked:
        return SAMPLE_LAST_DAY if settings.is_sample_only else _today(settings) - timedelta(days=1)
    try:
        day = date.fromisoformat(asked)
    except ValueError as error:
        raise AsOfError(
            f"--as-of {asked} is no day of the calendar; write it like 2026-01-31"
        ) from error
    if day > _today(settings):
        raise AsOfError(f"--as-of {asked} has not begun yet; the latest is {_today(settings)}")
    return day


def _today(settings: Settings) -> date:
    return datetime.now(settings.shop_timezone).date()
