"""What a push costs, in calls and in seconds of a clock that only moves when the client waits."""

from collections import Counter
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from pipeline.apis.klaviyo import LIMITS
from pipeline.destinations.contract import Changes, Outcome
from tests.stand_ins.calls import Call
from tests.stand_ins.klaviyo_imports import KlaviyoAccount
from tests.unit.klaviyo_account import REMOVED, tool_of

LIST = "winback_slipping"
PAGE = 100
JOB_SECONDS = 2.0
"""What an import takes in the stand-in. No limit forces it, so the client has to hide it."""


def forced_seconds(calls: int, operation: str) -> float:
    """Return when the last of so many calls may go out at the earliest, the first goes at 0."""
    burst, steady = LIMITS[operation]
    minutes, left = divmod(calls - 1, steady)
    return minutes * 60 + left // burst


def email(number: int) -> str:
    return f"somebody.{number:06}@example.com"


def contact(number: int) -> str:
    return f"01GDDKASAP8TKDDA2GR{number:07}"


def account(people: int) -> KlaviyoAccount:
    server = KlaviyoAccount()
    server.job_seconds = JOB_SECONDS
    server.profiles = [
        {
            "type": "profile",
            "id": contact(number),
            "attributes": {"email": email(number), "subscriptions": {}},
        }
        for number in range(people)
    ]
    return server


def profiles(numbers: range) -> pa.Table:
    """Return profiles as heavy as those that are exported: 30 properties, half of them known."""
    values: dict[str, Any] = {f"winback_property_{one:02}": "something" for one in range(13)}
    values |= {f"winback_unknown_{one:02}": None for one in range(15)}
    values |= {"winback_dormant_on": date(2026, 12, 1), "winback_purchase_count": 3}
    columns = {
        "customer_id": [str(one) for one in numbers],
        "contact_id": [contact(one) for one in numbers],
        "email": [email(one) for one in numbers],
        **{name: [value] * len(numbers) for name, value in values.items()},
    }
    return pa.table(columns)


def changes(adds: range, updates: range, removes: range) -> Changes:
    return Changes(
        adds=profiles(adds).drop_columns("contact_id"),
        updates=profiles(updates),
        removes=profiles(removes).select(REMOVED.names),
    )


def push(server: KlaviyoAccount, wanted: Changes) -> list[Outcome]:
    tool = tool_of(server)
    outcomes = [tool.apply(LIST, batch) for batch in wanted.slices(tool.batch_size)]
    assert all(not one.refused and not one.unseen for one in outcomes)
    return outcomes


def operation(call: Call) -> str:
    parts = ["{id}" if part.startswith(("L0", "job")) else part for part in call.path.split("/")]
    return f"{call.method} {'/'.join(parts)}"


@pytest.mark.sources
def test_a_first_push_of_100_000_takes_little_longer_than_the_published_limits_force():
    nobody = range(0)
    with account(100_000) as server:
        outcomes = push(server, changes(range(100_000), nobody, nobody))
        assert sum(len(one.contacts) for one in outcomes) == 100_000
        assert len(server.members["L00000"]) == 100_000
        calls = Counter(map(operation, server.calls))
        # Whom Klaviyo knows, and who has come onto the list: a page of each per 100.
        forced = max(
            forced_seconds(100_000 // PAGE, "GET /api/profiles"),
            forced_seconds(100_000 // PAGE, "GET /api/lists/{id}/profiles"),
            forced_seconds(len(server.jobs), "POST /api/profile-bulk-import-jobs"),
        )
        assert forced == 63
        assert server.clock() == pytest.approx(sum(server.clock.sleeps))
        assert server.clock() <= 1.2 * forced
        # Nobody was asked for twice, and nothing was refused for haste.
        polls = calls.pop("GET /api/profile-bulk-import-jobs/{id}")
        assert polls <= 3 * len(server.jobs)
        assert calls == {
            "GET /api/lists": 1,
            "POST /api/lists": 1,
            "GET /api/profiles": 1000,
            "POST /api/profile-bulk-import-jobs": len(server.jobs),
            "GET /api/lists/{id}/profiles": 1000,
        }
        assert all(len(call.body) > 3_000_000 for call in server.called("POST", "/api/prof")[:-1])


@pytest.mark.parametrize("changed", [100, 1000])
def test_a_push_of_changes_costs_by_the_changes_and_not_by_the_list(changed):
    with account(20_000) as server:
        server.add_list(LIST, *(email(number) for number in range(15_000)))
        tenth = changed // 10
        adds = range(15_000, 15_000 + 3 * tenth)
        push(server, changes(adds, range(6 * tenth), range(14_000, 14_000 + tenth)))
        assert len(server.members["L00000"]) == 15_000 + 2 * tenth
        calls = Counter(map(operation, server.calls))
        assert calls == {
            "GET /api/lists": 1,
            "DELETE /api/lists/{id}/relationships/profiles": 1,
            "GET /api/profiles": -(-6 * tenth // PAGE) + -(-3 * tenth // PAGE),
            "POST /api/profile-bulk-import-jobs": 2,
            "GET /api/profile-bulk-import-jobs/{id}": calls[
                "GET /api/profile-bulk-import-jobs/{id}"
            ],
            "GET /api/lists/{id}/profiles": -(-3 * tenth // PAGE),
        }
        assert sum(calls.values()) <= 14 + changed // 50
