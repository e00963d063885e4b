"""Records of a golden file that need no images, for tests/golden: nothing is recomputed.

usage: python scripts/select_golden.py GOLDEN.json OUT.json [--small TAG ...]

Keeps records without images or on Gaussian noise. Of networks that are not named by --small the passes over noise that take
long in a test (az_nas, meco) are left out; --small without tags keeps those of all networks.
"""
import argparse
import json

SLOW = ("az_nas", "meco")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("golden")
    parser.add_argument("out")
    parser.add_argument("--small", nargs="*", default=[], metavar="TAG", help="networks whose slow records are kept")
    args = parser.parse_args()
    with open(args.golden, encoding="utf-8") as file:
        golden = json.load(file)
    small = {(n["space"], n["arch"], n["seed"]) for n in golden["networks"] if not args.small or n["tag"] in args.small}

    def kept(record):
        if "cifar10" in (record["input"] or ""):
            return False
        return record["proxy"] not in SLOW or (record["space"], record["arch"], record["seed"]) in small

    for network in golden["networks"]:
        network.pop("debug", None)
    for record in golden["records"]:
        record.pop("official", None)
    golden["records"] = [r for r in golden["records"] if kept(r)]
    with open(args.out, "w", encoding="utf-8") as file:
        rows = lambda key: ",\n  ".join(json.dumps(row) for row in golden[key])
        file.write('{"meta": %s,\n "networks": [\n  %s],\n "records": [\n  %s]}\n'
                   % (json.dumps(golden["meta"]), rows("networks"), rows("records")))
    print(f"{args.out}: {len(golden['records'])} records")


if __name__ == "__main__":
    main()
