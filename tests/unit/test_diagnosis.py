from pathlib import Path

import duckdb
import pytest

from pipeline import diagnosis
from pipeline.http_answers import HttpError
from pipeline.settings import Settings

TABLES = """
    create schema reference;
    create table reference.programmes (programme varchar, is_on boolean);
    create table reference.programme_steps (programme varchar, step integer, offer varchar);
    create table reference.offers (offer varchar, kind varchar, code varchar);
    create table reference.programme_messages (programme varchar, step integer, message varchar,
        campaign_id varchar, message_id varchar, assume_sent boolean);
    create table reference.programme_periods (programme varchar, valid_from date,
        planned_count integer);
    insert into reference.programmes values ('dormant', true), ('calls', true), ('off', false);
    insert into reference.programme_steps values ('dormant', 1, 'perk'), ('dormant', 2, 'less'),
        ('dormant', 3, 'perk'), ('calls', 1, 'perk'), ('off', 1, 'less');
    insert into reference.offers values ('perk', 'perk', null), ('less', 'discount', null);
    insert into reference.programme_messages values
        ('dormant', 1, 'first', 'c1', null, false), ('dormant', 3, 'resend', 'c3', null, false),
        ('calls', 1, 'first', null, null, true);
    insert into reference.programme_periods values ('dormant', '1970-01-01', 500),
        ('dormant', '2026-01-01', null),
        ('calls', '1970-01-01', null), ('calls', '2026-01-01', 900);
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("WINBACK_VAR", str(tmp_path))
    found = Settings()
    with duckdb.connect(str(found.warehouse_path)) as connection:
        connection.execute(TABLES)
    return found


def test_what_the_tables_of_a_programme_do_not_know_is_said(settings: Settings) -> None:
    calls, dormant = diagnosis.programmes(settings)
    assert str(calls) == "✓ programme calls: on"
    assert dormant.is_notice
    assert "campaigns of step 2, 3 in" in dormant.mend
    assert "codes of step 2 into" in dormant.mend
    assert "winback size dormant" in dormant.mend


def test_that_all_are_off_is_said(settings: Settings) -> None:
    with duckdb.connect(str(settings.warehouse_path)) as connection:
        connection.execute("update reference.programmes set is_on = false")
    assert [str(one) for one in diagnosis.programmes(settings)] == [
        "✓ programmes: all were off in the last run"
    ]


class Stranger:
    """Answers like something else than a tool."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def problems(self) -> list[str]:
        raise self.error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TypeError("string indices must be integers"), "does not answer as listmonk does"),
        (KeyError("data"), "does not answer as listmonk does"),
        (HttpError("GET /api/lists was not answered in time"), "was not answered in time"),
    ],
)
def test_what_answers_otherwise_than_the_tool_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    monkeypatch.setenv("WINBACK_DESTINATIONS", "listmonk")
    monkeypatch.setenv("WINBACK_LISTMONK_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("WINBACK_LISTMONK_USER", "winback")
    monkeypatch.setenv("WINBACK_LISTMONK_TOKEN", "token")
    monkeypatch.setattr(diagnosis, "tool_of", lambda name, settings: Stranger(error))

    [finding] = [one for one in diagnosis.examine() if one.what == "destination listmonk"]

    assert finding.is_problem
    assert said in finding.mend
