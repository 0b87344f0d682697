"""Prints {"seconds": a pair, "p": [[ssr_chi2 p per lag] per pair]} for sources.npy [W, n], target.npy [n], max lag."""
import contextlib
import io
import json
import sys
import time
import warnings

import numpy as np
from statsmodels.tsa.stattools import grangercausalitytests

warnings.simplefilter("ignore")
sources, target, lags = np.load(sys.argv[1]), np.load(sys.argv[2]), int(sys.argv[3])
p = []
started = time.perf_counter()
for x in sources:
    with contextlib.redirect_stdout(io.StringIO()):
        result = grangercausalitytests(np.column_stack([target, x]), maxlag=lags)
    p.append([result[lag][0]["ssr_chi2test"][1] for lag in range(1, lags + 1)])
print(json.dumps({"seconds": (time.perf_counter() - started) / len(sources), "p": p}))
