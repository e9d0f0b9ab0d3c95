from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.as_of import AsOfError, resolve_as_of
from pipeline.settings import Settings, sentence_of


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("WINBACK_")]:
        monkeypatch.delenv(name)


def of(**values: object) -> Settings:
    return Settings(_env_file=None, **values)


MAIL = {"alert_email": "team@example.com"}
FILES = {"sources": "files", "inbox": "in", "timezone": "Asia/Tokyo", "currency": "jpy"}


def test_without_anything_it_runs_on_the_sample() -> None:
    settings = of()
    assert settings.is_sample_only
    assert (str(settings.shop_timezone), settings.shop_currency) == ("Europe/London", "GBP")
    assert settings.warehouse_path.parts[-2:] == ("var", "warehouse.duckdb")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"sources": "carrier_pigeon"}, "WINBACK_SOURCES"),
        ({"sources": "shopify", "shopify_shop": "a-shop"}, "WINBACK_SHOPIFY_CLIENT_ID"),
        ({"sources": "shopify", "shopify_token": "secret"}, "WINBACK_SHOPIFY_SHOP"),
        (
            {"sources": "shopify", "shopify_shop": "a-shop", "shopify_client_secret": "secret"},
            "WINBACK_SHOPIFY_CLIENT_ID",
        ),
        ({"shopify_shop": "http://a-shop.myshopify.com"}, "WINBACK_SHOPIFY_SHOP"),
        (
            {"sources": "woocommerce", "woocommerce_url": "https://shop.example.com"},
            "WINBACK_WOOCOMMERCE_KEY",
        ),
        ({"woocommerce_url": "http://shop.example.com"}, "WINBACK_WOOCOMMERCE_URL"),
        ({"woocommerce_url": "https://ck:secret@shop.example.com"}, "WINBACK_WOOCOMMERCE_URL"),
        ({"sources": "files"}, "WINBACK_INBOX"),
        ({"sources": "files", "inbox": "in"}, "WINBACK_TIMEZONE and WINBACK_CURRENCY"),
        (FILES | {"timezone": "Mars"}, "Mars"),
        (FILES | {"currency": "Euro"}, "EURO".capitalize()),
        (FILES | {"sources": "files,online_retail"}, "GBP"),
        ({"destinations": "fax"}, "WINBACK_DESTINATIONS"),
        ({"max_quarantine_share": "2"}, "WINBACK_MAX_QUARANTINE_SHARE"),
        ({"memory_limit": "much"}, "WINBACK_MEMORY_LIMIT"),
        ({"alert_webhook": "hooks.example.com/secret"}, "WINBACK_ALERT_WEBHOOK"),
        (MAIL | {"alert_smtp": "smtp://u:secret@mail.example.com:x"}, "WINBACK_ALERT_SMTP"),
        (MAIL | {"alert_smtp": "mail.example.com:secret"}, "WINBACK_ALERT_SMTP"),
        (MAIL, "WINBACK_ALERT_SMTP"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError) as raised:
        of(**values)
    assert says in sentence_of(raised.value)
    assert "secret" not in sentence_of(raised.value)


def test_several_sources_are_separated_by_commas() -> None:
    settings = of(
        sources="files, online_retail", inbox=Path("in"), timezone="Europe/London", currency="gbp"
    )
    assert settings.sources == ("files", "online_retail")
    assert not settings.is_sample_only


def test_the_default_day_is_the_last_whole_day_of_the_shop() -> None:
    settings = of(**FILES)
    now = datetime.now(settings.shop_timezone).date()
    assert resolve_as_of(None, settings) in {now - timedelta(days=1), now}
    assert resolve_as_of(None, of()) == date(2011, 12, 9)
    assert resolve_as_of("2024-02-29", settings) == date(2024, 2, 29)


@pytest.mark.parametrize("asked", ["yesterday", "2024-02-30", "31.12.2024", "2999-01-01"])
def test_a_day_that_is_none_is_refused(asked: str) -> None:
    with pytest.raises(AsOfError, match=asked):
        resolve_as_of(asked, of())
