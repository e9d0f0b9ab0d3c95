"""What is written down stays true."""

import ast
import re
import subprocess

import pytest

from pipeline.settings import PROJECT_ROOT, Settings
from pipeline.warehouse import SYNC_TABLES

DOCUMENTS = PROJECT_ROOT / "docs"
PYTHON = [
    path
    for folder in ("pipeline", "assets", "expectations", "data", "benchmarks")
    for path in sorted((PROJECT_ROOT / folder).rglob("*.py"))
]


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (PROJECT_ROOT / name).exists()]


def test_env_example_names_exactly_the_settings_with_their_defaults() -> None:
    lines = (PROJECT_ROOT / ".env.example").read_text().splitlines()
    documented = dict(line.split("=", 1) for line in lines if re.match(r"WINBACK_\w+=", line))
    fields = Settings.model_fields
    assert set(documented) == {f"WINBACK_{name.upper()}" for name in fields}
    for name, field in fields.items():
        default = field.default
        shown = ",".join(default) if isinstance(default, tuple) else default
        expected = {None: "", False: "no"}.get(shown, str(shown))
        assert documented[f"WINBACK_{name.upper()}"] == expected, name


def test_the_tree_in_the_readme_is_the_tree() -> None:
    readme = (PROJECT_ROOT / "README.md").read_text()
    section = readme.split("## The tree")[1]
    named = {name.strip("/") for name in re.findall(r"`([\w./]+)`", section)} - {"make"}
    there = {name.split("/")[0] for name in tracked()} | {"var"}
    ordinary = {"README.md", "LICENSE", "Makefile", "pyproject.toml", ".gitignore", ".env.example"}
    listed = {name for name in named if "." not in name or (PROJECT_ROOT / name).exists()}
    assert there - ordinary == {name.split("/")[0] for name in listed} - ordinary


def test_every_table_that_cannot_be_fetched_again_is_described() -> None:
    section = (DOCUMENTS / "data_engineers.md").read_text().split("Schema `sync`")[1]
    table = section.split("\n## ")[0]
    assert set(re.findall(r"`([a-z_]+)`", table)) >= {*SYNC_TABLES, "customer_ids"}


@pytest.mark.parametrize(
    "document",
    ["README.md", *sorted(str(p.relative_to(PROJECT_ROOT)) for p in DOCUMENTS.rglob("*.md"))],
)
def test_links_lead_somewhere(document: str) -> None:
    path = PROJECT_ROOT / document
    for target in re.findall(r"\]\(([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_modules_and_public_functions_say_what_they_are_for() -> None:
    silent = []
    for path in PYTHON:
        module = ast.parse(path.read_text())
        if not ast.get_docstring(module):
            silent.append(str(path))
        for node in module.body:
            is_public = isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"
            if is_public and not ast.get_docstring(node):
                silent.append(f"{path}:{node.name}")
    assert silent == []


def test_python_files_stay_short() -> None:
    assert [str(path) for path in PYTHON if len(path.read_text().splitlines()) > 260] == []


def test_nothing_has_a_name_that_says_nothing() -> None:
    vague = re.compile(r"(^|/)(utils?|helpers?|common|misc|lib)(\.py|/)")
    assert [name for name in tracked() if vague.search(name)] == []


def test_only_the_settings_read_the_environment() -> None:
    reading = re.compile(r"os\.(environ(\.get|\[)|getenv)|EnvVar")
    readers = {path.name for path in PYTHON if reading.search(path.read_text())}
    # runs.py tells Dagster where its home is.
    assert readers <= {"runs.py"}


def test_no_machine_and_no_registry_is_named() -> None:
    hosts = ["pypi" + ".org", "python" + "hosted", "npm" + "js.org", "debian" + ".org"]
    places = re.compile(r"(?:^|[\s\"'(=])/(?:" + "work|root|home)" + r"/\w")
    for name in tracked():
        path = PROJECT_ROOT / name
        if path.suffix in {".parquet", ".lock"}:
            text = path.read_text() if path.suffix == ".lock" else ""
        else:
            text = path.read_text()
        assert not [host for host in hosts if host in text], name
        assert not places.search(text), name
