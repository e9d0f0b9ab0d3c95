import csv
import hashlib
import os
import stat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.destinations.audiences import UPLOADS, AudiencesClient
from pipeline.destinations.contract import Changes, Client
from pipeline.destinations.outlets import OUTLETS, channel_of, client_of
from pipeline.sync.engine import UnknownListError, make_plan, push
from pipeline.sync.plan import refuse_unknown_lists
from pipeline.warehouse import Warehouse
from tests.unit.exported_lists import DAY, Crash, Dying, FakeTool, exported

AUDIENCE = "winback_lapsed"
HASHED = tuple(name for upload in UPLOADS.values() for name in upload.values() if name)


def profiles(*people: str, **columns: str) -> pa.Table:
    """Return profiles in which each value is a hash of its column and person."""
    kinds = pa.schema([(name, pa.string()) for name in ("customer_id", *HASHED)])
    rows = [
        {"customer_id": person, **{name: digest(name, person) for name in HASHED}, **columns}
        for person in people
    ]
    return pa.Table.from_pylist(rows, kinds)


def digest(column: str, person: str) -> str:
    return hashlib.sha256(f"{column} of {person}".encode()).hexdigest()


def changes(adds: pa.Table, *removes: str) -> Changes:
    nobody = pa.table({"customer_id": pa.array(removes, pa.string())})
    return Changes(adds, adds.slice(0, 0), nobody)


def upload(folder: Path, network: str) -> list[dict[str, str]]:
    with (folder / network / f"{AUDIENCE}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def every_file(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def client(tmp_path: Path) -> AudiencesClient:
    return AudiencesClient(tmp_path / "audiences")


def test_each_network_gets_its_headers_and_no_id_of_ours(client: AudiencesClient) -> None:
    client.apply(AUDIENCE, changes(profiles("ada", "bob")))

    google, meta = upload(client.folder, "google"), upload(client.folder, "meta")
    assert list(google[0]) == ["Email", "Phone", "First Name", "Last Name", "Country", "Zip"]
    assert list(meta[0]) == ["email", "phone", "fn", "ln", "ct", "country"]
    assert {row["Email"] for row in google} == {
        digest("google_email", one) for one in ("ada", "bob")
    }
    assert {row["fn"] for row in meta} == {digest("meta_first_name", one) for one in ("ada", "bob")}
    assert {row["Zip"] for row in google} == {""}


def test_audiences_are_read_back_with_the_payload_that_was_sent(client: AudiencesClient) -> None:
    client.apply(AUDIENCE, changes(profiles("ada", "bob")))
    before = every_file(client.folder)
    there = client.read_back(AUDIENCE)

    client.apply(AUDIENCE, changes(profiles()))

    assert client.audiences() == [AUDIENCE]
    assert there is not None
    assert there["customer_id"].to_pylist() == ["ada", "bob"]
    assert every_file(client.folder) == before


def test_whoever_is_taken_off_is_in_no_file_of_a_network(client: AudiencesClient) -> None:
    client.apply(AUDIENCE, changes(profiles("ada", "bob")))

    client.apply(AUDIENCE, changes(profiles(), "ada", "bob"))

    assert upload(client.folder, "google") == upload(client.folder, "meta") == []
    assert (
        client.folder / "meta" / f"{AUDIENCE}.csv"
    ).read_text() == "email,phone,fn,ln,ct,country\n"


def test_a_file_of_a_network_that_is_gone_or_altered_comes_back(client: AudiencesClient) -> None:
    client.apply(AUDIENCE, changes(profiles("ada")))
    written = {network: upload(client.folder, network) for network in UPLOADS}
    (client.folder / "google" / f"{AUDIENCE}.csv").unlink()
    (client.folder / "meta" / f"{AUDIENCE}.csv").write_text("email\nann@example.com\n")

    client.apply(AUDIENCE, changes(profiles()))

    assert {network: upload(client.folder, network) for network in UPLOADS} == written


def test_only_the_owner_can_read_audiences(client: AudiencesClient) -> None:
    before = os.umask(0)
    try:
        client.apply(AUDIENCE, changes(profiles("ada")))
    finally:
        os.umask(before)

    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in client.folder.rglob("*")}
    assert set(modes.values()) == {0o700, 0o600}
    assert all(mode == (0o700 if path.is_dir() else 0o600) for path, mode in modes.items())


def test_callers_are_given_numbers_behind_an_apostrophe_and_nobody_without_one(
    tmp_path: Path,
) -> None:
    client = client_of("calls", tmp_path)
    people: list[dict[str, Any]] = [
        {"customer_id": "ada", "phone": "+49 30 123456", "reason": "=1+1"},
        {"customer_id": "bob", "phone": " ", "reason": "VIP"},
        {"customer_id": "cid", "phone": "030 123456", "reason": "VIP"},
    ]

    refused = client.apply("winback_call_list_1_a", changes(pa.Table.from_pylist(people))).refused

    written = (tmp_path / "calls" / "winback_call_list_1_a.csv").read_text()
    assert refused == {"bob": "no address"}
    assert written == "customer_id,phone,reason\nada,'+49 30 123456,'=1+1\ncid,030 123456,VIP\n"
    assert client.audiences() == ["winback_call_list_1_a"]


