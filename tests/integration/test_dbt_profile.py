"""What dbt opens the warehouse with."""

from pathlib import Path
from typing import Any

import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.environments.local import LocalEnvironment
from jinja2 import Environment

from pipeline.compiled_models import SETTINGS
from pipeline.settings import TRANSFORMS


def profile(**variables: str) -> dict[str, Any]:
    text = (TRANSFORMS / "profiles.yml").read_text()
    rendered = Environment(autoescape=True).from_string(text).render(var=variables.get)
    found: dict[str, Any] = yaml.safe_load(rendered)["winback"]["outputs"]["warehouse"]
    return found


def test_after_a_model_that_spilled_the_next_one_is_built(tmp_path: Path) -> None:
    output = profile(
        warehouse=str(tmp_path / "warehouse.duckdb"),
        spill_folder=str(tmp_path / "spill"),
        memory_limit="100MB",
        threads="2",
    )
    for name in ("type", "threads"):
        output.pop(name)
    dbt = LocalEnvironment(DuckDBCredentials(database="warehouse", **output))
    first = dbt.handle().cursor()
    first.execute("create table large as select md5(i::varchar) as x from range(4000000) t (i)")
    first.execute("create table sorted as from large order by x")
    assert (tmp_path / "spill").is_dir()

    second = dbt.handle().cursor()
    found = second.execute(
        "select current_setting('memory_limit'), current_setting('threads'), "
        "current_setting('temp_directory'), current_setting('TimeZone')"
    ).fetchall()
    assert found == [("95.3 MiB", 2, str(tmp_path / "spill"), "UTC")]


def test_a_replay_executes_models_with_what_dbt_sets() -> None:
    assert profile()["settings"] == {"TimeZone": "UTC", **SETTINGS}
