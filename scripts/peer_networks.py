"""Our architecture strings as the PyTorch peer takes them (`--space`, `--stem` and lines of scripts/peer/speed.py).

NAS-Bench-201 and TransNAS-Bench-101 have the same strings on both sides. The peer takes a network of NDS as the field `net` of
the official records, so our strings (src/spaces/nds) are taken apart again:

    STEM:wWIDTH:dDEPTH:n=CELL:r=CELL    CELL: op@input+op@input/...=output.output...
    BLOCK:wWIDTHsSTRIDE:STAGE-STAGE-... STAGE: dDEPTHwWIDTHsSTRIDE, for bottlenecks with bMULTIPLEgGROUPS

usage: peer_networks.py DARTS_in.json        prints benchmarks/speed/nds_darts.txt: the keyed choice among the small networks
Only the standard library is needed; scripts/check_networks.py compares the networks of both sides.
"""
import json
import re
import sys

SPACES = {"nasbench201": "nb201", "transnas_macro": "transnas", "transnas_micro": "transnas"}
BLOCKS = {"vanilla": "vanilla_block", "res_basic": "res_basic_block", "res_bottleneck": "res_bottleneck_block"}
# The peer's stems for CIFAR-10 and of one convolution of stride 2 have this width.
PEER_STEM_WIDTH = 16


def cell(text):
    """`op@input+op@input/...=outputs` as (pairs of operation and input, outputs)"""
    nodes, outputs = text.split("=")
    pairs = [pair.split("@") for node in nodes.split("/") for pair in node.split("+")]
    return [[op, int(i)] for op, i in pairs], [int(i) for i in outputs.split(".")]


def cells(arch):
    """(stem, net) of a network of cells"""
    stem, width, depth, normal, reduce = re.fullmatch(r"(cifar|imagenet):w(\d+):d(\d+):n=([^:]+):r=([^:]+)", arch).groups()
    genotype = {}
    for name, text in (("normal", normal), ("reduce", reduce)):
        genotype[name], genotype[name + "_concat"] = cell(text)
    return stem, dict(genotype=genotype, width=int(width), depth=int(depth))


def stages(arch):
    """(stem, net) of a network of stages; the peer's `nds_in` reads the stem from the first entry of the lists"""
    block, width, stride, text = re.fullmatch(r"(\w+):w(\d+)s([1248]):(.+)", arch).groups()
    rows = [re.fullmatch(r"d(\d+)w(\d+)s(\d+)(?:b([\d.]+)g(\d+))?", stage).groups() for stage in text.split("-")]
    if stride in "48":
        stem, rows = "nds_in", [("1", width, stride, "1", "1"), *rows]
    elif int(width) == PEER_STEM_WIDTH:
        stem = "cifar" if stride == "1" else "simple_in"
    else:
        raise ValueError(f"{arch}: the peer's stem of stride {stride} has {PEER_STEM_WIDTH} channels")
    depths, widths, strides = ([int(row[i]) for row in rows] for i in range(3))
    net = dict(block_type=BLOCKS[block], ds=depths, ws=widths, ss=strides)
    if block == "res_bottleneck":
        net.update(bot_muls=[float(row[3]) for row in rows], num_gs=[int(row[4]) for row in rows])
    return stem, net


def peer_list(space, archs):
    """(the peer's space, its stem or None, {the peer's line: our string}).

    ValueError: a string that is none of the space (a label such as `#7` among them), a network that the peer cannot build, or
    networks of NDS with different stems, of which one call of the peer has one.
    """
    if ":naswot" in space:
        raise ValueError(f"{space}: the peer has NDS's networks as they were trained only")
    if not space.startswith("nds_"):
        return SPACES.get(space, space), None, {arch: arch for arch in archs}
    of_cells = ":n=" in archs[0]
    lines, stems = {}, set()
    for arch in archs:
        try:
            stem, net = (cells if of_cells else stages)(arch)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"{arch}: no string of {space}, or of another kind than the first of the list") from error
        lines[json.dumps(net, separators=(",", ":"))] = arch
        stems.add(stem)
    if len(stems) > 1:
        raise ValueError(f"the list has networks with the stems {', '.join(sorted(stems))}; the peer takes one at a time")
    return "nds_cell" if of_cells else "nds_any", stems.pop(), lines


# --------------------------------------------------------------------------- the list of NDS DARTS
MOST_WIDTH, MOST_DEPTH, COUNT = 48, 10, 24


def keyed(name, count):
    """r_0, r_1, ... of METHODOLOGY's section 1 under seed 0"""
    mask = (1 << 64) - 1

    def mix(z):
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = ((key ^ byte) * 0x100000001B3) & mask
    return [mix((mix(key) + (i + 1) * 0x9E3779B97F4A7C15) & mask) for i in range(count)]


def cell_text(genotype, name):
    pairs = [f"{op}@{i}" for op, i in genotype[name]]
    nodes = [f"{a}+{b}" for a, b in zip(pairs[::2], pairs[1::2])]
    return "/".join(nodes) + "=" + ".".join(map(str, genotype[name + "_concat"]))


def small_networks(records):
    """`smallest(24, n, seed 0, "bench.nds_darts")` of the n small networks in the order of the file, with the stem for CIFAR-10"""
    nets = [r["net"] for r in records if r["net"]["width"] <= MOST_WIDTH and r["net"]["depth"] <= MOST_DEPTH]
    numbers = keyed("bench.nds_darts", len(nets))
    for i in sorted(range(len(nets)), key=numbers.__getitem__)[:COUNT]:
        net = nets[i]
        normal, reduce = (cell_text(net["genotype"], name) for name in ("normal", "reduce"))
        yield f"cifar:w{net['width']}:d{net['depth']}:n={normal}:r={reduce}", net


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    records = json.load(open(sys.argv[1]))
    for arch, net in small_networks(records if isinstance(records, list) else records["top"] + records["mid"]):
        parsed = cells(arch)[1]
        if any(parsed[key] != net[key] for key in ("genotype", "width", "depth")):
            sys.exit(f"{arch}: read back as another network than the record's")
        print(arch)


if __name__ == "__main__":
    main()
