"""Compares training with the PyTorch peer: images per second of a step and peak memory, on one thread, alternately in one run.

usage: compare_training.py [--archs FILE] [--limit 5] [--batches 64,256] [--steps 4] [--rounds 3] [--name training-1t]
                           [--untrained target/release/untrained] [--peer scripts/peer] [--python PYTHON_WITH_TORCH]

Networks of NAS-Bench-201 (16 channels, five cells a stage, 32 pixels, 10 classes, f32), cross-entropy, SGD with momentum and weight
decay. `untrained train` is run on 2 and on 2 + --steps batches of synthetic images without augmentation, and the difference counts;
PyTorch makes two steps before its clock starts. PyTorch is run with and without channels last, and the faster form counts for each
network. Time is processor time of one thread, so that other work on the machine matters little; memory is that of the whole process.

Writes results/speed/NAME.json (everything) and NAME.md (the table). Only the standard library is needed here.
"""
import argparse, json, os, resource, statistics, subprocess, sys, tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The peer's side: one process for each network, batch and form.
PEER = """
import sys, json, resource
import torch, torch.nn.functional as F
sys.path.insert(0, sys.argv[1])
import nets
arch, batch, steps, last = sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5] == "channels last"
torch.set_num_threads(1)
net = nets.nb201(arch)
x, y = torch.randn(batch, 3, 32, 32), torch.randint(10, (batch,))
if last:
    net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
sgd = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
def step():
    loss = F.cross_entropy(net(x), y)
    sgd.zero_grad()
    loss.backward()
    sgd.step()
def used():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime
step(); step()
before = used()
for _ in range(steps):
    step()
print(json.dumps(dict(seconds=used() - before, mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, torch=torch.__version__)))
"""


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--archs", type=Path, default=ROOT / "benchmarks/speed/nasbench201.txt")
    p.add_argument("--limit", type=int, default=5, help="only the first K architectures")
    p.add_argument("--batches", default="64,256")
    p.add_argument("--steps", type=int, default=4)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--name", default="training-1t")
    p.add_argument("--untrained", type=Path, default=ROOT / "target/release/untrained")
    p.add_argument("--peer", type=Path, default=ROOT / "scripts/peer")
    p.add_argument("--python", default=sys.executable)
    return p.parse_args()


def run(command):
    """processor seconds, peak MiB, standard output"""
    env = dict(os.environ, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=err, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            err.seek(0)
            sys.exit(f"failed: {command}\n{err.read()}")
        out.seek(0)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read()


def ours(a, arch, batch):
    seconds, mib = {}, 0
    for steps in (2, 2 + a.steps):
        with tempfile.TemporaryDirectory() as folder:
            command = [a.untrained, "train", "--space", "nasbench201", "--arch", arch, "--dataset", "synthetic", "--train-images", steps * batch,
                       "--validation-images", 1, "--test-images", 0, "--epochs", 1, "--batch-size", batch, "--augment", "none", "--threads", 1, "--out", folder]
            seconds[steps], mib, _ = run(command)
    return dict(seconds=seconds[2 + a.steps] - seconds[2], mib=mib)


def theirs(a, arch, batch, form):
    _, _, text = run([a.python, "-c", PEER, a.peer, arch, batch, a.steps, form])
    return json.loads(text)


def main():
    a = arguments()
    archs = [line.strip() for line in a.archs.read_text().splitlines() if line.strip()][: a.limit]
    forms, rows, torch = ["contiguous", "channels last"], [], None
    for batch in map(int, a.batches.split(",")):
        for arch in archs:
            mine, peer = [], {form: [] for form in forms}
            for r in range(a.rounds):
                for side in [["ours", *forms], [*forms, "ours"]][r % 2]:
                    if side == "ours":
                        mine.append(ours(a, arch, batch))
                    else:
                        peer[side].append(theirs(a, arch, batch, side))
                        torch = peer[side][-1]["torch"]
            images, median = a.steps * batch, lambda all, key: statistics.median(one[key] for one in all)
            best = min(forms, key=lambda form: median(peer[form], "seconds"))
            row = dict(arch=arch, batch=batch, ours=images / median(mine, "seconds"), peer=images / median(peer[best], "seconds"), form=best,
                       ours_mib=median(mine, "mib"), peer_mib=median(peer[best], "mib"))
            rows.append(dict(row, ratio=row["ours"] / row["peer"]))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    lines = [f"# {a.name}", "", f"Images per second of processor time in a training step on one thread; {cpu}; untrained at commit {commit}, PyTorch {torch}; "
             f"{len(archs)} networks of NAS-Bench-201, medians of {a.rounds} rounds of {a.steps} steps (`scripts/compare_training.py`).", "",
             "| network | batch | untrained | PyTorch | ratio | PyTorch form | untrained MiB | PyTorch MiB |", "|---|---|---|---|---|---|---|---|"]
    for r in rows:
        lines.append(f"| `{r['arch'].replace('|', chr(92) + '|')}` | {r['batch']} | {r['ours']:.1f} | {r['peer']:.1f} | {r['ratio']:.2f} | {r['form']} | {r['ours_mib']:.0f} | {r['peer_mib']:.0f} |")
    for batch in sorted({r["batch"] for r in rows}):
        ratios = [r["ratio"] for r in rows if r["batch"] == batch]
        lines += ["", f"Batch {batch}: median ratio {statistics.median(ratios):.2f}, lowest {min(ratios):.2f}."]
    out = ROOT / "results/speed"
    (out / f"{a.name}.json").write_text(json.dumps(dict(commit=commit, cpu=cpu, torch=torch, rows=rows), indent=1) + "\n")
    (out / f"{a.name}.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
