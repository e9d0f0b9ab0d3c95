"""Whom Brevo does not mail."""

from collections.abc import Iterator
from datetime import datetime

from pipeline.apis.brevo import BrevoApi, moment, time_of
from pipeline.destinations.suppressions import FREE, Suppression

PAGE = 1000


class BrevoSuppressions:
    """Reads contacts; whether a no, a complaint or a bounce blocked one Brevo leaves open."""

    is_always_whole = False

    def __init__(self, api: BrevoApi) -> None:
        self._api = api

    def suppressions(self, since: datetime | None) -> Iterator[Suppression]:
        """Yield everybody whom Brevo blocks, or what has changed since."""
        wanted = {"modifiedSince": moment(since)} if since else {}
        for page in self._api.pages("/contacts", "contacts", PAGE, wanted):
            for contact in page:
                if contact.get("email") and contact["emailBlacklisted"]:
                    at = time_of(contact["modifiedAt"])
                    yield Suppression(contact["email"], "unsubscribed", at)
                elif contact.get("email") and since:
                    yield Suppression(contact["email"], FREE, None)
