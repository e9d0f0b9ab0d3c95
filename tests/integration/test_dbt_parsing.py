"""What dbt parsed once serves for every day: nothing that it parses depends on values of a run."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from pipeline.dbt_project import DBT_EXECUTABLE, prepare_manifest
from pipeline.settings import TRANSFORMS

OTHER_VALUES = {
    "as_of_date": "2026-02-03",
    "last_build": {"day": "2026-02-02", "file_id": 7},
    "sources": ["shopify", "klaviyo"],
    "timezone": "Asia/Kolkata",
    "currency": "EUR",
    "memory_limit": "3GB",
    "threads": 1,
}
READ = {"sources", "refs", "depends_on"}
OF_THE_MOMENT = {"created_at", "compiled_path", "build_path"}


def parse(
    folder: Path, target: Path, name: str, *options: str, project: Path = TRANSFORMS
) -> tuple[str, dict[str, Any]]:
    """Parse for a warehouse in the folder; return what dbt said and what it knows now."""
    values = {
        **OTHER_VALUES,
        "warehouse": str(folder / name),
        "spill_folder": str(folder / "spill"),
    }
    command = [DBT_EXECUTABLE, "--log-level-file", "none", *options, "parse"]
    command += ["--project-dir", str(project), "--profiles-dir", str(project)]
    command += ["--target-path", str(target), "--vars", json.dumps(values)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return said, json.loads((target / "manifest.json").read_text())


def met(read: Any) -> set[str]:
    several = [one for each in read.values() for one in each] if isinstance(read, dict) else read
    return {json.dumps(one) for one in several}


def parsed(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return all that dbt parsed, without when it did, and once what was met several times."""
    return {
        kind: {
            name: {
                key: met(value) if key in READ else value
                for key, value in node.items()
                if key not in OF_THE_MOMENT
            }
            for name, node in manifest[kind].items()
        }
        for kind in ("nodes", "sources", "macros", "unit_tests", "exposures")
    }


def test_what_is_parsed_depends_on_nothing_that_a_run_says(tmp_path: Path) -> None:
    prepared = json.loads(prepare_manifest().read_text())

    _, anew = parse(tmp_path, tmp_path / "anew", "warehouse.duckdb", "--no-partial-parse")

    assert parsed(anew) == parsed(prepared)
    assert len(anew["nodes"]) > 300


def test_what_was_parsed_is_taken_up_but_for_a_database_of_another_name(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    saved = prepare_manifest().parent / "partial_parse.msgpack"
    (target / saved.name).write_bytes(saved.read_bytes())

    said, _ = parse(tmp_path, target, "warehouse.duckdb")
    assert "Unable to do partial parsing" not in said

    said, other = parse(tmp_path, target, "other.duckdb")
    assert "Unable to do partial parsing" in said
    databases = {node["database"] for node in other["nodes"].values() if "database" in node}
    assert databases == {"other"}


def test_a_copy_of_the_project_reads_its_own_seeds(tmp_path: Path) -> None:
    copy = tmp_path / "transforms"
    shutil.copytree(TRANSFORMS, copy, ignore=shutil.ignore_patterns("logs"))

    _, manifest = parse(tmp_path, copy / "target", "warehouse.duckdb", project=copy)

    roots = {node["root_path"] for node in manifest["nodes"].values() if node.get("root_path")}
    assert roots == {str(copy)}
