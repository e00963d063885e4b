"""EProxy with generated targets in PyTorch, f64: the numbers that a test of src/proxies/eproxy compares with.

usage: V/bin/python scripts/peer/eproxy.py [SSS architecture]

src/proxies/eproxy holds the definition. Weights move in f64 here and are rounded to f32 after each step there.
"""
import math
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import nets
import portable_init as pi

CHANNELS, SIDE, STEPS, SEED, IMAGES = 128, 8, 10, 0, 8


class Head(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, CHANNELS, 1, bias=False)
        self.norm = nn.BatchNorm2d(CHANNELS)
        self.barrier = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)

    def forward(self, x):
        x = F.interpolate(x, size=(SIDE, SIDE), mode="nearest")
        return self.barrier(self.norm(F.relu(self.conv(x))))


class Heads(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.eproxy = nn.ModuleList(Head(c) for c in channels)


def wave(level):
    """The target `wave_high`."""
    u = pi.unit(SEED, f"eproxy.{level}", 3 * IMAGES * CHANNELS).reshape(IMAGES, CHANNELS, 3, 1, 1)
    length, direction, phase = 2.5 + 1.5 * u[:, :, 0], 2 * math.pi * u[:, :, 1], 2 * math.pi * u[:, :, 2]
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    return torch.from_numpy(np.sin(2 * math.pi * length * (np.cos(direction) * x + np.sin(direction) * y) / SIDE + phase))


def score(arch):
    c = [int(v) for v in arch.split(":")]
    net, heads = nets.build("nats_sss", arch, 10), Heads([c[4], c[2], c[0]])
    for module in (net, heads):
        pi.init_network(module, "default", SEED)
        module.double().train()
    x = torch.from_numpy(pi.normal(SEED, "input", (IMAGES, 3, 32, 32))).double()
    targets = [wave(level) for level in range(3)]
    trained = [p for n, p in [*net.named_parameters(), *heads.named_parameters()] if "barrier" not in n]
    groups = [dict(params=[p for p in trained if p.dim() > 1], weight_decay=4e-5),
              dict(params=[p for p in trained if p.dim() <= 1], weight_decay=0.0)]
    descent = torch.optim.SGD(groups, lr=1.2, momentum=0.9)
    for step in range(STEPS):
        maps = net.stages(x)
        errors = [F.mse_loss(h(maps[m]), t) for h, m, t in zip(heads.eproxy, (5, 3, 1), targets)]
        if step < STEPS - 1:
            descent.zero_grad()
            sum(errors).backward()
            descent.step()
    errors = [e.item() for e in errors]
    return -sum(e / 2 ** level for level, e in enumerate(errors)), errors


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(*score(sys.argv[1] if len(sys.argv) > 1 else "8:16:24:16:8"))
