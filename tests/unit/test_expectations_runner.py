import logging
import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy.dialects import registry

from expectations import runner
from expectations.outcome import Outcome, outcome_of
from expectations.runner import CannotValidateError, load_great_expectations, validate
from pipeline import warehouse as warehouse_module
from pipeline.warehouse import Warehouse

ROOT = Path(__file__).parents[2]

# DuckDB's error quotes the value.
NOT_A_NUMBER = "select cast(email as integer) + 1 as found from {batch} group by 1"
QUIET_RUN = """
import sys
from pathlib import Path

import expectations.exp_email
import expectations.contract
import expectations.raw_online_retail
from expectations.runner import validate

assert "great_expectations" not in sys.modules
from expectations import rules

path, sound = Path(sys.argv[1]), rules.suite("sound", [rules.filled("number")])
assert validate(path, "shop.people", sound).passed
assert not validate(path, "shop.people", rules.suite("unsound", [rules.filled("email")])).passed
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three people, of whom the second has no address."""
    made = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(made)) as connection:
        connection.execute("create schema shop")
        connection.execute(
            """create table shop.people as select * from (values
                (1, 'ann@example.org', 10.0, timestamp '2026-01-01 10:00', 'a'),
                (2, null, 20.0, timestamp '2026-02-01 10:00', 'b'),
                (3, 'cid@example.org', 30.0, timestamp '2026-03-01 10:00', 'b'),
            ) as people (number, email, spent, "at", list)"""
        )
        connection.execute("create view shop.everybody as select * from shop.people")
    return made


def suite(*expectations: Callable[[Any], Any]) -> Any:
    from expectations import rules

    return rules.suite("shop.people", [each(rules) for each in expectations])


def test_a_sound_table_passes_with_a_figure_for_each_expectation(path: Path) -> None:
    outcome = validate(
        path,
        "shop.people",
        suite(
            lambda rules: rules.has_columns(["number", "email"]),
            lambda rules: rules.has_rows(3, 3),
            lambda rules: rules.filled("at"),
            lambda rules: rules.once(["number"], "a person"),
            lambda rules: rules.newest_is_recent(
                "at", as_of_date=date(2026, 3, 2), stale_after_days=1
            ),
        ),
    )

    assert (outcome.passed, outcome.failures) == (True, ())
    assert outcome.figures == {
        "the 2 promised columns are there": "5 columns",
        "there are exactly 3 rows": 3,
        "at is filled": "3 of 3 rows",
        "a person stands once (by number)": "0 exceptions",
        "the newest at is of 2026-03-01 or later": "2026-03-01 10:00:00",
    }


@pytest.mark.parametrize(
    ("expectation", "failure"),
    [
        (lambda rules: rules.filled("email"), "email is filled: not so in 1 of 3 rows"),
        (
            lambda rules: rules.between("spent", 0, 20),
            "spent is 0 to 20: not so in 1 of 3 rows",
        ),
        (lambda rules: rules.among("list", ["a"]), "list is one of a: not so in 2 of 3 rows"),
        (
            lambda rules: rules.among_in_any_case("list", ["A", "a"]),
            "list is one of A, a: found 2 exceptions",
        ),
        (
            lambda rules: rules.matches("email", "[a-b]{1,9}@.*", "of a or b"),
            "email is of a or b: found 2 exceptions",
        ),
        (
            lambda rules: rules.once(["list"], "a list"),
            "a list stands once (by list): found 1 exception",
        ),
        (
            lambda rules: rules.known("number", "values (1), (2), (null)", "known"),
            "number is known: found 1 exception",
        ),
        (
            lambda rules: rules.no_names(
                "no list is long", "select list from {batch} group by list having count(*) > 1"
            ),
            "no list is long: found 1 exception: b",
        ),
        (lambda rules: rules.has_rows(4), "there are at least 4 rows: found 3"),
        (lambda rules: rules.has_rows(2, 2), "there are exactly 2 rows: found 3"),
        (
            lambda rules: rules.has_columns(["number", "phone"]),
            "the 2 promised columns are there: found 5 columns, without phone",
        ),
        (
            lambda rules: rules.newest_is_recent(
                "at", as_of_date=date(2026, 3, 3), stale_after_days=1
            ),
            "the newest at is of 2026-03-02 or later: found 2026-03-01 10:00:00",
        ),
    ],
)
def test_a_failure_says_what_was_expected_and_how_often_it_was_not_so(
    path: Path, expectation: Callable[[Any], Any], failure: str
) -> None:
    outcome = validate(path, "shop.people", suite(expectation))

    assert (outcome.passed, outcome.failures) == (False, (failure,))


