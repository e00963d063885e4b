"""Compares the native engine with burn's operations on the CPU, for every proxy and space, alternately in one run.

usage: compare_engines.py [--untrained target/release/untrained] [--spaces S,T] [--proxies P,Q] [--limit 3] [--batch 16]
                          [--threads 1] [--out results/speed/engines.md]

Each pair (space, proxy) is one `untrained bench` with either engine on the first K architectures of
benchmarks/speed/SPACE.txt, one after the other; the figure is the sum over the architectures of build + compute.
Proxies that run no network (counts, weight norms) are left out: both engines do the same there; so are those that need files
of weights.
"""
import argparse, json, platform, subprocess, sys, tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = {"params", "flops", "l2_norm", "random"}
FILES = {"cam_nas"}


def listed(binary, what):
    out = subprocess.run([binary, "list", what, "--format", "json"], check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def total(binary, engine, space, proxy, a):
    command = [binary, "bench", "--engine", engine, "--space", space, "--archs", a.archs[space], "--proxies", proxy,
               "--batch-size", str(a.batch), "--threads", str(a.threads), "--warm-up", "0", "--repeats", "1", "--format", "json"]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{space}, {proxy}, {engine}: {done.stderr.strip()}")
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    times = [l["build_ms"] + l["compute_ms"] for l in lines if "arch" in l and l["proxy"] == proxy]
    if not times:
        sys.exit(f"{space}, {proxy}, {engine}: no times")
    return sum(times)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--untrained", default=ROOT / "target/release/untrained", type=Path)
    p.add_argument("--spaces"); p.add_argument("--proxies")
    p.add_argument("--limit", type=int, default=3); p.add_argument("--batch", type=int, default=16)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--out", type=Path, default=ROOT / "results/speed/engines.md")
    a = p.parse_args()
    spaces = a.spaces.split(",") if a.spaces else sorted(f.stem for f in (ROOT / "benchmarks/speed").glob("*.txt"))
    proxies = a.proxies.split(",") if a.proxies else [x["name"] for x in listed(a.untrained, "proxies") if x["name"] not in STATIC | FILES]
    a.archs, folder = {}, Path(tempfile.mkdtemp())
    for space in spaces:
        lines = [l for l in (ROOT / f"benchmarks/speed/{space}.txt").read_text().splitlines() if l and not l.startswith("#")]
        path = folder / f"{space}.txt"
        path.write_text("\n".join(lines[: a.limit]) + "\n")
        a.archs[space] = path
    version = subprocess.run([a.untrained, "--version"], capture_output=True, text=True).stdout.strip()
    command = "python3 scripts/compare_engines.py " + " ".join(sys.argv[1:])
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.processor()) if Path("/proc/cpuinfo").exists() else platform.processor()
    rows = [f"# Native engine against burn on the CPU\n\n    {command}\n\n{version}, {cpu}, {a.threads} thread(s), f32, batch {a.batch}; "
            f"sums of build + compute over the first {a.limit} architectures of each list, one run each, in ms.\n",
            "| space | proxy | native | burn | burn / native |", "|---|---|---|---|---|"]
    for space in spaces:
        for proxy in proxies:
            native, burn = (total(a.untrained, engine, space, proxy, a) for engine in ("native", "burn"))
            rows.append(f"| `{space}` | `{proxy}` | {native:.0f} | {burn:.0f} | {burn / native:.1f} |")
            print(rows[-1], flush=True)
            a.out.write_text("\n".join(rows) + "\n")


main()
