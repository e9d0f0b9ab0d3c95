"""No secret is in anything that a run writes, says or sends, however the run ends."""

import gzip
import json
import socketserver
import sqlite3
import sys
import threading
import zlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from urllib.parse import quote

import duckdb
import pytest

from pipeline.diagnosis import examine
from tests.integration.shop import LAST_DAY, ROOT, Shop, small_shop
from tests.integration.traces import traces, traces_in
from tests.stand_ins import brevo, databases, klaviyo, listmonk, mailchimp, shopify, woocommerce
from tests.stand_ins.brevo_lists import BrevoListsStandIn
from tests.stand_ins.calls import Reply
from tests.stand_ins.clock import QuickClock
from tests.stand_ins.databases import PostgreSQLServer
from tests.stand_ins.faults import answering
from tests.stand_ins.klaviyo_imports import KlaviyoAccount
from tests.stand_ins.listmonk_lists import ListmonkListsStandIn
from tests.stand_ins.server import StandIn

pytestmark = pytest.mark.sources

DATABASE, HOOK, MAIL = "Sql/geheim+&ä 4711", "hook-0815-geheim", "Smtp%geheim?#77"
PEOPLE = 40
TOOLS = ("klaviyo", "mailchimp", "brevo", "listmonk")
JOINED = "2024-02-01T00:00:00+00:00"
CONFIRMED = listmonk.on_list("confirmed", created="2024-02-01", updated="2024-02-01")
SECRETS = {
    "the database's password": DATABASE,
    "Klaviyo's key": klaviyo.KEY,
    "Mailchimp's key": mailchimp.KEY,
    "Brevo's key": brevo.KEY,
    "listmonk's token": listmonk.TOKEN,
    "Shopify's token": shopify.TOKEN,
    "WooCommerce's key": woocommerce.KEY,
    "WooCommerce's secret": woocommerce.SECRET,
    "the webhook's address": HOOK,
    "the mail server's password": MAIL,
}
# These have addresses of their own, which no setting names, and limits that take minutes to keep.
ON_LOOPBACK = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from pipeline.apis.brevo import BrevoApi
from pipeline.apis.klaviyo import KlaviyoApi
from pipeline.apis.mailchimp import MailchimpApi
from pipeline.command import main
from tests.stand_ins.clock import QuickClock
clock = QuickClock()
for api in (BrevoApi, KlaviyoApi, MailchimpApi):
    told = {"base_url": sys.argv.pop(1), "clock": clock, "sleep": clock.sleep}
    api.__init__.__kwdefaults__.update(told)
main()
"""


class Hook(StandIn):
    """Takes what is told when a run fails."""

    def __init__(self) -> None:
        super().__init__()
        self.route("POST", f"/{HOOK}", lambda call: Reply(200, {}))


class Answering(socketserver.StreamRequestHandler):
    """Speaks SMTP without TLS, where no password may go."""

    server: "MailServer"

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        for line in self.rfile:
            self.server.said += line
            self.wfile.write(b"250 fine\r\n")


class MailServer(socketserver.ThreadingTCPServer):
    """Keeps what is said to it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.said = b""
        self.port = int(self.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.shutdown()
        self.server_close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgreSQLServer]:
    programs = databases.postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL's programs are not installed; .ci/run installs them")
    with databases.postgresql(programs) as server:
        server.execute(
            f"alter role reader password '{DATABASE}'",
            "create table shop_orders (id text, placed timestamptz, mail text, amount numeric)",
            "insert into shop_orders values ('s1', '2026-06-01', 'person1@example.com', 7)",
        )
        yield server


