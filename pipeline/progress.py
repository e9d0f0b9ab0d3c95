"""What a run says while it goes on: one line a step, live on a terminal, plain elsewhere."""

import logging
import re
import sys
import time
from typing import TextIO

import dagster as dg

STEP_NAMES = {"dbt_models": "dbt models and their tests"}
SUCCEEDED = "STEP_SUCCESS"
FAILED = "STEP_FAILURE"


class StepLines(logging.Handler):
    """Write a line for each step that ends; on a terminal also for the one that goes on."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self.stream = stream
        self.is_live = stream.isatty()
        self.started: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Show the event of a step that ``record`` carries, if it carries one."""
        meta = getattr(record, "dagster_meta", None) or {}
        event = meta.get("dagster_event")
        step = meta.get("step_key")
        if event is None or not step:
            return
        kind = event.event_type_value
        if kind == "STEP_START":
            self.started[step] = time.monotonic()
            self._write(f"  … {_name(step)}", is_final=False)
        elif kind == "STEP_UP_FOR_RETRY":
            self._write(f"  ↻ {_name(step)}: trying again")
        elif kind in (SUCCEEDED, FAILED):
            seconds = time.monotonic() - self.started.pop(step, time.monotonic())
            mark = "✓" if kind == SUCCEEDED else "✗"
            self._write(f"  {mark} {_name(step)}  {seconds:.1f} s")

    def _write(self, text: str, *, is_final: bool = True) -> None:
        if self.is_live:
            self.stream.write(f"\r\033[K{text}" + ("\n" if is_final else ""))
        elif is_final:
            self.stream.write(f"{text}\n")
        self.stream.flush()


def _name(step: str) -> str:
    # The key of a check's step is the asset's with the check's, which begins like it.
    once = re.sub(r"__(\w+)_\1_", r"__\1_", step)
    return STEP_NAMES.get(step, once.replace("__", " ").replace("_", " "))


@dg.logger({}, description="One line for each step of a run.")
def progress_logger(context: dg.InitLoggerContext) -> logging.Logger:
    """Return a logger that shows steps on standard error and nothing else."""
    logger = logging.getLogger(f"winback.progress.{context.run_id}")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.handlers = [StepLines(sys.stderr)]
    return logger
