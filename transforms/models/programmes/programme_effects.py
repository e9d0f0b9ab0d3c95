"""One row per programme, and per arm and what it is compared with: what the programme brought."""

from typing import Any

import pyarrow as pa

from pipeline.results.effects import effects


def model(dbt: Any, session: Any) -> pa.Table:
    """Compare those who were treated with the controls."""
    entrants = dbt.ref("programme_entrants").to_arrow_table()
    return effects(entrants, dbt.ref("programme_plans").to_arrow_table())
