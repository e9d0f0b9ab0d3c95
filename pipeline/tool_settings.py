"""What an operator may set about e-mail tools that are read from and sent to by their APIs."""

from collections.abc import Collection
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator

NEEDED = {
    "klaviyo": ("klaviyo_key",),
    "mailchimp": ("mailchimp_key",),
    "brevo": ("brevo_key",),
    "listmonk": ("listmonk_url", "listmonk_user", "listmonk_token"),
}
"""What has to be set for a tool to be read or sent to."""


class ToolSettings(BaseModel):
    """What opens e-mail tools, and how far they are read."""

    klaviyo_key: SecretStr | None = None
    klaviyo_look_back_days: int = Field(default=3, ge=0, le=365)
    mailchimp_key: SecretStr | None = None
    mailchimp_audience: str | None = None
    brevo_key: SecretStr | None = None
    brevo_campaigns: bool = False
    listmonk_url: str | None = None
    listmonk_user: str | None = None
    listmonk_token: SecretStr | None = None

    @field_validator("mailchimp_key")
    @classmethod
    def _with_data_centre(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _, hyphen, centre = value.get_secret_value().rpartition("-")
            if not hyphen or not centre.isalnum():
                raise ValueError("WINBACK_MAILCHIMP_KEY has to end with a data centre, like -us10")
        return value

    @field_validator("listmonk_url")
    @classmethod
    def _with_a_host(cls, value: str | None) -> str | None:
        # In a network of one's own it is often reached without encryption, so that is no mistake.
        if value is not None and not _is_address(value):
            raise ValueError(
                "WINBACK_LISTMONK_URL has to begin with https:// or http:// and name a host"
            )
        return value

    def require_tools(self, sources: Collection[str], destinations: Collection[str]) -> None:
        """Raise ``ValueError`` where a tool is to be used and what opens it is missing."""
        for tool, names in NEEDED.items():
            unset = [f"WINBACK_{name.upper()}" for name in names if getattr(self, name) is None]
            # Lists are kept in one audience; reports are read of all.
            if tool == "mailchimp" and tool in destinations and self.mailchimp_audience is None:
                unset.append("WINBACK_MAILCHIMP_AUDIENCE")
            for variable, chosen in (("SOURCES", sources), ("DESTINATIONS", destinations)):
                if tool in chosen and unset:
                    raise ValueError(
                        f"WINBACK_{variable} names {tool}, so set {' and '.join(unset)}"
                    )


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    except ValueError:
        return False
