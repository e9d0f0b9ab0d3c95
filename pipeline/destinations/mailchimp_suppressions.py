"""Whom Mailchimp does not mail in one audience."""

from collections.abc import Callable, Iterator
from datetime import datetime

from pipeline.apis.mailchimp import MailchimpApi
from pipeline.apis.mailchimp_walks import changed_members, time_of
from pipeline.clock import utc_now
from pipeline.destinations.suppressions import FREE, Suppression

BY_STATUS = {
    "subscribed": FREE,
    "unsubscribed": "unsubscribed",
    "cleaned": "hard_bounce",
    "pending": "pending",
    "transactional": "never_subscribed",
    "archived": "suppressed",
}
FROM_THE_START = datetime.fromisoformat("0001-01-01")


class MailchimpSuppressions:
    """Reads members of an audience by their status, then who complained in it."""

    is_always_whole = False

    def __init__(
        self, api: MailchimpApi, list_id: str, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._api = api
        self._list_id = list_id
        self._now = now

    def suppressions(self, since: datetime | None) -> Iterator[Suppression]:
        """Yield everybody whom the audience does not mail, or what has changed since."""
        start = since or FROM_THE_START
        for page in changed_members(self._api, self._list_id, start, self._now()):
            for member in page:
                # A status that nobody knows is no yes.
                reason = BY_STATUS.get(member["status"], "suppressed")
                if reason or since:
                    at = time_of(member["last_changed"]) if reason else None
                    yield Suppression(member["email_address"], reason, at)
        for page in self._api.pages(f"/lists/{self._list_id}/abuse-reports", "abuse_reports"):
            for report in page:
                yield Suppression(report["email_address"], "complained", time_of(report["date"]))
