"""Every command of the README, run as its reader would: in a fresh clone, its answers compared."""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import duckdb
import pytest

from pipeline.explanation import table
from tests.integration.shop import ROOT

pytestmark = pytest.mark.clone
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme") / "a folder with spaces"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


def do(clone: Path, command: str, **more: str) -> str:
    clean = {name: value for name, value in os.environ.items() if "WINBACK" not in name}
    for name in ("DAGSTER_HOME", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VIRTUAL_ENV"):
        clean.pop(name, None)
    finished = subprocess.run(
        ["bash", "-c", f"set -e; {command}"],
        cwd=clone,
        env=clean | more,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert finished.returncode == 0, f"{command}\n{finished.stdout}\n{finished.stderr}"
    return finished.stdout


@pytest.fixture(scope="module")
def first_run(clone: Path) -> str:
    return do(clone, "make run")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("WINBACK_")]


def test_make_run_prints_what_the_readme_shows(first_run: str) -> None:
    shown = blocks("text")[0]
    assert shown.strip() in first_run


def test_every_make_target_that_is_named_exists(clone: Path, first_run: str) -> None:
    there = do(clone, "make help")
    assert set(re.findall(r"`make ([a-z-]+)`", README)) <= set(
        re.findall(r"^([a-z-]+) ", there, re.MULTILINE)
    )


def test_the_commands_can_be_run_as_they_stand(clone: Path, first_run: str) -> None:
    first, *rest = [
        command
        for command in commands()
        if not command.startswith("make") and command != "winback ui"
    ]
    assert first == "source .venv/bin/activate"
    assert len(rest) == 8
    for command in rest:
        assert do(clone, f"{first}; {command}"), command
    assert (clone / "june.duckdb").exists()


def test_a_second_run_needs_no_network_and_pushes_nothing(clone: Path, first_run: str) -> None:
    outbox = {path.name: path.stat().st_mtime_ns for path in (clone / "var/outbox").iterdir()}

    do(clone, "make run", UV_OFFLINE="1", PIP_NO_INDEX="1")

    assert outbox == {
        path.name: path.stat().st_mtime_ns for path in (clone / "var/outbox").iterdir()
    }


def test_the_queries_have_the_answers_that_stand_there(clone: Path, first_run: str) -> None:
    answered = re.findall(r"```sql\n(.*?)```\n\n```text\n(.*?)```", README, re.DOTALL)
    assert len(answered) == 3
    with duckdb.connect(str(clone / "var/published/winback.duckdb"), read_only=True) as connection:
        for query, answer in answered:
            found = connection.execute(query)
            head = [column[0] for column in found.description]
            assert table(head, found.fetchall()) == answer.rstrip(), query


def test_the_smallest_shop_of_the_readme_runs(clone: Path, first_run: str, tmp_path: Path) -> None:
    described = next(block for block in blocks("text") if block.startswith("inbox/"))
    path = None
    for line in described.splitlines():
        if line.startswith("inbox/"):
            name, text = line.split(maxsplit=1)
            path = tmp_path / name
            path.parent.mkdir(parents=True)
            path.write_text(f"{text.strip()}\n")
        elif path:
            path.write_text(f"{path.read_text()}{line.strip()}\n")
    settings = dict(
        line.split("=")
        for block in blocks("sh")
        for line in block.splitlines()
        if "WINBACK_" in line
    )
    settings |= {"WINBACK_INBOX": str(tmp_path / "inbox"), "WINBACK_VAR": str(tmp_path / "var")}

    said = do(clone, ".venv/bin/winback run --as-of 2026-11-20", **settings)

    assert "people 1, buyers 1, purchases 1, their revenue 49.90 EUR" in said
    assert "ann@example.com" in (tmp_path / "var/outbox/winback_new.csv").read_text()


def test_the_ui_opens_on_loopback_and_knows_the_assets(clone: Path, first_run: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    command = shlex.join([str(clone / ".venv/bin/winback"), "ui", "--port", "3977"])
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command}"], cwd=clone, env=environment, start_new_session=True
    )
    try:
        question = b'{"query": "{ assetNodes { assetKey { path } } }"}'
        asked = urllib.request.Request(
            "http://127.0.0.1:3977/graphql", question, {"Content-Type": "application/json"}
        )
        deadline = time.monotonic() + 120
        while True:
            try:
                answer = urllib.request.urlopen(asked, timeout=10).read().decode()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(1)
        assert '"segment_lists"' in answer
        assert '"customer_churn"' in answer
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=30)
        finally:
            # Servers that Dagster started and may not have ended.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
