"""The dbt project in ``transforms/``: how dbt is started on it and what is known of its models."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dagster_dbt import DbtCliResource, DbtProject
from filelock import FileLock
from packaging.version import Version

from pipeline import builds
from pipeline.publishing import SCHEMA, Descriptions
from pipeline.settings import TRANSFORMS, Settings
from pipeline.warehouse import Warehouse

DBT_EXECUTABLE = str(Path(sys.executable).parent / "winback-dbt")


class DbtResource(DbtCliResource):
    """dbt's command line without what dagster-dbt does beside it.

    Before each call it runs ``dbt --version`` and loads an adapter into this process, which costs
    as much as dbt's own start; neither is used here.
    """

    @property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:  # noqa: ARG002
        return None


def model_vars(settings: Settings) -> dict[str, Any]:
    """Return the variables that the tables of a day depend on."""
    return {
        "sources": list(settings.sources),
        "timezone": str(settings.shop_timezone),
        "currency": settings.shop_currency,
    }


def dbt_vars(
    settings: Settings, warehouse: Warehouse, day: date, last_build: builds.LastBuild | None
) -> str:
    """Return what a run passes to dbt as ``--vars``; it goes on from ``last_build`` if there is."""
    values: dict[str, Any] = {
        **model_vars(settings),
        "as_of_date": day.isoformat(),
        "last_build": asdict(last_build) if last_build else None,
        "warehouse": str(warehouse.path),
        "memory_limit": warehouse.memory_limit,
        "threads": warehouse.threads,
        "spill_folder": str(warehouse.temporary_folder),
    }
    return json.dumps(values)


dbt_project = DbtProject(project_dir=TRANSFORMS, profiles_dir=TRANSFORMS)


def prepare_manifest() -> Path:
    """Parse the dbt project when its manifest is missing or older than any of its files."""
    manifest = Path(dbt_project.manifest_path)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(manifest.parent / "manifest.lock"):
        if not _is_current(manifest):
            command = [DBT_EXECUTABLE, "--quiet", "parse", "--project-dir", str(TRANSFORMS)]
            finished = subprocess.run(  # noqa: S603
                [*command, "--profiles-dir", str(TRANSFORMS)],
                capture_output=True,
                text=True,
                check=False,
                env={
                    **os.environ,
                    "DO_NOT_TRACK": "1",
                    "DBT_LOG_PATH": str(manifest.parent),
                },
            )
            if finished.returncode:
                raise RuntimeError(f"the dbt project cannot be parsed:\n{finished.stdout}")
    return manifest


def marts() -> list[dict[str, Any]]:
    """Return what dbt knows of each model that is published."""
    manifest = json.loads(prepare_manifest().read_text())
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == SCHEMA
    ]


def descriptions_of_marts() -> Descriptions:
    """Return what each published table and each of its columns is, by name."""
    return {
        node["name"]: (
            node["description"],
            {name: column["description"] for name, column in node["columns"].items()},
        )
        for node in marts()
    }


def _is_current(manifest: Path) -> bool:
    if not manifest.exists():
        return False
    parsed_at = manifest.stat().st_mtime
    return all(path.stat().st_mtime <= parsed_at for path in builds.project_files())
