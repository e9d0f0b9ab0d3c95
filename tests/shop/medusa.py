"""A real shop on loopback: Medusa on a PostgreSQL server of its own, spoken to by its API."""

import base64
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from tests.stand_ins import databases
from tests.stand_ins.databases import PostgreSQLServer

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".shop"
STARTS_WITHIN_SECONDS = 120.0
STAFF = {"email": "staff@example.com", "password": "geheim"}

Record = dict[str, Any]


@dataclass
class Medusa:
    """The shop's API. ``clock`` is the file that says what time it is there."""

    base_url: str
    database: PostgreSQLServer
    clock: Path
    session: requests.Session = field(default_factory=requests.Session)
    staff_key: str = ""
    storefront_key: str = ""

    def turn_clock(self, moment: datetime) -> None:
        """Let it be that moment in the shop; from then on its clock goes as all do."""
        self.clock.write_text(str((moment - datetime.now(UTC)) // timedelta(milliseconds=1)))

    def admin(self, method: str, path: str, body: Record | None = None) -> Record:
        """Return what a call of the staff gives; by a key, as a login ends after a day."""
        key = base64.b64encode(f"{self.staff_key}:".encode()).decode()
        return self.call(method, f"/admin{path}", body, {"Authorization": f"Basic {key}"})

    def store(self, path: str, body: Record | None = None, token: str | None = None) -> Record:
        """Return what a post of the storefront gives, of whoever is logged in."""
        headers = {"x-publishable-api-key": self.storefront_key}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return self.call("POST", f"/store{path}", body or {}, headers)

    def call(self, method: str, path: str, body: Record | None, headers: dict[str, str]) -> Record:
        answer = self.session.request(
            method, f"{self.base_url}{path}", json=body, headers=headers, timeout=60
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:400]}"
        found: Record = answer.json()
        return found


@contextmanager
def medusa(programs: Path) -> Iterator[Medusa]:
    """Run an empty shop until the block ends."""
    with databases.postgresql(programs) as database, _home() as home:
        clock = home / "clock"
        clock.write_text("0")
        environment = _environment(home, clock, database)
        _finish(environment, "db:migrate", "--execute-safe-links")
        _finish(environment, "user", "-e", STAFF["email"], "-p", STAFF["password"])
        port = databases.free_port()
        log = home / "log"
        with log.open("w") as file:
            process = subprocess.Popen(
                [*_medusa("start"), "-H", "127.0.0.1", "-p", str(port)],
                cwd=INSTALLED,
                env=environment,
                stdout=file,
                stderr=file,
            )
        try:
            shop = Medusa(f"http://127.0.0.1:{port}", database, clock)
            _wait_for(shop, process, log)
            yield shop
        finally:
            process.terminate()
            process.wait()


def _medusa(command: str) -> list[str]:
    return ["node", "node_modules/@medusajs/cli/cli.js", command]


def _environment(home: Path, clock: Path, database: PostgreSQLServer) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        # There it stands that nothing is told to anybody, see .ci/shop.
        "HOME": str(INSTALLED / "home"),
        "NODE_ENV": "production",
        "NODE_OPTIONS": f"--require {INSTALLED / 'clock.js'}",
        "SHOP_CLOCK": str(clock),
        "DATABASE_URL": database.url("shop"),
        "MEDUSA_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
    }


def _finish(environment: dict[str, str], command: str, *arguments: str) -> None:
    finished = subprocess.run(
        [*_medusa(command), *arguments],
        cwd=INSTALLED,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout


def _wait_for(shop: Medusa, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while True:
        try:
            if shop.session.get(f"{shop.base_url}/health", timeout=5).ok:
                return
        except requests.ConnectionError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(log.read_text()) from None
        time.sleep(0.2)


@contextmanager
def _home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="winback-shop-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
