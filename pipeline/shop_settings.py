"""What an operator may set about shops that are read through their vendors' APIs."""

from collections.abc import Collection
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr, ValidationInfo, field_validator


class ShopSettings(BaseModel):
    """Addresses of shops, and what opens them."""

    shopify_shop: str | None = None
    shopify_client_id: str | None = None
    shopify_client_secret: SecretStr | None = None
    shopify_token: SecretStr | None = None
    woocommerce_url: str | None = None
    woocommerce_key: SecretStr | None = None
    woocommerce_secret: SecretStr | None = None

    @field_validator("shopify_shop", "woocommerce_url")
    @classmethod
    def _encrypted(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not _is_encrypted(value):
            raise ValueError(
                f"WINBACK_{str(info.field_name).upper()} has to name the shop's address, with "
                "https:// or without: its key goes with every call"
            )
        return value

    def require_shops(self, sources: Collection[str]) -> None:
        """Raise ``ValueError`` where a shop is to be read and what opens it is missing."""
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
