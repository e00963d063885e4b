"""Are the networks of a speed comparison the same on both sides? Parameters, NASWOT and grad_norm of `untrained score` and of the
PyTorch peer, on keyed weights and noise, in f64.

usage: check_networks.py --space nds_darts [--archs FILE] [--limit K] [--batch 4] [--resolution 32]
                         [--untrained target/release/untrained] [--tolerance 1e-6]      (a Python with torch)

One line for each network with the relative deviations; exit status 1 if one is above the tolerance or the parameters differ.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

import torch

from golden_scorer import nets, pi, px
from peer_networks import peer_list

ROOT = Path(__file__).resolve().parent.parent
CLASSES = 10
# Labels of the first CIFAR-10 test images, which `--dataset noise` has.
LABELS = [3, 8, 8, 0, 6, 6, 1, 6, 3, 1, 0, 9, 5, 7, 9, 8]


def ours(a, arch):
    command = [a.untrained, "score", "--space", a.space, "--arch", arch, "--dataset", "noise", "--proxies", "params,naswot,grad_norm",
               "--batch-size", a.batch, "--resolution", a.resolution, "--precision", "f64", "--format", "json"]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{arch}: {done.stderr.strip()}")
    return {s["proxy"]: s["score"] for s in json.loads(done.stdout)["scores"]}


def theirs(a, space, stem, line):
    description = json.loads(line) if line.startswith("{") else line
    options = {} if stem is None else {"stem": stem}

    def net():
        return pi.init_network(nets.build(space, description, CLASSES, **options), "default", 0).double().train()

    x = torch.from_numpy(pi.normal(0, "input", (a.batch, 3, a.resolution, a.resolution))).double()
    y = torch.tensor(LABELS[:a.batch])
    return {"params": nets.count_params(net()), "naswot": px.naswot(net(), x)["single"], "grad_norm": px.grad_bundle(net(), x, y)["grad_norm"]}


def deviation(mine, other):
    """relative; scores that are not finite agree in kind (ours are strings or null)"""
    if not isinstance(mine, (int, float)):
        return 0.0 if other != other or abs(other) == float("inf") else float("inf")
    return abs(mine - other) / max(abs(other), 1e-300)


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--space", required=True)
    p.add_argument("--archs", type=Path, help="one string a line [default: benchmarks/speed/SPACE.txt]")
    p.add_argument("--limit", type=int)
    p.add_argument("--batch", type=int, default=4, choices=range(2, len(LABELS) + 1), metavar="2..16")
    p.add_argument("--resolution", type=int, default=32)
    p.add_argument("--untrained", type=Path, default=ROOT / "target/release/untrained")
    p.add_argument("--tolerance", type=float, default=1e-6)
    return p.parse_args()


def main():
    a = arguments()
    path = a.archs or ROOT / f"benchmarks/speed/{a.space}.txt"
    archs = [line.strip() for line in path.read_text().splitlines() if line.strip()][:a.limit]
    try:
        space, stem, lines = peer_list(a.space, archs)
    except ValueError as error:
        sys.exit(str(error))
    worst = 0.0
    for line, arch in lines.items():
        mine, other = ours(a, arch), theirs(a, space, stem, line)
        off = {proxy: deviation(mine[proxy], other[proxy]) for proxy in other}
        worst = max(worst, off["naswot"], off["grad_norm"], float("inf") if off["params"] else 0.0)
        print(f"{other['params']:>9.0f} parameters, deviation {off['params']:.0e}; naswot {off['naswot']:.1e}, grad_norm {off['grad_norm']:.1e}  {arch[:80]}",
              flush=True)
    print(f"{len(lines)} networks of {a.space}, largest deviation {worst:.1e}")
    return 1 if worst > a.tolerance else 0


if __name__ == "__main__":
    sys.exit(main())
