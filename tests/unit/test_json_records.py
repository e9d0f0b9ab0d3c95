import json

import pytest

from tests.unit.inbox import Inbox, json_lines

ORDER = '{"order_id": "1", "ordered_at": "2024-01-31", %s}'


def _extra(inbox: Inbox) -> dict[str, str]:
    ((text,),) = inbox.rows("select _extra::varchar from raw_files.orders")
    found: dict[str, str] = json.loads(text)
    return found


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_numbers_and_nested_values_keep_their_text(inbox: Inbox, name: str) -> None:
    values = (
        '"total": 12345678901.2345, "ratio": 1.10, "id": 123456789012345678901234567890, '
        '"tiny": 1e-7, "yes": true, "none": null, "address": {"Zip": 1.10, "a": ["ü", null, "\\n"]}'
    )
    text = ORDER % values
    inbox.put(f"orders/{name}", f"[{text}]" if name == "a.json" else text)

    assert inbox.load().rows_kept == 1
    assert inbox.rows("select total::varchar from raw_files.orders") == [("12345678901.2345",)]
    assert _extra(inbox) == {
        "ratio": "1.10",
        "id": "123456789012345678901234567890",
        "tiny": "1e-7",
        "yes": "true",
        "address": '{"Zip": 1.10, "a": ["ü", null, "\\n"]}',
    }


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b'{"order_id": "2"',
        b"[1, 2]",
        b'"text"',
        b"7",
        b"null",
        b'{"order_id": NaN}',
        b'{"order_id": "2", "Order_ID": "3"}',
        b'{"order_id": "2", "order_id": "3"}',
        b'{"order_id": "\\ud83d"}',
        b'{"order_id": "\xe4"}',
        b'{"order_id": "2"} {"order_id": "3"}',
        b"[" * 100_000,
        b'{"x": ' * 50_000,
    ],
    ids=range(14),
)
def test_a_line_that_is_no_object_goes_to_quarantine(inbox: Inbox, line: bytes) -> None:
    good = (ORDER % '"total": 1').encode()
    inbox.put("orders/a.jsonl", b"\n".join([good, line, b"", good.replace(b'"1"', b'"4"')]))

    report = inbox.load()

    assert (report.rows_read, report.rows_kept, report.rows_quarantined) == (3, 2, 1)
    ((row_number, reason, payload),) = inbox.rows(
        "select row_number, reason, payload from quarantine.rows"
    )
    assert (row_number, reason) == (
        2,
        "not UTF-8" if b"\xe4" in line else "not a JSON object, or a name twice",
    )
    assert payload == line.decode("utf-8", "backslashreplace")


@pytest.mark.parametrize("element", ["7", "[]", '"{}"', "null", '{"a": 1, "A": 2}'])
def test_an_element_that_is_no_object_goes_to_quarantine(inbox: Inbox, element: str) -> None:
    good = ORDER % '"total": 1'
    inbox.put("orders/a.json", f" [{good},\n{element} ,{good}] \n")

    report = inbox.load()

    assert (report.rows_kept, report.rows_duplicate, report.rows_quarantined) == (1, 1, 1)
    assert inbox.rows("select row_number, payload from quarantine.rows") == [(2, element)]


def test_a_long_array_is_read_piece_by_piece(inbox: Inbox) -> None:
    records = [
        {"order_id": str(number), "ordered_at": "2024-01-31", "note": "ü" * 70, "n": number}
        for number in range(30_000)
    ]
    inbox.put("orders/a.json", json.dumps(records, indent=1, ensure_ascii=False))
    inbox.put("orders/b.jsonl", json_lines(records))

    report = inbox.load()

    assert (report.rows_kept, report.rows_duplicate) == (30_000, 30_000)
    wrong = "select count(*) from raw_files.orders where order_id::int <> _row_number - 1"
    assert inbox.rows(wrong) == [(0,)]


def test_columns_may_turn_up_late(inbox: Inbox) -> None:
    lines = [{"order_id": str(n), "ordered_at": "2024-01-31"} for n in range(25_000)]
    inbox.put("orders/a.jsonl", json_lines([*lines, {**lines[0], "order_id": "x", "total": "5"}]))

    inbox.load()

    assert inbox.rows("select order_id from raw_files.orders where total = 5") == [("x",)]


def test_a_new_name_in_every_record_is_refused(inbox: Inbox) -> None:
    lines = [{"order_id": "1", "ordered_at": "2024-01-31", f"n{n}": "1"} for n in range(1001)]
    inbox.put("orders/a.jsonl", json_lines(lines))

    (sentence,) = inbox.load().refused

    assert "more than 1000 columns" in sentence
