"""dbt's command line in the process of a run, noting what each node cost.

``python -m benchmarks.dbt_by_node FILE build …`` writes CPU seconds by node to FILE. There is one
thread of dbt's, so nodes follow each other and what the process spends meanwhile is the node's.
"""

import json
import sys
from pathlib import Path
from time import process_time
from typing import Any

from pipeline.dbt_process import set_up


def main() -> None:
    """Run dbt with the arguments given after the file."""
    set_up()
    from dbt.cli.main import dbtRunner

    path, *arguments = sys.argv[1:]
    started: dict[str, float] = {}
    costs: dict[str, float] = {}

    def note(event: Any) -> None:
        if event.info.name == "NodeStart":
            started[event.data.node_info.unique_id] = process_time()
        elif event.info.name == "NodeFinished":
            node = event.data.node_info.unique_id
            costs[node] = process_time() - started[node]

    result = dbtRunner(callbacks=[note]).invoke(arguments)
    if result.exception:
        raise result.exception
    Path(path).write_text(json.dumps(costs), "utf-8")
    sys.exit(not result.success)


if __name__ == "__main__":
    main()
