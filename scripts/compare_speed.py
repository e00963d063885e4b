"""Compares scoring times with the PyTorch peer, alternately in one run on the same architectures, batch and threads.

usage: compare_speed.py --space nasbench201 --proxies naswot,zen,rbflex:fixed [--archs FILE] [--limit K] [--batch 16]
                        [--threads 1|2] [--rounds 3] [--repeats 3] [--resolution 32] [--name NAME]
                        [--untrained target/release/untrained] [--peer ../shared/peer] [--python PYTHON_WITH_TORCH]
                        [--bench-args "--engine native"]

Each round runs `untrained bench` and then every form of the peer (or the other way round in odd rounds), so that both see
the same machine. PyTorch is run as well as it can be: with one thread as one process; with two as one process of two
threads and as two processes of one thread, each with half of the list; always with and without --channels-last. RBFleX per
image has three forms in the peer, all of which are run.

Reported: for each proxy the ratio (build + compute of the peer) / (build + compute of untrained) of every architecture,
as median and quartiles; an architecture's time is its median over the rounds, the peer's form is the one with the smallest
total over the list. With one architecture per thread the time of one is not throughput, so with two threads the wall-clock
time of the list (scores per second) decides: `throughput ratio`, for which the peer's best form is chosen separately.

Writes results/speed/NAME.json (everything) and NAME.md (the table). Only the standard library is needed here.
"""
import argparse, datetime, json, os, platform, shlex, statistics, subprocess, sys, tempfile
from pathlib import Path

from peer_networks import peer_list

ROOT = Path(__file__).resolve().parent.parent
# Our proxies, and the peer's forms of the same computation.
PEER_PROXIES = {
    "rbflex:fixed": ["rbflex_instance", "rbflex_batch", "rbflex_per_image"],
    "rbflex:fixed+whole_batch": ["rbflex_batch"],
}
# `rbflex_batch` computes another thing (statistics of the batch) and is kept as the peer's best case for per-image RBFleX.


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--untrained", default=ROOT / "target/release/untrained", type=Path, help="binary to time")
    p.add_argument("--peer", default=ROOT / "../shared/peer", type=Path, help="folder of speed.py")
    p.add_argument("--python", default=sys.executable, help="Python with torch")
    p.add_argument("--space", required=True); p.add_argument("--proxies", required=True)
    p.add_argument("--archs", type=Path, help="one string a line [default: benchmarks/speed/SPACE.txt]")
    p.add_argument("--limit", type=int, help="only the first K architectures")
    p.add_argument("--batch", type=int, default=16); p.add_argument("--threads", type=int, default=1, choices=[1, 2])
    p.add_argument("--rounds", type=int, default=3); p.add_argument("--repeats", type=int, default=3)
    p.add_argument("--name", help="of the result [default: SPACE-THREADSt]")
    p.add_argument("--resolution", type=int, default=32, help="pixels per side")
    p.add_argument("--bench-args", default="", help="more arguments for `untrained bench`, in one string")
    a = p.parse_args()
    if a.rounds < 1 or a.repeats < 1 or (a.limit is not None and a.limit < 1):
        p.error("--rounds, --repeats and --limit are at least 1")
    a.name = a.name or f"{a.space}-{a.threads}t"
    a.archs = a.archs or ROOT / f"benchmarks/speed/{a.space}.txt"
    for what, path in [("--untrained", a.untrained), ("--peer", a.peer / "speed.py"), ("--archs", a.archs)]:
        if not path.exists():
            p.error(f"{what}: {path} does not exist" + ("; build it with `cargo build --release`" if what == "--untrained" else ""))
    return a


def lines_of(process, command):
    out, _ = process.communicate()
    if process.returncode:
        sys.exit(f"failed with exit code {process.returncode}: {shlex.join(map(str, command))}")
    return [json.loads(line) for line in out.splitlines() if line.strip()]


def start(command, threads):
    env = dict(os.environ, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
    return subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True, env=env)


def write_list(a, archs, part=0):
    path = a.folder / f"archs-{part}.txt"
    path.write_text("\n".join(archs) + "\n")
    return path


