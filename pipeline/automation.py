"""Jobs, schedules, retries and alerts. They name groups, never single assets."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError

from pipeline.alerts import alert
from pipeline.destinations.outlets import OUTLETS
from pipeline.settings import TOOLS, Settings


class Retries(dg.RetryPolicy):
    """Tries a step again, but not when the run was told to stop, as Dagster's own policy does."""

    def calculate_delay(self, attempt_num: int) -> float:
        """Return seconds until the next attempt; raise what stops the run, if that came."""
        reason = sys.exc_info()[1]
        # Of what comes while it is at a statement DuckDB makes an error of its own.
        while reason is not None:
            # What they hold of DuckDB would keep the warehouse from being opened again.
            traceback.clear_frames(reason.__traceback__)
            if isinstance(reason, (DagsterExecutionInterruptedError, KeyboardInterrupt)):
                raise reason
            reason = reason.__cause__
        return float(super().calculate_delay(attempt_num))


RETRIES = Retries(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL)
"""For assets at the borders, where files and networks fail for a moment."""


@contextmanager
def never_retried(*errors: type[Exception]) -> Iterator[None]:
    """Fail at once where one of ``errors`` says what a person has to mend first."""
    try:
        yield
    except errors as error:
        raise dg.Failure(str(error), allow_retries=False) from error


daily_refresh = dg.define_asset_job(
    name="daily_refresh",
    description="Load every source, rebuild every model, sync every destination and publish.",
    selection=dg.AssetSelection.all(),
)

LEAVING = dg.AssetSelection.key_prefixes("files", *TOOLS, *OUTLETS) | dg.AssetSelection.groups(
    "published"
)

load_and_build = dg.define_asset_job(
    name="load_and_build",
    description="Load every source and rebuild every model; nothing is sent or published.",
    selection=dg.AssetSelection.all() - LEAVING,
)

rebuild = dg.define_asset_job(
    name="rebuild",
    description="Rebuild every model from what is loaded; nothing is loaded, sent or published.",
    selection=dg.AssetSelection.all() - LEAVING - dg.AssetSelection.groups("raw"),
)


def daily_refresh_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Run the daily job at five in the morning of the shop's time zone."""
    return dg.ScheduleDefinition(
        name="daily_refresh_schedule",
        job=daily_refresh,
        cron_schedule="0 5 * * *",
        execution_timezone=str(settings.shop_timezone),
    )


@dg.run_failure_sensor(
    name="failure_alert",
    description="Tell the webhook or the e-mail address that is configured that a run failed.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def failure_alert(context: dg.RunFailureSensorContext) -> None:
    """Send one alert for a run that Dagster started; the command sends its own."""
    if context.dagster_run.tags.get("winback/started_by") != "command":
        subject = f"Winback run {context.dagster_run.run_id} failed"
        alert(Settings(), subject, context.failure_event.message or "")
