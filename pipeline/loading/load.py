"""Loads files of records into raw: versions, duplicates, quarantine, and counts that add up."""

import csv
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from pipeline.clock import utc_now
from pipeline.loading.file_registry import RowCounts, list_new_files, note_times, register
from pipeline.loading.intake import Intake
from pipeline.loading.quarantine import problems, quarantine
from pipeline.loading.unread import INBOX, settle_unread
from pipeline.loading.versions import Settled, settle
from pipeline.sources.entity import Entity
from pipeline.sources.files import SourceFile
from pipeline.sql import transaction
from pipeline.warehouse import Warehouse

FEW_ROWS = 20
"""Fewer bad rows than this never stop a load, whatever their share."""


class LoadStopped(Exception):
    """A load that was rolled back. One sentence names entity, file, reason and what to do."""


@dataclass(frozen=True)
class LoadReport:
    """What a load did: ``rows_read`` is always kept + duplicate + quarantined.

    ``rows_ignored`` are records of things that are none of the entity's and count nowhere else.
    ``refused`` has a sentence per file that was not read at all, ``reasons`` what was wrong with
    quarantined rows, most frequent first, without any value of theirs.
    """

    entity: str
    files_read: int
    files_unchanged: int
    rows_read: int
    rows_kept: int
    rows_duplicate: int
    rows_quarantined: int
    refused: tuple[str, ...]
    reasons: tuple[tuple[str, int], ...]
    rows_ignored: int = 0


@dataclass(frozen=True)
class Rules:
    """What records are held against.

    The shop's zone, from which day on there is a rate for each currency, and the share of bad rows
    above which a load stops.
    """

    zone: str
    first_rates: Mapping[str, date]
    max_share: float


def load_files(
    warehouse: Warehouse,
    source: str,
    entity: Entity,
    files: Iterable[SourceFile],
    rules: Rules,
    with_it: Callable[[duckdb.DuckDBPyConnection], None] | None = None,
) -> LoadReport:
    """Take those of ``files`` that are new or have changed into ``raw_<source>.<entity>``.

    One transaction for rows, registry, quarantine and what ``with_it`` does. Raises
    ``LoadStopped``, with nothing but the quarantine kept, when more than the allowed share of the
    new rows, and at least 20, are bad. Where a file is refused ``with_it`` is left out.
    """
    with _scratch_folder(warehouse) as scratch, warehouse.connect() as connection:
        intake = Intake(connection, source, entity, rules.zone, rules.first_rates, scratch)
        for file in files:
            intake.take(file)
        if not intake.is_idle:
            return _finish(intake, rules.max_share, with_it)
        if with_it:
            with transaction(connection):
                with_it(connection)
        return _report(intake, {}, {})


def first_rates(shop_currency: str, exchange_rates_csv: Path) -> dict[str, date]:
    """Return from which day on there is a rate, by currency in upper case; the shop's has always.

    Raises ``LoadStopped`` where the seed holds something else than a currency and a day.
    """
    first = {shop_currency.strip().upper(): date.min}
    with exchange_rates_csv.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            try:
                name = row["currency"].strip().upper()
                day = date.fromisoformat(row["valid_from"].strip())
            except (KeyError, AttributeError, ValueError) as error:
                raise LoadStopped(
                    f"{exchange_rates_csv.name} cannot be read: every line needs a currency, "
                    "valid_from like 2026-01-31 and a rate"
                ) from error
            if name:
                first[name] = min(day, first.get(name, day))
    return first


@contextmanager
def _scratch_folder(warehouse: Warehouse) -> Iterator[Path]:
    """Give an empty folder for files that are needed for a moment.

    What a killed run left in it goes too, as it holds personal data.
    """
    folder = warehouse.temporary_folder / "loading"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


def _finish(
    intake: Intake,
    max_share: float,
    with_it: Callable[[duckdb.DuckDBPyConnection], None] | None,
) -> LoadReport:
    connection, source, entity = intake.connection, intake.source, intake.entity
    now = utc_now()
    intake.open_staging()
    list_new_files(connection, intake.new)
    bad = problems(connection)
    complaint = _complaint(intake, bad, max_share)
    with transaction(connection):
        if not complaint:
            settle_unread(connection, source, entity, now)
        quarantine(connection, source, entity, intake.refused, now)
        if not complaint:
            settled = settle(connection, source, entity, now) if intake.new else {}
            counts = _counted(intake, bad, settled)
            register(connection, source, entity, counts, now)
            note_times(connection, source, intake.touched)
            if with_it and not intake.refused:
                with_it(connection)
    if complaint:
        raise LoadStopped(complaint)
    return _report(intake, bad, counts)


def _complaint(intake: Intake, bad: Mapping[int, Counter[str]], max_share: float) -> str:
    """Return why so many bad rows may not be, "" if they may."""
    read = {new.file_id: new for new in intake.new}
    bad_count = sum(found.total() for found in bad.values())
    read_count = sum(new.rows_read for new in intake.new)
    if bad_count < FEW_ROWS or bad_count <= max_share * read_count:
        return ""
    worst = max(bad, key=lambda file_id: (bad[file_id].total(), -file_id))
    problem, problem_count = _by_frequency(sum(bad.values(), Counter()))[0]
    is_of_rates = problem.startswith("currency:")
    mend = "mend the file" if intake.source == INBOX else f"mend the records in {intake.source}"
    return (
        f"{intake.entity.name}: {bad_count} of {read_count} new rows are bad, more than the "
        f"{max_share:.1%} allowed, so none of them were loaded; above all '{problem}' "
        f"({problem_count} rows), most of them in {read[worst].file.name} "
        f"({bad[worst].total()} of {read[worst].rows_read}): "
        + ("add the rates to transforms/seeds/exchange_rates.csv, " if is_of_rates else "")
        + f"{mend}, or raise WINBACK_MAX_QUARANTINE_SHARE."
    )


def _counted(
    intake: Intake, bad: Mapping[int, Counter[str]], settled: Mapping[int, Settled]
) -> Mapping[int, RowCounts]:
    counts: dict[int, RowCounts] = {}
    for new in intake.new:
        good = settled.get(new.file_id, Settled())
        bad_count = bad[new.file_id].total() if new.file_id in bad else 0
        counts[new.file_id] = RowCounts(new.rows_read, good.kept, good.duplicate, bad_count)
        counts[new.file_id].check(new.file.name)
    return counts


def _report(
    intake: Intake, bad: Mapping[int, Counter[str]], counts: Mapping[int, RowCounts]
) -> LoadReport:
    return LoadReport(
        entity=intake.entity.name,
        files_read=len(intake.new),
        files_unchanged=intake.unchanged_count,
        rows_read=sum(rows.rows_read for rows in counts.values()),
        rows_kept=sum(rows.rows_kept for rows in counts.values()),
        rows_duplicate=sum(rows.rows_duplicate for rows in counts.values()),
        rows_quarantined=sum(rows.rows_quarantined for rows in counts.values()),
        refused=tuple(str(refusal) for refusal in intake.refused),
        reasons=tuple(_by_frequency(sum(bad.values(), Counter()))),
        rows_ignored=intake.ignored_count,
    )


def _by_frequency(problems: Counter[str]) -> list[tuple[str, int]]:
    return sorted(problems.items(), key=lambda problem: (-problem[1], problem[0]))
