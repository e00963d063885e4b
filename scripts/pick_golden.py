"""Picks networks of full golden files for the committed set: tests/golden/{nds,transnas,plainnet}.json.

usage: python3 scripts/pick_golden.py --out tests/golden/nds.json FULL.json#LABEL ... [--slow LABEL ...]

A LABEL is the architecture or the tag of a network in FULL.json. Records on real images are left out, and what a comparison does
not read (debug values, values of official programs); of the networks behind --slow also those whose passes take long in a test.
"""
import argparse
import json

RECORD = ("space", "arch", "seed", "init", "input", "batch", "proxy", "variant", "value", "value_f32", "spread_abs", "spread_rel",
          "rtol_f32", "rtol_f64", "exact", "unstable", "degenerate", "expect_nonfinite", "torch")
NETWORK = ("space", "arch", "seed", "kw", "net", "classes", "tag")

# Compared by nobody: the signs of gradients that are zero in exact arithmetic. Three f64 programs give three values.
NOISE = {(arch, "gradsign"): "signs of gradients that are zero in exact arithmetic; rounding noise"
         for arch in ("ResNet_lr-wd_in#191", "ResNeXt-A_in#125")}


def kept(entry, fields):
    return {field: entry[field] for field in fields if entry.get(field) is not None or field == "value"}


# Passes over 64 noise images of 64 pixels, or many backward passes.
SLOW = ("az_nas", "meco")


def needs_images(record):
    return (record["input"] or "").startswith("cifar10_test")


def lines(entries):
    return ",\n".join(json.dumps(entry) for entry in entries)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("picks", nargs="+", metavar="FULL.json#LABEL")
    parser.add_argument("--slow", nargs="*", default=[], metavar="LABEL")
    args = parser.parse_args()
    networks, records, meta = [], [], None
    for pick in args.picks:
        path, label = pick.split("#", 1)
        with open(path) as file:
            full = json.load(file)
        meta = meta or full["meta"]
        chosen = [kept(n, NETWORK) for n in full["networks"] if label in (n["arch"], n["tag"])]
        if not chosen:
            raise SystemExit(f"{path} has no network {label}")
        networks += chosen
        slow = label in args.slow
        for record in full["records"]:
            noise = NOISE.get((record["arch"], record["proxy"]))
            if noise:
                record = {**record, "degenerate": noise}
            if record["arch"] == chosen[0]["arch"] and not needs_images(record) and not (slow and record["proxy"] in SLOW):
                records.append(kept(record, RECORD))
    with open(args.out, "w") as file:
        file.write('{"meta": %s,\n"networks": [\n%s\n],\n"records": [\n%s\n]}\n' % (json.dumps(meta), lines(networks), lines(records)))
    print(f"{args.out}: {len(networks)} networks, {len(records)} records")


if __name__ == "__main__":
    main()
