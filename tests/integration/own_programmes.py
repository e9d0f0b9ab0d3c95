"""A shop that runs on seeds of its own: a copy of the project in which a test edits tables."""

import csv
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.integration.shop import ROOT, Shop

CODE = ("pipeline", "assets", "expectations", "transforms")


def on_own_seeds(shop: Shop) -> Path:
    """Let ``shop`` run on a copy of the project from now on; return its folder of seeds."""
    copy = shop.folder / "project"
    for part in CODE:
        shutil.copytree(
            ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "target", "logs")
        )
    shop.settings["PYTHONPATH"] = str(copy)
    return copy / "transforms" / "seeds"


def edit(seed: Path, key: str, changes: Mapping[str, Mapping[str, str]]) -> None:
    """Change columns of the rows of ``seed`` whose column ``key`` has one of the values."""
    with seed.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert changes.keys() <= {row[key] for row in rows}
    for row in rows:
        row.update(changes.get(row[key], {}))
    with seed.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
