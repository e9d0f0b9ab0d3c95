"""Every fault at every call: after one more run all is as it would have been without."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest

from pipeline.apis import mailchimp
from pipeline.destinations import brevo_attributes
from pipeline.http_answers import HttpError
from pipeline.sync import presence
from tests.integration.faults_at_calls import (
    EVENTS,
    FAULTS,
    UNKNOWN,
    Event,
    Row,
    dies,
    small_pages,
)
from tests.integration.outside_accounts import address
from tests.integration.outside_tools import ACCOUNTS
from tests.integration.two_nights import LATER, NAMES, Found, Nights
from tests.stand_ins.calls import Call
from tests.stand_ins.direct import asked_directly
from tests.unit.exported_lists import Crash

pytestmark = pytest.mark.destinations
EVERY = int(os.environ.get("FAULTS_EVERY", "1"))
"""At every how many calls a fault is tried."""


@dataclass(frozen=True)
class Undisturbed:
    """The second night as it is without a fault, and after one more run."""

    calls: list[Call]
    history: list[tuple[Any, ...]]
    after_it: Found
    after_next: Found


@pytest.fixture(scope="module", params=ACCOUNTS)
def nights(request, tmp_path_factory) -> Iterator[Nights]:
    account = ACCOUNTS[request.param]()
    with pytest.MonkeyPatch.context() as patches, asked_directly(account.server):
        # Which call is which shall not depend on threads.
        patches.setattr(mailchimp, "AT_ONCE", 1)
        patches.setattr(brevo_attributes, "IMPORT_FROM", account.import_from)
        yield Nights.begun(account, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def undisturbed(nights: Nights) -> Undisturbed:
    nights.restore()
    nights.run("second")
    calls, history, after_it = list(nights.account.server.calls), nights.history(), nights.found()
    nights.run("next")
    assert nights.account.trespasses == []
    return Undisturbed(calls, history, after_it, nights.found())


@pytest.fixture
def cell(record_property, nights) -> Callable[[str, int, int], None]:
    def note(row: str, tried: int, right: int) -> None:
        record_property("fault", (row, nights.account.column, tried, right))

    return note


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: row.label)
def test_after_a_fault_one_more_run_leaves_all_as_without_it(nights, undisturbed, cell, row):
    numbers = [
        n
        for n, call in enumerate(undisturbed.calls, 1)
        if nights.account.concerns(call) and row.concerns(call)
    ]
    numbers = _chosen(numbers, FAULTS.index(row))
    wrong = {}
    for number in numbers:
        problem = _what_is_wrong(nights, undisturbed, row, number)
        if problem:
            call = undisturbed.calls[number - 1]
            wrong[f"{number}: {call.method} {call.path}"] = problem
    cell(row.label, len(numbers), len(numbers) - len(wrong))
    assert not wrong


@pytest.mark.parametrize("row", UNKNOWN, ids=lambda row: row.label)
def test_who_is_not_wanted_any_more_is_taken_off_though_nobody_knows_who_came(
    nights, undisturbed, cell, row
):
    calls = undisturbed.calls
    numbers = [n for n, call in enumerate(calls, 1) if nights.account.concerns(call)]
    numbers = _chosen(numbers, UNKNOWN.index(row))
    nights.restore()
    nights.run("second")
    nights.build(lists=LATER)
    nights.run("third")
    wanted = nights.found()
    wrong = {
        number: problem
        for number in numbers
        if (problem := _what_is_wrong_later(nights, wanted, row, number))
    }
    nights.build()
    cell(f"{row.label}; all leave", len(numbers), len(numbers) - len(wrong))
    assert not wrong


@pytest.mark.parametrize("when", ["late", "in the next run"])
def test_what_shows_late_is_known_in_the_end_though_the_process_dies(
    nights, undisturbed, cell, when
):
    if not nights.account.has_delays:
        pytest.skip("there is nothing that this tool does later")
    calls = [*_calls_when_it_shows(nights, when), None]
    # 0 is a night that nobody dies in. Of looks at the same again and again the last is enough.
    deaths = [n for n, (one, other) in enumerate(pairwise(calls), 1) if not _same(one, other)]
    numbers = [0, *_chosen(deaths, len(when))]
    wrong = {
        number: problem
        for number in numbers
        if (problem := _what_is_wrong_with_delays(nights, undisturbed, when, number))
    }
    cell(f"what is accepted shows {when}; dies", len(numbers), len(numbers) - len(wrong))
    assert not wrong


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.label)
def test_what_others_do_meanwhile_changes_nothing_else(nights, undisturbed, cell, event):
    if nights.account.column != nights.account.name:
        pytest.skip("these are the same as without imports")
    with small_pages():
        nights.restore()
        nights.forget_readings()
        nights.run("second")
        calls = range(1, len(nights.account.server.calls) + 1)
        numbers = _chosen(calls, EVENTS.index(event))
        wrong = {
            number: problem
            for number in numbers
            if (problem := _what_is_wrong_with_others(nights, undisturbed, event, number))
        }
    cell(event.label, len(numbers), len(numbers) - len(wrong))
    assert not wrong


@pytest.mark.parametrize("who", ["ann", "bob", "fay", "kim"])
def test_who_is_refused_is_off_until_his_data_change(nights, cell, who):
    nights.restore()
    nights.run("second")
    nights.build(NAMES | {who: "Other"})
    nights.run("next")
    wanted = nights.found()
    nights.build()
    nights.restore()
    email = address("fay-new" if who == "fay" else who)
    was_on = {name for name, people in nights.account.lists().items() if email in people}
    nights.account.refuse(email)
    nights.run("second")
    nights.run("next")
    refused_off = all(email not in people for people in nights.account.lists().values())
    nights.account.heal()
    nights.build(NAMES | {who: "Other"})
    nights.run("third")
    nights.build()
    # Whom a refusal took off comes anew when he comes again.
    anew = Counter({(name, email): 1 for name in was_on})
    problem = nights.found().unlike(replace(wanted, starts=wanted.starts + anew))
    cell("a row is refused", 1, int(refused_off and not problem))
    assert refused_off
    assert not problem


def _chosen(numbers: Sequence[int], place: int) -> Sequence[int]:
    """Return the calls that are tried. Each row begins elsewhere, so that all meet every call."""
    return numbers[place % EVERY :: EVERY]


def _what_is_wrong_later(nights: Nights, wanted: Found, row: Row, number: int) -> Any:
    nights.build()
    nights.restore()
    with row.begin(nights.account, number):
        _disturbed_run(nights)
    nights.account.heal()
    nights.build(lists=LATER)
    nights.run("third")
    found = nights.found()
    # Who was not put on before the night ended never was there.
    as_wanted = replace(found, made=wanted.made, starts=wanted.starts, ended=wanted.ended)
    on = {name: people for name, people in found.tool.items() if people}
    wanted_on = {name: people for name, people in wanted.tool.items() if people}
    return (
        nights.account.trespasses
        or found.starts - wanted.starts
        or replace(as_wanted, tool=on).unlike(replace(wanted, tool=wanted_on))
    )


def _same(one: Call | None, other: Call | None) -> bool:
    return bool(one and other) and (one.method, one.path, one.query, one.body) == (
        other.method,
        other.path,
        other.query,
        other.body,
    )


def _calls_when_it_shows(nights: Nights, when: str) -> list[Call]:
    nights.restore()
    nights.account.shows(when)
    nights.run("second")
    return list(nights.account.server.calls)


def _what_is_wrong_with_delays(
    nights: Nights, undisturbed: Undisturbed, when: str, number: int
) -> Any:
    nights.restore()
    nights.account.shows(when)
    with dies(having_acted=True)(nights.account, number):
        _disturbed_run(nights)
    nights.run("next")
    nights.account.end_delays()
    nights.run("third")
    return nights.account.trespasses or nights.found().unlike(undisturbed.after_next)


def _what_is_wrong_with_others(
    nights: Nights, undisturbed: Undisturbed, event: Event, number: int
) -> Any:
    nights.restore()
    nights.forget_readings()
    account = nights.account

    def arriving(call: Call) -> None:
        if len(account.server.calls) == number:
            event.happen(account)

    account.server.arriving = arriving
    _disturbed_run(nights)
    account.heal()
    with patch.object(presence, "READ_WHOLE_EVERY", timedelta(0 if event.seen_weekly else 7)):
        nights.run("next")
    if event.is_still_on(account):
        return f"{event.about} is still there"
    wanted = undisturbed.after_next.without(event.about)
    return account.trespasses or nights.found().without(event.about).unlike(wanted)


def _what_is_wrong(nights: Nights, undisturbed: Undisturbed, row: Row, number: int) -> Any:
    nights.restore()
    with row.begin(nights.account, number):
        _disturbed_run(nights)
    nights.account.heal()
    if nights.found() != undisturbed.after_it or nights.history() != undisturbed.history:
        # Where all is the same already, so is what comes of it.
        nights.run("next")
    return nights.account.trespasses or nights.found().unlike(undisturbed.after_next)


def _disturbed_run(nights: Nights) -> None:
    try:
        nights.run("second")
    except (HttpError, Crash):
        return
