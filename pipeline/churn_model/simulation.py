"""What customers with one history may spend, drawn at random from the fitted models."""

import numpy as np

from pipeline.churn_model.purchases import Numbers, PurchaseModel
from pipeline.churn_model.spend import SpendModel

DRAWS = 1000
STEPS = 100


def spend_quantiles(
    purchases: PurchaseModel, spend: SpendModel, *, x: int, age_days: int, ahead: float
) -> Numbers:
    """Return the quantiles, 0 to 100 %, of what one who is still there spends in ``ahead`` weeks.

    In values of an expected purchase of his. The same history always gets the same draws.
    """
    lot = np.random.default_rng([x, age_days])
    rate = lot.gamma(purchases.r + x, 1 / (purchases.alpha + age_days / 7), DRAWS)
    chances = x + 1 if purchases.leaves_at_once else x
    leaves = lot.beta(purchases.a, purchases.b + chances, DRAWS)
    # As many purchases as come in the time, but none after the one that was the last.
    last = lot.geometric(np.maximum(leaves, 1e-12), DRAWS)
    count = np.minimum(lot.poisson(rate * ahead), last)
    total = lot.gamma(spend.p * np.maximum(count, 1), 1.0, DRAWS) * (count > 0)
    own = lot.gamma(spend.q + spend.p * x, 1.0, DRAWS)
    relative = total / own * (spend.q + spend.p * x - 1) / spend.p
    places = np.rint(np.linspace(0, DRAWS - 1, STEPS + 1)).astype(int)
    return np.asarray(np.sort(relative)[places])
