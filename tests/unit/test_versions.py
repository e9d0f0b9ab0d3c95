import itertools
from dataclasses import replace

import pytest

from tests.unit.inbox import Inbox, json_lines

LINES = "order_id,product_id,quantity,unit_price"
A, B = "1,2024-01-31,,1", "1,2024-01-31,,2"


def _lines(inbox: Inbox, name: str, *rows: str) -> None:
    inbox.put(f"order_lines/{name}", "\n".join([LINES, *rows]) + "\n")


def _standing(inbox: Inbox) -> list[tuple[object, ...]]:
    """Return each order's total with the file and row that stand for it."""
    return inbox.rows(
        """select total::int, path, _row_number from raw_files.orders
        inner join raw_files.loaded_files on file_id = _file_id order by sort_key, _row_number"""
    )


def test_the_last_occurrence_of_a_version_stands_for_it(inbox: Inbox) -> None:
    for name, row in (("1.csv", A), ("2.csv", B), ("10.csv", A)):
        inbox.orders(name, row)

    inbox.load()

    assert _standing(inbox) == [(2, "orders/2.csv", 1), (1, "orders/10.csv", 1)]


def test_within_a_file_the_last_row_stands(inbox: Inbox) -> None:
    inbox.orders("1.csv", A, B, A)

    report = inbox.load()

    assert (report.rows_kept, report.rows_duplicate) == (2, 1)
    assert _standing(inbox) == [(2, "orders/1.csv", 2), (1, "orders/1.csv", 3)]


def test_a_later_copy_takes_over_and_an_earlier_one_does_not(inbox: Inbox) -> None:
    inbox.orders("5.csv", A)
    inbox.load()
    loaded_at = inbox.rows("select _loaded_at from raw_files.orders")

    inbox.orders("1.csv", A)
    assert inbox.load().rows_duplicate == 1
    assert _standing(inbox) == [(1, "orders/5.csv", 1)]

    inbox.orders("9.csv", A)
    assert inbox.load().rows_duplicate == 1
    assert _standing(inbox) == [(1, "orders/9.csv", 1)]
    assert inbox.rows("select _loaded_at from raw_files.orders") == loaded_at


def test_a_file_that_says_again_what_it_said_first_stands_with_its_last_load(inbox: Inbox) -> None:
    for row in (A, B, A):
        inbox.orders("1.csv", row)
        inbox.load()

    assert inbox.rows(
        """select total::int, load_number from raw_files.orders
        inner join raw_files.loaded_files on file_id = _file_id order by load_number"""
    ) == [(2, 2), (1, 3)]


def test_emptied_values_make_another_version(inbox: Inbox) -> None:
    inbox.put("orders/1.csv", "order_id,ordered_at,customer_id,email\n1,2024-01-31,ab,\n")
    inbox.put("orders/2.csv", "order_id,ordered_at,customer_id,email\n1,2024-01-31,,ab\n")
    inbox.put("orders/3.csv", "order_id,ordered_at,note\n1,2024-01-31,\n2,2024-01-31,x\n")

    assert inbox.load().rows_kept == 4


def test_a_missing_half_of_a_key_is_equal_to_itself(inbox: Inbox) -> None:
    consent = {"email": "a@example.com", "channel": "email", "state": "never", "at": "2024-01-31"}
    inbox.put("consents/1.jsonl", json_lines([consent, {**consent, "customer_id": None}]))
    inbox.put("consents/2.jsonl", json_lines([consent, {**consent, "customer_id": "7"}]))

    report = inbox.load("consents")

    assert (report.rows_kept, report.rows_duplicate) == (2, 2)


def test_equal_lines_of_an_order_are_all_kept(inbox: Inbox) -> None:
    _lines(inbox, "1.csv", "1,p,1,5", "2,p,1,5", "1,p,1,5")

    report = inbox.load("order_lines")

    assert (report.rows_kept, report.rows_duplicate) == (3, 0)
    assert inbox.rows(
        "select order_id, count(*), count(distinct _record_hash) from raw_files.order_lines "
        "group by order_id order by order_id"
    ) == [("1", 2, 1), ("2", 1, 1)]


def test_the_lines_of_an_order_move_together(inbox: Inbox) -> None:
    _lines(inbox, "1.csv", "1,p,1,5", "1,q,1,5", "2,p,1,5")
    inbox.load("order_lines")
    _lines(inbox, "2.csv", "3,p,1,5", "1,q,1,5", "1,p,1,5")

    report = inbox.load("order_lines")

    assert (report.rows_kept, report.rows_duplicate) == (1, 2)
    assert inbox.rows(
        """select order_id, product_id, path, _row_number from raw_files.order_lines
        inner join raw_files.loaded_files on file_id = _file_id order by all"""
    ) == [
        ("1", "p", "order_lines/2.csv", 3),
        ("1", "q", "order_lines/2.csv", 2),
        ("2", "p", "order_lines/1.csv", 3),
        ("3", "p", "order_lines/2.csv", 1),
    ]


@pytest.mark.parametrize(
    "lines", [["1,p,1,5"], ["1,p,1,5"] * 3, ["1,p,1,5", "1,p,1,6"], ["1,p,1,5", "1,p,1,"]]
)
def test_an_order_with_other_lines_is_another_version(inbox: Inbox, lines: list[str]) -> None:
    _lines(inbox, "1.csv", "1,p,1,5", "1,p,1,5")
    _lines(inbox, "2.csv", *lines)

    report = inbox.load("order_lines")

    good = [line for line in lines if not line.endswith(",")]
    assert (report.rows_kept, report.rows_duplicate) == (2 + len(good), 0)
    assert report.rows_quarantined == len(lines) - len(good)


ORDER_FILES = {
    "1.csv": (A, "2,2024-01-31,,1", "2,2024-01-31,,1"),
    "2.csv": (B, "3,2024-01-31,,", "x,soon,,"),
    "10.csv": (A, "3,2024-01-31,,", "2,2024-01-31,,9"),
}
LINE_FILES = {
    "1.csv": ("1,p,1,5", "1,p,1,5", "2,q,1,5"),
    "2.csv": ("1,p,1,5", "2,q,1,5", "2,r,1,5"),
    "10.csv": ("2,q,1,5", "1,p,1,5", "1,p,1,5", "3,p,-1,5"),
}


@pytest.mark.parametrize("threads", [1, 4])
def test_neither_the_order_of_arrival_nor_threads_change_what_is_there(
    inbox: Inbox, threads: int
) -> None:
    inbox.warehouse = replace(inbox.warehouse, threads=threads)
    seen = set()
    # All orders on one thread; on four a few, which would show what threads alone can change.
    permutations = list(itertools.permutations(ORDER_FILES))
    arrivals = [*(permutations if threads == 1 else permutations[::5]), ()]
    for arrival in arrivals:
        for name in arrival or ORDER_FILES:
            inbox.orders(name, *ORDER_FILES[name])
            _lines(inbox, name, *LINE_FILES[name])
            if arrival:
                inbox.load()
                inbox.load("order_lines")
        counts = (inbox.load(), inbox.load("order_lines"))
        assert all(c.files_unchanged == (3 if arrival else 0) for c in counts)
        seen.add(str((inbox.versions(), inbox.versions("order_lines"))))
        _start_anew(inbox)

    assert len(seen) == 1
    assert "10.csv" in seen.pop()


def _start_anew(inbox: Inbox) -> None:
    for path in inbox.folder.rglob("*.csv"):
        path.unlink()
    for table in ("raw_files.orders", "raw_files.order_lines", "raw_files.loaded_files"):
        inbox.rows(f"delete from {table}")
