"""Entrants by stratum: who is compared with whom, and how much each comparison weighs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Entrants:
    """First entries of customers, one place per entrant in each array.

    ``stratum`` numbers the strata from 0; money is net of refunds, within the window.
    """

    stratum: Whole
    is_control: Flags
    is_buyer: Flags
    revenue: Numbers
    revenue_capped: Numbers

    def only(self, chosen: Flags) -> "Entrants":
        """Return those who are chosen, their strata numbered anew."""
        _, stratum = np.unique(self.stratum[chosen], return_inverse=True)
        return Entrants(
            stratum.astype(np.int64),
            self.is_control[chosen],
            self.is_buyer[chosen],
            self.revenue[chosen],
            self.revenue_capped[chosen],
        )

    def comparable(self) -> Flags:
        """Say who is in a stratum with treated and controls; others compare with nobody."""
        treated, control = self.sizes()
        return np.asarray(((treated > 0) & (control > 0))[self.stratum])

    def sizes(self) -> tuple[Numbers, Numbers]:
        """Return how many treated and how many controls each stratum has."""
        return self.sums(np.ones(len(self.stratum)))

    def sums(self, values: Numbers | Flags) -> tuple[Numbers, Numbers]:
        """Return the sums of ``values`` by stratum, of treated and of controls."""
        count = int(self.stratum.max(initial=-1)) + 1
        whole = np.bincount(self.stratum, weights=values, minlength=count)
        control = np.bincount(self.stratum, weights=values * self.is_control, minlength=count)
        return (whole - control).astype(np.float64), control.astype(np.float64)


def weights(treated: Numbers, control: Numbers) -> Numbers:
    """Return the shares of strata in the pooled difference: Cochran, Mantel and Haenszel.

    n1 × n0 ÷ (n1 + n0), so that a stratum weighs as much as it knows of the difference.
    """
    raw = treated * control / (treated + control)
    return np.asarray(raw / raw.sum())
