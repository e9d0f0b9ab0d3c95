"""The season index: how much more is bought in a month of the year than the model expects."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipeline.churn_model.purchases import Histories, Numbers, PurchaseModel


@dataclass(frozen=True)
class Month:
    """A month that is over: with which histories buyers went into it, how much they bought."""

    start: date
    days: int
    histories: Histories
    purchase_count: float

    @property
    def end(self) -> date:
        """Return the first day after the month."""
        return self.start + timedelta(days=self.days)


def index(model: PurchaseModel, months: Sequence[Month], weight: float) -> Numbers:
    """Return the index of January to December.

    Purchases ÷ those that the model expected of the same customers, so that growth of the base is
    not taken for season; ``weight`` purchases as expected are added to both, which draws towards
    one what little data say. A month of the year that was never seen has one.
    """
    bought, expected = np.zeros(12), np.zeros(12)
    for month in months:
        bought[month.start.month - 1] += month.purchase_count
        expected[month.start.month - 1] += expected_purchases(
            model, month.histories, month.days / 7
        )
    return (bought + weight) / (expected + weight)


def factor(of_months: Numbers, cutoff: date, days: int) -> float:
    """Return the mean index of the ``days`` days after ``cutoff``."""
    ahead = (cutoff + timedelta(days=day) for day in range(1, days + 1))
    return float(np.mean([of_months[day.month - 1] for day in ahead]))


def expected_purchases(model: PurchaseModel, of: Histories, ahead: float) -> float:
    """Return the purchases expected of all together in the next ``ahead`` weeks."""
    # Few pairs of x and T stand for many histories, and what they need is dear.
    x, t, places = of.pairs()
    while_alive = model.expected_while_alive(x, t, ahead)[places]
    return float(of.weight @ (model.p_alive(of.x, of.t_x, of.t) * while_alive))
