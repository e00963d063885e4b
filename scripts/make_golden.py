"""Golden scores on noise inputs, written with the PyTorch peer: tests/golden/{nb201,nats_sss,nafbee_vgg19,
nasbench101}.json.

usage: V/bin/python scripts/make_golden.py --out tests/golden [--spaces nasbench101]
       V/bin/python scripts/make_golden.py --check GOLDEN.json --images test_batch.bin [--networks 3]

The second form proves the driver before its output is trusted: it recomputes existing records on CIFAR-10 images and says how
many agree with their stored values within their f64 tolerance. tests/golden/README.md describes the format.
"""
import argparse
import json
import math
import os
import statistics
import sys

import numpy as np
import torch

from golden_scorer import CLASSES, SIZE, Images, Noise, Scorer, nets, pi, px

# (architecture, seed): chosen not to repeat the networks of other golden sets.
NETWORKS = {
    "nb201": [
        ("|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|", 0, "all conv3x3"),
        ("|nor_conv_1x1~0|+|none~0|skip_connect~1|+|none~0|none~1|none~2|", 42, "dead: the last node only receives none"),
        ("|nor_conv_3x3~0|+|avg_pool_3x3~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|", 7, "node 1 feeds only none"),
        ("|nor_conv_1x1~0|+|skip_connect~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|nor_conv_1x1~2|", 42, "mixed"),
    ],
    "nats_sss": [("48:16:24:8:32", 0, "mixed"), ("8:32:16:56:64", 42, "rising")],
    "nafbee_vgg19": [("LeakyReLU", 0, "class name contains ReLU"), ("Mish", 42, "smooth")],
    "nasbench101": [
        ("conv1x1@0/conv3x3@0.1/maxpool3x3@1=1.2.3", 0, "three vertices share the channels, one cuts what it reads"),
        ("conv1x1@0/maxpool3x3@1/conv1x1@1.2=0.1.2.3", 42, "input and vertices feed the output"),
        ("=0", 7, "the projection alone"),
    ],
    "transnas_rbflex": [
        ("16-2134-basic", 0, "levels of 3, 6 and 12 pixels"),
        ("16-41414-3_10_212", 42, "41414 becomes 41412"),
    ],
}
# Spaces whose networks share the median spreads behind their tolerances.
GROUPS = [["nb201", "nats_sss", "nafbee_vgg19"], ["nasbench101"], ["transnas_rbflex"]]
BATCH = 8
# NAS-Bench-101's networks are wide; 48 pixels give levels that shrink and levels that grow.
SIZES = {"nasbench101": 16, "transnas_rbflex": 48}
# The output of RBFleX's levels is normalised: the gradient of its sum is zero, which leaves these nothing but rounding.
LEFT_OUT = {"transnas_rbflex": ("jacob_cov", "epe_nas", "ntk", "gradsign")}
# Tolerance of an f64 implementation, by proxy (and variant): those of the existing golden sets.
RTOL_F64 = {
    "grad_norm": 1e-8, "snip": 1e-8, "plain": 1e-6, "fisher": 1e-8, "saliency": 1e-8, "grasp": 1e-7, "jacob_cov": 1e-6,
    "epe_nas": 1e-8, "naswot": 1e-9, "das": 1e-7, "rbflex": 1e-6, "rbflex_hda": 1e-4, "zen": 1e-8, "zico": 1e-6, "ntk": 1e-6,
    "gradsign": 1e-4, "swap": 0.0, "linear_regions": 0.0, "meco": 1e-7, "az_nas": 1e-6,
}
ONLY_F64 = {"l2_norm": (1e-6, 1e-10), "synflow": (1e-6, 1e-10)}


def placed(proxy, variant, data):
    """(initialisation, input, batch) of a record."""
    b, h, size = data.batch, data.batch // 2, data.size
    if proxy in ("naswot", "das", "rbflex", "rbflex_hda", "jacob_cov"):
        return "default", data.plain, b
    if proxy == "swap":
        return "normal01", data.plain, b
    if proxy in ("grasp", "gradsign"):
        return "default", data.half, h
    if proxy == "ntk":
        return "kaiming_normal_fan_out", data.half, h
    if proxy == "zico":
        return "default", data.two, b
    if proxy == "zen":
        return "normal01", f"x=normal(input.0), e=normal(input.1), {b}x3x{size}x{size}, x'=x+0.01e in f32", b
    if proxy == "az_nas":
        return "kaiming_normal_fan_in", f"normal(input) {h}x3x{size}x{size}", h
    if proxy == "meco":
        return "default", "normal(input) 1x3x64x64", 1
    if proxy == "linear_regions":
        return "kaiming_normal_fan_in", ("normal(input) 1000x1x3x3, net = cell C=1 - BN - ReLU - GAP - Linear(10), "
                                         "no stem"), 1000
    return "default", data.labelled, b


