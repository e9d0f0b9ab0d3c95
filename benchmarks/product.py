"""Loads and builds as a run of the product does, and measures each model by itself."""

import importlib.util
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import process_time
from typing import Any

import duckdb

from benchmarks.cost import Cost, measured
from pipeline import builds
from pipeline.compiled_models import set_as_dbt_does
from pipeline.dbt_project import dbt_vars, model_vars
from pipeline.loading.inbox import load_entity
from pipeline.loading.load import Rules, first_rates
from pipeline.settings import TRANSFORMS, Settings
from pipeline.sources.contract import ENTITIES
from pipeline.warehouse import Warehouse

ZONE = "Europe/Berlin"
CURRENCY = "EUR"


@dataclass(frozen=True)
class Shop:
    """A folder with an inbox, and a warehouse beside it."""

    folder: Path

    @property
    def inbox(self) -> Path:
        """Return the folder that files come in."""
        return self.folder / "inbox"

    @property
    def warehouse(self) -> Warehouse:
        """Return the file that the tables are in, opened as a run would open it."""
        return self._opened("warehouse.duckdb")

    @property
    def warehouse_of_lists(self) -> Warehouse:
        """Return the file of made-up lists and members, apart from the shop's."""
        return self._opened("lists.duckdb")

    def _opened(self, name: str) -> Warehouse:
        return Warehouse(self.folder / name, self.settings.memory_limit, self.settings.threads)

    @property
    def target(self) -> Path:
        """Return where dbt leaves what it compiled."""
        return self.folder / "dbt"

    @property
    def settings(self) -> Settings:
        """Return the settings of a run on this inbox, untouched by any file of settings."""
        return Settings(
            _env_file=None,  # type: ignore[call-arg]
            sources=("files",),
            inbox=self.inbox,
            var=self.folder,
            timezone=ZONE,
            currency=CURRENCY,
        )


@dataclass(frozen=True)
class Statement:
    """What one model, or all data tests together, cost."""

    name: str
    cpu_seconds: float
    row_count: int


@dataclass(frozen=True)
class Build:
    """What a build cost, and of it each model: CPU seconds, dbt's own work on it included."""

    cost: Cost
    models: dict[str, float]


def load(shop: Shop) -> None:
    """Take what is new in the inbox into raw."""
    rates = first_rates(CURRENCY, TRANSFORMS / "seeds" / "exchange_rates.csv")
    rules = Rules(ZONE, rates, max_share=0.05)
    shop.warehouse.prepare()
    for entity in ENTITIES:
        load_entity(shop.warehouse, entity, shop.inbox, rules)


def build(shop: Shop, day: date) -> Build:
    """Build all models and test their data in one invocation of dbt, as a run does."""
    models = builds.fingerprint(model_vars(shop.settings))
    last_build = builds.extendable(shop.warehouse, models, day)
    by_node = shop.folder / "nodes.json"
    command = [sys.executable, "-m", "benchmarks.dbt_by_node", str(by_node)]
    command += ["--no-use-colors", "--log-level-file", "info", "build"]
    command += ["--exclude-resource-type", "unit_test"]
    command += [] if last_build else ["--full-refresh"]
    command += ["--project-dir", str(TRANSFORMS), "--profiles-dir", str(TRANSFORMS)]
    command += ["--target-path", str(shop.target), "--log-path", str(shop.folder / "logs")]
    command += ["--vars", dbt_vars(shop.settings, shop.warehouse, day, last_build)]
    cost, _ = measured(command)
    builds.remember(shop.warehouse, models, day)
    nodes = json.loads(by_node.read_text("utf-8"))
    return Build(
        cost,
        {
            node.split(".")[-1]: seconds
            for node, seconds in nodes.items()
            if node.startswith("model.")
        },
    )


def of_nobody(folder: Path) -> Shop:
    """Make a shop without any record: what its builds cost is dbt's own."""
    shop = Shop(folder)
    shutil.rmtree(folder, ignore_errors=True)
    for entity in ENTITIES:
        (shop.inbox / entity.name).mkdir(parents=True)
    load(shop)
    return shop


def build_again(shop: Shop) -> list[Statement]:
    """Run the SQL that the last build compiled once more, in its order, statement by statement.

    What dbt needs to start, parse and write down is not in it.
    """
    manifest = json.loads((shop.target / "manifest.json").read_text())["nodes"]
    results = json.loads((shop.target / "run_results.json").read_text())["results"]
    schemas = {node["name"]: node["schema"] for node in manifest.values()}
    statements, tests = [], Statement("data tests", 0.0, 0)
    with shop.warehouse.connect() as connection:
        set_as_dbt_does(connection)
        for result in results:
            node = manifest[result["unique_id"]]
            started = process_time()
            if node["resource_type"] == "model":
                _make(connection, node, result["compiled_code"], schemas)
                cost = process_time() - started
                statements.append(Statement(node["name"], cost, _row_count(connection, node)))
            elif node["resource_type"] == "test":
                connection.execute(f"select count(*) from ({result['compiled_code']})").fetchall()
                cost = tests.cpu_seconds + process_time() - started
                tests = Statement(tests.name, cost, tests.row_count + 1)
    return [*statements, tests]


def upstream_of(shop: Shop, names: tuple[str, ...]) -> set[str]:
    """Return the models that those of these ``names`` are made of, themselves included."""
    nodes = json.loads((shop.target / "manifest.json").read_text())["nodes"]
    found: set[str] = set()
    waiting = [f"model.winback.{name}" for name in names]
    while waiting:
        key = waiting.pop()
        if key in found or not key.startswith("model."):
            continue
        found.add(key)
        waiting += nodes[key]["depends_on"]["nodes"]
    return {key.split(".")[-1] for key in found}


def _make(
    connection: duckdb.DuckDBPyConnection,
    node: dict[str, Any],
    code: str,
    schemas: Mapping[str, str],
) -> None:
    name = f'{node["schema"]}."{node["name"]}"'
    if node["language"] == "python":
        made = _python_model(node).model(_Session(connection, node["config"], schemas), connection)
        connection.register("made", made)
        code = "from made"
    kind = "view" if node["config"]["materialized"] == "view" else "table"
    connection.execute(f"create or replace {kind} {name} as {code}")


def _python_model(node: dict[str, Any]) -> Any:
    path = TRANSFORMS / node["original_file_path"]
    spec = importlib.util.spec_from_file_location(node["name"], path)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class _Session:
    """What a Python model asks dbt for. ``schemas`` says where each node stands."""

    connection: duckdb.DuckDBPyConnection
    config: dict[str, Any]
    schemas: Mapping[str, str]

    def ref(self, name: str) -> duckdb.DuckDBPyRelation:
        return self.connection.table(f"{self.schemas[name]}.{name}")


def _row_count(connection: duckdb.DuckDBPyConnection, node: dict[str, Any]) -> int:
    if node["config"]["materialized"] == "view":
        return 0
    found = connection.execute(f'select count(*) from {node["schema"]}."{node["name"]}"')
    return int(found.fetchall()[0][0])
