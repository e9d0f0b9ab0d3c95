"""Makes what reads each source that is read window by window, from the settings."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from pipeline.settings import Settings
from pipeline.sources.extraction import PagedSource, Source
from pipeline.tool_clients import api_of, opened
from pipeline.warehouse import Warehouse


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


def _shopify(settings: Settings) -> Source:
    from pipeline.apis.shopify import ShopifyApi
    from pipeline.sources.shopify import STREAMS, ShopifyClient

    app = (settings.shopify_client_id, opened(settings.shopify_client_secret))
    credentials = (opened(settings.shopify_token),) if settings.shopify_token else app
    api = ShopifyApi(settings.shopify_shop or "", *(text or "" for text in credentials))
    # What a first load holds is as personal as the warehouse, so it waits beside that.
    return PagedSource("shopify", STREAMS, ShopifyClient(api, settings.var_folder))


def _woocommerce(settings: Settings) -> Source:
    from pipeline.apis.woocommerce import WooCommerceApi
    from pipeline.loading.standing_orders import StandingOrders
    from pipeline.sources.woocommerce import STREAMS, WooCommerceClient

    key, secret = opened(settings.woocommerce_key), opened(settings.woocommerce_secret)
    api = WooCommerceApi(settings.woocommerce_url or "", key, secret)
    warehouse = Warehouse(settings.warehouse_path, settings.memory_limit, settings.threads)
    known = StandingOrders(warehouse, "woocommerce")
    return PagedSource("woocommerce", STREAMS, WooCommerceClient(api, known))


def _klaviyo(settings: Settings) -> Source:
    from pipeline.sources.klaviyo import KlaviyoClient, streams

    client = KlaviyoClient(api_of("klaviyo", settings))
    look_back = timedelta(days=settings.klaviyo_look_back_days)
    return PagedSource("klaviyo", streams(look_back), client)


def _mailchimp(settings: Settings) -> Source:
    from pipeline.sources.mailchimp import STREAMS, MailchimpClient

    client = MailchimpClient(api_of("mailchimp", settings), list_id=settings.mailchimp_audience)
    return PagedSource("mailchimp", STREAMS, client)


def _brevo(settings: Settings) -> Source:
    from pipeline.sources.brevo import STREAMS, BrevoClient

    client = BrevoClient(api_of("brevo", settings), has_campaigns=settings.brevo_campaigns)
    return PagedSource("brevo", STREAMS, client)


def _listmonk(settings: Settings) -> Source:
    from pipeline.sources.listmonk import STREAMS, ListmonkClient

    return PagedSource("listmonk", STREAMS, ListmonkClient(api_of("listmonk", settings)))


_MAKERS: Mapping[str, Callable[[Settings], Source]] = {
    "sql": _sql,
    "shopify": _shopify,
    "woocommerce": _woocommerce,
    "klaviyo": _klaviyo,
    "mailchimp": _mailchimp,
    "brevo": _brevo,
    "listmonk": _listmonk,
}
