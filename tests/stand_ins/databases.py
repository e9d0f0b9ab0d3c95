"""Real database servers that tests start for themselves, on a free port of loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pymysql

PROGRAMS = (Path("/usr/lib/postgresql"), Path("/usr/local/pgsql"))
STARTS_WITHIN_SECONDS = 60.0


@dataclass(frozen=True)
class PostgreSQLServer:
    """A server with a superuser `shop` and a user `reader`, who may only read."""

    port: int
    scheme: str = "postgresql"

    def url(self, user: str = "reader", password: str = "geheim") -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/shop"

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.url("shop"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def cut_off(self, user: str = "reader") -> int:
        """End every connection of a user; return how many there were."""
        with psycopg.connect(self.url("shop"), autocommit=True) as connection:
            found = connection.execute(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = %s",
                [user],
            ).fetchone()
        return int(found[0]) if found else 0


@dataclass(frozen=True)
class MySQLServer:
    """A server with a user `shop` who may do everything and `reader`, who may only read."""

    port: int
    scheme: str = "mysql"

    def url(self, user: str = "reader", password: str = "geheim") -> str:
        return f"mysql://{user}:{password}@127.0.0.1:{self.port}/shop"

    def execute(self, *statements: str) -> None:
        with (
            pymysql.connect(
                host="127.0.0.1", port=self.port, user="shop", password="geheim", database="shop"
            ) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)
            connection.commit()


def postgresql_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, None where they are not installed."""
    found = [path.parent for place in PROGRAMS for path in sorted(place.glob("**/bin/initdb"))]
    return found[-1] if found else None


def has_mysql() -> bool:
    """Say whether the programs of MariaDB are installed."""
    return shutil.which("mariadb-install-db") is not None and shutil.which("mariadbd") is not None


@contextmanager
def postgresql(programs: Path) -> Iterator[PostgreSQLServer]:
    """Run a server of its own until the block ends."""
    with _folder("postgres") as folder:
        data, port = folder / "data", free_port()
        secret = folder / "password"
        secret.write_text("geheim")
        secret.chmod(0o644)
        made = [programs / "initdb", "-D", data, "-U", "shop", "-E", "UTF8", "--pwfile", secret]
        _run("postgres", [*made, "--auth=scram-sha-256", "--no-sync", "--locale=C"])
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -k ''"
        control = [programs / "pg_ctl", "-D", data]
        _run("postgres", [*control, "-o", options, "-l", folder / "log", "-w", "start"])
        try:
            server = PostgreSQLServer(port)
            with psycopg.connect(
                server.url("shop").removesuffix("shop") + "postgres", autocommit=True
            ) as connection:
                connection.execute("create database shop")
                connection.execute("create role reader login password 'geheim'")
            server.execute(
                "alter default privileges in schema public grant select on tables to reader"
            )
            yield server
        finally:
            _run("postgres", [*control, "-m", "immediate", "-w", "stop"])


@contextmanager
def mysql() -> Iterator[MySQLServer]:
    """Run a server of its own until the block ends."""
    with _folder("mysql") as folder:
        data, port = folder / "data", free_port()
        _run("mysql", ["mariadb-install-db", "--no-defaults", f"--datadir={data}"])
        first = folder / "first.sql"
        first.write_text(
            "create database shop;\n"
            "create user shop@'127.0.0.1' identified by 'geheim';\n"
            "grant all on *.* to shop@'127.0.0.1';\n"
            "create user reader@'127.0.0.1' identified by 'geheim';\n"
            "grant select on shop.* to reader@'127.0.0.1';"
        )
        first.chmod(0o644)
        command = ["mariadbd", "--no-defaults", f"--datadir={data}", f"--port={port}"]
        command += ["--skip-name-resolve", "--bind-address=127.0.0.1"]
        command += [f"--socket={folder / 'socket'}"]
        command += [f"--init-file={first}", "--innodb-flush-log-at-trx-commit=0"]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                _as("mysql", [*command, f"--pid-file={folder / 'pid'}"]), stdout=log, stderr=log
            )
        try:
            server = MySQLServer(port)
            _wait_for(server, process)
            yield server
        finally:
            process.terminate()
            process.wait()


def _wait_for(server: MySQLServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while True:
        try:
            server.execute("select 1")
            return
        except pymysql.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@contextmanager
def _folder(user: str) -> Iterator[Path]:
    """Give a folder that belongs to whoever the server runs as; paths of sockets are short."""
    folder = Path(tempfile.mkdtemp(prefix="winback-"))
    try:
        folder.chmod(0o755)
        if os.geteuid() == 0:
            account = pwd.getpwnam(user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as(user: str, command: list[object]) -> list[str]:
    """Return a command for whoever the server may run as: both refuse root."""
    words = [str(word) for word in command]
    return (
        ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *words]
        if (os.geteuid() == 0)
        else words
    )


def _run(user: str, command: list[object]) -> None:
    finished = subprocess.run(
        _as(user, command), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", check=False
    )
    assert finished.returncode == 0, finished.stderr.decode()


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
