"""Trainings by PyTorch, written to tests/training_values.json.

usage: V/bin/python scripts/make_training_values.py > tests/training_values.json

Small networks of NAS-Bench-201 cells (8 channels, one cell a stage) on keyed bytes, trained as `untrained train` does it: keyed
weights, order, crop and flip, a cosine schedule with warm-up, label smoothing. Everything else is PyTorch's: SGD, batch
normalisation with its running statistics, cross-entropy. Losses of all steps, what is measured after each epoch, and sums over the
weights at the end.
"""
import json
import math
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer"))
import nets  # noqa: E402
import portable_init as pi  # noqa: E402

SEED, CLASSES = 3, 10
MIXED = "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
PLAIN = "|nor_conv_1x1~0|+|none~0|avg_pool_3x3~1|+|nor_conv_3x3~0|skip_connect~1|nor_conv_1x1~2|"
COMMON = dict(side=8, momentum=0.9, weight_decay=5e-4, rate=0.1)
CASES = [
    dict(COMMON, arch=MIXED, precision="f64", train=80, validation=40, batch_size=8, epochs=2, warm_up=1, nesterov=True,
         label_smoothing=0.1, augment="crop_flip"),
    dict(COMMON, arch=PLAIN, precision="f64", train=76, validation=40, batch_size=8, epochs=2, warm_up=0, nesterov=False,
         label_smoothing=0.0, augment="none"),
    dict(COMMON, arch=MIXED, precision="f32", train=640, validation=40, batch_size=32, epochs=1, warm_up=0, nesterov=False,
         label_smoothing=0.0, augment="crop_flip"),
]
MEAN, STD = np.float32(0.5), np.float32(0.2)        # of the data set `synthetic`


def images(part, count, side):
    names = [f"{part}.bytes", f"{part}.labels"]
    pixels = (pi.raw(SEED, names[0], count * 3 * side * side) >> np.uint64(56)).astype(np.uint8)
    return pixels.reshape(count, 3, side, side), (pi.raw(SEED, names[1], count) % np.uint64(CLASSES)).astype(np.int64)


def normalised(pixels):
    return (pixels.astype(np.float32) / np.float32(255) - MEAN) / STD


def crop_and_flip(image, u):
    side = image.shape[-1]
    padding = side // 8
    ox, oy = (int(v * (2 * padding + 1)) for v in u[:2])
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    image = padded[:, oy:oy + side, ox:ox + side]
    return image[:, :, ::-1] if u[2] >= 0.5 else image


def rate_at(case, t, steps):
    w, every = case["warm_up"] * steps, case["epochs"] * steps
    return case["rate"] * ((t + 1) / w if t < w else (1 + math.cos(math.pi * (t - w) / (every - w))) / 2)


def train(case):
    dtype = torch.float64 if case["precision"] == "f64" else torch.float32
    net = pi.init_network(nets.nb201(case["arch"], CLASSES, C=8, N=1), "default", SEED).to(dtype)
    pixels, labels = images("train", case["train"], case["side"])
    held_out, held_out_labels = images("validation", case["validation"], case["side"])
    sgd = torch.optim.SGD(net.parameters(), lr=case["rate"], momentum=case["momentum"], weight_decay=case["weight_decay"], nesterov=case["nesterov"])
    steps, losses, validation = -(-case["train"] // case["batch_size"]), [], []
    for epoch in range(case["epochs"]):
        order = np.argsort(pi.raw(SEED, f"train.order.{epoch}", case["train"]), kind="stable")
        u = pi.unit(SEED, f"train.augment.{epoch}", 3 * case["train"]).reshape(-1, 3)
        net.train()
        for step in range(steps):
            places = order[step * case["batch_size"]:][:case["batch_size"]]
            batch = pixels[places]
            if case["augment"] == "crop_flip":
                batch = np.stack([crop_and_flip(pixels[i], u[i]) for i in places])
            x = torch.from_numpy(normalised(batch)).to(dtype)
            loss = F.cross_entropy(net(x), torch.from_numpy(labels[places]), label_smoothing=case["label_smoothing"])
            losses.append(loss.item())
            for group in sgd.param_groups:
                group["lr"] = rate_at(case, epoch * steps + step, steps)
            sgd.zero_grad()
            loss.backward()
            sgd.step()
        net.eval()
        with torch.no_grad():
            logits, y = net(torch.from_numpy(normalised(held_out)).to(dtype)), torch.from_numpy(held_out_labels)
            validation.append([F.cross_entropy(logits, y).item(), 100.0 * (logits.argmax(1) == y).double().mean().item()])
    numbers = {name: [t.double().sum().item(), t.double().abs().sum().item()] for name, t in net.state_dict().items() if "num_batches" not in name}
    return dict(case, seed=SEED, classes=CLASSES, losses=losses, measured=validation, numbers=numbers)


if __name__ == "__main__":
    print(json.dumps([train(case) for case in CASES]).replace("{", "\n{"))
