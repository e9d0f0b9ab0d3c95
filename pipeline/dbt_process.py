"""The process that dbt runs in: it ends with the run that started it.

A run that is killed cannot end its dbt, which would go on writing while the next run starts. So
this process looks after its parent itself and leaves, as one that is killed would, when the
parent is gone; DuckDB rolls back what was not committed.
"""

import os
import sys
import threading
import time

POLL_SECONDS = 0.2
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """Run the dbt command line for as long as the parent process lives."""
    # The churn model's sums are short: threads would cost more in waiting than they save.
    os.environ.update(dict.fromkeys(BLAS_THREADS, "1"))
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    from dbt.cli.main import cli

    sys.exit(cli())


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os._exit(1)
