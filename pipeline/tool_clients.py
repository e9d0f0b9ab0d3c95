"""Opens e-mail tools from the settings: their API, what keeps lists there, what reads whom not."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import SecretStr

from pipeline.destinations.contract import MailTool
from pipeline.destinations.suppressions import SuppressionReader
from pipeline.settings import Settings


def api_of(name: str, settings: Settings) -> Any:
    """Return the API of the tool ``name``. Nothing is asked of it yet."""
    return _APIS[name](settings)


def tool_of(name: str, settings: Settings) -> MailTool:
    """Return what keeps lists in the tool ``name``."""
    return _TOOLS[name](settings)


def suppressions_of(name: str, settings: Settings) -> SuppressionReader:
    """Return what reads whom the tool ``name`` does not mail."""
    return _READERS[name](settings)


def opened(secret: SecretStr | None) -> str:
    """Return what a secret hides, "" where none is set."""
    return secret.get_secret_value() if secret else ""


def _klaviyo_api(settings: Settings) -> Any:
    from pipeline.apis.klaviyo import KlaviyoApi

    return KlaviyoApi(opened(settings.klaviyo_key))


def _mailchimp_api(settings: Settings) -> Any:
    from pipeline.apis.mailchimp import MailchimpApi

    return MailchimpApi(opened(settings.mailchimp_key))


def _brevo_api(settings: Settings) -> Any:
    from pipeline.apis.brevo import BrevoApi

    return BrevoApi(opened(settings.brevo_key))


def _listmonk_api(settings: Settings) -> Any:
    from pipeline.apis.listmonk import ListmonkApi

    url, user = settings.listmonk_url or "", settings.listmonk_user or ""
    return ListmonkApi(url, user, opened(settings.listmonk_token))


def _klaviyo(settings: Settings) -> MailTool:
    from pipeline.destinations.klaviyo import KlaviyoTool

    return KlaviyoTool(_klaviyo_api(settings))


def _mailchimp(settings: Settings) -> MailTool:
    from pipeline.destinations.mailchimp import MailchimpTool

    return MailchimpTool(_mailchimp_api(settings), settings.mailchimp_audience or "")


def _brevo(settings: Settings) -> MailTool:
    from pipeline.destinations.brevo import BrevoTool

    return BrevoTool(_brevo_api(settings))


def _listmonk(settings: Settings) -> MailTool:
    from pipeline.destinations.listmonk import ListmonkTool

    return ListmonkTool(_listmonk_api(settings))


def _klaviyo_suppressions(settings: Settings) -> SuppressionReader:
    from pipeline.destinations.klaviyo_suppressions import KlaviyoSuppressions

    return KlaviyoSuppressions(_klaviyo_api(settings))


def _mailchimp_suppressions(settings: Settings) -> SuppressionReader:
    from pipeline.destinations.mailchimp_suppressions import MailchimpSuppressions

    return MailchimpSuppressions(_mailchimp_api(settings), settings.mailchimp_audience or "")


def _brevo_suppressions(settings: Settings) -> SuppressionReader:
    from pipeline.destinations.brevo_suppressions import BrevoSuppressions

    return BrevoSuppressions(_brevo_api(settings))


def _listmonk_suppressions(settings: Settings) -> SuppressionReader:
    from pipeline.destinations.listmonk_suppressions import ListmonkSuppressions

    return ListmonkSuppressions(_listmonk_api(settings))


_APIS: Mapping[str, Callable[[Settings], Any]] = {
    "klaviyo": _klaviyo_api,
    "mailchimp": _mailchimp_api,
    "brevo": _brevo_api,
    "listmonk": _listmonk_api,
}

_TOOLS: Mapping[str, Callable[[Settings], MailTool]] = {
    "klaviyo": _klaviyo,
    "mailchimp": _mailchimp,
    "brevo": _brevo,
    "listmonk": _listmonk,
}

_READERS: Mapping[str, Callable[[Settings], SuppressionReader]] = {
    "klaviyo": _klaviyo_suppressions,
    "mailchimp": _mailchimp_suppressions,
    "brevo": _brevo_suppressions,
    "listmonk": _listmonk_suppressions,
}
