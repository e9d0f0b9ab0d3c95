"""MBG/NBD fitted to one row per buyer, by lifetimes."""

import json
import sys
import time

import pandas as pd
from lifetimes import ModifiedBetaGeoFitter

if __name__ == "__main__":
    buyers = pd.read_parquet(sys.argv[1])
    started = time.process_time()
    fitter = ModifiedBetaGeoFitter(penalizer_coef=0.0)
    fitter.fit(buyers["x"], buyers["t_x"], buyers["t"])
    found = {name: float(fitter.params_[name]) for name in ("r", "alpha", "a", "b")}
    sys.stdout.write(json.dumps({**found, "fit_cpu_seconds": time.process_time() - started}))
