import csv
import os
import signal
import stat
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from pipeline.destinations.contract import Changes, payload_hash
from pipeline.destinations.files import FilesClient
from pipeline.sql import identifier
from pipeline.sync.engine import push
from tests.unit.exported_lists import DAY, Exported, exported

HEADER = "customer_id,email,first_name,winback_orders\n"


@pytest.fixture
def shop(tmp_path: Path) -> Exported:
    return exported(tmp_path)


@pytest.fixture
def client(tmp_path: Path) -> FilesClient:
    return FilesClient(tmp_path / "out box" / "lists [1]")


def profiles(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(
        [{"email": f"{row['customer_id']}@example.com"} | row for row in rows]
    )


def adding(*rows: dict[str, Any]) -> Changes:
    adds = profiles(*rows)
    return Changes(adds, adds.slice(0, 0), pa.table({"customer_id": pa.array([], pa.string())}))


def removing(*people: str, like: Changes) -> Changes:
    none = like.adds.slice(0, 0)
    return Changes(none, none, pa.table({"customer_id": pa.array(people, pa.string())}))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def send(shop: Exported, client: FilesClient, run_id: str = "run") -> None:
    push(shop.build().warehouse, client, run_id=run_id, as_of_date=DAY)


def text_of(client: FilesClient, audience: str = "winback_vip") -> str:
    return client.path(audience).read_bytes().decode()


def test_each_list_is_a_file_with_the_profiles_sorted_by_customer(
    shop: Exported, client: FilesClient
) -> None:
    shop.lists = {"winback_vip": ["bob", "ada"], "winback_new": ["eve"]}
    shop.names = {"bob": 'Bob "the, tall"\nSmith', "eve": "Zoë"}

    send(shop, client)

    assert text_of(client) == (
        HEADER + 'ada,ada@example.com,Ada,3\nbob,bob@example.com,"Bob ""the, tall""\nSmith",3\n'
    )
    assert text_of(client, "winback_new") == HEADER + "eve,eve@example.com,Zoë,3\n"


def test_only_the_owner_can_read_what_is_written(shop: Exported, client: FilesClient) -> None:
    client.folder.mkdir(parents=True, mode=0o755)
    shop.lists = {"winback_vip": ["ada"]}
    before = os.umask(0)
    try:
        send(shop, client)
    finally:
        os.umask(before)

    assert stat.S_IMODE(client.path("winback_vip").stat().st_mode) == 0o600
    assert stat.S_IMODE(client.folder.stat().st_mode) == 0o700
    assert [path.name for path in client.folder.iterdir()] == ["winback_vip.csv"]


def test_a_second_push_does_not_touch_the_files(shop: Exported, client: FilesClient) -> None:
    shop.lists = {"winback_vip": ["ada", "bob"], "winback_new": ["eve"]}
    shop.names = {"ada": "=1+1", "bob": "'=1", "eve": ""}
    send(shop, client)
    before = {path: path.stat().st_mtime_ns for path in client.folder.iterdir()}
    inodes = {path: path.stat().st_ino for path in client.folder.iterdir()}
    ledger = shop.ledger()

    send(shop, client, "again")

    assert {path: path.stat().st_mtime_ns for path in client.folder.iterdir()} == before
    assert {path: path.stat().st_ino for path in client.folder.iterdir()} == inodes
    assert shop.ledger() == ledger


def test_a_list_that_became_empty_keeps_a_file_with_only_the_header(
    shop: Exported, client: FilesClient
) -> None:
    shop.lists = {"winback_vip": ["ada"]}
    send(shop, client)
    shop.lists = {"winback_vip": []}
    send(shop, client, "two")
    emptied = text_of(client)
    client.path("winback_vip").unlink()
    send(shop, client, "three")

    assert emptied == text_of(client) == HEADER


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@sum(a1)", "\tx", "\rx", "\n=x", "'=1", "''-1"]
)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(
    client: FilesClient, text: str
) -> None:
    sent = adding({"customer_id": "ada", "first_name": text})

    client.apply("winback_vip", sent)

    assert rows_of(client.path("winback_vip"))[0]["first_name"] == "'" + text
    assert read_back(client) == hashes(sent.adds)


@pytest.mark.parametrize("text", ["O'Brien", "'quoted'", "a=1", "", " x ", "NULL", "#1", "\x00"])
def test_other_texts_stay_as_they_are(client: FilesClient, text: str) -> None:
    sent = adding({"customer_id": "ada", "first_name": text})

    client.apply("winback_vip", sent)

    assert rows_of(client.path("winback_vip"))[0]["first_name"] == text
    assert read_back(client) == hashes(sent.adds)


