"""MBG/NBD and BG/NBD: when purchases come and when a customer leaves for good.

While a customer is there, purchases come at random at a rate of his own; after each of them he may
leave. Rates follow a gamma distribution (shape r, rate α, in weeks), the chance of leaving a beta
distribution (a, b). In BG/NBD (Fader, Hardie and Lee 2005, Marketing Science 24(2)) nobody leaves
after his first purchase, in MBG/NBD (Batislam, Denizel and Filiztekin 2007, International Journal
of Research in Marketing 24(3)) he may. Of a customer three numbers count: x repeat purchases, t_x
weeks from the first to the last purchase, T weeks from the first purchase until now.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import betaln, digamma, expit, gammaln, hyp2f1

Numbers = npt.NDArray[np.float64]

BOUNDS = (-9.0, 9.0)
"""Of the logarithms of the parameters: beyond them nothing changes that could be told apart."""
DEFAULT_START = (0.8, 8.0, 0.5, 2.5)


@dataclass(frozen=True)
class Histories:
    """Groups of customers with equal histories, one place per group in each array.

    ``x`` repeat purchases, ``t_x`` and ``t`` in weeks with 0 ≤ t_x ≤ t, ``weight`` customers.
    """

    x: Numbers
    t_x: Numbers
    t: Numbers
    weight: Numbers

    @property
    def customer_count(self) -> float:
        """Return how many customers all groups have."""
        return float(self.weight.sum())

    def pairs(self) -> tuple[Numbers, Numbers, npt.NDArray[np.intp]]:
        """Return the pairs of x and T that occur, in order, and where each group's stands."""
        # As one complex number each: to sort pairs takes several times as long.
        found, places = np.unique(self.x + 1j * self.t, return_inverse=True)
        return found.real, found.imag, places


@dataclass(frozen=True)
class PurchaseModel:
    """Fitted parameters. ``leaves_at_once`` says that the first purchase may be the last: MBG/NBD.

    ``log_likelihood`` is that of the whole data, without terms that no parameter changes.
    """

    r: float
    alpha: float
    a: float
    b: float
    leaves_at_once: bool = True
    log_likelihood: float = float("nan")
    has_converged: bool = True

    def p_alive(self, x: Numbers, t_x: Numbers, t: Numbers) -> Numbers:
        """Return the chance of still being a customer after ``t`` weeks."""
        return expit(-self._odds_of_having_left(x, t_x, t))

    def p_buys(self, x: Numbers, t_x: Numbers, t: Numbers, ahead: float) -> Numbers:
        """Return the chance of a purchase in the next ``ahead`` weeks."""
        waits = np.exp((self.r + x) * np.log((self.alpha + t) / (self.alpha + t + ahead)))
        return self.p_alive(x, t_x, t) * (1 - waits)

    def expected_while_alive(self, x: Numbers, t: Numbers, ahead: Numbers | float) -> Numbers:
        """Return the purchases expected in the next ``ahead`` weeks of one who is there.

        Times p_alive they are those expected of a customer: Fader, Hardie and Lee 2005, equation
        10, with one more chance to leave where the first purchase may be the last.
        """
        # The formula divides by a - 1; so near to it the limit is as good as the value.
        a = self.a if abs(self.a - 1) > 1e-6 else 1 + 1e-6
        c = a + self.b + self._chances(x) - 1
        z = ahead / (self.alpha + t + ahead)
        left = np.exp((self.r + x) * np.log1p(-z)) * hyp2f1(self.r + x, c - a + 1, c, z)
        # The series of the papers overflows for the very young; Euler's form of it does for others.
        other = np.exp((a - 1) * np.log1p(-z)) * hyp2f1(c - self.r - x, a - 1, c, z)
        left = np.where(np.isfinite(left), left, other)
        if not np.isfinite(left).all():
            # Where a - 1 - r - x is a whole number and c large SciPy's gammas overflow in both.
            beside = hyp2f1(self.r + x + 1e-9, c - a + 1, c, z)
            left = np.where(np.isfinite(left), left, np.exp((self.r + x) * np.log1p(-z)) * beside)
        return c / (a - 1) * (1 - left)

    def expected_of_newcomers(self, t: Numbers) -> Numbers:
        """Return the repeat purchases expected within ``t`` weeks of a first purchase."""
        nothing = np.zeros_like(t)
        expected = self.expected_while_alive(nothing, nothing, t)
        return self.p_alive(nothing, nothing, nothing) * expected

    def _chances(self, x: Numbers) -> Numbers:
        return x + 1 if self.leaves_at_once else x

    def _odds_of_having_left(self, x: Numbers, t_x: Numbers, t: Numbers) -> Numbers:
        chances = self._chances(x)
        with np.errstate(divide="ignore"):
            once = np.where(chances > 0, np.log(self.a / (self.b + chances - 1)), -np.inf)
        return once + (self.r + x) * np.log((self.alpha + t) / (self.alpha + t_x))


