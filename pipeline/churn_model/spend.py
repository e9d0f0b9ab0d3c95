"""Gamma-Gamma: what a customer's purchases are worth.

Values of one customer's purchases follow a gamma distribution (shape p) around a mean of his own;
these means are spread so that their rate follows a gamma distribution (shape q, rate γ): Fader and
Hardie 2013, "The Gamma-Gamma Model of Monetary Value". It takes for granted that how often
somebody buys says nothing of how dear.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

from pipeline.churn_model.purchases import Numbers

BOUNDS = (-9.0, 14.0)
DEFAULT_START = (2.0, 3.0)


@dataclass(frozen=True)
class SpendModel:
    """Fitted parameters; γ is in the shop's currency, q above one where means have a mean."""

    p: float
    q: float
    gamma: float
    log_likelihood: float = float("nan")
    has_converged: bool = True

    @property
    def mean(self) -> float:
        """Return the mean value of a purchase of somebody of whom nothing is known."""
        return self.p * self.gamma / (self.q - 1)

    def expected_value(self, x: Numbers, mean_value: Numbers) -> Numbers:
        """Return what a further purchase is worth after ``x`` of ``mean_value`` each.

        The mean of all and the customer's own, weighted by what is known of him (equation 5).
        """
        own = self.p * x / (self.p * x + self.q - 1)
        return (1 - own) * self.mean + own * np.where(x > 0, mean_value, 0.0)


def fit(x: Numbers, mean_value: Numbers) -> SpendModel:
    """Return the parameters for customers with ``x`` ≥ 1 purchases of ``mean_value`` > 0 each."""
    # In units of the middle value the search is as long for pence as for yen.
    unit = float(np.median(mean_value))
    values = mean_value / unit
    p, q = DEFAULT_START
    found = minimize(
        _mean_loss,
        np.log([p, q, (q - 1) / p]),
        args=(x, values),
        jac=True,
        method="L-BFGS-B",
        bounds=[BOUNDS] * 3,
        options={"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-7},
    )
    p, q, scale = (float(value) for value in np.exp(found.x))
    is_mean_finite = q > 1.0
    return SpendModel(
        p,
        q,
        scale * unit,
        log_likelihood=-(float(found.fun) + np.log(unit)) * len(x),
        has_converged=bool(
            is_mean_finite and np.isfinite(found.fun) and np.max(np.abs(found.jac)) < 1e-3
        ),
    )


def _mean_loss(logs: Numbers, x: Numbers, values: Numbers) -> tuple[float, Numbers]:
    """Return minus the mean log-likelihood (equation 1a) and its slope by ``logs``."""
    p, q, gamma = np.exp(logs)
    px = p * x
    both = np.log(gamma + x * values)
    likelihood = (
        gammaln(px + q)
        - gammaln(px)
        - gammaln(q)
        + q * np.log(gamma)
        + (px - 1) * np.log(values)
        + px * np.log(x)
        - (px + q) * both
    )
    by_p = x * (digamma(px + q) - digamma(px) + np.log(values) + np.log(x) - both)
    by_q = digamma(px + q) - digamma(q) + np.log(gamma) - both
    by_gamma = q / gamma - (px + q) / (gamma + x * values)
    slope = np.array([by_p.mean(), by_q.mean(), by_gamma.mean()]) * np.array([p, q, gamma])
    return -float(likelihood.mean()), -slope


def rank_correlation(x: Numbers, mean_value: Numbers) -> float:
    """Return Spearman's rank correlation; equal values share the mean of their ranks."""
    return float(np.corrcoef(_ranks(x), _ranks(mean_value))[0, 1])


def _ranks(values: Numbers) -> Numbers:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])