def test_numbers_and_dates_stay_what_they_are(client: FilesClient) -> None:
    values = {
        "whole": -5,
        "money": Decimal("-1.50"),
        "share": -0.1,
        "day": date(2026, 1, 31),
        "moment": datetime.fromisoformat("2026-01-31 12:00"),
        "flag": True,
        "nothing": None,
    }
    sent = adding({"customer_id": "ada", **values})

    client.apply("winback_vip", sent)

    shown = "-5,-1.50,-0.1,2026-01-31,2026-01-31 12:00:00,true,"
    assert text_of(client).splitlines()[1] == f"ada,ada@example.com,{shown}"
    assert read_back(client) == hashes(sent.adds)


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        ("=cmd@example.com", "unsafe address"),
        ("+ada@example.com", "unsafe address"),
        ("-ada@example.com", "unsafe address"),
        ("@example.com", "unsafe address"),
        ("'=ada@example.com", "unsafe address"),
        ("", "no address"),
        (None, "no address"),
    ],
)
def test_an_address_that_cannot_be_written_as_it_is_is_refused(
    client: FilesClient, email: str | None, reason: str
) -> None:
    client.apply("winback_vip", adding({"customer_id": "ada"}, {"customer_id": "bob"}))
    changed = adding({"customer_id": "ada", "email": email}, {"customer_id": "eve"})

    refused = client.apply("winback_vip", changed).refused

    assert refused == {"ada": reason}
    assert [row["customer_id"] for row in rows_of(client.path("winback_vip"))] == ["bob", "eve"]


