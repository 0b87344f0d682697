"""Trains 784-50-30-10 (sigmoid, softmax) with plain SGD on x.npy [n, 784] uint8 or float32, y.npy [n] int32.

Arguments: x y parameters.npy batch rate epochs threads loader(slices|dataloader) loss(cross-entropy|squared-error)
order(fixed|shuffled): shuffled anew in every epoch.
Prints {"seconds": a step, "total": all steps, "w": [...], "peakMemoryBytes": n}; w: every 97th of the first layer's weights
afterwards. float32, as a user of PyTorch would write it.
"""
import json
import re
import sys
import time

import numpy as np
import torch
from torch_network import build, load_inputs

x, y, parameters, batch, rate, epochs, threads, loader, loss, order = sys.argv[1:]
batch, rate, epochs = int(batch), float(rate), int(epochs)
torch.set_num_threads(int(threads))
inputs, labels = load_inputs(x), torch.from_numpy(np.load(y).astype(np.int64))
model = build(np.load(parameters), softmax=loss == "squared-error")
if loss == "squared-error":
    criterion, targets = torch.nn.MSELoss(), torch.nn.functional.one_hot(labels, 10).float()
else:
    criterion, targets = torch.nn.CrossEntropyLoss(), labels
optimiser = torch.optim.SGD(model.parameters(), lr=rate)


def slices():
    rows = torch.randperm(len(inputs)) if order == "shuffled" else None
    for i in range(0, len(inputs), batch):
        some = slice(i, i + batch) if rows is None else rows[i : i + batch]
        yield inputs[some], targets[some]


data = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(inputs, targets), batch_size=batch, shuffle=order == "shuffled"
)
steps, started = 0, time.perf_counter()
for _ in range(epochs):
    for bx, by in slices() if loader == "slices" else data:
        optimiser.zero_grad()
        criterion(model(bx), by).backward()
        optimiser.step()
        steps += 1
total = time.perf_counter() - started
w = model[0].weight.detach().numpy().ravel()[::97].tolist()
with open("/proc/self/status") as status:
    peak = int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) * 1024
print(json.dumps({"seconds": total / steps, "total": total, "w": w, "peakMemoryBytes": peak}))
