"""The network that both PyTorch peers run."""
import numpy as np
import torch

SIZES = [784, 50, 30, 10]


def build(parameters, softmax):
    """784-50-30-10 with sigmoids, from parameters in the order of `Mlp.parameters`."""
    layers, at = [torch.nn.Linear(a, b) for a, b in zip(SIZES, SIZES[1:])], 0
    with torch.no_grad():
        for tensors in ([layer.weight for layer in layers], [layer.bias for layer in layers]):
            for t in tensors:
                t.copy_(torch.from_numpy(parameters[at : at + t.numel()].astype(np.float32).reshape(t.shape)))
                at += t.numel()
    modules = [layers[0], torch.nn.Sigmoid(), layers[1], torch.nn.Sigmoid(), layers[2]]
    return torch.nn.Sequential(*modules, *([torch.nn.Softmax(dim=1)] if softmax else []))


def load_inputs(file):
    x = np.load(file)
    inputs = torch.from_numpy(x).float()
    return inputs / 255 if x.dtype == np.uint8 else inputs
