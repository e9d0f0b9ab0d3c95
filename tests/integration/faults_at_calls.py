"""What may go wrong at one call of a night, row by row of the matrix."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from typing import Any
from unittest.mock import patch

import requests

from tests.integration.outside_accounts import ATTEMPTS, Account, address
from tests.integration.two_nights import SLIPPING
from tests.stand_ins.calls import Call, halved
from tests.stand_ins.faults import (
    DROPPED,
    HALF_DONE,
    LOST_ANSWER,
    STALLED,
    TRUNCATED_BODY,
    Fault,
    answering,
    too_many_requests,
)
from tests.unit.exported_lists import Crash

ALL_NIGHT = 1000
TWO_HOURS = "7200"
EVERYWHERE = "everywhere"

Begin = Callable[[Account, int], AbstractContextManager[None]]


@dataclass(frozen=True)
class Row:
    """A fault; ``begin`` lets it happen at a call, ``concerns`` says of which calls it can."""

    label: str
    begin: Begin
    concerns: Callable[[Call], bool] = lambda call: True


def fails(*faults: Fault, times: int = 1) -> Begin:
    """Return how that call and those after it run into faults, each of them so many times."""

    def begin(account: Account, number: int) -> AbstractContextManager[None]:
        for fault in faults:
            account.server.fail(
                fault, times=times, when=lambda call: len(account.server.calls) >= number
            )
        return nullcontext()

    return begin


def dies(*, having_acted: bool) -> Begin:
    """Return how the process dies at a call, before it goes out or when it has been answered."""

    @contextmanager
    def begin(account: Account, number: int) -> Iterator[None]:
        numbers = count(1)
        send = requests.Session.send

        def dying(session: requests.Session, *told: Any, **more: Any) -> requests.Response:
            is_last = next(numbers) == number
            if is_last and not having_acted:
                raise Crash
            answer = send(session, *told, **more)
            if is_last:
                raise Crash
            return answer

        with patch.object(requests.Session, "send", dying):
            yield

    return begin


def _has_halves(call: Call) -> bool:
    return call.method != "GET" and halved(call) is not None


LOST_ANSWERS = Row("done, but answers lost beyond patience", fails(LOST_ANSWER, times=ATTEMPTS))
DEATH = Row("process dies after the call", dies(having_acted=True))
FAULTS = (
    Row("429 with Retry-After, 429 without", fails(too_many_requests("7"), too_many_requests())),
    Row("429 without, longer than patience", fails(too_many_requests(), times=ATTEMPTS)),
    Row("429 all night, back in two hours", fails(too_many_requests(TWO_HOURS), times=ALL_NIGHT)),
    Row("500 once", fails(answering(500))),
    Row("500 all night", fails(answering(500), times=ALL_NIGHT)),
    Row("done, not answered in time, then cut off", fails(STALLED, TRUNCATED_BODY)),
    LOST_ANSWERS,
    Row("connection dropped before the work", fails(DROPPED)),
    Row("half done, then 500, beyond patience", fails(HALF_DONE, times=ATTEMPTS), _has_halves),
    Row("401 all night", fails(answering(401, {"detail": "no such key"}), times=ALL_NIGHT)),
    Row("403 twice", fails(answering(403, {"detail": "not allowed"}), times=2)),
    Row("process dies before the call", dies(having_acted=False)),
    DEATH,
)
UNKNOWN = (LOST_ANSWERS, DEATH)
"""After these nobody knows what was done."""


@dataclass(frozen=True)
class Event:
    """What others do with the account. ``about`` is who may be another way afterwards for it.

    ``is_off`` is the list that he is on no more, for good. Where one comes for one who has gone,
    the count of a list tells nothing, so that is ``seen_weekly``: when all of the list is read.
    """

    label: str
    about: str
    happen: Callable[[Account], None]
    is_off: str = ""
    seen_weekly: bool = False

    def is_still_on(self, account: Account) -> bool:
        """Say whether he is where he must not be."""
        lists = account.lists()
        left = lists if self.is_off == EVERYWHERE else {self.is_off} & lists.keys()
        return any(address(self.about) in lists[name] for name in left)


EVENTS = (
    Event(
        "others put somebody on a list; weekly reading",
        "yan",
        lambda a: a.put_on(SLIPPING, "yan"),
        seen_weekly=True,
    ),
    Event("others take somebody off", "abe", lambda a: a.take_off(SLIPPING, "abe"), SLIPPING),
    Event("others take off one of ours", "bob", lambda a: a.take_off(SLIPPING, "bob"), SLIPPING),
    Event("others delete a contact", "abe", lambda a: a.delete("abe"), EVERYWHERE),
    Event("somebody unsubscribes", "kim", lambda a: a.say_no("kim"), EVERYWHERE),
)

SMALL_PAGES = {
    "pipeline.apis.klaviyo_walks": ("PROFILE_PAGE",),
    "pipeline.apis.klaviyo_lists": ("PROFILE_PAGE", "LIST_PAGE"),
    "pipeline.apis.klaviyo_filters": ("PROFILE_PAGE",),
    "pipeline.apis.mailchimp": ("PAGE",),
    "pipeline.apis.mailchimp_walks": ("PAGE",),
    "pipeline.destinations.mailchimp_tags": ("PAGE",),
    "pipeline.destinations.brevo_contacts": ("PAGE",),
    "pipeline.destinations.brevo_lists": ("PAGE", "MEMBERS_PAGE"),
    "pipeline.destinations.brevo_suppressions": ("PAGE",),
    "pipeline.apis.listmonk": ("PAGE",),
}
PAGE = 4


@contextmanager
def small_pages() -> Iterator[None]:
    """Let every list and account be read in pages of four."""
    with ExitStack() as patches:
        for module, names in SMALL_PAGES.items():
            for name in names:
                patches.enter_context(patch(f"{module}.{name}", PAGE))
        yield
