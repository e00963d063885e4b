"""Golden values of BERT, with Hugging Face's implementation: tests/golden/nafbee_bert.json and tests/bert_values.json.

usage: V/bin/pip install 'transformers<5'
       V/bin/python scripts/make_bert_golden.py --out tests

Networks are `BertForSequenceClassification` with portable weights, in eval mode. The golden file has the proxies on a BERT of two
layers and 64 features, for all eleven activations; the values are hidden states and logits of that network, and of BERT-base.
"""
import argparse
import json
import math
import os
import sys

import numpy as np
import torch
import transformers
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

import make_golden
from golden_scorer import pi, px

BASE = dict(num_hidden_layers=12, hidden_size=768, num_attention_heads=12, intermediate_size=3072, vocab_size=30522,
            max_position_embeddings=512)
TINY = dict(num_hidden_layers=2, hidden_size=64, num_attention_heads=2, intermediate_size=256, vocab_size=1000,
            max_position_embeddings=64)
ACTIVATIONS = dict(ReLU=nn.ReLU, GELU=nn.GELU, SiLU=nn.SiLU, LeakyReLU=nn.LeakyReLU, ReLU6=nn.ReLU6, Mish=nn.Mish,
                   Hardswish=nn.Hardswish, CELU=nn.CELU, ELU=nn.ELU, Hardtanh=nn.Hardtanh, SELU=nn.SELU)
CLASSES, SENTENCES, TOKENS = 2, 16, 12
EXACT = {"exact": True, "rtol_f32": 0.0, "rtol_f64": 0.0}


class Bert(BertForSequenceClassification):
    """Token ids and mask as one tensor, [N, 2, tokens, 1]; an activation module of its own in every layer."""

    def __init__(self, sizes, activation):
        config = BertConfig(**sizes, num_labels=CLASSES)
        config._attn_implementation = "eager"
        super().__init__(config)
        for layer in self.bert.encoder.layer:
            layer.intermediate.intermediate_act_fn = ACTIVATIONS[activation]()

    def forward(self, x):
        return super().forward(input_ids=x[:, 0, :, 0].long(), attention_mask=x[:, 1, :, 0]).logits

    def op_modules(self):
        return []


def network(sizes, activation, seed, dtype, scheme="default"):
    return pi.init_network(Bert(sizes, activation), scheme, seed).to(dtype).eval()