def fit(
    histories: Histories,
    *,
    leaves_at_once: bool = True,
    start: tuple[float, float, float, float] = DEFAULT_START,
) -> PurchaseModel:
    """Return the parameters that make ``histories`` most likely; r, α, a and b from ``start``.

    ``has_converged`` is false where the search did not come to an end.
    """
    found = minimize(
        _MeanLoss(histories, leaves_at_once),
        np.clip(np.log(start), *BOUNDS),
        jac=True,
        method="L-BFGS-B",
        bounds=[BOUNDS] * 4,
        options={"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-7},
    )
    r, alpha, a, b = (float(value) for value in np.exp(found.x))
    return PurchaseModel(
        r,
        alpha,
        a,
        b,
        leaves_at_once,
        log_likelihood=-float(found.fun) * histories.customer_count,
        has_converged=bool(
            np.isfinite(found.fun) and np.max(np.abs(_inside(found.x, found.jac))) < 1e-4
        ),
    )


def log_likelihood(model: PurchaseModel, histories: Histories) -> float:
    """Return the logarithm of how likely ``histories`` are."""
    logs = np.log([model.r, model.alpha, model.a, model.b])
    mean = _MeanLoss(histories, model.leaves_at_once)(logs)[0]
    return -mean * histories.customer_count


def _inside(place: Numbers, slope: Numbers) -> Numbers:
    """Return the slope that is left, without that which points beyond a bound."""
    out = ((place <= BOUNDS[0]) & (slope > 0)) | ((place >= BOUNDS[1]) & (slope < 0))
    return np.where(out, 0.0, slope)


class _Distinct:
    """The different values of a number, where each group's stands, and what share of people has it.

    Groups are many and their numbers few: 270, 1,097 and 1,097 different ones for a million people.
    """

    def __init__(self, numbers: Numbers, share: Numbers) -> None:
        self.values, self.at = np.unique(numbers, return_inverse=True)
        self.share = self.summed(share)

    def summed(self, numbers: Numbers) -> Numbers:
        """Return sums of one number per group by value."""
        return np.asarray(np.bincount(self.at, numbers, len(self.values)), np.float64)


class _MeanLoss:
    """Minus the mean log-likelihood of a customer and its slope by the parameters' logarithms."""

    def __init__(self, histories: Histories, leaves_at_once: bool) -> None:
        self.share = histories.weight / histories.customer_count
        self.repeats = histories.x
        self.x, self.t_x, self.t = (
            _Distinct(numbers, self.share) for numbers in (histories.x, histories.t_x, histories.t)
        )
        self.repeats_by_t = self.t.summed(self.share * histories.x)
        self.chances = self.x.values + 1 if leaves_at_once else self.x.values

    def __call__(self, logs: Numbers) -> tuple[float, Numbers]:
        """Return both for the logarithms of r, α, a and b."""
        r, alpha, a, b = np.exp(logs)
        x, chances = self.x.values, self.chances
        until_now, until_last = np.log(alpha + self.t.values), np.log(alpha + self.t_x.values)
        after = np.maximum(b + chances - 1, 1e-300)
        once = np.where(chances > 0, np.log(a) - np.log(after), -np.inf)
        counted = r + self.repeats
        silent = until_now[self.t.at] - until_last[self.t_x.at]
        odds = once[self.x.at] + counted * silent
        small = np.exp(-np.abs(odds))
        # The share of all people that each group has and that has left.
        left = self.share * np.where(odds > 0, 1, small) / (1 + small)
        counted_by_t = r * self.t.share + self.repeats_by_t
        likelihood = (
            self.x.share
            @ (gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + chances))
            - betaln(a, b)
            - counted_by_t @ until_now
            + self.share @ (np.maximum(odds, 0) + np.log1p(small))
        )
        both = digamma(a + b + chances)
        left_counted = left * counted
        by_r = (
            self.x.share @ (digamma(r + x) - digamma(r) + np.log(alpha))
            - self.t.share @ until_now
            + left @ silent
        )
        by_alpha = (
            r / alpha
            - (counted_by_t - self.t.summed(left_counted)) @ (1 / (alpha + self.t.values))
            - self.t_x.summed(left_counted) @ (1 / (alpha + self.t_x.values))
        )
        by_a = digamma(a + b) - self.x.share @ both + left.sum() / a
        by_b = (
            digamma(a + b)
            - digamma(b)
            + self.x.share @ (digamma(b + chances) - both)
            - self.x.summed(left) @ (1 / after)
        )
        slope = np.array([by_r, by_alpha, by_a, by_b])
        return -float(likelihood), -slope * np.array([r, alpha, a, b])
