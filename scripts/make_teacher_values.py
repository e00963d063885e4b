"""Logits of torchvision's ResNets on keyed weights, written to tests/teacher_values.json.

usage: V/bin/python scripts/make_teacher_values.py > tests/teacher_values.json        (needs torchvision 0.24.1)

Weights are those of src/keyed under the names of the state dict, and so are the parameters and running statistics of batch
normalisations (1 + uniform(0.25), uniform(0.1), uniform(0.1), 1 + uniform(0.5)), so that eval mode is put to the test.
"""
import json
import os
import sys

import torch
import torchvision
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer"))
import portable_init as pi  # noqa: E402

SEED, SIZE, CLASSES = 5, 64, 10
NORM = {"weight": (1.0, 0.25), "bias": (0.0, 0.1), "running_mean": (0.0, 0.1), "running_var": (1.0, 0.5)}


def keyed(net, seed=SEED):
    """Keyed weights and keyed statistics, eval mode."""
    pi.init_network(net, "default", seed)
    with torch.no_grad():
        for name, m in net.named_modules():
            if isinstance(m, nn.BatchNorm2d):
                for what, (centre, bound) in NORM.items():
                    tensor = getattr(m, what)
                    values = pi.uniform_sym(seed, f"{name}.{what}", tuple(tensor.shape), bound)
                    tensor.copy_(centre + torch.from_numpy(values))
    return net.eval()


def main():
    torch.set_num_threads(1)
    x = torch.from_numpy(pi.normal(SEED, "input", (1, 3, SIZE, SIZE))).double()
    nets = []
    for depth in (18, 34, 50, 101, 152):
        net = keyed(getattr(torchvision.models, f"resnet{depth}")(num_classes=CLASSES)).double()
        with torch.no_grad():
            nets.append({"name": f"resnet{depth}", "logits": net(x)[0].tolist()})
    json.dump({"seed": SEED, "size": SIZE, "classes": CLASSES, "torchvision": torchvision.__version__, "networks": nets},
              sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
