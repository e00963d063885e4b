"""A proxy of your own, as a command for `untrained score --external` (a template; standard library only).

    untrained score --space nasbench201 --dataset cifar10 --sample 100 --out runs/convs \\
        --external 'convs=python3 scripts/external_proxy.py'

It scores a NAS-Bench-201 cell by its number of convolutions. To make it yours, change VERSION, DIRECTION and `score`; add
"batch" to WANTS if the score depends on images. The protocol is one JSON object a line on standard input and standard output
(METHODOLOGY, section 18). Standard output belongs to the protocol: print everything else to standard error, which
`untrained -v` shows. Flush after every line.
"""
import base64
import json
import struct
import sys

# Raised by you whenever a score may change: a run refuses to mix two versions.
VERSION = 1
# "higher" or "lower": which scores are better.
DIRECTION = "higher"
# ["batch"] to be sent the mini-batch before the first architecture.
WANTS = []


class Skip(Exception):
    """The proxy has no meaning for this architecture."""


def score(arch, hello, batch):
    """The score of an architecture string, and its named parts (at most 32 names in all).

    `hello` has the space, data set, resolution, classes, seeds and repetition. `batch` is None, or has `shape` [N, C, H, W],
    `labels` and `images` (a flat list of floats). Raise Skip where there is no score by design; any other exception makes
    the record `failed`.
    """
    if hello["space"] != "nasbench201":
        raise Skip("counts convolutions of nasbench201 cells only")
    operations = [edge.split("~")[0] for edge in arch.split("|") if "~" in edge]
    large, small = operations.count("nor_conv_3x3"), operations.count("nor_conv_1x1")
    return large + small, {"nor_conv_3x3": large, "nor_conv_1x1": small}


def read_batch(message):
    """The mini-batch with its values as floats."""
    data = base64.b64decode(message["data"])
    images = list(struct.unpack(f"<{len(data) // 4}f", data))
    return {"shape": message["shape"], "labels": message["labels"], "images": images}


def number(x):
    """JSON has no infinities: they are written as text."""
    x = float(x)
    if x != x:
        return "nan"
    return x if abs(x) != float("inf") else ("inf" if x > 0 else "-inf")


def answer(message, hello, batch):
    """The answer to one question."""
    try:
        value, parts = score(message["arch"], hello, batch)
    except Skip as reason:
        return {"type": "skip", "id": message["id"], "message": str(reason)}
    except Exception as error:  # noqa: BLE001: whatever it is, it is this architecture's
        return {"type": "error", "id": message["id"], "message": f"{type(error).__name__}: {error}"}
    components = {name: number(part) for name, part in parts.items()}
    return {"type": "score", "id": message["id"], "score": number(value), "components": components}


def send(message):
    print(json.dumps(message), flush=True)


def main():
    """Answers until standard input ends."""
    hello, batch = None, None
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "hello":
            if message["protocol"] != 1:
                sys.exit(f"this is written for protocol 1, not {message['protocol']}")
            hello = message
            send({"type": "ready", "version": VERSION, "direction": DIRECTION, "wants": WANTS})
        elif message["type"] == "batch":
            batch = read_batch(message)
        elif message["type"] == "score":
            send(answer(message, hello, batch))


if __name__ == "__main__":
    main()
