"""What an operator may set. The only module that reads the environment and ``.env``."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pipeline.shop_settings import ShopSettings
from pipeline.tool_settings import ToolSettings

PROJECT_ROOT = Path(__file__).resolve().parents[1]

SAMPLE = "online_retail"
"""The source that ships with the project; its e-mail events and consents are simulated."""
TOOLS = ("klaviyo", "mailchimp", "brevo", "listmonk")
SOURCES = (SAMPLE, "files", "sql", "shopify", "woocommerce", *TOOLS)
DESTINATIONS = ("files", *TOOLS)
DATABASES = ("postgresql", "postgres", "mysql", "mariadb")
SAMPLE_TIMEZONE = "Europe/London"
SAMPLE_CURRENCY = "GBP"
TRANSFORMS = PROJECT_ROOT / "transforms"

Names = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings, ShopSettings, ToolSettings):
    """Settings from ``WINBACK_…`` variables, else from ``.env``, else the defaults.

    Raises ``pydantic.ValidationError`` with a sentence per wrong setting.
    """

    model_config = SettingsConfigDict(
        env_prefix="WINBACK_", env_file=PROJECT_ROOT / ".env", extra="ignore", env_ignore_empty=True
    )

    sources: Names = (SAMPLE,)
    inbox: Path | None = None
    sql_url: SecretStr | None = None
    sql_queries: Path | None = None
    sql_timeout_seconds: int = Field(default=600, ge=1, le=86_400)
    var: Path = Path("var")
    destinations: Names = ("files",)
    send: bool = False
    timezone: str | None = None
    currency: str | None = None
    max_quarantine_share: float = Field(default=0.05, ge=0, le=1)
    stale_after_days: int = Field(default=30, ge=1, le=36_500)
    memory_limit: str = Field(default="1GB", pattern=r"^\d+(\.\d+)?\s?[KMGT]i?B$")
    threads: int = Field(default=2, ge=1)
    lock_wait_seconds: int = Field(default=60, ge=0, le=86_400)
    alert_webhook: SecretStr | None = None
    alert_email: str | None = None
    alert_smtp: SecretStr | None = None

    @field_validator("sources", "destinations", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
        return value

    @field_validator("send", mode="before")
    @classmethod
    def _yes_or_no(cls, value: object) -> object:
        if isinstance(value, str) and value.lower() not in ("yes", "no"):
            raise ValueError("WINBACK_SEND has to be yes or no")
        return value

    @field_validator("sources")
    @classmethod
    def _known_sources(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known("WINBACK_SOURCES", value, SOURCES)

    @field_validator("destinations")
    @classmethod
    def _known_destinations(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known("WINBACK_DESTINATIONS", value, DESTINATIONS)

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError(
                f"WINBACK_TIMEZONE={value} is no time zone; use a name like Europe/Berlin"
            )
        return value

    @field_validator("currency")
    @classmethod
    def _upper(cls, value: str | None) -> str | None:
        if value is not None and not (len(value) == 3 and value.isalpha()):
            raise ValueError(f"WINBACK_CURRENCY={value} is no currency code; use one like EUR")
        return value.upper() if value else value

    @field_validator("alert_webhook", "alert_smtp")
    @classmethod
    def _readable(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        schemes = ("http", "https") if info.field_name == "alert_webhook" else ("smtp", "smtps")
        if value is not None and not _is_address(value.get_secret_value(), schemes):
            raise ValueError(
                f"WINBACK_{str(info.field_name).upper()} is no address; it begins with "
                f"{' or '.join(f'{scheme}://' for scheme in schemes)} and names a host"
            )
        return value

    @field_validator("sql_url")
    @classmethod
    def _known_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and urlsplit(value.get_secret_value()).scheme not in DATABASES:
            raise ValueError(
                "WINBACK_SQL_URL has to begin with postgresql:// or mysql:// and name a database"
            )
        return value

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        if "files" in self.sources and self.inbox is None:
            raise ValueError(
                "WINBACK_SOURCES names files, so WINBACK_INBOX has to name the folder they come in"
            )
        if "sql" in self.sources and (self.sql_url is None or self.sql_queries is None):
            raise ValueError(
                "WINBACK_SOURCES names sql, so WINBACK_SQL_URL has to name the database and "
                "WINBACK_SQL_QUERIES the folder of the queries"
            )
        self.require_shops(self.sources)
        self.require_tools(self.sources, self.destinations)
        if SAMPLE in self.sources and self.currency not in (None, SAMPLE_CURRENCY):
            raise ValueError(
                f"the sample counts in {SAMPLE_CURRENCY}: leave {SAMPLE} out of WINBACK_SOURCES, "
                f"or set WINBACK_CURRENCY={SAMPLE_CURRENCY}"
            )
        if (self.alert_email is None) != (self.alert_smtp is None):
            raise ValueError(
                "WINBACK_ALERT_EMAIL says whom to tell and WINBACK_ALERT_SMTP by which server: "
                "set both or neither"
            )
        if self.send and self.tools and SAMPLE in self.sources:
            raise ValueError(
                "WINBACK_SEND=yes would send the sample's made-up people to "
                f"{', '.join(self.tools)}: "
                f"leave {SAMPLE} out of WINBACK_SOURCES, or WINBACK_SEND unset"
            )
        missing = [name for name in ("timezone", "currency") if getattr(self, name) is None]
        if missing and not self.is_sample_only:
            names = " and ".join(f"WINBACK_{name.upper()}" for name in missing)
            raise ValueError(f"set {names}: with a shop of your own there is no default for it")
        return self

    @property
    def is_sample_only(self) -> bool:
        """Whether nothing but the shipped sample is read."""
        return self.sources == (SAMPLE,)

    @property
    def tools(self) -> tuple[str, ...]:
        """Return the e-mail tools outside that lists go to."""
        return tuple(name for name in self.destinations if name in TOOLS)

    @property
    def is_mailing(self) -> bool:
        """Whether the destination that mails, the first one, is sent to; files always are."""
        return self.send or self.destinations[0] not in TOOLS

    @property
    def shop_timezone(self) -> ZoneInfo:
        """Return the zone in which the shop counts its days."""
        return ZoneInfo(self.timezone or SAMPLE_TIMEZONE)

    @property
    def shop_currency(self) -> str:
        """Return the currency that money is counted in."""
        return self.currency or SAMPLE_CURRENCY

    @property
    def var_folder(self) -> Path:
        """Return the folder that everything a run writes is under; relative ones start here."""
        return self.var if self.var.is_absolute() else PROJECT_ROOT / self.var

    @property
    def warehouse_path(self) -> Path:
        """Return the file that runs own and nobody else opens."""
        return self.var_folder / "warehouse.duckdb"

    @property
    def published_path(self) -> Path:
        """Return the copy that analysts read."""
        return self.var_folder / "published" / "winback.duckdb"

    @property
    def dagster_home(self) -> Path:
        """Return the folder of Dagster's run history."""
        return self.var_folder / "dagster"


def sentence_of(error: ValidationError) -> str:
    """Return what is wrong with the settings, without values, which may be secrets."""
    sentences = []
    for one in error.errors():
        text = one["msg"].removeprefix("Value error, ")
        name = "WINBACK_" + "_".join(str(part) for part in one["loc"][:1]).upper()
        sentences.append(text if "WINBACK_" in text else f"{name}: {text}")
    return "; ".join(sentences)


def _is_address(address: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(address)
        # An impossible port is only found when it is asked for.
        return parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _known(variable: str, value: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in value if name not in known]
    if unknown or not value:
        raise ValueError(
            f"{variable}={','.join(value)}: name one or more of {', '.join(known)}, with commas"
        )
    return value
