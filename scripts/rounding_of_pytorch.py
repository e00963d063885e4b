"""How often PyTorch in f32 lies outside the f32 tolerances of its own golden records, with another convolution kernel or processor.

usage: V/bin/python scripts/rounding_of_pytorch.py --images test_batch.bin [--onednn on|off] GOLDEN.json...

Records of nb201, nats_sss and nafbee_vgg19 on images of CIFAR-10 are computed again in f32 and compared with their f64 values, as
`untrained parity --precision f32` does. The share outside with oneDNN off is the limit of that command.
"""
import argparse
import json
import math

import torch

from golden_scorer import Images, Scorer


def compared(record):
    """As src/parity/compare.rs: neither degenerate nor unstable, with a tolerance and a finite value."""
    number = isinstance(record["value"], (int, float)) and math.isfinite(record["value"])
    marked = record.get("degenerate") or record.get("unstable") or record.get("exact")
    return number and not marked and record.get("rtol_f32") is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--images", required=True, help="CIFAR-10 test_batch.bin")
    parser.add_argument("--onednn", choices=["on", "off"], default="off", help="kernels of oneDNN, or PyTorch's own")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.backends.mkldnn.enabled = options.onednn == "on"
    total, outside = 0, []
    for path in options.files:
        golden = json.load(open(path))
        for n in golden["networks"]:
            stored = [r for r in golden["records"] if (r["arch"], r["seed"]) == (n["arch"], n["seed"])]
            batch = next(r["batch"] for r in stored if r["proxy"] == "naswot")
            values = Scorer(n["space"], n["arch"], n["seed"], Images(options.images, batch), torch.float32).run().values
            for r in filter(compared, stored):
                value = values.get((r["proxy"], r["variant"]))
                if value is None:
                    continue
                total += 1
                scale = abs(r["value"]) or 1.0
                deviation = abs(value - r["value"]) / scale
                if not deviation <= r["rtol_f32"]:
                    outside.append(r)
                    print(f"outside: {r['proxy']} {r['variant']} on {r['space']} {r['arch']}: {deviation:.3e}, tolerance {r['rtol_f32']}", flush=True)
        print(f"{path.rsplit('/', 1)[-1]}: so far compared {total}, outside {len(outside)}", flush=True)
    print(f"oneDNN {options.onednn}: compared {total}, outside {len(outside)} ({100 * len(outside) / max(total, 1):.1f} %)")


if __name__ == "__main__":
    main()
