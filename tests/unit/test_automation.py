from collections.abc import Callable

import dagster as dg
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError

from pipeline.automation import RETRIES


def stop() -> None:
    raise DagsterExecutionInterruptedError


def stop_at_a_statement() -> None:
    try:
        stop()
    except DagsterExecutionInterruptedError as error:
        raise RuntimeError("Query interrupted") from error


@pytest.mark.parametrize("told", [stop, stop_at_a_statement])
def test_a_run_that_is_told_to_stop_tries_nothing_again(told: Callable[[], None]) -> None:
    attempts = []

    @dg.asset(retry_policy=RETRIES)
    def table() -> None:
        attempts.append("table")
        told()

    @dg.asset(deps=[table])
    def after() -> None:
        attempts.append("after")

    result = dg.materialize([table, after], raise_on_error=False)

    assert not result.success
    assert attempts == ["table"]


def test_other_errors_are_waited_out() -> None:
    assert [RETRIES.calculate_delay(attempt) for attempt in (1, 2)] == [10, 30]
