from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import pytest

from pipeline.definitions import build_definitions
from pipeline.destinations.outlets import OUTLETS
from pipeline.settings import SAMPLE, Settings

SHOP = {"INBOX": "inbox", "TIMEZONE": "Europe/London", "CURRENCY": "GBP"}


@pytest.fixture(scope="module")
def repository() -> Iterator[dg.RepositoryDefinition]:
    with chosen(SAMPLE, "files"):
        yield build_definitions().get_repository_def()


@contextmanager
def chosen(*sources: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SHOP.items():
            patch.setenv(f"WINBACK_{name}", value)
        patch.setenv("WINBACK_SOURCES", ",".join(sources))
        yield


@pytest.fixture(scope="module")
def graph(repository: dg.RepositoryDefinition):
    return repository.asset_graph


def made(graph) -> list[dg.AssetKey]:
    return sorted(graph.materializable_asset_keys)


def test_every_asset_has_a_group_an_owner_a_kind_and_a_description(graph) -> None:
    lacking = [
        key.to_user_string()
        for key in made(graph)
        for node in [graph.get(key)]
        if not (node.group_name and node.owners and node.kinds and node.description)
    ]
    assert lacking == []


def test_every_column_of_every_asset_is_described(graph) -> None:
    silent = []
    for key in made(graph):
        if key.path[0] in {"files", "published", *OUTLETS}:
            continue
        schema = graph.get(key).metadata.get("dagster/column_schema")
        assert schema is not None, key
        silent += [
            f"{key.to_user_string()}.{column.name}"
            for column in schema.columns
            if not column.description
        ]
    assert silent == []


def test_the_lineage_is_one_graph_from_raw_to_lists(graph) -> None:
    lists = dg.AssetKey(["files", "segment_lists"])
    upstream, waiting = set(), [lists]
    while waiting:
        key = waiting.pop()
        if key not in upstream:
            upstream.add(key)
            waiting += graph.get(key).parent_keys
    raw = {key for key in made(graph) if key.path[0].startswith("raw_")}
    assert raw <= upstream


def test_lists_leave_in_the_daily_job_alone(repository: dg.RepositoryDefinition) -> None:
    leaving = {"files", "published", *OUTLETS}

    def left_by(job: str) -> set[str]:
        layer = repository.get_job(job).asset_layer
        return {key.path[0] for key in layer.executable_asset_keys} & leaving

    assert left_by("daily_refresh") == leaving
    assert left_by("load_and_build") == left_by("rebuild") == set()


def test_entries_are_written_down_before_anybody_is_on_a_list_for_people(graph) -> None:
    lists = dg.AssetKey(["files", "segment_lists"])
    outlets = [key for key in made(graph) if key.path[0] in OUTLETS]
    assert len(outlets) == len(OUTLETS)
    assert all(lists in graph.get(key).parent_keys for key in outlets)


def test_a_source_that_is_not_chosen_is_no_part_of_the_job() -> None:
    with chosen("files"):
        graph = build_definitions().get_repository_def().asset_graph

    raw = {key.path[0] for key in made(graph) if key.path[0].startswith("raw_")}
    checked = {key.asset_key.path[0] for key in graph.asset_check_keys}
    assert raw == {"raw_files"}
    assert {schema for schema in checked if schema.startswith("raw_")} == raw


def test_every_raw_table_and_every_payload_has_a_blocking_gate(graph) -> None:
    border = {
        key for key in made(graph) if key.path[0].startswith("raw_") or key.path[0] == "exports"
    }
    blocking = {key.asset_key for key in graph.asset_check_keys if graph.get(key).blocking}
    assert border <= blocking


def test_data_tests_of_dbt_are_asset_checks(graph) -> None:
    checks = {key.asset_key.to_user_string() for key in graph.asset_check_keys}
    assert {"marts/customers", "marts/customer_rfm", "marts/segment_members"} <= checks


def test_border_assets_try_again(repository: dg.RepositoryDefinition) -> None:
    job = repository.get_job("daily_refresh")
    tried_again = {node.name for node in job.graph.nodes if node.definition.retry_policy}
    assert {
        "raw_files",
        "raw_online_retail__lines",
        "files__segment_lists",
        "calls__call_lists",
        "surveys__survey_lists",
        "audiences__advertising_audiences",
        "published__winback",
    } <= tried_again


def test_the_schedule_is_in_the_shops_time_zone(repository: dg.RepositoryDefinition) -> None:
    schedule = repository.get_schedule_def("daily_refresh_schedule")
    assert schedule.execution_timezone == str(Settings().shop_timezone)
    assert repository.get_job("daily_refresh").executor_def.name == "in_process"
