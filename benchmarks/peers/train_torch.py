"""Trains 784-50-30-10 (sigmoid, softmax + cross-entropy) with plain SGD on x.npy [n, 784] uint8, y.npy [n] int32.

Arguments: x y parameters.npy batch rate epochs threads loader(slices|dataloader). Prints {"seconds": a step, "w": [...]}:
the first layer's weights afterwards. The order of samples is fixed, float32, as a user of PyTorch would write it.
"""
import json
import sys
import time

import numpy as np
import torch

x, y = np.load(sys.argv[1]), np.load(sys.argv[2]).astype(np.int64)
parameters = np.load(sys.argv[3]).astype(np.float32)
batch, rate, epochs, threads, loader = int(sys.argv[4]), float(sys.argv[5]), int(sys.argv[6]), int(sys.argv[7]), sys.argv[8]
torch.set_num_threads(threads)
sizes = [784, 50, 30, 10]
layers, at = [torch.nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])], 0
with torch.no_grad():
    for tensors in ([layer.weight for layer in layers], [layer.bias for layer in layers]):
        for t in tensors:
            t.copy_(torch.from_numpy(parameters[at : at + t.numel()].reshape(t.shape)))
            at += t.numel()
model = torch.nn.Sequential(layers[0], torch.nn.Sigmoid(), layers[1], torch.nn.Sigmoid(), layers[2])
inputs, labels = torch.from_numpy(x).float() / 255, torch.from_numpy(y)
optimiser, criterion = torch.optim.SGD(model.parameters(), lr=rate), torch.nn.CrossEntropyLoss()


def slices():
    for i in range(0, len(inputs), batch):
        yield inputs[i : i + batch], labels[i : i + batch]


data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(inputs, labels), batch_size=batch)
steps, started = 0, time.perf_counter()
for _ in range(epochs):
    for bx, by in slices() if loader == "slices" else data:
        optimiser.zero_grad()
        criterion(model(bx), by).backward()
        optimiser.step()
        steps += 1
seconds = (time.perf_counter() - started) / steps
print(json.dumps({"seconds": seconds, "w": layers[0].weight.detach().numpy().ravel()[::97].tolist()}))
