"""What ``winback doctor`` looks at: settings, versions, files, the last run, what to mend."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

from pydantic import ValidationError

from pipeline import run_lock
from pipeline.destinations.files import left_behind
from pipeline.http_answers import HttpError
from pipeline.resources import LOCK_NAME, open_warehouse
from pipeline.settings import Settings, sentence_of
from pipeline.source_clients import source_of
from pipeline.sources.catalogue import extracted
from pipeline.sources.contract import ENTITIES
from pipeline.sql import has_table
from pipeline.sync.backup import backups
from pipeline.tool_clients import tool_of

PACKAGES = ("duckdb", "dagster", "dbt-core", "dbt-duckdb", "great-expectations", "pandas")
LITTLE_SPACE = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``mend`` says what to do where it is a problem.

    What waits for somebody and stops nothing is a notice.
    """

    what: str
    found: str
    mend: str = ""
    is_notice: bool = False

    @property
    def is_problem(self) -> bool:
        """Whether something has to be done."""
        return bool(self.mend) and not self.is_notice

    def __str__(self) -> str:
        """Return the finding as a line."""
        mark = "!" if self.is_notice else "✗" if self.is_problem else "✓"
        return f"{mark} {self.what}: {self.found}" + (f" → {self.mend}" if self.mend else "")


def examine() -> list[Finding]:
    """Return everything that was looked at, without changing anything."""
    findings = [Finding("python", sys.version.split()[0])]
    findings += [Finding(package, version(package)) for package in PACKAGES]
    try:
        settings = Settings()
    except ValidationError as error:
        return [*findings, Finding("settings", "wrong", sentence_of(error))]
    findings.append(
        Finding(
            "settings",
            f"sources {', '.join(settings.sources)}; destinations "
            f"{', '.join(settings.destinations)}; {settings.shop_timezone}, "
            f"{settings.shop_currency}; sending to outside tools "
            f"{'on' if settings.send else 'off'}",
        )
    )
    return [
        *findings,
        *_inbox(settings),
        *_extracted(settings),
        *_tools(settings),
        *_folder(settings),
        *_warehouse(settings),
    ]


def _inbox(settings: Settings) -> Iterator[Finding]:
    if "files" not in settings.sources or settings.inbox is None:
        return
    if not settings.inbox.is_dir():
        yield Finding("inbox", str(settings.inbox), "make the folder, or set WINBACK_INBOX")
        return
    there = [entity.name for entity in ENTITIES if (settings.inbox / entity.name).is_dir()]
    if "orders" not in there:
        yield Finding("inbox", "has no folder orders", "put order files into inbox/orders/")
    yield Finding("inbox", f"folders {', '.join(there) or 'none'}")
    known = {entity.name for entity in ENTITIES}
    for path in sorted(settings.inbox.iterdir()):
        if path.is_dir() and path.name not in known and not path.name.startswith("."):
            yield Finding("inbox", f"folder {path.name} is not read", f"name it one of {known}")


def _extracted(settings: Settings) -> Iterator[Finding]:
    for name in extracted(settings.sources):
        problems = source_of(name, settings).problems()
        if not problems:
            yield Finding(f"source {name}", "can be read")
        for problem in problems:
            yield Finding(f"source {name}", "cannot be read as it is", problem)


def _tools(settings: Settings) -> Iterator[Finding]:
    for name in settings.tools:
        try:
            problems = list(tool_of(name, settings).problems())
        except HttpError as error:
            problems = [str(error)]
        except (LookupError, TypeError, AttributeError, ValueError):
            problems = [f"what answers there does not answer as {name} does; look at its address"]
        if not problems:
            yield Finding(f"destination {name}", "can be sent to")
        for problem in problems:
            yield Finding(f"destination {name}", "cannot be sent to as it is", problem)


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.var_folder
    place = folder if folder.exists() else folder.parent
    free = shutil.disk_usage(place).free
    few = "free some disk space" if free < LITTLE_SPACE else ""
    yield Finding("var", f"{folder}, {free / 1024**3:.1f} GiB free", few)
    if run_lock.is_held(folder / LOCK_NAME):
        yield Finding("run", "one is going on")
    if left := left_behind(folder / "outbox", settings.destinations):
        yield Finding("outbox", left, is_notice=True, mend="delete them or name files again")
    kept = backups(folder / "backup")
    if kept:
        yield Finding(
            "backups", f"{len(kept)}; to go back to the newest: winback restore '{kept[0]}'"
        )