class Stage:
    """A shop whose sources all want a secret, who is told of failures, and what runs leave."""

    def __init__(self, shop: Shop, postgres: PostgreSQLServer, stack: ExitStack) -> None:
        self.shop, self.postgres = shop, postgres
        clock = QuickClock()
        self.brevo = stack.enter_context(BrevoListsStandIn(clock))
        self.klaviyo = stack.enter_context(KlaviyoAccount(clock))
        self.mailchimp = stack.enter_context(mailchimp.MailchimpStandIn(clock))
        self.listmonk = stack.enter_context(ListmonkListsStandIn())
        self.shopify = stack.enter_context(shopify.Shopify())
        self.woocommerce = stack.enter_context(woocommerce.WooCommerce())
        self.klaviyo.scopes |= {"metrics:read", "events:read"}
        self.hook = stack.enter_context(Hook())
        self.mails = stack.enter_context(MailServer())
        self.said: list[bytes] = []
        self.shopify.bulk.polls = 0
        for person in range(PEOPLE):
            email = f"person{person}@example.com"
            self.brevo.add_contact(email, modified=JOINED, listIds=[7])
            self.klaviyo.add_profile(f"P{person}", email, updated=JOINED)
            self.mailchimp.add_member("audience", email, changed=JOINED)
            self.listmonk.add_subscriber(email, CONFIRMED)
        queries = shop.folder / "queries"
        queries.mkdir()
        (queries / "orders.sql").write_text(
            "select id as order_id, placed as ordered_at, mail as email, amount as total "
            "from shop_orders order by id"
        )
        shop.settings = {
            "WINBACK_SOURCES": "files,sql,klaviyo,mailchimp,brevo,listmonk,shopify,woocommerce",
            "WINBACK_DESTINATIONS": ",".join(("files", *TOOLS)),
            "WINBACK_SEND": "yes",
            "WINBACK_SQL_URL": self.url(DATABASE),
            "WINBACK_SQL_QUERIES": str(queries),
            "WINBACK_KLAVIYO_KEY": klaviyo.KEY,
            "WINBACK_MAILCHIMP_KEY": mailchimp.KEY,
            "WINBACK_MAILCHIMP_AUDIENCE": "audience",
            "WINBACK_BREVO_KEY": brevo.KEY,
            "WINBACK_LISTMONK_URL": self.listmonk.base_url,
            "WINBACK_LISTMONK_USER": listmonk.USER,
            "WINBACK_LISTMONK_TOKEN": listmonk.TOKEN,
            "WINBACK_SHOPIFY_SHOP": self.shopify.base_url,
            "WINBACK_SHOPIFY_TOKEN": shopify.TOKEN,
            "WINBACK_WOOCOMMERCE_URL": self.woocommerce.base_url,
            "WINBACK_WOOCOMMERCE_KEY": woocommerce.KEY,
            "WINBACK_WOOCOMMERCE_SECRET": woocommerce.SECRET,
            "WINBACK_ALERT_WEBHOOK": f"{self.hook.base_url}/{HOOK}",
            "WINBACK_ALERT_EMAIL": "team@example.com",
            "WINBACK_ALERT_SMTP": f"smtp://team:{quote(MAIL, safe='')}@127.0.0.1:{self.mails.port}",
        }
        shop.command = (
            *(sys.executable, "-c", ON_LOOPBACK, str(ROOT)),
            *(self.brevo.base_url, self.klaviyo.base_url, self.mailchimp.base_url),
        )

    @property
    def vendors(self) -> Mapping[StandIn, str]:
        """Return the servers and what they are opened with, which they may repeat."""
        return {
            self.brevo: brevo.KEY,
            self.klaviyo: klaviyo.KEY,
            self.mailchimp: mailchimp.KEY,
            self.listmonk: f"{listmonk.USER}:{listmonk.TOKEN}",
            self.shopify: shopify.TOKEN,
            self.woocommerce: f"{woocommerce.KEY}:{woocommerce.SECRET}",
        }

    def on(self, name: str) -> dict[str, set[str]]:
        """Return by tool the addresses on a list."""
        return {
            "klaviyo": self.klaviyo.emails_on(name),
            "mailchimp": self.mailchimp.audience.on("audience", name),
            "brevo": self.brevo.on(name),
            "listmonk": set(self.listmonk.words(name)),
        }

    def url(self, password: str) -> str:
        return self.postgres.url(password=quote(password, safe=""))

    def run(self, *arguments: str, succeeds: bool) -> str:
        finished = self.shop.run(*arguments, succeeds=succeeds)
        self.said += [finished.stdout.encode(), finished.stderr.encode()]
        return finished.stdout + finished.stderr

    def traces(self) -> list[str]:
        told = [call.body for call in self.hook.calls]
        return traces(self.shop.folder, SECRETS) + traces_in(
            [*self.said, *told, self.mails.said], SECRETS
        )


