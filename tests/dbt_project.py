"""The dbt project on a warehouse of its own: what tests run dbt with."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.dbt_project import DBT_EXECUTABLE, prepare_manifest
from pipeline.settings import TRANSFORMS
from pipeline.warehouse import Warehouse

PARSED = "partial_parse.msgpack"
NO_TESTS = ("--exclude-resource-type", "test", "unit_test")


@dataclass(frozen=True)
class DbtProject:
    """A folder with a warehouse and what dbt writes beside it."""

    folder: Path

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.folder / "warehouse.duckdb")

    def run(self, *arguments: str, **variables: object) -> subprocess.CompletedProcess[str]:
        """Run dbt; the caller looks at the exit status."""
        values = {
            "warehouse": str(self.warehouse.path),
            "spill_folder": str(self.warehouse.temporary_folder),
            **variables,
        }
        command = [
            DBT_EXECUTABLE,
            "--log-level-file",
            "none",
            *arguments,
            "--vars",
            json.dumps(values),
        ]
        places = ["--project-dir", str(TRANSFORMS), "--profiles-dir", str(TRANSFORMS)]
        target = self.folder / "target"
        if not (target / PARSED).exists():
            # As dagster-dbt does: to parse the project takes dbt twice as long as to begin.
            target.mkdir(exist_ok=True)
            shutil.copy(prepare_manifest().parent / PARSED, target)
        return subprocess.run(
            [*command, *places, "--target-path", str(target)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "DO_NOT_TRACK": "1", "DBT_LOG_PATH": str(self.folder / "logs")},
        )

    def build(self, *arguments: str, **variables: object) -> None:
        """Build models and seeds without testing anything; raise with what dbt said."""
        finished = self.run("build", *NO_TESTS, *arguments, **variables)
        assert finished.returncode == 0, finished.stdout

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.warehouse.connect() as connection:
            return connection.execute(query).fetchall()

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What dbt knows of the project after its last run."""
        found: dict[str, Any] = json.loads((self.folder / "target" / "manifest.json").read_text())
        return found

    def models(self) -> list[dict[str, Any]]:
        return [
            node for node in self.manifest["nodes"].values() if node["resource_type"] == "model"
        ]
