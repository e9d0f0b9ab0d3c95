"""Other tools on the same files, each in an environment of its own that uv makes."""

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.cost import CommandFailed, Cost, measured

FOLDER = Path(__file__).parent / "other_tools"
UV = str(Path(sys.executable).parent / "uv")


@dataclass(frozen=True)
class Rival:
    """A tool, what it needs and the script that it runs; ``makes`` is tables or fit."""

    name: str
    packages: tuple[str, ...]
    script: str
    makes: str


RIVALS = (
    Rival("pandas", ("pandas", "pyarrow", "scipy"), "pandas_tables.py", "tables"),
    Rival("polars", ("polars", "scipy"), "polars_tables.py", "tables"),
    Rival("lifetimes", ("lifetimes", "pyarrow"), "lifetimes_fit.py", "fit"),
    Rival("pymc-marketing", ("pymc-marketing", "pyarrow"), "pymc_marketing_fit.py", "fit"),
)


@dataclass(frozen=True)
class Outcome:
    """What a rival cost and said; ``problem`` says why there is nothing to tell."""

    rival: Rival
    cost: Cost | None = None
    said: str = ""
    problem: str = ""

    @property
    def parameters(self) -> dict[str, float]:
        """Return what a fit found."""
        return dict(json.loads(self.said.strip().splitlines()[-1]))


def run(rival: Rival, environments: Path, arguments: Sequence[str]) -> Outcome:
    """Run ``rival`` with ``arguments``, setting up its environment first where there is none."""
    try:
        python = _environment(rival, environments)
    except CommandFailed as failed:
        return Outcome(rival, problem=f"not installed: {_last_line(failed)}")
    try:
        cost, said = measured([python, str(FOLDER / rival.script), *arguments])
    except CommandFailed as failed:
        return Outcome(rival, problem=f"failed: {_last_line(failed)}")
    return Outcome(rival, cost, said)


def tables_of(rival: Rival, environments: Path, inbox: Path, day: date, result: Path) -> Outcome:
    """Let ``rival`` write its table to ``result``."""
    return run(rival, environments, [str(inbox), day.isoformat(), str(result)])


def _environment(rival: Rival, environments: Path) -> str:
    folder = environments / rival.name
    python = folder / "bin" / "python"
    stamp = folder / "packages"
    if stamp.exists() and stamp.read_text("utf-8") == " ".join(rival.packages):
        return str(python)
    shutil.rmtree(folder, ignore_errors=True)
    measured([UV, "venv", "--quiet", "--python", sys.executable, str(folder)])
    measured([UV, "pip", "install", "--quiet", "--python", str(python), *rival.packages])
    stamp.write_text(" ".join(rival.packages), "utf-8")
    return str(python)


def _last_line(failed: CommandFailed) -> str:
    lines = [line for line in str(failed).splitlines() if line.strip()]
    return lines[-1].strip()[:200]
