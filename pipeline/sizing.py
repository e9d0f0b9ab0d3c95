"""``winback size``: what a programme's size can tell, from the shop's own rates."""

from dataclasses import dataclass

import duckdb

from pipeline import run_lock
from pipeline.resources import LOCK_NAME, open_warehouse
from pipeline.results.size_screen import Pace, size_screen
from pipeline.settings import Settings

WEEKS_OF_TWO_YEARS = 104


class UnknownProgrammeError(LookupError):
    """There is no programme of that name, or nothing is known of it yet."""


@dataclass(frozen=True)
class Known:
    """What the warehouse knows of a programme: people a week and share that buys, where it does."""

    label: str
    window_days: int
    assumed_lift: float
    weekly: float | None
    base: float | None
    fitting: int


def size(
    settings: Settings,
    programme: str,
    lift: float | None,
    weekly: float | None,
    base: float | None,
) -> str:
    """Return how many people and weeks it takes, with what is given put before what is known.

    Raises ``UnknownProgrammeError`` where the programme is not known or nobody has entered it yet
    and no pace is given.
    """
    if not settings.warehouse_path.exists():
        raise UnknownProgrammeError("there is no warehouse yet; start with: winback run")
    with (
        run_lock.hold(settings.var_folder / LOCK_NAME, settings.lock_wait_seconds),
        open_warehouse(settings).connect() as connection,
    ):
        known = _known(connection, programme)
    share = base if base is not None else known.base
    if share is None:
        raise UnknownProgrammeError(
            "how many buy by themselves is not known of anybody who fits this programme; "
            "give it with --base"
        )
    pace = weekly if weekly is not None else known.weekly
    head = ""
    if pace is None:
        # Nobody knows yet how many will come to fit it; those who fit it now are there once.
        pace = known.fitting / WEEKS_OF_TWO_YEARS
        head = (
            f"Nobody has entered yet, so it is not known how many do in a week. {known.fitting:,} "
            "people who may be\ncontacted fit it today; below they are spread over two years. Give "
            "the pace with --weekly,\nor see it with winback replay.\n\n"
        )
    wished = lift if lift is not None else known.assumed_lift
    return head + size_screen(Pace(known.label, pace, share, known.window_days), wished)


def _known(connection: duckdb.DuckDBPyConnection, programme: str) -> Known:
    found = connection.execute(
        """
        select programmes.label, programmes.outcome_window_days, programmes.assumed_lift,
            plans.weekly_count
        from reference.programmes as programmes
        left join programmes.programme_plans as plans using (programme)
        where programmes.programme = ?
        """,
        [programme],
    ).fetchall()
    if not found:
        names = connection.execute("select programme from reference.programmes order by priority")
        raise UnknownProgrammeError(
            f"there is no programme {programme!r}; there are "
            f"{', '.join(name for (name,) in names.fetchall())}"
        )
    label, window_days, assumed_lift, weekly = found[0]
    ((fitting, expected),) = connection.execute(
        """
        select count(*), avg(1 - power(1 - churn.p_buys_90d, $window / 90))
        from segments.programme_candidates as candidates
        inner join reference.programmes as programmes using (programme)
        inner join intermediate.int_channel_permissions as permissions
            on candidates.customer_id = permissions.customer_id
            and programmes.channel = permissions.channel and permissions.may_be_contacted
        left join marts.customer_churn as churn
            on candidates.customer_id = churn.customer_id
        where candidates.programme = $programme
        """,
        {"programme": programme, "window": window_days},
    ).fetchall()
    ((measured,),) = connection.execute(
        """
        select avg(cast(is_buyer as integer)) from programmes.programme_outcomes
        where programme = ? and is_control and is_over and entry_number = 1
        having count(*) >= 100
        """,
        [programme],
    ).fetchall() or [(None,)]
    return Known(
        str(label),
        int(window_days),
        float(assumed_lift),
        None if weekly is None else float(weekly),
        expected if measured is None else measured,
        int(fitting),
    )
