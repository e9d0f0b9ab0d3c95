"""Macros whose SQL is made from what DuckDB says."""

import json
from pathlib import Path

from tests.dbt_project import DbtProject

ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "Europe/Istanbul",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kolkata",
    "Pacific/Kiritimati",
    "Pacific/Apia",
    "Pacific/Honolulu",
    "UTC",
)
QUERY = """
    select '{zone}' as zone,
        count(*) filter (
            where {{{{ day_in_zone('instant', '{zone}') }}}}
            is distinct from cast(main.to_local(instant, '{zone}') as date)
        ) as wrong_count
    from (
        select unnest(range(timestamp '1960-01-01', timestamp '2110-01-01', interval 11777 second))
            as instant
        union all
        select cast(null as timestamp) as instant
    )
"""


def test_the_day_of_an_instant_is_that_of_its_zone(tmp_path: Path) -> None:
    project = DbtProject(tmp_path)
    project.warehouse.prepare()
    inline = " union all ".join(QUERY.format(zone=zone) for zone in ZONES)
    finished = project.run(
        "--quiet", "show", "--output", "json", "--limit", "20", "--inline", inline
    )
    assert finished.returncode == 0, finished.stdout
    rows = json.loads(finished.stdout[finished.stdout.index("{") :])["show"]
    assert {row["zone"]: row["wrong_count"] for row in rows} == dict.fromkeys(ZONES, 0)