def number(x):
    """JSON has no non-finite numbers: they are strings."""
    if x is None or math.isfinite(x):
        return None if x is None else float(x)
    return "nan" if math.isnan(x) else ("inf" if x > 0 else "-inf")


def plain_json(x):
    if isinstance(x, dict):
        return {k: plain_json(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain_json(v) for v in x]
    if isinstance(x, float) or isinstance(x, np.floating):
        return number(float(x))
    return x


def sizes(space, arch, seed, size):
    """Records that need no forward pass in two precisions."""
    def fresh(dtype):
        return pi.init_network(nets.build(space, arch, CLASSES), "default", seed).to(dtype).train()
    net = fresh(torch.float64)
    exact = {"exact": True, "rtol_f32": 0.0, "rtol_f64": 0.0}
    near = {"rtol_f32": ONLY_F64["l2_norm"][0], "rtol_f64": ONLY_F64["l2_norm"][1]}
    flow, R = px.synflow(fresh(torch.float64), size)
    ones = f"ones 1x3x{size}x{size}"
    convolutions = sum(isinstance(m, torch.nn.Conv2d) for m in net.modules())
    rows = [("params", "all", None, None, float(nets.count_params(net)), exact),
            ("layers", "tensors", None, None, float(len(list(net.parameters()))), exact),
            ("layers", "convolutions", None, None, float(convolutions), exact),
            ("flops", "macs", f"resolution {size}", None, px.flops(net, torch.zeros(2, 3, size, size, dtype=torch.float64)), exact),
            ("l2_norm", "sum", None, None, px.l2_norm(net), near),
            ("synflow", "canonical_f64", ones, 1, flow, near),
            ("synflow", "ln", ones, 1, math.log(flow) if flow > 0 else 0.0, near)]
    records = [dict(init="default", input=i, batch=b, proxy=p, variant=v, value=number(x), value_f32=None, **more)
               for p, v, i, b, x, more in rows]
    return records, {"params": nets.count_params(net), "synflow_R": R}


def lost_digits(variant, debug):
    """A naive log-determinant is noise where Q has fewer columns than images less one, or the sign is wrong."""
    if not variant.endswith("_naive"):
        return False
    r, key = debug["rbflex"], variant
    stable = r[key.replace("naive", "stable")]
    if not (math.isfinite(r[key]) and math.isfinite(stable)):
        return False
    return any(s != 1 for s in r[key + "_sign"]) or abs(r[key] - stable) > 1e-3 * abs(stable)


def spread_of(value, *narrow):
    """The largest deviation of the f32 programs (PyTorch with and without oneDNN) from f64: one alone may be lucky."""
    return max(abs(f - value) for f in narrow if f is not None and math.isfinite(f))


def records_of(space, arch, seed, data):
    wide = Scorer(space, arch, seed, data, torch.float64).run()
    narrow = Scorer(space, arch, seed, data, torch.float32).run()
    with torch.backends.mkldnn.flags(enabled=False):
        other = Scorer(space, arch, seed, data, torch.float32).run()
    records, debug = sizes(space, arch, seed, data.size)
    for (proxy, variant), value in wide.values.items():
        f32 = narrow.values.get((proxy, variant))
        init, given, batch = placed(proxy, variant, data)
        r = dict(init=init, input=given, batch=batch, proxy=proxy, variant=variant, value=number(value), value_f32=number(f32))
        if value is None or not math.isfinite(value):
            r["expect_nonfinite"] = True
        elif f32 is not None and math.isfinite(f32):
            spread = spread_of(value, f32, other.values.get((proxy, variant)))
            r["spread_abs"], r["spread_rel"] = spread, (spread / abs(value) if value else (0.0 if spread == 0 else math.inf))
            r["rtol_f64"] = RTOL_F64[proxy]
            noise = lost_digits(variant, wide.debug)
            if r["spread_rel"] > 0.05 or noise:
                r["unstable"] = True
            if noise:
                r["rtol_f64"] = None
        records.append(r)
    debug.update(narrow.debug)
    debug.update(wide.debug)
    head = dict(space=space, arch=arch, seed=seed)
    return [{**head, **r, "torch": torch.__version__} for r in records], debug


def round_up_125(x):
    """The next number of the form 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(x))
    return next(float(f"{m * power:.0e}") for m in (1, 2, 5, 10) if m * power >= x * (1 - 1e-9))


def tolerances(records):
    """rtol_f32: 1e-5, ten times the own spread or five times the median spread of the proxy, whichever is largest.

    The median is taken over the spaces of a group: two to four networks of one space are few for one.
    """
    groups = {}
    for r in records:
        if "spread_rel" in r:
            groups.setdefault((r["proxy"], r["variant"]), []).append(r["spread_rel"])
    for r in records:
        if "spread_rel" in r:
            median = statistics.median(groups[r["proxy"], r["variant"]])
            r["rtol_f32"] = round_up_125(max(1e-5, 10 * r["spread_rel"], 5 * median))
            r["spread_rel"] = number(r["spread_rel"])


def write(folder, wanted):
    meta = {
        "format": 1, "torch": torch.__version__, "numpy": np.__version__, "device": "CPU, 1 thread",
        "init": "portable initialiser version 1 (src/keyed, src/graph/init.rs)",
        "value": "evaluated with an f64 network (f32 weights and inputs widened); value_f32: the same code with an f32 network",
        "spread": "the larger deviation from value of two f32 runs, with oneDNN (value_f32) and without",
        "input": "keyed Gaussian noise under the seed of the network; labels i mod 10, counted through both batches",
        "bn": "train mode (batch statistics); running statistics start at 0 / 1; synflow bypasses BN",
        "classes": str(CLASSES),
    }
    for group in GROUPS:
        if any(space in wanted for space in group):
            write_group(folder, group, meta)


def write_group(folder, group, meta):
    networks, records = [], []
    for space in group:
        for arch, seed, tag in NETWORKS[space]:
            rows, debug = records_of(space, arch, seed, Noise(BATCH, SIZES.get(space, SIZE)))
            records += [r for r in rows if r["proxy"] not in LEFT_OUT.get(space, ())]
            debug = {k: v for k, v in debug.items() if not k.startswith(LEFT_OUT.get(space, ()) or "-")}
            networks.append(dict(space=space, arch=arch, seed=seed, kw={}, net=None, classes=CLASSES, tag=tag, debug=plain_json(debug)))
            print(f"{space} {arch}: {len(rows)} records", file=sys.stderr)
    tolerances(records)
    for space in group:
        of_space = lambda rows: ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows if r["space"] == space)
        with open(os.path.join(folder, space + ".json"), "w") as out:
            out.write('{"meta":' + json.dumps(meta, separators=(",", ":")) + ',\n"networks":[\n' + of_space(networks))
            out.write('\n],\n"records":[\n' + of_space(records) + "\n]}\n")


def check(path, images, limit):
    """Recomputes records of an existing golden file on images; exit status 1 if one is outside its f64 tolerance."""
    golden = json.load(open(path))
    agree, outside, absent = 0, [], set()
    for n in golden["networks"][:limit]:
        mine = lambda r: (r["arch"], r["seed"]) == (n["arch"], n["seed"])
        stored = {(r["proxy"], r["variant"]): r for r in golden["records"] if mine(r)}
        batch = stored["naswot", "single_count"]["batch"]
        rows, _ = records_of(n["space"], n["arch"], n["seed"], Images(images, batch))
        found = {(r["proxy"], r["variant"]): r for r in rows}
        absent |= {k for k in stored if k not in found}
        for key, r in stored.items():
            if key not in found or r.get("degenerate"):
                continue
            new = found[key]
            same_place = all(r[f] == new[f] for f in ("init", "input", "batch"))
            if same_place and close(r, new["value"]):
                agree += 1
            else:
                outside.append((n["arch"], *key, r["value"], new["value"], r["input"], new["input"]))
    for o in outside:
        print("outside:", *o)
    print(f"agree {agree}, outside {len(outside)}, not recomputed: {sorted({k[0] for k in absent})}")
    return 1 if outside else 0


def close(record, value):
    """Within the record's f64 tolerance; non-finite values agree in kind."""
    want = record["value"]
    if isinstance(want, str) or want is None or isinstance(value, str) or value is None:
        return want == value
    tolerance = record.get("rtol_f64")
    return abs(value - want) <= (1e-9 if tolerance is None else max(tolerance, 1e-12)) * abs(want)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", help="folder to write the golden files to")
    parser.add_argument("--spaces", nargs="+", default=list(NETWORKS), choices=list(NETWORKS), help="which, with those of their group")
    parser.add_argument("--check", help="existing golden file to recompute on images")
    parser.add_argument("--images", help="CIFAR-10 test_batch.bin, for --check")
    parser.add_argument("--networks", type=int, default=3, help="how many networks --check recomputes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.check and options.images:
        sys.exit(check(options.check, options.images, options.networks))
    if not options.out:
        parser.error("give --out FOLDER, or --check FILE with --images FILE")
    write(options.out, options.spaces)