def test_times_after_the_day_do_not_hide_that_nothing_new_came(path: Path) -> None:
    newest = suite(
        lambda rules: rules.newest_is_recent("at", as_of_date=date(2026, 2, 20), stale_after_days=9)
    )

    outcome = validate(path, "shop.people", newest)

    assert outcome.failures == (
        "the newest at is of 2026-02-11 or later: found 2026-02-01 10:00:00",
    )


@pytest.mark.parametrize("may_be_empty", [True, False])
def test_no_time_at_all_is_stale_unless_the_table_may_be_empty(
    path: Path, may_be_empty: bool
) -> None:
    newest = suite(
        lambda rules: rules.newest_is_recent(
            "at", as_of_date=date(2025, 1, 1), stale_after_days=9, is_needed=not may_be_empty
        )
    )

    assert validate(path, "shop.people", newest).passed is may_be_empty


def test_a_missing_column_fails_what_needs_it_and_nothing_else(path: Path) -> None:
    outcome = validate(
        path,
        "shop.people",
        suite(lambda rules: rules.filled("phone"), lambda rules: rules.filled("number")),
    )

    assert len(outcome.failures) == 1
    assert outcome.failures[0].startswith("phone is filled: could not be checked")
    assert outcome.figures == {"phone is filled": "not checked", "number is filled": "3 of 3 rows"}


def test_views_are_checked_like_tables(path: Path) -> None:
    assert validate(path, "shop.everybody", suite(lambda rules: rules.filled("number"))).passed


