"""Makes what reads each source that is read window by window, from the settings."""

from collections.abc import Callable, Mapping

from pipeline.settings import Settings
from pipeline.sources.extraction import Source


def source_of(name: str, settings: Settings) -> Source:
    """Return what reads the source ``name``. Nothing is asked of it yet."""
    return _MAKERS[name](settings)


def _sql(settings: Settings) -> Source:
    from pipeline.sources.sql import SqlSource

    # Settings without them are refused before anything asks for the source.
    if settings.sql_url is None or settings.sql_queries is None:
        raise ValueError("WINBACK_SQL_URL or WINBACK_SQL_QUERIES is not set")
    return SqlSource(
        settings.sql_url, settings.sql_queries, settings.shop_timezone, settings.sql_timeout_seconds
    )


_MAKERS: Mapping[str, Callable[[Settings], Source]] = {"sql": _sql}