def tokens(seed, name, count, length, vocabulary):
    """Token j of sentence i is floor(u_(i T + j) V); the last i mod (T / 2) tokens are padding (id and mask 0)."""
    ids = np.floor(pi.unit(seed, name, count * length) * vocabulary).reshape(count, length)
    used = length - np.arange(count) % (length // 2)
    mask = (np.arange(length)[None] < used[:, None]).astype(np.float32)
    return torch.from_numpy(np.stack([ids.astype(np.float32) * mask, mask], 1)[..., None])


def fisher(net, x, y):
    """As px.grad_bundle has it, with the tokens of a linear layer in the place of a convolution's pixels."""
    with px.Record(px.layers(net), keep_graph=True) as r:
        logits = net(x)
    for o in r.out.values():
        o.retain_grad()
    nn.functional.cross_entropy(logits, y).backward()
    plain = times = 0.0
    for n, m in px.layers(net):
        v = r.out[n].detach() * r.out[n].grad
        f = float((0.5 * (v.sum(1) if v.dim() == 3 else v).pow(2).mean(0)).double().sum())
        plain, times = plain + f, times + f * m.weight[0].numel()
    return times, plain


def synflow(net):
    with torch.no_grad():
        for p in net.parameters():
            p.abs_()
    net(torch.ones(1, 2, TOKENS, 1, dtype=torch.float64)).sum().backward()
    return float(sum((m.weight * m.weight.grad).detach().abs().sum() for _, m in px.layers(net)))


def swap(net, x):
    """Patterns of the activations of tokens; the pooler's vector is none."""
    with torch.no_grad(), px.Record(px.acts(net)) as r:
        net(x)
    columns = np.concatenate([(t.transpose(1, 2).flatten(1) > 0).numpy() for t in r.inp.values() if t.dim() == 3], 1)
    return float(len(np.unique(columns, axis=1).T))


def macs(sizes):
    t, d, f = TOKENS, sizes["hidden_size"], sizes["intermediate_size"]
    layer = t * (4 * (d * d + d) + (d * f + f) + (f * d + d)) + 2 * t * t * d
    return float(sizes["num_hidden_layers"] * layer + d * d + d + CLASSES * (d + 1))


def scores(activation, seed, dtype):
    """{(proxy, variant): value}."""
    net = lambda scheme="default": network(TINY, activation, seed, dtype, scheme)
    x, second = [tokens(seed, name, SENTENCES, TOKENS, TINY["vocab_size"]).to(dtype) for name in ("input", "input.1")]
    y = torch.arange(SENTENCES) % CLASSES
    h, v = SENTENCES // 2, {}
    v["l2_norm", "sum"] = px.l2_norm(net())
    g = px.grad_bundle(net(), x, y)
    v["grad_norm", "sum_of_layer_norms"], v["grad_norm", "all_params_l2"] = g["grad_norm"], g["grad_norm_all_params"]
    v["snip", "abs_sum"], v["plain", "signed_sum"] = g["snip"], g["plain"]
    v["fisher", "broadcast"], v["fisher", "unbroadcast"] = fisher(net(), x, y)
    v["grasp", "exact_hvp"] = px.grasp(net(), x[:h], y[:h])
    v["zico", "std_of_signed_gradient"], _ = px.zico([(net(), x, y), (net(), second, y)])
    v["ntk", "condition_number"], _ = px.ntk(net("kaiming_normal_fan_out"), x[:h])
    v["gradsign", "sum"], v["gradsign", "mean"] = px.gradsign(net(), x[:h], y[:h])
    r = px.naswot(net(), x)
    v["naswot", "single_count"], v["das", "logdet_of_K_over_NA"] = r["single"], r["das_distinguish"]
    r = px.rbflex(net(), x)
    for key in ("paper_stable", "paper_naive", "paper_hda_stable", "official_stable"):
        if r.get(key) is not None:
            v["rbflex", key] = r[key]
    for key in ("paper_hda_gamma_k", "paper_hda_gamma_q"):
        v["rbflex_hda", key] = r[key]
    v["swap", "one_repeat"] = swap(net("normal01"), x)
    return v


def placed(proxy):
    """(initialisation, input, batch) of a record."""
    given = f"{SENTENCES}x{TOKENS} of {TINY['vocab_size']}"
    labelled = f"tokens(input) {given}, labels i mod {CLASSES}"
    init = {"ntk": "kaiming_normal_fan_out", "swap": "normal01"}.get(proxy, "default")
    if proxy in ("grasp", "gradsign", "ntk"):
        return init, f"first {SENTENCES // 2} of {labelled}", SENTENCES // 2
    if proxy == "zico":
        return init, f"tokens(input) and tokens(input.1) {given}, labels i mod {CLASSES}", SENTENCES
    return init, labelled, SENTENCES


def records_of(activation, seed):
    wide, narrow = [scores(activation, seed, dtype) for dtype in (torch.float64, torch.float32)]
    with torch.backends.mkldnn.flags(enabled=False):
        other = scores(activation, seed, torch.float32)
    records = []
    for (proxy, variant), value in wide.items():
        init, given, batch = placed(proxy)
        f32 = narrow.get((proxy, variant))
        r = dict(init=init, input=given, batch=batch, proxy=proxy, variant=variant, value=make_golden.number(value),
                 value_f32=make_golden.number(f32))
        if value is None or not math.isfinite(value):
            r["expect_nonfinite"] = True
        elif f32 is not None and math.isfinite(f32):
            spread = make_golden.spread_of(value, f32, other.get((proxy, variant)))
            r["spread_rel"] = spread / abs(value) if value else (0.0 if spread == 0 else math.inf)
            r["rtol_f64"] = {"l2_norm": 1e-10}.get(proxy, make_golden.RTOL_F64.get(proxy))
            if r["spread_rel"] > 0.05 or (variant == "paper_naive" and abs(value - wide["rbflex", "paper_stable"]) > 1e-3 * abs(value)):
                r["unstable"] = True
        records.append(r)
    count = float(sum(p.numel() for p in network(TINY, activation, seed, torch.float32).parameters()))
    flow = synflow(network(TINY, activation, seed, torch.float64))
    ones = f"ones 1x2x{TOKENS}x1"
    near = {"rtol_f32": 1e-6, "rtol_f64": 1e-10}
    records += [
        dict(init="default", input=ones, batch=None, proxy="params", variant="all", value=count, **EXACT),
        dict(init="default", input=ones, batch=None, proxy="flops", variant="macs", value=macs(TINY), **EXACT),
        dict(init="default", input=ones, batch=1, proxy="synflow", variant="canonical_f64", value=flow, **near),
    ]
    head = dict(space="nafbee_bert:tiny", arch=activation, seed=seed)
    return [{**head, **r, "torch": torch.__version__} for r in records]


def values_of(sizes, activation, seed, count, length):
    """Hidden states behind every layer (sum and sum of absolute values over attended tokens), pooled output and logits."""
    net = network(sizes, activation, seed, torch.float64)
    x = tokens(seed, "input", count, length, sizes["vocab_size"]).double()
    ids, mask = x[:, 0, :, 0].long(), x[:, 1, :, 0]
    with torch.no_grad():
        out = net.bert(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        logits = net(x)
    # The first hidden state is that of the embeddings; the network's stages are its layers.
    layers = [h * mask[..., None] for h in out.hidden_states[1:]]
    # Sums over features vanish behind a layer normalisation: features are weighted by their number.
    number = torch.arange(sizes["hidden_size"], dtype=torch.float64) / sizes["hidden_size"]
    return dict(arch=activation, seed=seed, sentences=count, tokens=length, logits=logits.tolist(),
                pooled=out.pooler_output[:, :16].tolist(), weighted=[float((h * number).sum()) for h in layers],
                magnitude=[float(h.abs().sum()) for h in layers])


def main(folder):
    torch.set_num_threads(1)
    px.ACTS += (nn.Tanh,)
    networks, records = [], []
    for i, activation in enumerate(ACTIVATIONS):
        seed = 42 if i % 2 else 0
        records += records_of(activation, seed)
        networks.append(dict(space="nafbee_bert:tiny", arch=activation, seed=seed, kw={}, net=None, classes=CLASSES))
        print(activation, file=sys.stderr)
    make_golden.tolerances(records)
    # A count of signs (gradsign) moves by steps, and may have none in one f32 program: f32 is allowed what f64 is.
    for r in records:
        if "spread_rel" in r:
            r["rtol_f32"] = max(r["rtol_f32"], r["rtol_f64"])
    meta = dict(format=1, torch=torch.__version__, transformers=transformers.__version__,
                init="portable initialiser version 1; embeddings normal(0, 0.02), LayerNorm 1 and 0",
                network="BertForSequenceClassification in eval mode, eager attention; " + json.dumps(TINY),
                input=tokens.__doc__, value="f64 network (f32 weights widened); value_f32: the same code with an f32 network")
    lines = lambda rows: ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows)
    with open(os.path.join(folder, "golden", "nafbee_bert.json"), "w") as out:
        out.write('{"meta":' + json.dumps(meta) + ',\n"networks":[\n' + lines(networks))
        out.write('\n],\n"records":[\n' + lines(records) + "\n]}\n")
    tiny = [values_of(TINY, activation, 7, 5, 9) for activation in ACTIVATIONS]
    base = [values_of(BASE, "GELU", 3, 2, 10)]
    with open(os.path.join(folder, "bert_values.json"), "w") as out:
        out.write('{"meta":' + json.dumps(meta) + ',\n"tiny":[\n' + lines(tiny) + '\n],\n"base":[\n' + lines(base) + "\n]}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="the folder `tests`")
    main(parser.parse_args().out)