def ours(a, archs):
    """{proxy: {arch: (build, compute)}}, {proxy: scores per second}, facts"""
    command = [a.untrained, "bench", "--space", a.space, "--archs", write_list(a, archs), "--proxies", a.proxies, "--batch-size", a.batch,
               "--threads", a.threads, "--repeats", a.repeats, "--resolution", a.resolution, "--format", "json", *shlex.split(a.bench_args)]
    times, speed, facts = {}, {}, {}
    for row in lines_of(start(command, a.threads), command):
        if "summary" in row:
            speed[row["summary"]] = row["scores_per_s"]
            facts = {k: row[k] for k in ("engine", "precision", "version", "build", "cpu", "init", "input")}
        elif row["build_ms"] is not None and row["status"] in ("ok", "non_finite"):
            times.setdefault(row["proxy"], {})[row["arch"]] = (row["build_ms"], row["compute_ms"])
    return times, speed, facts


def peer_forms(threads):
    """name, processes, threads of each, channels last"""
    shapes = [(1, 1)] if threads == 1 else [(1, 2), (2, 1)]
    return [(f"{n} process{'es' if n > 1 else ''} x {t} thread{'s' if t > 1 else ''}{', channels last' if last else ''}", n, t, last)
            for n, t in shapes for last in (False, True)]


def theirs(a, archs, form, proxies):
    """{proxy: {arch: (build, compute)}}, {proxy: scores per second}, torch version"""
    _, processes, threads, last = form
    space, stem, lines = peer_list(a.space, archs)
    parts = [list(lines)[i::processes] for i in range(processes) if list(lines)[i::processes]]
    commands = [[a.python, a.peer / "speed.py", "--space", space, "--archs", write_list(a, part, i),
                 "--proxies", ",".join(proxies), "--batch", a.batch, "--threads", threads, "--repeats", a.repeats, "--res", a.resolution]
                + (["--stem", stem] if stem else []) + (["--channels-last"] if last else []) for i, part in enumerate(parts)]
    running = [start(c, threads) for c in commands]
    results = [lines_of(r, c) for r, c in zip(running, commands)]
    times, busy, torch = {}, {}, None
    for rows in results:
        torch = next((r["torch"] for r in rows if "summary" in r), torch)
        for proxy in proxies:
            done = {lines[r["arch"]]: (r["build_ms"], r["compute_ms"]) for r in rows if r.get("proxy") == proxy and not isinstance(r["score"], str)}
            times.setdefault(proxy, {}).update(done)
            busy.setdefault(proxy, []).append(sum(map(sum, done.values())))
    # The list is done when the slower half is; starting the processes and their warm-up runs are not counted.
    return times, {p: 1e3 * len(times[p]) / max(b) for p, b in busy.items() if max(b) > 0}, torch


def median_times(rounds):
    """median over rounds of each architecture's (build, compute)"""
    archs = set.intersection(*(set(r) for r in rounds)) if rounds else set()
    return {k: tuple(statistics.median(r[k][i] for r in rounds) for i in (0, 1)) for k in archs}


def compare(mine, candidates):
    """mine: {arch: times}; candidates: {form: {arch: times}}. Best form by total over the architectures both have."""
    common = set(mine)
    for times in candidates.values():
        common &= set(times)
    if not common:
        return None
    total = {form: sum(sum(times[k]) for k in common) for form, times in candidates.items()}
    best = min(total, key=total.get)
    ratios = sorted(sum(candidates[best][k]) / sum(mine[k]) for k in common)
    q1, q2, q3 = statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    return dict(n=len(common), peer_form=best, ratio_median=q2, ratio_q1=q1, ratio_q3=q3, ratio_lowest=ratios[0],
                ours_ms=statistics.median(sum(mine[k]) for k in common), peer_ms=statistics.median(sum(candidates[best][k]) for k in common),
                total_ms={**total, "untrained": sum(sum(mine[k]) for k in common)})


def command_output(*command):
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def measure(a, archs):
    """{proxy: comparison}, facts"""
    forms = peer_forms(a.threads)
    names = a.proxies.split(",")
    mapped = {n: PEER_PROXIES.get(n, [n]) for n in names}
    wanted = sorted({p for ps in mapped.values() for p in ps})
    our_times, our_speed, peer_times, peer_speed, facts = {n: [] for n in names}, {n: [] for n in names}, {}, {}, {}

    def run_ours():
        times, speed, got = ours(a, archs)
        facts.update(got)
        for n in names:
            our_times[n].append(times.get(n, {})); our_speed[n].append(speed[n])

    def run_theirs():
        for form in forms:
            times, speed, facts["torch"] = theirs(a, archs, form, wanted)
            for p in wanted:
                key = (p, form[0])
                peer_times.setdefault(key, []).append(times.get(p, {}))
                peer_speed.setdefault(key, []).append(speed.get(p, 0.0))

    for r in range(a.rounds):
        print(f"round {r + 1} of {a.rounds}", file=sys.stderr)
        for step in ([run_ours, run_theirs] if r % 2 == 0 else [run_theirs, run_ours]):
            step()
    results = {}
    for n in names:
        candidates = {f"{p}, {form[0]}": median_times(peer_times[p, form[0]]) for p in mapped[n] for form in forms}
        got = compare(median_times(our_times[n]), candidates)
        if got is None:
            print(f"{n}: no architecture was scored by both sides", file=sys.stderr)
            continue
        speeds = {f"{p}, {form[0]}": statistics.median(peer_speed[p, form[0]]) for p in mapped[n] for form in forms}
        best = max(speeds, key=speeds.get)
        mine = statistics.median(our_speed[n])
        got.update(ours_scores_per_s=mine, peer_scores_per_s=speeds[best], peer_throughput_form=best,
                   throughput_ratio=mine / speeds[best] if speeds[best] else None, peer_scores_per_s_by_form=speeds)
        results[n] = got
    return results, facts


