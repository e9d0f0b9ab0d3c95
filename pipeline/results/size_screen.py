"""What ``winback size`` says about a programme."""

from dataclasses import dataclass

from pipeline.results.sizes import (
    TWO_YEARS,
    entrants_needed,
    power,
    smallest_lift,
    weeks_needed,
)

CONTROL_SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True)
class Pace:
    """What a programme sees: people a week that may enter, and the share that buys by itself.

    ``base`` is between 0 and 1, within ``window_days``; ``label`` is the programme's.
    """

    label: str
    weekly: float
    base: float
    window_days: int


def size_screen(pace: Pace, lift: float) -> str:
    """Return in words how many people and weeks it takes to see ``lift``, by share of controls."""
    if pace.weekly <= 0:
        return f"{pace.label}: nobody enters, so there is nothing to see."
    if not 0 < pace.base < 1:
        return (
            f"{pace.label}: {_percent(pace.base)} buy within {pace.window_days} days by "
            "themselves; without some who do and some who do not there is nothing to compare."
        )
    if lift <= 0 or pace.base + lift > 1:
        return f"{pace.label}: {_percent(pace.base + lift)} cannot be aimed at."
    return "\n".join([*_head(pace, lift), "", *_rows(pace, lift), "", *_end(pace, lift)])


def _head(pace: Pace, lift: float) -> list[str]:
    return [
        f"{pace.label}: {pace.weekly:,.1f} people enter a week, {_percent(pace.base)} of them buy "
        f"within {pace.window_days} days by themselves.",
        f"To see {_percent(pace.base + lift)} instead, by the usual formula (power 80 %, two-sided "
        "5 %); the last",
        "column says how often the interval of the results then shows it:",
    ]


def _rows(pace: Pace, lift: float) -> list[str]:
    lines = ["  controls      people  of them controls                 weeks  shown in"]
    for share in CONTROL_SHARES:
        needed = entrants_needed(pace.base, lift, share)
        weeks = _told(weeks_needed(needed, pace.weekly, pace.window_days))
        controls = f"{round(needed * share):,}"
        seen = _percent(power(pace.base, lift, share, needed), 0)
        lines.append(
            f"  {_percent(share, 0):>8}  {needed:>10,}  {controls:>16}  {weeks:>20}  {seen:>8}"
        )
    return lines


def _end(pace: Pace, lift: float) -> list[str]:
    smallest = {
        share: smallest_lift(pace.base, pace.weekly, share, pace.window_days)
        for share in CONTROL_SHARES
    }
    seen = {share: least for share, least in smallest.items() if least is not None}
    if not seen:
        return [
            f"No gain at all can be seen within two years: {pace.weekly:,.1f} a week are too few."
        ]
    best = min(seen, key=lambda share: seen[share])
    lines = [
        f"The smallest gain that can be seen within two years: to {_percent(pace.base + least)} "
        f"with {_percent(share, 0)} as controls."
        for share, least in sorted(seen.items())
        if share in (0.1, best)
    ]
    if seen[best] > lift:
        lines.insert(0, f"{_percent(pace.base + lift)} cannot be seen within two years.")
    return lines


def _told(weeks: int | None) -> str:
    if weeks is None or weeks > TWO_YEARS:
        return "not within two years"
    return f"{weeks:,}"


def _percent(share: float, places: int = 1) -> str:
    return f"{100 * share:.{places}f} %"
