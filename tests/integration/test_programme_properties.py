"""What must hold on every day of whatever happens to people in programmes."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pipeline.compiled_models import CompiledModels
from tests.dbt_project import DbtProject
from tests.integration.lived_programmes import COOL_DOWN, PRIORITIES, REENTRY, Life, Story, stories
from tests.integration.programmes import Programmes
from tests.integration.two_programmes import START

pytestmark = pytest.mark.programmes

Rows = list[tuple[Any, ...]]

WRITTEN = {
    "enrolments": "select customer_id, programme, arm, is_control, as_of_date from sync.enrolments",
    "steps": """
        select customer_id, programme, step, message, is_listed, offer, as_of_date
        from sync.programme_steps""",
}
BUILT = {
    "decisions": "select * from marts.programme_decisions",
    "lists": "select * from exports.exp_email__list_members",
}


@contextmanager
def life(project: DbtProject, models: CompiledModels, story: Story) -> Iterator[Life]:
    with tempfile.TemporaryDirectory() as folder:
        copy = DbtProject(Path(folder))
        shutil.copyfile(project.warehouse.path, copy.warehouse.path)
        with copy.warehouse.connect() as connection:
            lived = Life(Programmes(connection, models, START), story)
            lived.begin()
            yield lived


def found(lived: Life, queries: dict[str, str]) -> dict[str, Rows]:
    return {name: lived.day.ask(f"{query} order by all") for name, query in queries.items()}


def run(lived: Life) -> None:
    # In one go: most of the time would be spent on the disk.
    lived.day.connection.begin()
    lived.tell()
    lived.day.build()
    lived.day.connection.commit()
    lived.day.write_down()


def run_day(lived: Life, times: int) -> None:
    """Run a day; the last run sees the same as the one before it and changes nothing."""
    run(lived)
    if times > 1:
        before = {**found(lived, WRITTEN), **found(lived, BUILT)}
        run(lived)
        assert before == {**found(lived, WRITTEN), **found(lived, BUILT)}


def check_what_was_written(lived: Life, before: dict[str, Rows]) -> None:
    """Check who entered and moved in a run by what had happened until then."""
    today = lived.day.day
    written = found(lived, WRITTEN)
    new = {name: [row for row in rows if row not in before[name]] for name, rows in written.items()}
    archived = {
        one for (one,) in lived.day.ask("select customer_id from programmes.programme_archived")
    }
    for person, *_ in new["enrolments"] + new["steps"]:
        assert person not in lived.opted_out
        assert not lived.has_open_order(person)
        assert person not in archived
        assert person not in lived.unhappy
        ages = [(today - on).days + 1 for _, on in lived.contacts(person)]
        assert sum(age < 3 for age in ages) < 1
        assert sum(age < 30 for age in ages) < 4
    for person, programme, _, _, entered_on in new["enrolments"]:
        if programme == "all":
            continue
        assert entered_on == today
        for by, on in lived.contacts(person):
            if by not in (None, programme):
                assert (today - on).days + 1 >= COOL_DOWN[programme]
        for other, before_programme, *_, on in before["enrolments"]:
            if (other, before_programme) == (person, programme):
                assert (today - on).days >= REENTRY[programme]
    of_today = [row[0] for row in written["steps"] if row[-1] == today]
    assert len(of_today) == len(set(of_today))
    check_order_of_programmes(lived, new)


def check_order_of_programmes(lived: Life, new: dict[str, Rows]) -> None:
    """Check that nobody moves on a ladder, or enters, while one that goes first runs."""
    running = lived.day.ask(
        "select customer_id, programme from programmes.programme_ladders where ended_on is null"
    )
    for person, programme, *_ in new["steps"] + new["enrolments"]:
        if programme != "all":
            first = [PRIORITIES[name] for one, name in running if one == person]
            assert all(place >= PRIORITIES[programme] for place in first)


def check_lists(lived: Life) -> None:
    written = found(lived, WRITTEN)
    listed = lived.day.ask("select audience, customer_id from exports.exp_email__list_members")
    control = {
        (person, programme)
        for person, programme, _, is_control, _ in written["enrolments"]
        if is_control
    }
    held = {person for audience, person in listed if audience == "winback_hold"}
    running = lived.day.ask(
        "select customer_id, programme from programmes.programme_ladders where ended_on is null"
    )
    archived = {person for audience, person in listed if audience == "winback_archived"}
    for audience, person in listed:
        assert person not in lived.opted_out
        programme = audience.split("_")[1]
        if programme in PRIORITIES:
            assert (person, programme) not in control
            assert (person, "all") not in control
        if audience == "winback_quiet":
            assert person not in held
        assert person not in archived or audience in ("winback_archived", "winback_hold")
    owed = {one for one, programme in control if programme == "all" or (one, programme) in running}
    assert owed - lived.opted_out <= held


def check_nobody_is_put_on_a_list_twice(lived: Life, seen: dict[str, set[tuple[str, str]]]) -> None:
    """Whoever left a list for anything but his consent does not come back in the same entry."""
    there = set(
        lived.day.ask(
            "select audience, customer_id from exports.exp_email__list_members "
            "where audience not in "
            "('winback_hold', 'winback_quiet', 'winback_archived', 'winback_vip')"
        )
    )
    entries = {
        (programme, person): on
        for person, programme, _, _, on in found(lived, WRITTEN)["enrolments"]
    }
    now = {
        (audience, person, entries[audience.split("_")[1], person]) for audience, person in there
    }
    assert not now & seen["left"]
    gone = {row for row in seen["there"] - now if row[1] not in lived.opted_out}
    seen["left"] |= gone
    seen["there"] = now | {row for row in seen["there"] if row[1] in lived.opted_out}


fast = settings(
    max_examples=int(os.environ.get("PROGRAMME_EXAMPLES", "4")),
    deadline=None,
    derandomize="PROGRAMME_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@fast
@given(story=stories(20, 40))
def test_nobody_is_written_to_who_must_not_be_whatever_happens(
    empty_project: DbtProject, programme_models: CompiledModels, story: Story
) -> None:
    with life(empty_project, programme_models, story) as lived:
        seen: dict[str, set[Any]] = {"there": set(), "left": set()}
        for one in story.days:
            lived.happen(one.happenings)
            for happenings in ([], one.between)[: one.runs]:
                lived.happen(happenings)
                before = found(lived, WRITTEN)
                run_day(lived, one.runs)
                check_what_was_written(lived, before)
                check_lists(lived)
                check_nobody_is_put_on_a_list_twice(lived, seen)
            lived.day.next_day()


def steps_without_lists(lived: Life) -> Rows:
    # In an order that does not go by who is on a list either.
    return sorted(row[:4] + row[5:] for row in found(lived, WRITTEN)["steps"])


def swap(lived: Life) -> None:
    """Make controls of those whom a run has entered as treated, and the other way round."""
    lived.day.connection.execute(
        "update sync.enrolments set is_control = not is_control "
        f"where as_of_date = '{lived.day.day}' and programme <> 'all'"
    )
    lived.day.connection.execute(
        """update sync.programme_steps as steps set is_listed = not enrolments.is_control
        from sync.enrolments as enrolments
        where
            steps.customer_id = enrolments.customer_id
            and steps.programme = enrolments.programme
            and steps.entered_on = enrolments.as_of_date"""
    )


@fast
@given(story=stories(15, 25, all_is_sent=True))
def test_whoever_is_a_control_goes_the_same_way_as_if_he_were_treated(
    empty_project: DbtProject, programme_models: CompiledModels, story: Story
) -> None:
    asked = {
        "gates": """
            select customer_id, programme, nullif(gate, 'control')
            from marts.programme_decisions""",
        "archived": "select * from programmes.programme_archived",
        "ends": """
            select customer_id, programme, entered_on, last_step, next_step, ended_on, end_reason
            from programmes.programme_ladders""",
    }
    ways = []
    for is_swapped in (False, True):
        with life(empty_project, programme_models, story) as lived:
            way = []
            for one in story.days:
                lived.happen(one.happenings)
                if one.runs:
                    run(lived)
                    way.append((found(lived, asked), steps_without_lists(lived)))
                    if is_swapped:
                        swap(lived)
                lived.day.next_day()
            ways.append(way)
    assert ways[0] == ways[1]