def markdown(result):
    f, a = result["facts"], result["arguments"]
    head = [f"# {result['name']}", "", f"    {result['command']}", "",
            f"{f['cpu'] or platform.processor()}, {a['threads']} thread(s); untrained {f['version']} ({f['build']} build, commit {result['commit']}), "
            f"{f['engine']}, {f['precision']}; PyTorch {f['torch']}; batch {a['batch']}, {a['resolution']} pixels, {result['archs']} architectures of {a['space']}, "
            f"{a['rounds']} rounds of {a['repeats']} repeats, {result['date']}.", "",
            "Times are medians over architectures of build + compute in ms; the ratio is the peer's time to ours for each architecture. The peer's "
            "form is the best of those tried.", "",
            "| proxy | n | untrained | PyTorch | ratio: median | quartiles | lowest | PyTorch form | scores/s: untrained | PyTorch | throughput ratio |",
            "|---|---|---|---|---|---|---|---|---|---|---|"]
    rows = []
    for n, r in result["proxies"].items():
        ratio = f"{r['throughput_ratio']:.2f}" if r["throughput_ratio"] else "-"
        rows.append(f"| `{n}` | {r['n']} | {r['ours_ms']:.2f} | {r['peer_ms']:.2f} | **{r['ratio_median']:.2f}** | {r['ratio_q1']:.2f} to {r['ratio_q3']:.2f} | {r['ratio_lowest']:.2f} | "
                    f"{r['peer_form']} | {r['ours_scores_per_s']:.1f} | {r['peer_scores_per_s']:.1f} | {ratio} |")
    return "\n".join(head + rows) + "\n"


def portable_command():
    """the command as anyone would type it: paths relative to the repository, the interpreter without its folder"""
    def short(word):
        path = Path(word)
        if not path.is_absolute():
            return word
        return os.path.relpath(path, ROOT) if path.is_relative_to(ROOT) else path.name
    return shlex.join(["python3", "scripts/compare_speed.py", *map(short, sys.argv[1:])])


def main():
    a = arguments()
    # Duplicates are measured once by `untrained bench`; neither side gets any.
    archs = list(dict.fromkeys(s.strip() for s in a.archs.read_text().splitlines() if s.strip()))[:a.limit]
    if not archs:
        sys.exit(f"{a.archs} names no architecture")
    try:
        peer_list(a.space, archs)
    except ValueError as error:
        sys.exit(f"{a.archs}: {error}")
    with tempfile.TemporaryDirectory() as folder:
        a.folder = Path(folder)
        proxies, facts = measure(a, archs)
    dirty = command_output("git", "status", "--porcelain", "--untracked-files=no")
    result = dict(name=a.name, command=portable_command(), date=datetime.date.today().isoformat(), archs=len(archs),
                  commit=(command_output("git", "rev-parse", "--short", "HEAD") or "unknown") + (" with changes" if dirty else ""),
                  python=platform.python_version(), system=f"{platform.system()} {platform.machine()}", cores=os.cpu_count(),
                  arguments=dict(space=a.space, batch=a.batch, threads=a.threads, rounds=a.rounds, repeats=a.repeats, resolution=a.resolution), facts=facts, proxies=proxies)
    folder = ROOT / "results/speed"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{a.name}.json").write_text(json.dumps(result, indent=1) + "\n")
    table = markdown(result)
    (folder / f"{a.name}.md").write_text(table)
    print(table)
    if facts.get("build") != "release":
        print("these are times of a dev build: not to be reported", file=sys.stderr)


if __name__ == "__main__":
    main()