@pytest.mark.parametrize("name", ["../vip", "Vip", "vip.csv", "", "vip\n", "véritable"])
def test_a_list_whose_name_is_no_safe_file_name_is_an_error(client: FilesClient, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a file"):
        client.apply(name, adding({"customer_id": "ada"}))


def test_a_property_that_is_gone_disappears_and_a_new_one_appears(client: FilesClient) -> None:
    client.apply("winback_vip", adding({"customer_id": "ada", "city": "Bonn"}))
    kept = adding({"customer_id": "bob", "lifecycle": "due"})
    client.apply("winback_vip", kept)
    both = text_of(client)
    client.apply("winback_vip", removing("ada", like=kept))

    assert both == (
        "customer_id,email,lifecycle,city\nada,ada@example.com,,Bonn\nbob,bob@example.com,due,\n"
    )
    assert text_of(client) == "customer_id,email,lifecycle\nbob,bob@example.com,due\n"


DAMAGES = {
    "deleted": lambda text: None,
    "a row taken out": lambda text: text.replace("bob,bob@example.com,Ada,3\n", ""),
    "a row altered": lambda text: text.replace("bob@example.com", "eve@example.com"),
    "a stranger put in": lambda text: text + "eve,eve@example.com,Eve,1\n",
    "a row doubled": lambda text: text + "bob,bob@example.com,Ada,3\n",
    "a row without an id": lambda text: text + ",eve@example.com,Eve,1\n",
    "saved with other line ends": lambda text: text.replace("\n", "\r\n"),
    "saved with semicolons": lambda text: text.replace(",", ";"),
    "saved with a byte order mark": lambda text: "\ufeff" + text,
    "sorted otherwise": lambda text: "".join(
        [text.splitlines(True)[0], *reversed(text.splitlines(True)[1:])]
    ),
    "cut off": lambda text: text[:-9],
    "cut off within quotes": lambda text: text + '"eve,eve',
    "emptied": lambda text: "",
    "a column named twice": lambda text: text.replace("first_name", "EMAIL"),
    "a column renamed": lambda text: text.replace("first_name", "name"),
    "the apostrophe taken out": lambda text: text.replace("'=1", "=1"),
    "no text at all": lambda text: b"\xff\xfe\x00",
    "no text in one row": lambda text: text.encode() + b"eve,\xff\n",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_somebody_has_touched_is_put_right(
    shop: Exported, client: FilesClient, damage: str
) -> None:
    shop.lists = {"winback_vip": ["ada", "bob", "joe"]}
    shop.names = {"joe": "=1"}
    send(shop, client)
    path, right = client.path("winback_vip"), text_of(client)
    damaged = DAMAGES[damage](right)
    if damaged is None:
        path.unlink()
    else:
        path.write_bytes(damaged if isinstance(damaged, bytes) else damaged.encode())

    send(shop, client, "mend")

    assert text_of(client) == right
    assert shop.members() == {"winback_vip": ["ada", "bob", "joe"]}
    assert {row[3:] for row in shop.ledger("mend")} <= {
        ("intent", "restored"),
        ("done", "restored"),
    }


def test_a_held_list_keeps_its_rows_as_they_were_and_loses_who_unsubscribed(
    shop: Exported, client: FilesClient
) -> None:
    shop.lists = {"winback_vip": [f"p{number}" for number in range(100, 250)]}
    send(shop, client)
    lines = text_of(client).splitlines()
    shop.known = set(shop.lists["winback_vip"])
    shop.lists = {"winback_vip": ["p100", "p102", "new"]}
    shop.forbidden = {"p101": "unsubscribed"}
    shop.names = {"p102": "Changed"}

    send(shop, client, "two")

    assert text_of(client).splitlines() == [line for line in lines if not line.startswith("p101")]


def test_a_held_list_whose_file_was_deleted_comes_back_with_who_belongs_there(
    shop: Exported, client: FilesClient
) -> None:
    shop.lists = {"winback_vip": [f"p{number}" for number in range(100, 250)]}
    send(shop, client)
    shop.known = set(shop.lists["winback_vip"])
    shop.lists = {"winback_vip": ["p100", "p102", *[f"n{number}" for number in range(400)]]}
    client.path("winback_vip").unlink()

    send(shop, client, "two")

    assert [row["customer_id"] for row in rows_of(client.path("winback_vip"))] == ["p100", "p102"]
    assert shop.members() == {"winback_vip": ["p100", "p102"]}


def test_who_is_in_no_source_and_was_taken_out_of_a_held_file_is_no_member(
    shop: Exported, client: FilesClient
) -> None:
    shop.lists = {"winback_vip": [f"p{number}" for number in range(100, 250)]}
    send(shop, client)
    client.path("winback_vip").write_text(
        "".join(text_of(client).splitlines(keepends=True)[:-1]), encoding="utf-8"
    )
    shop.lists = {"winback_vip": ["p100"]}

    send(shop, client, "two")

    assert shop.members() == {"winback_vip": [f"p{number}" for number in range(100, 249)]}
    assert len(rows_of(client.path("winback_vip"))) == 149


def test_a_refused_address_stays_out_until_it_changes(shop: Exported, client: FilesClient) -> None:
    shop.lists = {"winback_vip": ["ada", "bob"]}
    shop.emails = {"bob": "+bob@example.com"}
    send(shop, client, "one")
    send(shop, client, "two")
    shop.emails = {}
    send(shop, client, "three")

    assert shop.ledger("one")[-1][1:] == ("bob", "add", "refused", "unsafe address")
    assert shop.ledger("two") == []
    assert shop.members() == {"winback_vip": ["ada", "bob"]}


KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from pipeline.destinations.files import FilesClient
from pipeline.sync.engine import push
from pipeline.warehouse import Warehouse

moment, real = sys.argv[3], Path.replace

def replace(path, target):
    if moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    real(path, target)
    if moment == "after":
        os.kill(os.getpid(), signal.SIGKILL)

Path.replace = replace
push(Warehouse(Path(sys.argv[1])), FilesClient(Path(sys.argv[2])), run_id="killed",
     as_of_date=date(2026, 1, 31))
"""


@pytest.mark.parametrize(("moment", "settled"), [("before", "lost"), ("after", "done")])
def test_a_process_killed_around_the_replacing_of_a_file_leaves_nothing_wrong(
    shop: Exported, client: FilesClient, moment: str, settled: str
) -> None:
    shop.lists = {"winback_vip": ["ada", "bob"]}
    shop.build()
    died = subprocess.run(
        [sys.executable, "-c", KILLED, shop.warehouse.path, client.folder, moment],
        cwd=Path(__file__).parents[2],
        check=False,
    )

    send(shop, client, "next")

    assert died.returncode == -signal.SIGKILL
    assert [row["customer_id"] for row in rows_of(client.path("winback_vip"))] == ["ada", "bob"]
    assert shop.members() == {"winback_vip": ["ada", "bob"]}
    assert {row[3] for row in shop.ledger("killed")} == {"intent", settled}
    assert [path.name for path in client.folder.iterdir()] == ["winback_vip.csv"]


def test_the_hash_of_a_payload_stays_the_same_from_version_to_version() -> None:
    texts = {"customer_id": "'c1'", "name": "'Ada'", "email": "'a@example.com'", "city": "null"}

    with duckdb.connect() as connection:
        found = connection.execute(f"select {payload_hash(texts)}").fetchall()

    assert found == [("3442711e177eca2ff0a03018c0847d0c",)]


def hashes(table: pa.Table) -> dict[str, str]:
    texts = {name: f"cast({identifier(name)} as varchar)" for name in table.column_names}
    with duckdb.connect() as connection:
        connection.register("sent", table)
        return dict(
            connection.execute(f"select customer_id, {payload_hash(texts)} from sent").fetchall()
        )


def read_back(client: FilesClient) -> dict[str, str]:
    there = client.read_back("winback_vip")
    assert there is not None
    return {row["customer_id"]: row["payload_hash"] for row in there.to_pylist()}


def test_a_file_that_a_ledger_put_back_knows_nothing_of_is_emptied(
    shop: Exported, client: FilesClient
) -> None:
    shop.lists = {"winback_vip": ["ada"], "winback_new": ["eve"]}
    send(shop, client)
    own = {
        "notes.csv": "customer_id,email\nkept,kept@example.com\n",
        "winback_vip (copy).csv": "customer_id,email\nkept,kept@example.com\n",
        "winback_budget.csv": "month,euros\n2026-11,90\n",
    }
    for name, text in own.items():
        (client.folder / name).write_text(text)
    with shop.warehouse.connect() as connection:
        connection.execute("delete from sync.ledger; delete from sync.members")
    shop.lists = {"winback_new": ["eve"]}

    send(shop, client, "after")

    assert text_of(client) == HEADER
    assert [row["customer_id"] for row in rows_of(client.path("winback_new"))] == ["eve"]
    assert {name: (client.folder / name).read_text() for name in own} == own
