"""The CDNOW customers as the literature looks at them, and what it has published of them."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.churn_model.purchases import Histories, Numbers

FOLDER = Path(__file__).parents[1] / "data" / "cdnow"
LAST_DAY = date(1997, 9, 30)


@dataclass(frozen=True)
class Customers:
    """Each customer once, by number; times in weeks, up to ``LAST_DAY``."""

    histories: Histories
    mean_repeat_value: Numbers
    first_week: Numbers
    purchases: tuple[tuple[date, ...], ...]

    def bought_after(self, days: int) -> Numbers:
        """Return each customer's purchases in the ``days`` days after ``LAST_DAY``."""
        until = LAST_DAY + timedelta(days=days)
        return np.array(
            [sum(LAST_DAY < day <= until for day in own) for own in self.purchases], dtype=float
        )


def customers() -> Customers:
    spent: dict[int, dict[date, float]] = {}
    for line in (FOLDER / "CDNOW_sample.txt").read_text().splitlines():
        _, number, day, _, dollars = line.split()
        own = spent.setdefault(int(number), {})
        when = date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}")
        own[when] = own.get(when, 0) + float(dollars)
    x, t_x, t, values, first = [], [], [], [], []
    for number in sorted(spent):
        days = sorted(day for day in spent[number] if day <= LAST_DAY)
        repeats = [spent[number][day] for day in days[1:]]
        x.append(len(repeats))
        t_x.append((days[-1] - days[0]).days / 7)
        t.append((LAST_DAY - days[0]).days / 7)
        values.append(sum(repeats) / len(repeats) if repeats else 0)
        first.append((days[0] - date(1997, 1, 1)).days / 7)
    return Customers(
        Histories(np.array(x, float), np.array(t_x), np.array(t), np.ones(len(x))),
        np.array(values),
        np.array(first),
        tuple(tuple(sorted(spent[number])) for number in sorted(spent)),
    )


def published(identifier: str) -> Any:
    """Return a published value by its id in published.json."""
    found = json.loads((FOLDER / "published.json").read_text())
    return next(each["value"] for each in found if each["id"] == identifier)
