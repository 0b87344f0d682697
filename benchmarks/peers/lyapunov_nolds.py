"""nolds' lyap_r on windows.npy [W, N] with m = 2, d = 1. Arguments: windows theiler horizon from to.

Prints {"seconds": a window, "exponents": [...]}: the slope of its divergence curve over steps from..to.
"""
import json
import sys
import time

import nolds
import numpy as np

windows = np.load(sys.argv[1])
theiler, horizon, first, last = (int(argument) for argument in sys.argv[2:])
exponents = []
started = time.perf_counter()
for x in windows:
    _, (_, curve, _) = nolds.lyap_r(
        x, emb_dim=2, lag=1, min_tsep=theiler, trajectory_len=horizon + 1, fit="poly", debug_data=True
    )
    exponents.append(np.polyfit(np.arange(first, last + 1), curve[first : last + 1], 1)[0])
print(json.dumps({"seconds": (time.perf_counter() - started) / len(windows), "exponents": exponents}))
