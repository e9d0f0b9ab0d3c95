"""Call lists, survey lists and audiences of advertising, from consents to files."""

import csv
import hashlib
import stat
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.own_programmes import edit, on_own_seeds
from tests.integration.shop import CONSENTS, LAST_DAY, ORDERS, Shop

pytestmark = pytest.mark.programmes

CUSTOMERS = ("customer_id", "email", "first_name", "last_name", "phone", "country", "city")
ON = ("call_list", "survey_lapsed", "audience_lapsed")
GROUPS = {
    "phone": range(40),
    "ads": range(40, 80),
    "email": range(80, 110),
    "nothing": range(110, 120),
    "buyers_ads": range(120, 130),
    "buyers": range(130, 140),
}
"""By what they said yes to; buyers have just bought."""
OPT_OUT_DAY = LAST_DAY + timedelta(days=1)
GOOGLE = ["Email", "Phone", "First Name", "Last Name", "Country", "Zip"]
META = ["email", "phone", "fn", "ln", "ct", "country"]


def email(number: int) -> str:
    return f"per.son{number}@gmail.com"


def phone(number: int) -> str:
    return f"+49 (0)30 55{number:05}"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop after its first run with programmes on; half of those who fit are controls."""
    shop = Shop(tmp_path_factory.mktemp("outlets") / "shop")
    seeds = on_own_seeds(shop)
    edit(seeds / "programmes.csv", "programme", {name: {"is_on": "true"} for name in ON})
    shares = {name: {"control_share": "0.5"} for name in ON} | {"all": {"control_share": "0"}}
    edit(seeds / "programme_periods.csv", "programme", shares)
    edit(seeds / "offers.csv", "offer", {"survey_bonus": {"code": "=THANKS"}})
    orders, customers, consents = [], [], []
    for group, numbers in GROUPS.items():
        for number in numbers:
            last = LAST_DAY - timedelta(days=5 if group.startswith("buyers") else 110)
            for purchase in range(11):
                day = last - timedelta(days=30 * purchase)
                order = (f"{number}-{purchase}", f"{day} 12:00", f"c{number}", email(number))
                orders.append((*order, "paid", "50.00", ""))
            customers.append(
                (f"c{number}", email(number), f"Ann{number}", "O'Brien", phone(number), "DE", "Ulm")
            )
            channel = group.removeprefix("buyers").strip("_")
            if channel in ("phone", "ads", "email"):
                consents.append((email(number), channel, "subscribed", "2024-01-01 08:00"))
    shop.write("orders", "orders.csv", ORDERS, orders)
    shop.write("customers", "customers.csv", CUSTOMERS, customers)
    shop.write("consents", "consents.csv", CONSENTS, consents)
    shop.daily()
    return shop


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def outbox(shop: Shop, *parts: str) -> Path:
    return shop.var.joinpath("outbox", *parts)


def entered(shop: Shop, programme: str, *, controls: bool) -> set[str]:
    """Return the addresses of those who entered, treated or controls, by what was written down."""
    return {
        str(address)
        for (address,) in shop.rows(
            "select customers.email from sync.enrolments inner join marts.customers "
            f"using (customer_id) where programme = '{programme}' and is_control = {controls}"
        )
    }


def files(shop: Shop) -> Mapping[Path, int]:
    found = sorted(path for path in outbox(shop).rglob("*") if path.is_file())
    return {path: path.stat().st_mtime_ns for path in found}


def test_call_lists_hold_those_who_may_be_called_and_no_control(shop: Shop) -> None:
    called = rows(outbox(shop, "calls", "winback_call_list_1_a.csv"))
    treated, controls = (entered(shop, "call_list", controls=one) for one in (False, True))

    assert treated
    assert controls
    assert treated | controls == {email(number) for number in GROUPS["phone"]}
    numbers = {int(address[7:-10]) for address in treated}
    # A spreadsheet would add the digits up.
    assert {row["phone"] for row in called} == {f"'{phone(number)}" for number in numbers}
    assert list(called[0])[:4] == ["customer_id", "phone", "first_name", "last_name"]
    assert {row["reason"] for row in called} == {f"VIP, dormant since {LAST_DAY - timedelta(5)}"}
    assert {(row["programme"], row["step"], row["lifecycle"]) for row in called} == {
        ("call_list", "1", "dormant")
    }


def test_audiences_hold_hashes_of_those_who_said_yes_and_no_control(shop: Shop) -> None:
    name = "winback_audience_lapsed_1_a.csv"
    google, meta = (
        rows(outbox(shop, "audiences", network, name)) for network in ("google", "meta")
    )
    treated, controls = (entered(shop, "audience_lapsed", controls=one) for one in (False, True))
    numbers = {int(address[7:-10]) for address in treated}

    assert controls
    assert treated | controls == {email(number) for number in GROUPS["ads"]}
    assert (list(google[0]), list(meta[0])) == (GOOGLE, META)
    assert {tuple(row.values()) for row in google} == {
        (
            sha256(f"person{number}@gmail.com"),
            sha256(f"+493055{number:05}"),
            sha256(f"ann{number}"),
            sha256("o'brien"),
            "DE",
            "",
        )
        for number in numbers
    }
    assert {tuple(row.values()) for row in meta} == {
        (
            sha256(email(number)),
            sha256(f"493055{number:05}"),
            sha256(f"ann{number}"),
            sha256("obrien"),
            sha256("ulm"),
            sha256("de"),
        )
        for number in numbers
    }


def test_exclusions_too_hold_only_those_who_said_yes_to_advertising(shop: Shop) -> None:
    excluded = rows(outbox(shop, "audiences", "meta", "winback_exclude_recent_buyers.csv"))

    assert {row["email"] for row in excluded} == {
        sha256(email(number)) for number in GROUPS["buyers_ads"]
    }
    # Nobody is archived yet, so there is no such list.
    assert not outbox(shop, "audiences", "meta", "winback_exclude_archived.csv").exists()


def test_surveys_are_told_the_bonus_safe_from_spreadsheets(shop: Shop) -> None:
    asked = rows(outbox(shop, "surveys", "winback_survey_lapsed_1_a.csv"))

    assert {row["email"] for row in asked} == entered(shop, "survey_lapsed", controls=False)
    assert {(row["survey"], row["bonus_code"]) for row in asked} == {("survey_lapsed", "'=THANKS")}


def test_the_ledger_knows_who_is_on_which_list(shop: Shop) -> None:
    members = dict(
        shop.rows(
            "select audience, count(*) from sync.members where destination = 'calls' group by 1"
        )
    )

    assert members == {"winback_call_list_1_a": len(entered(shop, "call_list", controls=False))}
    assert shop.rows(
        "select distinct destination from sync.ledger where status = 'done' order by 1"
    ) == [("audiences",), ("calls",), ("files",), ("surveys",)]


def test_only_the_owner_can_read_them_and_no_log_holds_an_address(shop: Shop) -> None:
    for path in outbox(shop).rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    in_clear = (b"per.son", b"30 55", b"O'Brien")
    for path in outbox(shop, "audiences").rglob("*.csv"):
        assert not [text for text in in_clear if text in path.read_bytes()], path
    for folder in ("logs", "dagster", "dbt"):
        for path in (shop.var / folder).rglob("*"):
            if path.is_file():
                assert not [text for text in in_clear[:2] if text in path.read_bytes()], path


def test_later_runs_touch_nothing_then_take_off_whoever_says_no_and_empty_what_is_switched_off(
    shop: Shop,
) -> None:
    before = files(shop)
    ledger = shop.rows("select count(*) from sync.ledger")

    shop.daily()

    assert files(shop) == before
    assert shop.rows("select count(*) from sync.ledger") == ledger

    caller, seen, buyer = (
        min(entered(shop, "call_list", controls=False)),
        min(entered(shop, "audience_lapsed", controls=False)),
        email(GROUPS["buyers_ads"][0]),
    )
    no = ((caller, "phone"), (seen, "ads"), (buyer, "ads"))
    opt_outs = [(who, channel, "unsubscribed", f"{OPT_OUT_DAY} 10:00") for who, channel in no]
    shop.write("consents", "later.csv", CONSENTS, opt_outs)
    planned = shop.run("plan", "--as-of", LAST_DAY.isoformat()).stdout
    assert "calls: would do" in planned
    assert "-1 (1 consent: unsubscribed)" in planned

    # The day is the same: what was loaded since counts all the same.
    summary = shop.daily()

    assert "winback_exclude_recent_buyers" in summary
    told = shop.rows(
        "select destination, audience from sync.ledger where action = 'remove' and status = 'done' "
        "and reason = 'consent: unsubscribed' order by all"
    )
    assert told == [
        ("audiences", "winback_audience_lapsed_1_a"),
        ("audiences", "winback_exclude_recent_buyers"),
        ("calls", "winback_call_list_1_a"),
    ]
    meta = outbox(shop, "audiences", "meta")
    everywhere = "".join(path.read_text() for path in meta.iterdir())
    assert sha256(seen) not in everywhere
    assert sha256(buyer) not in everywhere

    seeds = shop.folder / "project" / "transforms" / "seeds"
    edit(seeds / "programmes.csv", "programme", {name: {"is_on": "false"} for name in ON})

    shop.daily(OPT_OUT_DAY)

    for path in files(shop):
        if path.parent != outbox(shop):
            assert len(path.read_text().splitlines()) == 1, path


def test_without_such_programmes_there_is_no_such_file(built: Shop) -> None:
    assert not [path for path in (built.var / "outbox").iterdir() if path.is_dir()]
