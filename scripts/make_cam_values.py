"""Class activation maps of the packages torchcam and grad-cam on keyed weights, written to tests/cam_values.json.

usage: V/bin/pip install torchvision==0.24.1 torchcam==0.4.0 grad-cam==1.5.7
       V/bin/python scripts/make_cam_values.py > tests/cam_values.json

The network is a CIFAR ResNet of one block a stage in f64 and eval mode, weights and statistics as in make_teacher_values.py; two
Gaussian images. Random noise of the packages is replaced by keyed noise. grad-cam adds 1e-6 where we add 1e-8: the classifier's
weights are multiplied by `scale`, so that neither matters.
"""
import json
import os
import sys
from unittest import mock

import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer"))
import torch._dynamo  # noqa: E402,F401  (looks for optional packages, so before they are replaced)
# Both import packages for drawing and clustering, which is not used.
for absent in ("cv2", "ttach", "sklearn", "sklearn.decomposition", "matplotlib", "matplotlib.pyplot", "matplotlib.lines", "scipy.cluster", "tqdm"):
    sys.modules.setdefault(absent, mock.MagicMock())
import nets  # noqa: E402
import portable_init as pi  # noqa: E402
import pytorch_grad_cam as gc  # noqa: E402
import torchcam.methods as tc  # noqa: E402
from make_teacher_values import keyed  # noqa: E402

SEED, SIZE, CLASS = 5, 16, [3, 7]
LAYERS = {"pre_gap": "layer3", "last_conv": "layer3.0.conv2"}


def network(scale):
    net = keyed(nets.CifarResNet(1), SEED).double()
    with torch.no_grad():
        net.linear.weight.mul_(scale)
    return net


def images():
    return torch.from_numpy(pi.normal(SEED, "input", (2, 3, SIZE, SIZE))).double()


class Keyed:
    """Stands for a normal distribution: sample m is keyed."""

    def __init__(self, make):
        self.make, self.m = make, -1

    def sample(self, size):
        self.m += 1
        return torch.from_numpy(np.asarray(self.make(self.m, tuple(size)))).double()


def smooth(m, size):
    return pi.normal(SEED, f"cam.smooth.{m}", size, 0.3)


def ss(m, size):
    n, c, h, w = size
    return np.stack([np.stack([pi.normal(SEED, f"cam.ss.{m}.{i}.{k}", (h, w), 2.0) for k in range(c)]) for i in range(n)])


def by_torchcam(method, cls, layer, scale, noise=None):
    net = network(scale)
    cam = cls(net, LAYERS[layer], input_shape=(3, SIZE, SIZE))
    if noise:
        cam._distrib = Keyed(noise)
    scores = net(images())
    maps = cam.compute_cams(CLASS, scores, normalized=False)[0] if method not in ("score_cam", "ss_cam", "is_cam") else None
    if maps is None:
        maps = cam.compute_cams(CLASS, normalized=False)[0].relu()
    return maps.detach()


def by_grad_cam(cls, layer, scale):
    net = network(scale)
    seen = {}
    module = dict(net.named_modules())[LAYERS[layer]]
    module.register_forward_hook(lambda m, i, o: seen.setdefault("a", o))
    scores = net(images())
    a = seen["a"]
    g = torch.autograd.grad(scores.gather(1, torch.tensor(CLASS)[:, None]).sum(), a)[0]
    a, g = a.detach().numpy(), g.numpy()
    w = cls.get_cam_weights(None, None, None, None, a, g)
    return torch.from_numpy((w[:, :, None, None] * a).sum(1)).relu()


def main():
    torch.set_num_threads(1)
    records = []

    def add(package, method, form, layer, scale, maps):
        records.append(dict(package=package, method=method, form=form, layer=layer, scale=scale,
                            size=list(maps.shape[1:]), map=maps.flatten().tolist()))

    for layer in LAYERS:
        for method, cls, form in [("grad_cam", tc.GradCAM, "papers"), ("xgrad_cam", tc.XGradCAM, "papers"),
                                  ("grad_cam_pp", tc.GradCAMpp, "torchcam")]:
            add("torchcam", method, form, layer, 1.0, by_torchcam(method, cls, layer, 1.0))
        add("torchcam", "smooth_grad_cam_pp", "torchcam", layer, 1.0,
            by_torchcam("smooth_grad_cam_pp", tc.SmoothGradCAMpp, layer, 1.0, smooth))
        for method, cls, noise in [("score_cam", tc.ScoreCAM, None), ("is_cam", tc.ISCAM, None), ("ss_cam", tc.SSCAM, ss)]:
            if method != "ss_cam" or layer == "pre_gap":
                add("torchcam", method, "torchcam", layer, 1.0, by_torchcam(method, cls, layer, 1.0, noise))
        add("grad-cam", "grad_cam_pp", "papers", layer, 1e4, by_grad_cam(gc.GradCAMPlusPlus, layer, 1e4))
        add("grad-cam", "xgrad_cam", "papers", layer, 1e4, by_grad_cam(gc.XGradCAM, layer, 1e4))
    json.dump({"seed": SEED, "resolution": SIZE, "classes": CLASS, "records": records}, sys.stdout, indent=None)
    print()


if __name__ == "__main__":
    main()