def _warehouse(settings: Settings) -> Iterator[Finding]:
    if not settings.warehouse_path.exists():
        yield Finding("warehouse", "none yet", "make it with: winback run")
        return
    if run_lock.is_held(settings.var_folder / LOCK_NAME):
        yield Finding("warehouse", "in use by a run; ask again when it has ended")
        return
    with open_warehouse(settings).connect() as connection:
        runs = connection.execute(
            "select as_of_date, started_at, status from sync.runs order by started_at desc limit 1"
        ).fetchall()
        reasons = connection.execute(
            # Without the value that a reason ends with: of a shifted row it may be an address.
            """select entity, split_part(reason, ' ''', 1) as problem, count(*), min(file)
            from quarantine.unread_rows group by all order by 3 desc, 1, 2 limit 5"""
        ).fetchall()
    for day, started, status in runs:
        mend = "see winback ui, or run again: winback run" if status != "succeeded" else ""
        yield Finding(
            "last run", f"for {day}, started {started:%Y-%m-%d %H:%M} UTC, {status}", mend
        )
    for entity, reason, count, file in reasons:
        yield Finding(
            "quarantine",
            f"{count:,} of {entity}, as in {file}: {reason}",
            "add the rates to transforms/seeds/exchange_rates.csv"
            if reason.startswith("currency:")
            else "mend the files that quarantine.unread_rows names, and keep their names; records "
            "of other sources where they come from",
            is_notice=True,
        )
    yield from _predictions(settings)
    yield from programmes(settings)
    published = settings.published_path
    yield Finding(
        "published",
        str(published) if published.exists() else "nothing yet",
        "" if published.exists() else "finish a run: winback run",
    )


def _predictions(settings: Settings) -> Iterator[Finding]:
    with open_warehouse(settings).connect() as connection:
        if not has_table(connection, "marts.churn_model_validation"):
            return
        found = connection.execute(
            "select max(prediction_status) from marts.churn_model_validation"
        ).fetchall()
    for (status,) in found:
        is_refused = not (status or "fitted").startswith("fitted")
        yield Finding(
            "predictions",
            status or "none yet",
            "rank by lifecycle and RFM meanwhile; they do not need it" if is_refused else "",
            is_notice=is_refused,
        )


PROGRAMMES = """
    with steps as (
        select programmes.programme, steps.step, offers.kind = 'discount'
            and coalesce(offers.code, '') = '' as has_no_code,
            not exists (
                select 1 from reference.programme_messages as messages
                where messages.programme = steps.programme and messages.step = steps.step
                    and messages.message = 'first'
                    and (assume_sent or campaign_id is not null or message_id is not null)
            ) as is_unknown
        from reference.programmes as programmes
        inner join reference.programme_steps as steps using (programme)
        inner join reference.offers as offers using (offer)
        where programmes.is_on
    )
    select programme, list(step order by step) filter (is_unknown),
        list(step order by step) filter (has_no_code),
        (select arg_max({'count': planned_count}, valid_from)['count']
            from reference.programme_periods as periods
            where periods.programme = steps.programme)
    from steps group by programme order by programme
"""


def programmes(settings: Settings) -> Iterator[Finding]:
    """Say of each programme that is on what its tables do not know yet."""
    with open_warehouse(settings).connect() as connection:
        if not has_table(connection, "reference.programme_messages"):
            return
        found = connection.execute(PROGRAMMES).fetchall()
    if not found:
        yield Finding("programmes", "all were off in the last run")
    for programme, unknown, without_code, planned in found:
        mends = []
        if unknown:
            mends.append(
                f"name the campaigns of step {_numbers(unknown)} in programme_messages.csv, or "
                "nobody counts as sent"
            )
        if without_code:
            mends.append(f"put codes of step {_numbers(without_code)} into offers.csv")
        if planned is None:
            mends.append(f"plan its size: winback size {programme}")
        yield Finding(f"programme {programme}", "on", "; ".join(mends), is_notice=bool(mends))


def _numbers(steps: list[int]) -> str:
    return ", ".join(str(step) for step in sorted(set(steps)))