@pytest.fixture
def stage(postgres: PostgreSQLServer, tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(small_shop(tmp_path / "shop", PEOPLE), postgres, stack)


def test_a_run_that_succeeds_leaves_no_secret(stage: Stage) -> None:
    stage.run("run", "--as-of", LAST_DAY.isoformat(), succeeds=True)

    assert all(vendor.calls for vendor in stage.vendors)
    assert stage.shop.rows("select email from raw_sql.orders") == [("person1@example.com",)]
    dormant = set(stage.shop.listed("dormant"))
    assert dormant
    assert stage.on("winback_dormant") == dict.fromkeys(TOOLS, dormant)
    assert "sql: can be read" in stage.run("doctor", succeeds=True)
    assert stage.traces() == []


def test_a_run_that_fails_in_every_source_leaves_no_secret(stage: Stage) -> None:
    for vendor, keys in stage.vendors.items():
        said = f"{keys} is no key"
        vendor.fail(answering(401, {"message": said, "errors": [{"detail": said}]}), times=100)
    stage.postgres.execute("alter role reader password 'another'")
    try:
        arguments = ("--traceback", "run", "--as-of", LAST_DAY.isoformat())
        said = stage.run(*arguments, succeeds=False)
        doctor = stage.run("doctor", succeeds=False)
    finally:
        stage.postgres.execute(f"alter role reader password '{DATABASE}'")

    assert all(vendor.calls for vendor in stage.vendors)
    assert "the database cannot be reached" in said
    assert said.count("was answered 401") >= len(stage.vendors), said
    assert doctor.count("cannot be read as it is") > len(stage.vendors)
    # The mail server would have had the password in clear.
    assert "the alert e-mail cannot be sent" in said
    (call,) = stage.hook.calls
    assert "the database cannot be reached" in json.loads(call.body)["text"]
    assert stage.traces() == []


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
@pytest.mark.parametrize(
    "place", ["127.0.0.1:1/shop", "127.0.0.1:port/shop", "", "/127.0.0.1/shop", "#127.0.0.1/shop"]
)
def test_an_address_that_cannot_be_read_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, place: str
) -> None:
    (tmp_path / "orders.sql").write_text("select 1 as order_id, now() as ordered_at")
    settings = {
        "SOURCES": "sql",
        "SQL_QUERIES": str(tmp_path),
        "SQL_URL": f"{scheme}://reader:Geheim/77%zz@{place}",
        "VAR": str(tmp_path / "var"),
        "TIMEZONE": "Europe/Berlin",
        "CURRENCY": "EUR",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"WINBACK_{name}", value)

    said = "\n".join(str(finding) for finding in examine())

    assert "WINBACK_SQL_URL" in said
    assert "Geheim" not in said
    assert "77%zz" not in said


def test_a_secret_is_found_wherever_it_was_put(tmp_path: Path) -> None:
    secret = SECRETS["the database's password"]
    (tmp_path / "log.txt").write_text(f"url=postgresql://u:{quote(secret)}@h/shop")
    (tmp_path / "header.txt").write_bytes(b64encode(f"reader:{secret}@x".encode()))
    (tmp_path / "packed.gz").write_bytes(gzip.compress(secret.encode()))
    with sqlite3.connect(tmp_path / "runs.db") as runs:
        runs.execute("create table snapshots (body blob)")
        runs.execute("insert into snapshots values (?)", [zlib.compress(secret.encode())])
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        warehouse.execute(
            "create table kept as select repeat('x', 50) || ? as said from range(5000)", [secret]
        )
        warehouse.execute(
            f"copy kept to '{tmp_path / 'landed.parquet'}' (format parquet, compression zstd)"
        )

    found = traces(tmp_path, {"it": secret, "another": "not there"})

    names = ("header.txt", "landed.parquet", "log.txt", "packed.gz", "runs.db", "warehouse.duckdb")
    assert found == [f"it in {tmp_path / name}" for name in names]
