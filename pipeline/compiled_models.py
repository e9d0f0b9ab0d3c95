"""Models executed for many days without starting dbt for each: its SQL with another day in it."""

import importlib.util
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb

Connection = duckdb.DuckDBPyConnection
SETTINGS = {
    "asof_loop_join_threshold": 0,
    "disabled_optimizers": "common_subplan",
    "force_compression": "uncompressed",
}
"""What dbt sets for each model, but for the zone, which every connection has (profiles.yml)."""
KINDS = {"table": "table", "incremental": "table", "view": "view"}
GIVEN_ONCE = "customer_ids"


def set_as_dbt_does(connection: Connection) -> None:
    """Let a connection execute models as they were compiled to be."""
    for name, value in SETTINGS.items():
        connection.execute(f"set {name} = '{value}'")


@dataclass(frozen=True)
class Step:
    """One model as dbt compiled it, or the function of one in Python with what it is given."""

    name: str
    statement: str
    function: Callable[[Connection], Any] | None = None


@dataclass(frozen=True)
class CompiledModels:
    """What it takes to build some models for another day than that which dbt compiled them for."""

    compiled_for: date
    steps: tuple[Step, ...]

    @classmethod
    def of(
        cls,
        manifest: Mapping[str, Any],
        compiled_for: date,
        *targets: str,
        layers: Collection[str] = (),
        project: Path | None = None,
    ) -> "CompiledModels":
        """Take the models that ``targets`` need and that the day reaches, in dependency order.

        The others are the same on every day. ``customer_ids`` gives an id to a key once, so what
        there is suffices for every earlier day. With ``layers`` only models of these folders are
        taken, and what they read from others is what is there. With ``project``, the folder of the
        dbt project, every model that is needed is taken, as records change from day to day too;
        models in Python, which are left as they are otherwise, are among them.
        """
        nodes = manifest["nodes"]
        dated: set[str] = set()
        steps: list[Step] = []
        for name in _in_order(nodes, targets):
            node = nodes[name]
            if layers and node["fqn"][1] not in layers:
                continue
            is_dated = _quoted(compiled_for) in (node.get("compiled_code") or "")
            reads_dated = bool(dated & set(node["depends_on"].get("nodes", [])))
            if not (is_dated or reads_dated or layers or project):
                continue
            dated.add(name)
            if node["name"] == GIVEN_ONCE:
                continue
            if node["language"] == "sql":
                steps.append(Step(node["name"], _statement(node)))
            elif project:
                function = _function(nodes, node, project)
                made = f"create or replace table {node['relation_name']} as from made_by_python"
                steps.append(Step(node["name"], made, function))
        return cls(compiled_for, tuple(steps))

    @property
    def names_its_day(self) -> set[str]:
        """Return the models in which the day stands."""
        return {step.name for step in self.steps if _quoted(self.compiled_for) in step.statement}

    def build(
        self,
        connection: Connection,
        day: date,
        after: Mapping[str, Callable[[Connection], None]] | None = None,
    ) -> None:
        """Build every model for ``day``; ``after`` says what is done when one of them is there."""
        for step in self.steps:
            if step.function:
                connection.register("made_by_python", step.function(connection))
            connection.execute(step.statement.replace(_quoted(self.compiled_for), _quoted(day)))
            if step.function:
                connection.unregister("made_by_python")
            if after and step.name in after:
                after[step.name](connection)


def _statement(node: Mapping[str, Any]) -> str:
    kind = KINDS[node["config"]["materialized"]]
    return f"create or replace {kind} {node['relation_name']} as {node['compiled_code']}"


def _function(
    nodes: Mapping[str, Any], node: Mapping[str, Any], project: Path
) -> Callable[[Connection], Any]:
    """Return the model's own function, given what dbt would give it."""
    relations = {
        nodes[parent]["name"]: nodes[parent]["relation_name"]
        for parent in node["depends_on"]["nodes"]
    }
    found = importlib.util.spec_from_file_location(
        node["name"], project / node["original_file_path"]
    )
    if found is None or found.loader is None:
        raise FileNotFoundError(node["original_file_path"])
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)

    def call(connection: Connection) -> Any:
        def ref(name: str) -> duckdb.DuckDBPyRelation:
            return connection.sql(f"from {relations[name]}")

        return module.model(SimpleNamespace(ref=ref, config=node["config"]), connection)

    return call


def _quoted(day: date) -> str:
    return f"'{day}'"


def _in_order(nodes: Mapping[str, Any], targets: Collection[str]) -> Iterator[str]:
    done: set[str] = set()

    def walk(name: str) -> Iterator[str]:
        if name in done or nodes.get(name, {}).get("resource_type") != "model":
            return
        done.add(name)
        for parent in nodes[name]["depends_on"].get("nodes", []):
            yield from walk(parent)
        yield name

    for target in targets:
        yield from walk(f"model.winback.{target}")
