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
        _mean_loss,
        np.clip(np.log(start), *BOUNDS),
        args=(histories, leaves_at_once),
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
    mean = _mean_loss(logs, histories, model.leaves_at_once)[0]
    return -mean * histories.customer_count


def _inside(place: Numbers, slope: Numbers) -> Numbers:
    """Return the slope that is left, without that which points beyond a bound."""
    out = ((place <= BOUNDS[0]) & (slope > 0)) | ((place >= BOUNDS[1]) & (slope < 0))
    return np.where(out, 0.0, slope)


def _mean_loss(logs: Numbers, of: Histories, leaves_at_once: bool) -> tuple[float, Numbers]:
    """Return minus the mean log-likelihood of a customer and its slope by ``logs``."""
    r, alpha, a, b = np.exp(logs)
    chances = of.x + 1 if leaves_at_once else of.x
    until_now, until_last = np.log(alpha + of.t), np.log(alpha + of.t_x)
    after = np.maximum(b + chances - 1, 1e-300)
    odds = np.where(
        chances > 0, np.log(a) - np.log(after) + (r + of.x) * (until_now - until_last), -np.inf
    )
    has_left = expit(odds)
    likelihood = (
        gammaln(r + of.x)
        - gammaln(r)
        + r * np.log(alpha)
        + betaln(a, b + chances)
        - betaln(a, b)
        - (r + of.x) * until_now
        + np.logaddexp(0, odds)
    )
    seen = until_now + has_left * (until_last - until_now)
    both = digamma(a + b + chances)
    by_r = digamma(r + of.x) - digamma(r) + np.log(alpha) - seen
    by_alpha = r / alpha - (r + of.x) * (
        (1 - has_left) / (alpha + of.t) + has_left / (alpha + of.t_x)
    )
    by_a = digamma(a + b) - both + has_left / a
    by_b = digamma(a + b) - digamma(b) - both + digamma(b + chances) - has_left / after
    share = of.weight / of.customer_count
    slope = [float(share @ by) for by in (by_r, by_alpha, by_a, by_b)]
    return -float(share @ likelihood), -np.array(slope) * np.array([r, alpha, a, b])
