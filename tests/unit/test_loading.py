import tempfile
from datetime import date
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.loading import intake, load
from pipeline.loading.load import LoadStopped, first_rates
from pipeline.warehouse import Warehouse
from tests.unit.inbox import FILES, GOOD, ORDERS, Inbox


def test_every_row_read_is_kept_or_a_duplicate_or_in_quarantine(inbox: Inbox) -> None:
    inbox.orders("1.csv", GOOD, GOOD, "2,soon,,", "3,2024-01-31,,1")
    inbox.orders("2.csv", GOOD, "4,2024-01-31,,-1", "x")

    report = inbox.load()

    assert (report.files_read, report.files_unchanged, report.refused) == (2, 0, ())
    assert (report.rows_read, report.rows_kept) == (7, 2)
    assert (report.rows_duplicate, report.rows_quarantined) == (2, 3)
    assert report.reasons == (
        ("broken CSV line: 1 columns where the header has 4", 1),
        ("ordered_at: unreadable time", 1),
        ("total: negative number", 1),
    )
    assert inbox.rows(FILES) == [("orders/1.csv", 1, 4, 1, 2, 1), ("orders/2.csv", 1, 3, 1, 0, 2)]
    assert [(file, number) for file, number, *_ in inbox.quarantined()] == [
        ("orders/1.csv", 3),
        ("orders/2.csv", 2),
        ("orders/2.csv", 3),
    ]


def test_without_an_inbox_the_load_stops_and_says_so(inbox: Inbox) -> None:
    inbox.folder = inbox.folder / "elsewhere"

    with pytest.raises(LoadStopped, match=r"the inbox .*elsewhere is no folder.*WINBACK_INBOX"):
        inbox.load()


def test_without_a_folder_for_the_entity_nothing_is_read(inbox: Inbox) -> None:
    (inbox.folder / "consents").mkdir()

    report = inbox.load()

    assert (report.files_read, report.rows_read, report.refused) == (0, 0, ())


def test_an_inbox_without_any_folder_is_not_taken_for_one_without_news(inbox: Inbox) -> None:
    with pytest.raises(LoadStopped, match="none of the folders orders, order_lines"):
        inbox.load()


def test_a_file_where_the_entity_s_folder_should_be_stops_the_load(inbox: Inbox) -> None:
    inbox.put("orders", "x")

    with pytest.raises(LoadStopped, match="orders cannot be listed"):
        inbox.load()


def test_too_many_bad_rows_stop_the_load_and_only_quarantine_stays(inbox: Inbox) -> None:
    inbox.orders("1.csv", *(f"{n},2024-01-31,,1" for n in range(300)))
    inbox.orders("2.csv", *(f"{n},{n}.1.2024,ada@example.com,1" for n in range(19)), "x,,,")

    with pytest.raises(LoadStopped) as stopped:
        inbox.load()

    message = str(stopped.value)
    assert "orders: 20 of 320 new rows are bad, more than the 5.0% allowed" in message
    assert "above all 'ordered_at: unreadable time' (19 rows)" in message
    assert "most of them in orders/2.csv (20 of 20): mend the file" in message
    assert "or raise WINBACK_MAX_QUARANTINE_SHARE" in message
    assert "@" not in message
    assert inbox.versions() == inbox.rows(FILES) == []
    assert len(inbox.quarantined()) == 20

    with pytest.raises(LoadStopped):
        inbox.load()
    assert len(inbox.quarantined()) == 20

    report = inbox.load(max_share=0.0625)
    assert (report.files_read, report.rows_kept, report.rows_quarantined) == (2, 300, 20)
    assert len(inbox.quarantined()) == 20


def test_a_few_bad_rows_never_stop_a_load(inbox: Inbox) -> None:
    inbox.orders("1.csv", *(f"{n},soon,,1" for n in range(19)))

    assert inbox.load(max_share=0).rows_quarantined == 19