def test_an_empty_table_passes_what_is_said_of_rows(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("delete from shop.people")

    outcome = validate(
        path,
        "shop.people",
        suite(lambda rules: rules.filled("number"), lambda rules: rules.between("spent", 0)),
    )

    assert outcome.figures == {
        "number is filled": "0 of 0 rows",
        "spent is 0 or more": "0 of 0 rows",
    }


def test_a_query_that_breaks_leaves_the_others_alone(path: Path) -> None:
    outcome = validate(
        path,
        "shop.people",
        suite(
            lambda rules: rules.no_rows("email is a number", NOT_A_NUMBER),
            lambda rules: rules.filled("number"),
            lambda rules: rules.once(["number"], "a person"),
        ),
    )

    assert outcome.failures == ("email is a number: could not be checked",)


def test_no_address_stands_in_what_is_reported(
    path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    import great_expectations.expectations as gxe

    caplog.set_level(logging.DEBUG)
    outcome = validate(
        path,
        "shop.people",
        suite(
            lambda rules: rules.among("email", ["nobody"]),
            lambda rules: rules.matches("email", "nobody", "nobody's"),
            lambda rules: rules.between("email", 0, 1),
            lambda rules: rules.no_rows("email is a number", NOT_A_NUMBER),
            lambda rules: rules.no_names("email is none", NOT_A_NUMBER + " order by 1"),
            # DuckDB turns the addresses into numbers to compare them.
            lambda _: gxe.ExpectColumnValuesToBeInSet(
                column="email", value_set=[1, 2], description="email is 1 or 2"
            ),
        ),
    )

    assert len(outcome.failures) == 6
    assert not logging.getLogger("great_expectations.validator").isEnabledFor(logging.ERROR)
    said = repr(outcome) + "".join(capfd.readouterr()) + caplog.text
    assert "example.org" not in said


def test_no_address_is_fetched_from_the_database(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[Any] = []

    def keep(statements: Any, results: Any) -> Outcome:
        fetched.extend(results)
        return outcome_of(statements, results)

    monkeypatch.setattr(runner, "outcome_of", keep)
    validate(
        path,
        "shop.people",
        suite(
            lambda rules: rules.among("email", ["nobody"]),
            lambda rules: rules.matches("email", "nobody", "nobody's"),
        ),
    )

    assert [each.success for each in fetched] == [False, False]
    assert "example.org" not in repr(fetched)


@pytest.mark.parametrize("column", ["number", "email"])
def test_the_file_is_free_at_once(path: Path, column: str) -> None:
    validate(path, "shop.people", suite(lambda rules: rules.filled(column)))

    # The same process could open it with the same settings only, another one not at all.
    with duckdb.connect(str(path), config={"threads": 1}) as connection:
        connection.execute("insert into shop.people select * from shop.people")


@pytest.mark.parametrize("config", [{}, {"memory_limit": Warehouse.memory_limit, "threads": 2}])
def test_a_connection_that_is_still_open_is_named_as_the_reason(
    path: Path, config: dict[str, Any]
) -> None:
    with (
        duckdb.connect(str(path), config=config),
        pytest.raises(CannotValidateError, match=r"warehouse\.duckdb .* close that one first"),
    ):
        validate(path, "shop.people", suite(lambda rules: rules.filled("number")))


def test_a_connection_of_the_warehouse_is_named_as_the_reason_too(path: Path) -> None:
    with (
        Warehouse(path).connect(),
        pytest.raises(CannotValidateError, match="close that one first"),
    ):
        validate(path, "shop.people", suite(lambda rules: rules.filled("number")))

    assert validate(path, "shop.people", suite(lambda rules: rules.filled("number"))).passed


def test_another_process_that_holds_the_file_is_an_error_and_no_finding(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse_module, "LOCK_WAIT_SECONDS", 0.0)
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(CannotValidateError, match="lock"):
            validate(path, "shop.people", suite(lambda rules: rules.filled("number")))
        holder.communicate(b"\n")


@pytest.mark.parametrize("table", ["shop.nobody", "nowhere.people"])
def test_a_table_that_is_not_there_is_an_error(path: Path, table: str) -> None:
    with pytest.raises(CannotValidateError, match="has no such table"):
        validate(path, table, suite(lambda rules: rules.filled("number")))


def test_a_warehouse_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(CannotValidateError, match="there is no"):
        validate(tmp_path / "new.duckdb", "a.b", suite(lambda rules: rules.filled("number")))

    assert list(tmp_path.iterdir()) == []


def test_two_expectations_of_one_wording_are_refused(path: Path) -> None:
    twice = suite(lambda rules: rules.filled("email"), lambda rules: rules.filled("email"))

    with pytest.raises(ValueError, match="a description of its own"):
        validate(path, "shop.people", twice)


def test_a_path_may_hold_any_sign(path: Path) -> None:
    odd = path.rename(path.with_name("a b$c?d#e%41ü.duckdb"))

    assert validate(odd, "shop.people", suite(lambda rules: rules.filled("number"))).passed


def test_settings_of_memory_and_threads_reach_the_database(path: Path) -> None:
    settings = suite(
        lambda rules: rules.no_names(
            "settings",
            "select current_setting('memory_limit') || ' ' || current_setting('threads') || ' '"
            " || current_setting('timezone') as found from {batch} limit 1",
        )
    )

    outcome = validate(path, "shop.people", settings, memory_limit="512MiB", threads=1)

    assert outcome.failures == ("settings: found 1 exception: 512.0 MiB 1 UTC",)


def test_the_dialect_of_duckdb_engine_alone_would_not_do(
    path: Path,
) -> None:
    load_great_expectations()
    registry.register("duckdb.winback", "duckdb_engine", "Dialect")
    try:
        outcome = validate(path, "shop.people", suite(lambda rules: rules.filled("number")))
    finally:
        registry.register("duckdb.winback", "expectations.dialect", "CatalogDialect")

    assert outcome.failures[0].startswith("number is filled: could not be checked")


def test_a_check_warns_of_nothing(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        validate(path, "shop.people", suite(lambda rules: rules.filled("number")))


def test_a_check_prints_nothing_and_leaves_nothing_behind(path: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", QUIET_RUN, str(path)],
        cwd=home,
        env={"HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert list(home.rglob("*")) == []
