"""What a command costs: CPU seconds and peak memory of its processes."""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """CPU seconds (user and system) of a process and its children; the peak of the largest."""

    cpu_seconds: float
    peak_bytes: int


class CommandFailed(Exception):
    """A measured command that did not end well, with what it said last."""


def measured(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> tuple[Cost, str]:
    """Run ``command`` to its end; return its cost and what it wrote.

    CPU time and not that of the clock, because other work on the machine lengthens only the latter.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(  # noqa: S603
            command, stdout=out, stderr=err, env=dict(environment) if environment else None
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
        if process.returncode:
            err.seek(0)
            raise CommandFailed(f"{' '.join(command[:4])} …:\n{said[-2000:]}{err.read()[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024), said