def test_a_load_that_fails_in_the_middle_leaves_nothing_behind(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def _fail(*_: object) -> NoReturn:
        raise RuntimeError("the machine is on fire")

    inbox.orders("1.csv", GOOD, "2,soon,,")
    monkeypatch.setattr(load, "register", _fail)
    with pytest.raises(RuntimeError, match="on fire"):
        inbox.load()
    monkeypatch.undo()

    assert inbox.versions() == inbox.rows(FILES) == inbox.quarantined() == []
    assert inbox.load().rows_kept == 1


def test_rows_that_do_not_add_up_are_an_error(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.orders("1.csv", GOOD, "2,2024-01-31,,1")
    monkeypatch.setattr(intake, "count_of", lambda *_: 3)

    with pytest.raises(RuntimeError, match="3 rows were read and 2 accounted for"):
        inbox.load()
    assert inbox.versions() == []


def test_nothing_of_a_file_stays_in_temporary_folders(inbox: Inbox) -> None:
    leftover = inbox.warehouse.temporary_folder / "loading" / "of a killed run"
    leftover.mkdir(parents=True)
    inbox.put_gzip("orders/1.csv.gz", f"{ORDERS}\n{GOOD}\nx,y\n")

    assert inbox.load().rows_kept == 1
    assert not list(inbox.warehouse.temporary_folder.rglob("*"))


def test_orders_that_waited_for_an_exchange_rate_come_in_when_there_is_one(inbox: Inbox) -> None:
    head = "order_id,ordered_at,currency,total"
    rows = ("1,2024-01-31,GBP,5", "2,2024-01-31,usd,5", "3,2024-01-31,sek,5", "4,2024-01-30,usd,5")
    inbox.put("orders/a.csv", "\n".join([head, *rows]))
    inbox.put("orders/b.csv", f"{head}\n5,2024-01-31,chf,5")
    inbox.load()
    assert inbox.load().files_unchanged == 2

    inbox.first_rates = {"GBP": date.min, "USD": date(2024, 1, 31)}
    report = inbox.load()

    assert (report.files_read, report.files_unchanged) == (1, 1)
    assert (report.rows_kept, report.rows_duplicate, report.rows_quarantined) == (1, 1, 2)
    assert inbox.rows("select order_id from raw_files.orders order by 1") == [("1",), ("2",)]
    waiting = "select file, row_number, reason from quarantine.unread_rows order by all"
    assert inbox.rows(waiting) == [
        ("orders/a.csv", 3, "currency: unknown currency 'sek'"),
        ("orders/a.csv", 4, "currency: no exchange rate for its day 'usd'"),
        ("orders/b.csv", 1, "currency: unknown currency 'chf'"),
    ]
    assert inbox.load().files_unchanged == 2


def test_the_day_of_an_order_is_the_shops_when_its_rate_is_looked_for(inbox: Inbox) -> None:
    inbox.first_rates = {"GBP": date.min, "USD": date(2024, 7, 1)}
    head = "order_id,ordered_at,currency,total"
    # In London, which is an hour ahead of UTC in summer.
    inbox.put("orders/a.csv", f"{head}\n1,2024-06-30T23:00Z,usd,5\n2,2024-06-30T22:59Z,usd,5")

    inbox.load()

    assert inbox.rows("select order_id from raw_files.orders") == [("1",)]


@pytest.mark.parametrize(
    ("lines", "first"),
    [
        ("", {}),
        (
            "eur,2024-02-01,0.85\neur,2024-01-01,0.86\n USD , 2024-03-01,0.8\n",
            {"EUR": date(2024, 1, 1), "USD": date(2024, 3, 1)},
        ),
        (",2024-01-01,1\n", {}),
    ],
)
def test_a_currency_is_known_from_the_day_of_its_first_rate(
    tmp_path: Path, lines: str, first: dict[str, date]
) -> None:
    path = tmp_path / "exchange_rates.csv"
    path.write_text(f"\ufeffcurrency,valid_from,rate\n{lines}", encoding="utf-8")

    assert first_rates("gbp", path) == {"GBP": date.min, **first}


@pytest.mark.parametrize("text", ["currency,rate\nusd,1\n", "currency,valid_from\nusd,1.1.2024\n"])
def test_a_rate_without_a_day_stops_the_load(tmp_path: Path, text: str) -> None:
    path = tmp_path / "exchange_rates.csv"
    path.write_text(text)
    with pytest.raises(LoadStopped, match="valid_from"):
        first_rates("GBP", path)


CELLS = st.one_of(
    st.sampled_from(
        ["1", "2", "2024-01-31", "soon", "-1", "", "5", "a@example.com", '"', '"a\nb"']
    ),
    st.text(max_size=5),
)
ROWS = st.lists(CELLS, min_size=3, max_size=5).map(",".join)
CONTENTS = st.one_of(
    st.lists(ROWS, max_size=30).map(lambda rows: "\n".join([ORDERS, *rows]).encode()),
    st.binary(max_size=300).map(lambda content: ORDERS.encode() + b"\n" + content),
    st.binary(max_size=300),
)
NAMES = st.sampled_from(["1.csv", "2.csv", "1.jsonl", "1.json", "1.parquet", "1.csv.gz"])


@pytest.fixture(scope="module")
def shared_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = Warehouse(tmp_path_factory.mktemp("shared") / "warehouse.duckdb")
    warehouse.prepare()
    return warehouse


@settings(max_examples=40, deadline=None)
@given(files=st.dictionaries(NAMES, CONTENTS, max_size=3), share=st.sampled_from([0.05, 1.0]))
def test_whatever_files_hold_rows_add_up_and_nothing_but_a_stop_is_raised(
    shared_warehouse: Warehouse, files: dict[str, bytes], share: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        inbox = Inbox(Path(folder), shared_warehouse)
        for name, content in files.items():
            inbox.put(f"orders/{name}", content)
        try:
            report = inbox.load(max_share=share)
        except LoadStopped:
            return
        counted = report.rows_kept + report.rows_duplicate + report.rows_quarantined
        assert report.rows_read == counted
        assert report.files_read + report.files_unchanged + len(report.refused) == len(files)