CALLS = """
    create or replace table exports.exp_calls__list_members (
        audience varchar, customer_id varchar, phone varchar);
    create or replace table exports.exp_calls__profiles (customer_id varchar, phone varchar);
    insert into exports.exp_calls__list_members
    select 'winback_call_list_1_a', customer_id, '12345' from (
        select unnest(['yes', 'by_mail_alone', 'said_no']) as customer_id);
    insert into exports.exp_calls__profiles
    select customer_id, phone from exports.exp_calls__list_members;
    insert into intermediate.int_channel_permissions values
        ('yes', 'phone', true, null), ('said_no', 'phone', false, 'consent: unsubscribed'),
        ('by_mail_alone', 'sms', true, null);
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Three people on a call list, all of whom may be mailed and one of whom may be called."""
    shop = exported(tmp_path)
    shop.known = {"yes", "by_mail_alone", "said_no"}
    shop.lists = {"winback_vip": ["yes"]}
    with shop.build().warehouse.connect() as connection:
        connection.execute(CALLS)
    return shop.warehouse


def test_consent_is_asked_of_the_channel_of_the_destination(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    plan = make_plan(warehouse, "calls")
    push(warehouse, client_of("calls", tmp_path), run_id="one", as_of_date=DAY)

    assert plan.lists[0].kept_out == {"consent: never": 1, "consent: unsubscribed": 1}
    with warehouse.connect() as connection:
        assert connection.execute(
            "select destination, customer_id from sync.members"
        ).fetchall() == [("calls", "yes")]


def test_whoever_is_no_longer_known_to_have_said_yes_is_taken_off_whatever_the_brake_says(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    push(warehouse, client_of("calls", tmp_path), run_id="one", as_of_date=DAY)
    with warehouse.connect() as connection:
        connection.execute(
            "delete from intermediate.int_channel_permissions where channel = 'phone'"
        )

    plan = make_plan(warehouse, "calls")

    assert plan.lists[0].removes == {"consent: never": 1}


def test_a_list_of_any_destination_may_be_confirmed_and_no_other(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    known = ["winback_vip", "winback_call_list_1_a"]

    refuse_unknown_lists(warehouse, known)
    push(warehouse, client_of("calls", tmp_path), run_id="one", as_of_date=DAY, confirmed=known)

    with pytest.raises(UnknownListError, match="no list winback_other to confirm"):
        refuse_unknown_lists(warehouse, [*known, "winback_other"])


@pytest.mark.parametrize("having_acted", [False, True])
def test_a_crash_while_a_list_is_written_is_made_good_by_the_next_run(
    warehouse: Warehouse, tmp_path: Path, having_acted: bool
) -> None:
    client = client_of("calls", tmp_path)
    dying = Dying(client, dies_at=2, having_acted=having_acted)
    with pytest.raises(Crash):
        push(warehouse, dying, run_id="one", as_of_date=DAY)

    push(warehouse, client, run_id="two", as_of_date=DAY)

    assert client.read_back("winback_call_list_1_a")["customer_id"].to_pylist() == ["yes"]


ENTERING = """
    create table exports.exp_sync__enrolments as
    select 'yes' as customer_id, 'call_list' as programme, 'a' as arm, false as is_control,
        'salt' as salt, cast('{}' as json) as entry_values, 'winback_call_list_1_a' as audience
    union all
    select 'control', 'call_list', 'a', true, 'salt', '{}', 'winback_call_list_1_a'
    union all
    select 'waiting', 'dormant', 'a', false, 'salt', '{}', null;
    create table exports.exp_sync__programme_steps (
        customer_id varchar, programme varchar, entered_on date, step integer, message varchar,
        is_listed boolean, offer varchar, offer_ends_on date, audience varchar);
"""


def test_people_enter_with_the_list_that_they_are_called_from_and_not_while_it_is_held(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    def entered() -> list[tuple]:
        with warehouse.connect() as connection:
            found = connection.execute("select customer_id from sync.enrolments order by all")
            return found.fetchall()

    def pushed(client: Client, held_because: str = "") -> None:
        push(
            warehouse,
            client,
            run_id="one",
            as_of_date=DAY,
            is_mailing=True,
            held_because=held_because,
        )

    with warehouse.connect() as connection:
        connection.execute(ENTERING)

    pushed(FakeTool())
    by_mail = entered()
    pushed(client_of("calls", tmp_path), "the brake says so")
    while_held = entered()
    pushed(client_of("calls", tmp_path))

    assert by_mail == while_held == [("waiting",)]
    assert entered() == [("control",), ("waiting",), ("yes",)]


def test_every_outlet_has_a_folder_and_a_channel_of_its_own(tmp_path: Path) -> None:
    clients = {outlet: client_of(outlet, tmp_path) for outlet in OUTLETS}

    assert {outlet: client.name for outlet, client in clients.items()} == {o: o for o in OUTLETS}
    assert {outlet: channel_of(outlet) for outlet in OUTLETS} == dict(OUTLETS)
    assert channel_of("files") == "email"
