"""What TE-NAS's condition number depends on: tau-b and Pearson's r of -kappa with trained accuracy in six forms, on NAS-Bench-201.

usage: V/bin/python scripts/ntk_forms.py ACCURACIES.csv --images data_batch_1.bin [--out FORMS.csv]

ACCURACIES.csv has a header and lines ARCH,ACCURACY. kappa is computed as TE-NAS's released code does it (f32 gradients and Gram
matrix, every parameter called weight, NaN as 100,000) on 16 images; the forms differ in initialisation, input, statistics of
normalisations and size of the network, of which the papers that report it state little. Pearson's r leaves out networks with
100,000, the dead ones. Needs torch, numpy and scipy.
"""
import argparse
import csv
import os
import sys

import numpy as np
import torch
from scipy.stats import bootstrap, kendalltau, pearsonr
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer"))
import nets  # noqa: E402

IMAGES = 16
DEAD = 1e5
# name: (initialisation, Gaussian input, running statistics, builder options)
FORMS = {
    "kaiming_normal_fan_out": ("fan_out", False, False, {}),
    "PyTorch's default weights": ("default", False, False, {}),
    "normal(0, 1) weights": ("normal", False, False, {}),
    "Gaussian input": ("fan_out", True, False, {}),
    "three channels, one cell a stage": ("fan_out", False, False, {"C": 3, "N": 1}),
    "running statistics": ("fan_out", False, True, {}),
}


def images(path):
    rows = np.fromfile(path, np.uint8, IMAGES * 3073).reshape(IMAGES, 3073)
    pixels = torch.tensor(rows[:, 1:].reshape(IMAGES, 3, 32, 32).astype(np.float32) / 255)
    mean, std = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2471, 0.2435, 0.2616])
    return (pixels - mean.view(3, 1, 1)) / std.view(3, 1, 1)


def initialise(net, kind):
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            if kind == "fan_out":
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif kind == "normal":
                nn.init.normal_(module.weight)


def kappa(net, x):
    logits = net(x)
    weights = [p for name, p in net.named_parameters() if "weight" in name]
    rows = []
    for i in range(len(x)):
        grads = torch.autograd.grad(logits[i].sum(), weights, retain_graph=True, allow_unused=True)
        rows.append(torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for p, g in zip(weights, grads)]))
    rows = torch.stack(rows)
    values = torch.linalg.eigvalsh(rows @ rows.T).double().numpy()
    with np.errstate(all="ignore"):
        return np.nan_to_num(values[-1] / values[0], nan=DEAD)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("accuracies")
    parser.add_argument("--images", required=True, help="CIFAR-10 data_batch_1.bin")
    parser.add_argument("--out", help="CSV of the scores")
    options = parser.parse_args()
    torch.set_num_threads(1)
    x = images(options.images)
    archs = [(row[0], float(row[1])) for row in list(csv.reader(open(options.accuracies)))[1:]]
    scores = {form: [] for form in FORMS}
    for seed, (arch, _) in enumerate(archs):
        for form, (init, gaussian, running, size) in FORMS.items():
            torch.manual_seed(seed)
            net = nets.nb201(arch, **size)
            initialise(net, init)
            net.train(not running)
            scores[form].append(-kappa(net, torch.randn(IMAGES, 3, 32, 32) if gaussian else x))
    if options.out:
        with open(options.out, "w", newline="") as file:
            csv.writer(file).writerows([["arch", *FORMS], *zip([a for a, _ in archs], *scores.values())])
    y = [accuracy for _, accuracy in archs]
    tau = lambda a, b: kendalltau(a, b)[0]
    for form, values in scores.items():
        ci = bootstrap((values, y), tau, paired=True, vectorized=False, n_resamples=1000, method="percentile").confidence_interval
        alive = np.array(values) != -DEAD
        r = pearsonr(np.array(values)[alive], np.array(y)[alive])[0]
        print(f"{form}: tau-b {tau(values, y):.3f} [{ci.low:.3f}, {ci.high:.3f}], r {r:.3f}, median {np.median(values):.1f}")


if __name__ == "__main__":
    main()
