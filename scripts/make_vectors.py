"""Writes the test vectors of the keyed numbers (tests/keyed_vectors.json) with the reference implementation.

usage: V/bin/python scripts/make_vectors.py > tests/keyed_vectors.json      (V: see scripts/peer/README.md)

`vectors`: the first eight numbers of a few streams. `tensors`: whole tensors by their sums (f64 sums of the f32 values).
`choices`: the k indices of 0..n with the smallest keyed numbers. `decisions`: floor(u_j * c).
"""
import json
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer"))
import portable_init as pi  # noqa: E402


def vector(name, seed):
    return dict(
        name=name, seed=seed, key=f"0x{pi.fnv1a64(name):016x}", state=f"0x{int(pi.stream_state(seed, name)):016x}",
        raw=[f"0x{int(r):016x}" for r in pi.raw(seed, name, 8)],
        u=[float(x) for x in pi.unit(seed, name, 8)],
        uniform_b1_f32=[float(x) for x in pi.uniform_sym(seed, name, (8,), 1.0)],
        uniform_b_inv_sqrt27_f32=[float(x) for x in pi.uniform_sym(seed, name, (8,), 1.0 / np.sqrt(27.0))],
        normal_f64=[float(x) for x in pi.normal64(seed, name, 8)],
        normal_f32=[float(x) for x in pi.normal(seed, name, (8,))],
        rademacher=[int(x) for x in pi.rademacher(seed, name, (8,))])


def tensor(name, seed, shape, scheme):
    fan_in = int(np.prod(shape[1:]))
    if scheme == "default":
        x = pi.uniform_sym(seed, name, shape, 1.0 / np.sqrt(fan_in))
    else:
        x = pi.normal(seed, name, shape, np.sqrt(2.0 / fan_in) if scheme == "kaiming_normal_fan_in" else 1.0)
    x = x.astype(np.float64).ravel()
    return dict(name=name, seed=seed, shape=list(shape), scheme=scheme, sum=float(x.sum()), sum_sq=float((x * x).sum()),
                last=float(x[-1]))


def choice(name, seed, k, n):
    order = np.lexsort((np.arange(n), pi.raw(seed, name, n)))
    return dict(name=name, seed=seed, k=k, n=n, indices=[int(i) for i in order[:k]])


def decisions(name, seed, choices):
    return dict(name=name, seed=seed, choices=choices,
                outcomes=[int(np.floor(u * c)) for u, c in zip(pi.unit(seed, name, len(choices)), choices)])


if __name__ == "__main__":
    json.dump({
        "vectors": [vector(n, s) for n in ("stem.0.weight", "classifier.bias", "input") for s in (0, 42)],
        "tensors": [tensor("stem.0.weight", 0, (16, 3, 3, 3), "default"),
                    tensor("input", 0, (16, 3, 32, 32), "normal01"),
                    tensor("input", 42, (1, 3, 64, 64), "normal01"),
                    tensor("cells.0.layers.1.op.1.weight", 42, (16, 16, 3, 3), "kaiming_normal_fan_in")],
        "choices": [choice("sample.nasbench201.0", 0, 10, 15625), choice("sample.nats_sss.3", 7, 5, 32768),
                    choice("images.cifar10.test", 42, 16, 10000), choice("hda.nasbench201.0", 0, 4, 4)],
        "decisions": [decisions("sample.plainnet.0.5", 0, [2, 3, 5, 7, 11, 13, 100, 1]),
                      decisions("augment.cifar10.123", 9, [9, 9, 2, 2, 2, 2, 2, 2])],
    }, sys.stdout, indent=1)
    print()
