import os
from typing import NoReturn

import pytest

from pipeline.loading import intake
from pipeline.sources.files import InboxFile
from tests.unit.inbox import FILES, GOOD, ORDERS, Inbox


def _no_opening(*_: object) -> NoReturn:
    raise AssertionError("the file was opened")


def test_an_unchanged_file_is_not_opened_again(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.orders("1.csv", GOOD)
    inbox.load()
    before = inbox.versions()
    monkeypatch.setattr(InboxFile, "sha256", _no_opening)

    report = inbox.load()

    assert (report.files_read, report.files_unchanged, report.rows_read) == (0, 1, 0)
    assert inbox.versions() == before


def test_a_file_with_a_new_time_but_the_same_content_is_not_read_again(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.orders("1.csv", GOOD)
    inbox.load()
    inbox.orders("1.csv", GOOD)

    assert inbox.load().files_unchanged == 1
    monkeypatch.setattr(InboxFile, "sha256", _no_opening)
    assert inbox.load().files_unchanged == 1
    assert inbox.rows(FILES) == [("orders/1.csv", 1, 1, 1, 0, 0)]


def test_a_changed_file_is_loaded_anew_and_what_it_said_before_stays(inbox: Inbox) -> None:
    inbox.orders("1.csv", GOOD, "2,2024-01-31,,1")
    inbox.load()
    inbox.orders("1.csv", GOOD, "2,2024-01-31,,7")

    report = inbox.load()

    assert (report.rows_kept, report.rows_duplicate) == (1, 1)
    assert inbox.rows(FILES)[1] == ("orders/1.csv", 2, 2, 1, 1, 0)
    assert inbox.rows(
        """select order_id, total::int, load_number from raw_files.orders
        inner join raw_files.loaded_files on file_id = _file_id order by all"""
    ) == [("1", 5, 2), ("2", 1, 1), ("2", 7, 2)]


def test_refused_files_do_not_keep_others_from_loading(inbox: Inbox) -> None:
    inbox.put("orders/0.csv", "order_id,total\n1,2\n")
    inbox.orders("1.csv", GOOD)
    (inbox.folder / "orders" / "2.csv").symlink_to(inbox.folder / "nowhere.csv")

    report = inbox.load()

    assert report.rows_kept == 1
    assert report.refused == (
        "orders/0.csv was not loaded: the required column ordered_at is missing",
        "orders/2.csv was not loaded: it has vanished; put it back or run again",
    )


def test_a_file_that_may_not_be_read_is_refused(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def _forbidden(*_: object) -> NoReturn:
        raise PermissionError(13, "Permission denied", "somewhere")

    inbox.orders("1.csv", GOOD)
    monkeypatch.setattr(InboxFile, "sha256", _forbidden)

    (sentence,) = inbox.load().refused

    assert "orders/1.csv" in sentence
    assert "cannot be read (Permission denied)" in sentence


def test_a_file_that_grows_while_it_is_read_is_left_for_the_next_run(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = inbox.orders("1.csv", GOOD)
    read = InboxFile.read

    def _read_and_grow(*arguments: object) -> object:
        with path.open("a") as stream:
            stream.write("2,2024-01-31,,1\n")
        return read(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(InboxFile, "read", _read_and_grow)
    first = inbox.load()
    monkeypatch.undo()

    assert "it changed while it was read" in first.refused[0]
    assert first.rows_read == 0
    assert inbox.load().rows_kept == 2


def test_a_fifo_is_refused_without_waiting_for_it(inbox: Inbox) -> None:
    (inbox.folder / "orders").mkdir()
    os.mkfifo(inbox.folder / "orders" / "1.csv")

    (sentence,) = inbox.load().refused

    assert "no ordinary file" in sentence


def test_a_name_that_is_not_utf_8_is_refused(inbox: Inbox) -> None:
    folder = inbox.folder / "orders"
    folder.mkdir()
    (folder / os.fsdecode(b"\xe4.csv")).write_text(ORDERS)

    (sentence,) = inbox.load().refused

    assert sentence == "orders/\\xe4.csv was not loaded: its name is not UTF-8; rename it"
