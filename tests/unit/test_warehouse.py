from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.warehouse import ADDRESS, LONGEST_ADDRESS, MACROS, Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    made = Warehouse(tmp_path / "warehouse.duckdb")
    made.prepare()
    return made


@pytest.mark.parametrize(
    ("local", "zone", "utc"),
    [
        ("2011-07-01 12:00", "Europe/London", "2011-07-01 11:00"),
        ("2011-12-01 12:00", "Europe/London", "2011-12-01 12:00"),
        # the hour shown twice is meant as its first showing
        ("2011-10-30 01:30", "Europe/London", "2011-10-30 00:30"),
        ("2011-11-06 01:30", "America/New_York", "2011-11-06 05:30"),
        ("2011-04-03 01:45", "Australia/Lord_Howe", "2011-04-02 14:45"),
        ("2011-10-30 00:59", "Europe/London", "2011-10-29 23:59"),
        ("2011-10-30 02:00", "Europe/London", "2011-10-30 02:00"),
        # the hour that is skipped moves forward: 01:30 is 02:30 in summer time
        ("2011-03-27 01:30", "Europe/London", "2011-03-27 01:30"),
        ("2011-03-27 02:00", "Europe/London", "2011-03-27 01:00"),
        ("2011-03-13 02:30", "America/New_York", "2011-03-13 07:30"),
    ],
)
def test_a_local_time_is_turned_into_the_instant_that_is_meant(
    warehouse: Warehouse, local: str, zone: str, utc: str
) -> None:
    with warehouse.connect() as connection:
        found = connection.execute("select to_utc(?::timestamp, ?)", [local, zone]).fetchall()
    assert found == [(datetime.fromisoformat(utc),)]


def test_preparing_twice_keeps_what_is_there(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute("insert into sync.settings values ('salt', 'kept')")

    warehouse.prepare()

    with warehouse.connect() as connection:
        assert connection.execute("select value from sync.settings").fetchall() == [("kept",)]


WRITTEN = st.text(alphabet="aZ9._%+-'@,;: \tü", max_size=20) | st.from_regex(
    r"[a-z.+'A-Z-]{1,8}@[a-z.-]{1,8}\.[a-z.]{1,4}", fullmatch=True
)


@settings(max_examples=20, deadline=None)
@given(written=st.lists(WRITTEN, min_size=200, max_size=400))
def test_an_address_that_is_seen_to_be_plain_is_what_it_would_be_taken_for(
    written: list[str],
) -> None:
    with duckdb.connect() as connection:
        for macro in MACROS[:2]:
            connection.execute(macro)
        wrong = connection.execute(
            f"""select x from (select unnest(?) as x)
            where main.email_address(x) is distinct from case
                when length(x) <= {LONGEST_ADDRESS}
                    and regexp_full_match(main.without_dressing(x), '{ADDRESS}')
                then main.without_dressing(x) end""",
            [written],
        ).fetchall()
    assert wrong == []
