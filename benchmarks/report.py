"""What a benchmark found, as tables of Markdown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.cost import Cost
from benchmarks.hand_tuned import KEYS
from benchmarks.product import Build, Statement
from benchmarks.rivals import Outcome

FIT = "int_churn_model_fits"
ONLY_FOR_THE_FIT = (
    FIT,
    "int_churn_model_cutoffs",
    "int_churn_model_groups",
    "int_churn_model_histories",
    "int_churn_model_months",
    "int_churn_model_rankings",
    "int_churn_model_verdict",
    "int_churn_model_windows",
)
"""Models that make, feed or judge the fit, whose outcome the hand-tuned SQL is given."""
TARGET_RATIO = 1.5
TARGET_DAY = 1 / 6
TARGET_FIT = 1.0
TARGET_PLAN = 0.5
TARGET_PEAK = 2 * 1024**3
MEBIBYTE = 1024**2


@dataclass
class Results:
    """Everything that was measured. ``upstream`` are the models that the four tables need."""

    customers: int
    costs: dict[str, Cost]
    builds: dict[str, Build] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    upstream: set[str] = field(default_factory=set)
    differences: dict[str, dict[str, int]] = field(default_factory=dict)
    fit: dict[str, float] = field(default_factory=dict)
    rivals: list[tuple[Outcome, str]] = field(default_factory=list)

    def cpu_of(self, without: Sequence[str] = ()) -> float:
        """Return what the models cost that the four tables need."""
        return sum(
            one.cpu_seconds
            for one in self.statements
            if one.name in self.upstream and one.name not in without
        )

    def cpu_of_four(self, build: str) -> float:
        """Return what a build spent on what the four tables need, without the fit and dbt itself.

        dbt's own work is what the same models cost in a shop without any record.
        """
        models, own = self.builds[build].models, self.builds["dbt"].models
        needed = self.upstream.difference(ONLY_FOR_THE_FIT)
        return sum(models[name] - own[name] for name in needed)


def markdown(results: Results) -> str:
    """Return all tables, one after another."""
    parts = [
        f"# {results.customers:,} customers",
        _table(("what", "CPU seconds", "peak MiB"), _steps(results)),
        _table(("target", "measured", "wanted", ""), _targets(results)),
        _table(("hand-tuned table", "columns compared", "rows that differ"), _compared(results)),
    ]
    if results.rivals:
        tools = ("other tools", "CPU seconds", "peak MiB", "beside the product")
        parts.append(_table(tools, _rivals(results)))
    models = ("model", "CPU seconds", "share", "rows", "after one more day", "for the four tables")
    parts.append(_table(models, _models(results)))
    return "\n\n".join(parts) + "\n"


def _table(heads: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    lines: list[Sequence[str]] = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _steps(results: Results) -> Iterator[tuple[str, ...]]:
    names = {
        "load": "load the inbox",
        "plain read": "for comparison: the same files into plain tables",
        "build": "build and test all models, one invocation of dbt",
        "statements": "their SQL alone, without dbt",
        "hand-tuned": "hand-tuned SQL for the four tables",
        "plan": "plan a push: twenty lists, each person on eight, one in a hundred changed",
        "long join": "for comparison: the same changes by one long FULL OUTER JOIN",
        "load a day": "load one more day",
        "build a day": "build and test after it",
        "dbt": "dbt itself: build and test of a shop without any record",
    }
    for key, name in names.items():
        cost = results.builds[key].cost if key in results.builds else results.costs[key]
        yield name, _seconds(cost.cpu_seconds), f"{cost.peak_bytes / MEBIBYTE:,.0f}"


def _targets(results: Results) -> Iterator[tuple[str, ...]]:
    tuned = results.costs["hand-tuned"].cpu_seconds
    four = results.cpu_of([FIT]) / tuned
    bare = results.cpu_of(ONLY_FOR_THE_FIT) / tuned
    load, load_day = (results.costs[name].cpu_seconds for name in ("load", "load a day"))
    build, build_day, dbt = (
        results.builds[name].cost.cpu_seconds for name in ("build", "build a day", "dbt")
    )
    day, whole = load_day + build_day, load + build
    four_day = load_day + results.cpu_of_four("build a day")
    four_whole = load + results.cpu_of_four("build")
    fit, peak = results.fit["fit_cpu_seconds"], results.builds["build"].cost.peak_bytes
    yield _target("four tables ÷ hand-tuned, without the fit", four, TARGET_RATIO)
    yield _target("the same without what feeds and judges the fit", bare, TARGET_RATIO)
    yield _target("one more day ÷ everything, four tables", four_day / four_whole, TARGET_DAY)
    yield _target("the same of all tables, tests and fit", (day - dbt) / (whole - dbt), TARGET_DAY)
    yield _target("the same with dbt itself, which any shop costs", day / whole, TARGET_DAY)
    plan = results.costs["plan"].cpu_seconds / results.costs["long join"].cpu_seconds
    yield _target("plan of twenty lists ÷ long FULL OUTER JOIN", plan, TARGET_PLAN)
    yield _target("seconds of one fit", fit, TARGET_FIT)
    yield _target("peak of the build, GiB", peak / 1024**3, TARGET_PEAK / 1024**3)


def _target(name: str, value: float, wanted: float) -> tuple[str, ...]:
    return name, f"{value:.2f}", f"≤ {wanted:.2f}", "met" if value <= wanted else "not met"


def _compared(results: Results) -> Iterator[tuple[str, ...]]:
    for table, counts in results.differences.items():
        wrong = [f"{name}: {count}" for name, count in counts.items() if count]
        yield table, str(len(counts) - 1 + len(KEYS[table])), ", ".join(wrong) or "none"


def _rivals(results: Results) -> Iterator[tuple[str, ...]]:
    ours = ", ".join(f"{name} {results.fit[name]:.5f}" for name in ("r", "alpha", "a", "b"))
    yield "Winback, one fit", _seconds(results.fit["fit_cpu_seconds"]), "", ours
    for outcome, agrees in results.rivals:
        if outcome.cost is None:
            yield outcome.rival.name, "", "", f"skipped, {outcome.problem}"
            continue
        cpu = _seconds(outcome.cost.cpu_seconds)
        if outcome.rival.makes == "fit":
            found = outcome.parameters
            cpu += f" (fit alone {_seconds(found['fit_cpu_seconds'])})"
            agrees = ", ".join(f"{name} {found[name]:.5f}" for name in ("r", "alpha", "a", "b"))
        yield outcome.rival.name, cpu, f"{outcome.cost.peak_bytes / MEBIBYTE:,.0f}", agrees


def _models(results: Results) -> Iterator[tuple[str, ...]]:
    total = sum(one.cpu_seconds for one in results.statements)
    day, own = (results.builds[build].models for build in ("build a day", "dbt"))
    for one in sorted(results.statements, key=lambda one: -one.cpu_seconds):
        is_needed = "yes" if one.name in results.upstream else ""
        share = f"{one.cpu_seconds / total:.1%}"
        after = _seconds(day[one.name] - own[one.name]) if one.name in day else ""
        rows = f"{one.row_count:,}"
        yield one.name, _seconds(one.cpu_seconds), share, rows, after, is_needed


def _seconds(value: float) -> str:
    return f"{value:,.2f}"
