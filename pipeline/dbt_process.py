"""The process that dbt runs in: it ends with the run that started it.

A run that is killed cannot end its dbt, which would go on writing while the next run starts. So
this process looks after its parent itself and leaves, as one that is killed would, when the
parent is gone; DuckDB rolls back what was not committed.
"""

import os
import sys
import threading
import time
from typing import Any

POLL_SECONDS = 0.2
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """Run the dbt command line for as long as the parent process lives."""
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    set_up()
    from dbt.cli.main import cli

    sys.exit(cli())


def set_up() -> None:
    """Make of this process one that dbt runs in as it does in a run; before dbt is imported."""
    # The churn model's sums are short: threads would cost more in waiting than they save.
    os.environ.update(dict.fromkeys(BLAS_THREADS, "1"))
    _take_up_what_was_parsed()


def _take_up_what_was_parsed() -> None:
    """Let dbt in this process take up what it parsed before, for whatever day and warehouse.

    It parses the whole project anew where a variable or the path of the warehouse is another, as
    the as-of date is every night. Nothing that is parsed depends on them, but for the database's
    name, which stands in every relation. Seeds are found by their whole path, so what was parsed
    in another folder is not taken up.
    """
    from dbt.contracts.files import FileHash
    from dbt.parser.manifest import ManifestLoader

    plain = ManifestLoader.build_manifest_state_check

    def by_database(loader: ManifestLoader) -> Any:
        state = plain(loader)
        project = loader.root_project
        state.vars_hash = state.profile_hash = FileHash.from_contents(
            f"{project.project_root}\n{project.credentials.database}"
        )
        return state

    ManifestLoader.build_manifest_state_check = by_database  # type: ignore[method-assign]


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os._exit(1)
