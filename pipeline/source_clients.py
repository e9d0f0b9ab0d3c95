"""Makes what reads each source that is read window by window, from the settings."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from pydantic import SecretStr

from pipeline.settings import Settings
from pipeline.sources.extraction import PagedSource, Source
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

    app = (settings.shopify_client_id, _open(settings.shopify_client_secret))
    credentials = (_open(settings.shopify_token),) if settings.shopify_token else app
    api = ShopifyApi(settings.shopify_shop or "", *(text or "" for text in credentials))
    # What a first load holds is as personal as the warehouse, so it waits beside that.
    return PagedSource("shopify", STREAMS, ShopifyClient(api, settings.var_folder))


def _woocommerce(settings: Settings) -> Source:
    from pipeline.apis.woocommerce import WooCommerceApi
    from pipeline.loading.standing_orders import StandingOrders
    from pipeline.sources.woocommerce import STREAMS, WooCommerceClient

    key, secret = _open(settings.woocommerce_key), _open(settings.woocommerce_secret)
    api = WooCommerceApi(settings.woocommerce_url or "", key, secret)
    warehouse = Warehouse(settings.warehouse_path, settings.memory_limit, settings.threads)
    known = StandingOrders(warehouse, "woocommerce")
    return PagedSource("woocommerce", STREAMS, WooCommerceClient(api, known))


def _klaviyo(settings: Settings) -> Source:
    from pipeline.apis.klaviyo import KlaviyoApi
    from pipeline.sources.klaviyo import KlaviyoClient, streams

    client = KlaviyoClient(KlaviyoApi(_open(settings.klaviyo_key)))
    look_back = timedelta(days=settings.klaviyo_look_back_days)
    return PagedSource("klaviyo", streams(look_back), client)


def _mailchimp(settings: Settings) -> Source:
    from pipeline.apis.mailchimp import MailchimpApi
    from pipeline.sources.mailchimp import STREAMS, MailchimpClient

    api = MailchimpApi(_open(settings.mailchimp_key))
    client = MailchimpClient(api, list_id=settings.mailchimp_audience)
    return PagedSource("mailchimp", STREAMS, client)


def _brevo(settings: Settings) -> Source:
    from pipeline.apis.brevo import BrevoApi
    from pipeline.sources.brevo import STREAMS, BrevoClient

    api = BrevoApi(_open(settings.brevo_key))
    return PagedSource("brevo", STREAMS, BrevoClient(api, has_campaigns=settings.brevo_campaigns))


def _listmonk(settings: Settings) -> Source:
    from pipeline.apis.listmonk import ListmonkApi
    from pipeline.sources.listmonk import STREAMS, ListmonkClient

    url, user = settings.listmonk_url or "", settings.listmonk_user or ""
    api = ListmonkApi(url, user, _open(settings.listmonk_token))
    return PagedSource("listmonk", STREAMS, ListmonkClient(api))


def _open(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


_MAKERS: Mapping[str, Callable[[Settings], Source]] = {
    "sql": _sql,
    "shopify": _shopify,
    "woocommerce": _woocommerce,
    "klaviyo": _klaviyo,
    "mailchimp": _mailchimp,
    "brevo": _brevo,
    "listmonk": _listmonk,
}
