"""``python -m benchmarks``: measures everything on a shop of the size asked for."""

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from benchmarks import product, report, rivals, shop
from benchmarks.cost import Cost, measured
from benchmarks.hand_tuned import KEYS
from benchmarks.product import Shop, Statement
from benchmarks.report import Results

GENERATOR = ("shop.py", "shop.sql")


@click.command()
@click.option("--customers", default=10_000, show_default=True, help="People of the shop.")
@click.option("--folder", default=Path("var/bench"), type=click.Path(path_type=Path))
@click.option("--rivals/--no-rivals", "has_rivals", default=True, help="Measure other tools too.")
@click.option("--pymc/--no-pymc", default=False, help="PyMC-Marketing among them.")
def main(customers: int, folder: Path, has_rivals: bool, pymc: bool) -> None:
    """Measure what the tables cost, in seconds of CPU, and write var/bench/results.md."""
    of = Shop(folder.resolve() / str(customers))
    _say(f"A shop of {customers:,} people …")
    _prepare(of, customers)
    results = Results(customers, {})
    _say("Loading and building …")
    results.costs["load"], _ = _step(of, "load")
    results.costs["plain read"], _ = _step(of, "read_plainly")
    results.builds["build"] = product.build(of, shop.LAST_DAY)
    results.costs["statements"], found = _step(of, "statements")
    results.statements = [Statement(**one) for one in found]
    results.upstream = product.upstream_of(of, tuple(KEYS))
    _say("Hand-tuned SQL …")
    results.costs["hand-tuned"], _ = _step(of, "tune")
    _, results.differences = _step(of, "compare")
    _, results.fit = _step(of, "fit")
    _say("Lists …")
    results.costs |= _plans(of, customers)
    if has_rivals:
        _say("Other tools …")
        _step(of, "write_buyers")
        results.rivals = [
            _rival(of, rival, folder.resolve() / "envs")
            for rival in rivals.RIVALS
            if pymc or rival.name != "pymc-marketing"
        ]
    _say("One more day …")
    _step(of, "add_next_day", customers)
    results.costs["load a day"], _ = _step(of, "load")
    results.builds["build a day"] = product.build(of, shop.NEXT_DAY)
    nobody = product.of_nobody(folder.resolve() / "nobody")
    results.builds["dbt"] = product.build(nobody, shop.LAST_DAY)
    written = report.markdown(results)
    (folder / "results.md").write_text(written, "utf-8")
    click.echo(written)
    if any(count for counts in results.differences.values() for count in counts.values()):
        raise click.ClickException("the hand-tuned tables differ from those of the product")


def _prepare(of: Shop, customers: int) -> None:
    """Write the inbox, unless the same generator has written it before."""
    here = Path(__file__).parent
    written_by = hashlib.sha256(b"".join((here / name).read_bytes() for name in GENERATOR))
    stamp = of.folder / "inbox.stamp"
    if stamp.exists() and stamp.read_text("utf-8") == written_by.hexdigest():
        for path in of.inbox.glob(f"*/day{shop.DAYS:04d}.parquet"):
            path.unlink()
    else:
        shutil.rmtree(of.folder, ignore_errors=True)
        _step(of, "generate", customers)
        stamp.write_text(written_by.hexdigest(), "utf-8")
    of.warehouse.path.unlink(missing_ok=True)
    of.warehouse.path.with_suffix(".duckdb.wal").unlink(missing_ok=True)


def _step(of: Shop, name: str, *arguments: object) -> tuple[Cost, Any]:
    """Return what a step cost once its process had started, and what it found."""
    command = [sys.executable, "-m", "benchmarks.steps", name, str(of.folder)]
    cost, said = measured([*command, *map(str, arguments)])
    told = json.loads(said)
    return Cost(told["cpu_seconds"], cost.peak_bytes), told["result"]


def _plans(of: Shop, customers: int) -> dict[str, Cost]:
    """Return what the plan of a push costs, and what the long join does that has to agree."""
    _step(of, "write_lists", customers)
    costs, counts = {}, []
    for name, step in (("plan", "plan_lists"), ("long join", "plan_long")):
        cost, (cpu_seconds, found) = _step(of, step)
        costs[name] = Cost(cpu_seconds, cost.peak_bytes)
        counts.append({action: count for action, count in found.items() if count})
    if counts[0] != counts[1]:
        raise click.ClickException("the plan and the long join give different changes")
    return costs


def _rival(of: Shop, rival: rivals.Rival, environments: Path) -> tuple[rivals.Outcome, str]:
    """Return what came of a rival, and in words whether it agrees with the product."""
    if rival.makes == "fit":
        return rivals.run(rival, environments, [str(of.folder / "buyers.parquet")]), ""
    path = of.folder / f"{rival.name}.parquet"
    outcome = rivals.tables_of(rival, environments, of.inbox, shop.LAST_DAY, path)
    if outcome.problem:
        return outcome, ""
    _, counts = _step(of, "compare_rival", str(path))
    wrong = {name: count for name, count in counts.items() if count}
    return outcome, ", ".join(f"{name}: {count} rows" for name, count in wrong.items()) or "equal"


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
