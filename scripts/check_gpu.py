"""Checks a GPU: agreement with the committed golden sets, and the speed of five proxies beside PyTorch on the same GPU.

usage: check_gpu.py [--device cuda:0|vulkan:0|wgpu:0] [--untrained target/release/untrained] [--golden tests/golden/nats_sss.json ...]
                    [--spaces nasbench201,nats_sss] [--limit 8] [--batch 64] [--at-once 1,4,16,64] [--python PYTHON_WITH_TORCH] [--out FILE]

Build with `bash scripts/llvm_for_cuda.sh && cargo build --release --features cuda` (or `--features vulkan`, `--features wgpu`) first. Prints a table in
Markdown to paste into an issue, and writes it to --out. PyTorch is left out where that Python has none, or none for the device.
Exit code 1 if a record differs. Only the standard library is needed here.
"""
import argparse, json, platform, shlex, statistics, subprocess, sys, tempfile
from pathlib import Path

from peer_networks import peer_list

ROOT = Path(__file__).resolve().parent.parent
PROXIES = ["naswot", "zen", "grad_norm", "snip", "jacob_cov"]


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--device", default="cuda:0", help="as in `untrained score --device`")
    p.add_argument("--untrained", default=ROOT / "target/release/untrained", type=Path)
    p.add_argument("--golden", nargs="+", type=Path, help="golden sets [default: all of tests/golden]")
    p.add_argument("--spaces", default="nasbench201,nats_sss")
    p.add_argument("--limit", type=int, default=8, help="architectures of each space")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--at-once", default="1,4,16,64", help="networks in flight")
    p.add_argument("--python", default=sys.executable, help="Python with torch")
    p.add_argument("--out", type=Path)
    a = p.parse_args()
    a.golden = a.golden or sorted((ROOT / "tests/golden").glob("*.json"))
    if not a.untrained.exists():
        p.error(f"{a.untrained} does not exist; build it first")
    return a


def run(command):
    print(shlex.join(map(str, command)), file=sys.stderr)
    return subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True)


def parity(a, precision):
    """one line on the agreement with the golden sets, and whether all agree"""
    command = [a.untrained, "parity", *a.golden, "--device", a.device, "--precision", precision]
    done = run(command)
    last = done.stdout.strip().splitlines()[-1:] or ["no output; the message is above"]
    verdict = "agrees" if done.returncode == 0 else "**differs**" if done.returncode > 0 else f"**crashed** with signal {-done.returncode}"
    return f"* parity, {precision}: {verdict}: {last[0].strip()}", done.returncode == 0


def bench(a, space, archs, at_once):
    """{proxy: (ms of a network, scores per second)}"""
    command = [a.untrained, "bench", "--space", space, "--archs", archs, "--proxies", ",".join(PROXIES), "--batch-size", a.batch,
               "--device", a.device, "--threads", 1, "--at-once", at_once, "--format", "json"]
    times, speed = {}, {}
    for line in run(command).stdout.splitlines():
        row = json.loads(line)
        if "summary" in row:
            speed[row["summary"]] = row["scores_per_s"]
        elif row["build_ms"] is not None:
            times.setdefault(row["proxy"], []).append(row["build_ms"] + row["compute_ms"])
    return {p: (statistics.median(times[p]), speed[p]) for p in PROXIES if times.get(p)}


def torch_device(a):
    """PyTorch's name of the device, or why there is none"""
    if not a.device.startswith("cuda"):
        return None, f"PyTorch knows no device {a.device}"
    code = "import torch; print(torch.__version__, torch.cuda.get_device_name(0) if torch.cuda.is_available() else '-', sep='|')"
    done = subprocess.run([a.python, "-c", code], capture_output=True, text=True)
    if done.returncode:
        return None, f"{Path(a.python).name} has no torch"
    version, gpu = done.stdout.strip().split("|")
    return (None, f"torch {version} sees no GPU") if gpu == "-" else (a.device, f"torch {version} on {gpu}")


def peer(a, space, archs, device):
    """{proxy: ms of a network}, in the better of plain and channels-last"""
    best = {}
    name, stem, lines = peer_list(space, archs)
    listed = a.folder / "peer.txt"
    listed.write_text("\n".join(lines) + "\n")
    for last in ([], ["--channels-last"]):
        command = [a.python, ROOT / "scripts/peer/speed.py", "--space", name, "--archs", listed, "--proxies", ",".join(PROXIES),
                   "--batch", a.batch, "--device", device, *(["--stem", stem] if stem else []), *last]
        times = {}
        for line in run(command).stdout.splitlines():
            row = json.loads(line)
            if "arch" in row and not isinstance(row["score"], str):
                times.setdefault(row["proxy"], []).append(row["build_ms"] + row["compute_ms"])
        for proxy, all_ms in times.items():
            best[proxy] = min(best.get(proxy, float("inf")), statistics.median(all_ms))
    return best


def main():
    a = arguments()
    version = run([a.untrained, "--version"]).stdout.strip()
    device, torch = torch_device(a)
    lines = [f"### {a.device}: {version}", "", f"* {platform.system()} {platform.machine()}; {torch}"]
    agrees = True
    for precision in ("f32", "f64") if a.device.startswith("cuda") else ("f32",):
        line, same = parity(a, precision)
        lines.append(line)
        agrees = agrees and same
    in_flight = a.at_once.split(",")
    speeds = " | ".join(f"scores/s, {n} in flight" for n in in_flight)
    lines += ["", f"| space, batch {a.batch} | proxy | ms a network | PyTorch, ms | ratio | {speeds} |", "|---" * (5 + len(in_flight)) + "|"]
    with tempfile.TemporaryDirectory() as folder:
        a.folder = Path(folder)
        for space in a.spaces.split(","):
            archs = (ROOT / f"benchmarks/speed/{space}.txt").read_text().split("\n")
            archs = [arch for arch in archs if arch.strip()][: a.limit]
            listed = a.folder / "archs.txt"
            listed.write_text("\n".join(archs) + "\n")
            ours = {n: bench(a, space, listed, n) for n in in_flight}
            theirs = peer(a, space, archs, device) if device else {}
            for proxy in PROXIES:
                if proxy not in ours[in_flight[0]]:
                    lines.append(f"| {space} | `{proxy}` | failed |" + " - |" * (2 + len(in_flight)))
                    continue
                ms = ours[in_flight[0]][proxy][0]
                torch_ms = theirs.get(proxy)
                beside = f"{torch_ms:.2f} | {torch_ms / ms:.2f}" if torch_ms else "- | -"
                lines.append(f"| {space} | `{proxy}` | {ms:.2f} | {beside} | " + " | ".join(f"{ours[n][proxy][1]:.1f}" for n in in_flight) + " |")
    table = "\n".join(lines) + "\n"
    print(table)
    if a.out:
        a.out.write_text(table)
    sys.exit(0 if agrees else 1)


if __name__ == "__main__":
    main()
