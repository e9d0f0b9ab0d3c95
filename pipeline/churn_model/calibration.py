"""Calibration of chances: what earlier windows say about how far predicted chances can be trusted.

A line on the scale of log-odds (Platt 1999, "Probabilistic outputs for support vector machines").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from pipeline.churn_model.purchases import Numbers

SMALLEST = 1e-9


@dataclass(frozen=True)
class Line:
    """Log-odds that came true = intercept + slope × log-odds that were predicted."""

    intercept: float = 0.0
    slope: float = 1.0

    def corrected(self, chances: Numbers) -> Numbers:
        """Return the chances as the line corrects them."""
        return expit(self.intercept + self.slope * _log_odds(chances))


def fit(chances: Numbers, bought: Numbers, customers: Numbers) -> Line:
    """Return the line for groups with a predicted chance, of which so many ``bought``."""
    x = _log_odds(chances)

    def loss(line: Numbers) -> tuple[float, Numbers]:
        odds = line[0] + line[1] * x
        missed = customers * expit(odds) - bought
        value = customers @ np.logaddexp(0, odds) - bought @ odds
        return float(value) / customers.sum(), np.array(
            [missed.sum(), missed @ x]
        ) / customers.sum()

    found = minimize(loss, np.array([0.0, 1.0]), jac=True, method="BFGS")
    return Line(float(found.x[0]), float(found.x[1]))


def agreed(lines: Sequence[Line]) -> Line:
    """Return what several windows' lines have in common.

    Their mean, drawn towards no correction as far as the windows disagree: by m² ÷ (m² + s² ÷ n)
    for a mean m of n values with variance s². A single window agrees with nobody.
    """
    if len(lines) < 2:
        return Line()
    return Line(
        _drawn_to_zero(np.array([line.intercept for line in lines])),
        1 + _drawn_to_zero(np.array([line.slope - 1 for line in lines])),
    )


def _drawn_to_zero(values: Numbers) -> float:
    mean = float(values.mean())
    spread = float(values.var(ddof=1)) / len(values)
    return mean**3 / (mean**2 + spread) if mean else 0.0


def _log_odds(chances: Numbers) -> Numbers:
    return np.asarray(logit(np.clip(chances, SMALLEST, 1 - SMALLEST)))
