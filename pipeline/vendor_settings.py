"""What an operator may set about shops and mail tools that are read through their vendors' APIs."""

import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr, ValidationInfo, field_validator

MAIL_TOOLS: Mapping[str, tuple[str, ...]] = {
    "klaviyo": ("klaviyo_key",),
    "mailchimp": ("mailchimp_key",),
    "brevo": ("brevo_key",),
    "listmonk": ("listmonk_url", "listmonk_user", "listmonk_token"),
}
"""What has to be set to read each mail tool."""


class VendorSettings(BaseModel):
    """Addresses of shops and mail tools, and what opens them."""

    shopify_shop: str | None = None
    shopify_client_id: str | None = None
    shopify_client_secret: SecretStr | None = None
    shopify_token: SecretStr | None = None
    woocommerce_url: str | None = None
    woocommerce_key: SecretStr | None = None
    woocommerce_secret: SecretStr | None = None
    klaviyo_url: str = "https://a.klaviyo.com"
    klaviyo_key: SecretStr | None = None
    mailchimp_url: str | None = None
    mailchimp_key: SecretStr | None = None
    mailchimp_audience: str | None = None
    brevo_url: str = "https://api.brevo.com/v3"
    brevo_key: SecretStr | None = None
    brevo_campaigns: bool = False
    listmonk_url: str | None = None
    listmonk_user: str | None = None
    listmonk_token: SecretStr | None = None

    @field_validator(
        "shopify_shop",
        "woocommerce_url",
        "klaviyo_url",
        "mailchimp_url",
        "brevo_url",
        "listmonk_url",
    )
    @classmethod
    def _encrypted(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not _is_encrypted(value):
            raise ValueError(
                f"WINBACK_{str(info.field_name).upper()} has to name an address, with https:// or "
                "without: a key goes with every call"
            )
        return value

    @field_validator("mailchimp_key")
    @classmethod
    def _names_data_centre(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"\w+-\w+", value.get_secret_value()):
            raise ValueError(
                "WINBACK_MAILCHIMP_KEY has to end with the data centre of the account, like -us10"
            )
        return value

    def require_keys(self, sources: Collection[str]) -> None:
        """Raise ``ValueError`` where a vendor is to be read and what opens it is missing."""
        self._require_shops(sources)
        for source, names in MAIL_TOOLS.items():
            missing = [name for name in names if getattr(self, name) is None]
            if source in sources and missing:
                variables = " and ".join(f"WINBACK_{name.upper()}" for name in missing)
                raise ValueError(
                    f"WINBACK_SOURCES names {source}, so {variables} must be set; "
                    f"see docs/sources/{source}.md"
                )

    def _require_shops(self, sources: Collection[str]) -> None:
        app = (self.shopify_client_id, self.shopify_client_secret)
        has_key = self.shopify_token is not None or None not in app
        if "shopify" in sources and not (self.shopify_shop and has_key):
            raise ValueError(
                "WINBACK_SOURCES names shopify, so WINBACK_SHOPIFY_SHOP has to name the shop, and "
                "WINBACK_SHOPIFY_CLIENT_ID and WINBACK_SHOPIFY_CLIENT_SECRET its app (or "
                "WINBACK_SHOPIFY_TOKEN, for an app made before 2026)"
            )
        shop = (self.woocommerce_url, self.woocommerce_key, self.woocommerce_secret)
        if "woocommerce" in sources and None in shop:
            raise ValueError(
                "WINBACK_SOURCES names woocommerce, so WINBACK_WOOCOMMERCE_URL has to name the "
                "shop, and WINBACK_WOOCOMMERCE_KEY and WINBACK_WOOCOMMERCE_SECRET its key"
            )


def _is_encrypted(address: str) -> bool:
    """Say whether a key is safe on the way to an address; on loopback nobody listens."""
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
        is_safe = parts.scheme == "https" or parts.hostname in ("127.0.0.1", "localhost")
        return bool(parts.hostname) and not parts.username and is_safe
    except ValueError:
        return False
