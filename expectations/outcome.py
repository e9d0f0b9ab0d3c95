"""What came of a check, in words and counts that may be shown and logged."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult

# The errors of DuckDB and of Great Expectations that name columns and tables, never a value.
HARMLESS_ERROR = re.compile(
    r"(?:Binder|Catalog|Parser) Error: [^\n]+|The column \S+ in BatchData does not exist"
)


@dataclass(frozen=True)
class Outcome:
    """Whether a suite held, a line per expectation that did not, and what was counted for each.

    ``warnings`` are those that stop nothing. None of it holds a value of a column, but for dates
    and the names of lists, so all may be shown and logged.
    """

    passed: bool
    failures: tuple[str, ...]
    warnings: tuple[str, ...]
    figures: dict[str, int | float | str]


def outcome_of(
    statements: Sequence[str], results: Sequence["ExpectationValidationResult"]
) -> Outcome:
    """Put into words what came of each statement, in the order of ``statements``."""
    found = {
        each.expectation_config.description: each for each in results if each.expectation_config
    }
    ordered = [(statement, found[statement]) for statement in statements]
    unmet = [(_is_warning(each[1]), _failure(*each)) for each in ordered if not each[1].success]
    failures = tuple(failure for is_warning, failure in unmet if not is_warning)
    return Outcome(
        passed=not failures,
        failures=failures,
        warnings=tuple(failure for is_warning, failure in unmet if is_warning),
        figures={statement: _figure(result) for statement, result in ordered},
    )


def _is_warning(result: "ExpectationValidationResult") -> bool:
    # One that could not be checked at all stops the run whatever its severity.
    configuration = result.expectation_config
    return bool(result.result) and configuration is not None and configuration.severity == "warning"


def _failure(statement: str, result: "ExpectationValidationResult") -> str:
    if result.result:
        return f"{statement}: {_found(result)}"
    harmless = HARMLESS_ERROR.search(" ".join(_errors(result.exception_info or {})))
    return f"{statement}: could not be checked" + (f", {harmless[0]}" if harmless else "")


def _errors(exception_info: dict[str, Any]) -> list[str]:
    """Return the messages, which stand at the top or one level below, by metric."""
    by_metric = [value for value in exception_info.values() if isinstance(value, dict)]
    return [str(each.get("exception_message")) for each in [exception_info, *by_metric]]


def _found(result: "ExpectationValidationResult") -> str:
    counts = result.result
    if "unexpected_count" in counts:
        return f"not so in {counts['unexpected_count']} of {counts['element_count']} rows"
    missing = counts.get("details", {}).get("mismatched", {}).get("missing", [])
    return (
        f"found {_figure(result)}"
        + (f": {', '.join(counts['names'])}" if "names" in counts else "")
        + (f", without {', '.join(missing)}" if missing else "")
    )


def _figure(result: "ExpectationValidationResult") -> int | float | str:
    counts = result.result or {"observed_value": "not checked"}
    if "unexpected_count" in counts:
        # Of an empty table it is None.
        holds = counts["element_count"] - (counts["unexpected_count"] or 0)
        return f"{holds} of {counts['element_count']} rows"
    observed = counts["observed_value"]
    if isinstance(observed, list):
        return f"{len(observed)} columns"
    if observed is None:
        return "nothing"
    return observed if isinstance(observed, int | float | str) else str(observed)
