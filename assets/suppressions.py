"""What e-mail tools say of whom they do not mail, read before anything is computed."""

from collections.abc import Iterator

import dagster as dg

from pipeline.clock import utc_now
from pipeline.resources import RunResource, SettingsResource, WarehouseResource
from pipeline.sql import count_of
from pipeline.sync import suppressing
from pipeline.tool_clients import suppressions_of

READ = "suppressions_are_read"


@dg.asset(
    key=["sync", "suppressions"],
    group_name="raw",
    kinds={"duckdb"},
    owners=["team:data"],
    tags={"pii": "true"},
    check_specs=[
        dg.AssetCheckSpec(
            READ,
            asset=["sync", "suppressions"],
            description="Fails where a tool does not tell whom it does not mail: nobody is added "
            "to its lists in this run.",
        )
    ],
    metadata={
        "dagster/column_schema": dg.TableSchema(
            [
                dg.TableColumn("destination", "varchar", "The tool."),
                dg.TableColumn("email", "varchar", "The address, trimmed and in lower case."),
                dg.TableColumn("reason", "varchar", "The worst that stands against it there."),
                dg.TableColumn("suppressed_at", "timestamp", "Since when, in UTC, where told."),
                dg.TableColumn("read_at", "timestamp", "When it was read, in UTC."),
            ]
        )
    },
)
def suppressions(
    run: RunResource, settings: SettingsResource, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult]:
    """Addresses that the e-mail tools of this shop do not mail, and why.

    What has changed since the last reading is taken in; a tool that does not answer leaves what was
    known of it.
    """
    del run  # Its lock is what is needed.
    client, now = warehouse.client(), settings.get()
    problems = {
        tool: suppressing.read(client, tool, suppressions_of(tool, now), utc_now())
        for tool in now.tools
    }
    said = [f"{tool}: {problem}" for tool, problem in problems.items() if problem]
    with client.connect() as connection:
        rows = count_of(connection, "sync.suppressions")
    yield dg.MaterializeResult(
        metadata={"dagster/row_count": rows},
        check_results=[
            dg.AssetCheckResult(
                check_name=READ,
                passed=not said,
                description="; ".join(said) or "every tool has told",
                metadata={"tools": len(problems)},
            )
        ],
    )
