"""Class probabilities of 784-50-30-10 for all rows of x.npy at once. Arguments: x parameters.npy repetitions threads.

Prints {"seconds": the median pass, "p": every 97th probability}.
"""
import json
import statistics
import sys
import time

import numpy as np
import torch
from torch_network import build, load_inputs

x, parameters, repetitions, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
inputs, model = load_inputs(x), build(np.load(parameters), softmax=True)
model.eval()
times = []
with torch.inference_mode():
    for _ in range(int(repetitions)):
        started = time.perf_counter()
        p = model(inputs)
        times.append(time.perf_counter() - started)
print(json.dumps({"seconds": statistics.median(times), "p": p.numpy().ravel()[::97].tolist()}))
