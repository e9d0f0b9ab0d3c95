import os
import subprocess
import sys


def test_the_churn_model_has_one_thread_for_its_sums() -> None:
    script = (
        "import os, sys\n"
        "import dbt.cli.main as main\n"
        "main.cli = lambda: print(*(os.environ[name] for name in sys.argv[1:]))\n"
        "from pipeline.dbt_process import BLAS_THREADS, main\n"
        "sys.argv += BLAS_THREADS\n"
        "main()\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ
    )
    assert found.stdout.split() == ["1", "1", "1"]
