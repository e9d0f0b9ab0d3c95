"""MBG/NBD fitted to one row per buyer at its most likely place, by PyMC-Marketing."""

import json
import sys
import time

import pandas as pd
from pymc_extras.prior import Prior
from pymc_marketing.clv import ModifiedBetaGeoModel

if __name__ == "__main__":
    buyers = pd.read_parquet(sys.argv[1]).rename(
        columns={"x": "frequency", "t_x": "recency", "t": "T"}
    )
    buyers["customer_id"] = range(len(buyers))
    started = time.process_time()
    flat = Prior("HalfFlat")
    priors = dict.fromkeys(("r", "alpha", "a", "b"), flat)
    model = ModifiedBetaGeoModel(data=buyers, model_config=priors)
    model.fit(method="map")
    posterior = model.idata.posterior
    found = {name: float(posterior[name].mean()) for name in ("r", "alpha", "a", "b")}
    sys.stdout.write(json.dumps({**found, "fit_cpu_seconds": time.process_time() - started}))
