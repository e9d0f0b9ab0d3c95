"""Models executed for many days without starting dbt for each: its SQL with another day in it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

KINDS = {"table": "table", "incremental": "table", "view": "view"}
GIVEN_ONCE = "customer_ids"


@dataclass(frozen=True)
class Step:
    """One model as dbt compiled it."""

    name: str
    statement: str


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
    ) -> "CompiledModels":
        """Take the models that ``targets`` need and that the day reaches, in dependency order.

        The others are the same on every day. ``customer_ids`` gives an id to a key once, so what
        there is suffices for every earlier day. With ``layers`` only models of these folders are
        taken, and what they read from others is what is there.
        """
        nodes = manifest["nodes"]
        dated: set[str] = set()
        steps: list[Step] = []
        for name in _in_order(nodes, targets):
            node = nodes[name]
            if layers and node["fqn"][1] not in layers:
                continue
            is_dated = _quoted(compiled_for) in (node.get("compiled_code") or "")
            if not is_dated and not layers and not dated & set(node["depends_on"].get("nodes", [])):
                continue
            dated.add(name)
            # What Python fits from these tables is left as it is.
            if node["name"] == GIVEN_ONCE or node["language"] != "sql":
                continue
            kind = KINDS[node["config"]["materialized"]]
            steps.append(
                Step(
                    node["name"],
                    f"create or replace {kind} {node['relation_name']} as {node['compiled_code']}",
                )
            )
        return cls(compiled_for, tuple(steps))

    @property
    def names_its_day(self) -> set[str]:
        """Return the models in which the day stands."""
        return {step.name for step in self.steps if _quoted(self.compiled_for) in step.statement}

    def build(self, connection: duckdb.DuckDBPyConnection, day: date) -> None:
        """Build every model for ``day``."""
        for step in self.steps:
            connection.execute(step.statement.replace(_quoted(self.compiled_for), _quoted(day)))


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
