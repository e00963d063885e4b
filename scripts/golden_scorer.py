"""Every proxy of the PyTorch peer on one network: the inputs and the scorer of make_golden.py."""
import os
import sys

import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer"))
import nets  # noqa: E402
import portable_init as pi  # noqa: E402
import proxies as px  # noqa: E402

CLASSES = 10
SIZE = 32


class Noise:
    """Keyed Gaussian batches under the network's seed, labels i mod classes."""

    def __init__(self, batch, size=SIZE):
        self.batch, self.size = batch, size
        self.y = [[(b * batch + i) % CLASSES for i in range(batch)] for b in range(2)]
        self.plain = f"normal(input) {batch}x3x{size}x{size}"
        self.labelled = f"{self.plain}, labels i mod {CLASSES}"
        self.half = f"first {batch // 2} of {self.labelled}"
        self.two = f"normal(input) and normal(input.1) {batch}x3x{size}x{size}, labels i mod {CLASSES}"

    def batches(self, seed):
        return [pi.normal(seed, name, (self.batch, 3, self.size, self.size)) for name in ("input", "input.1")]


class Images:
    """The first images of a CIFAR-10 binary file."""

    def __init__(self, path, batch):
        self.batch, self.size = batch, SIZE
        rows = np.fromfile(path, dtype=np.uint8).reshape(-1, 3073)[: 2 * batch]
        p = rows[:, 1:].reshape(-1, 3, SIZE, SIZE).astype(np.float32) / np.float32(255)
        mean = np.array([0.4914, 0.4822, 0.4465], np.float32).reshape(1, 3, 1, 1)
        std = np.array([0.2023, 0.1994, 0.2010], np.float32).reshape(1, 3, 1, 1)
        x, y = (p - mean) / std, rows[:, 0].astype(int).tolist()
        self.pixels, self.y = [x[:batch], x[batch:]], [y[:batch], y[batch:]]
        self.plain = self.labelled = f"cifar10_test[0..{batch}]"
        self.half = f"cifar10_test[0..{batch // 2}]"
        self.two = f"cifar10_test[0..{batch}] and [{batch}..{2 * batch}]"

    def batches(self, seed):
        return self.pixels


class Scorer:
    """Every proxy of one network in one precision: `{(proxy, variant): value}`."""

    def __init__(self, space, arch, seed, data, dtype):
        self.space, self.arch, self.seed, self.dtype = space, arch, seed, dtype
        self.data, self.half = data, data.batch // 2
        self.x = [torch.from_numpy(x).to(dtype) for x in data.batches(seed)]
        self.y = [torch.tensor(y) for y in data.y]
        self.values, self.debug = {}, {}

    def net(self, scheme="default", net=None):
        net = net or nets.build(self.space, self.arch, CLASSES)
        return pi.init_network(net, scheme, self.seed).to(self.dtype).train()

    def noise(self, name, shape):
        return torch.from_numpy(pi.normal(self.seed, name, shape)).to(self.dtype)

    def run(self):
        for part in (self.forward, self.gradients, self.jacobian, self.codes, self.radial, self.perturbation, self.patterns,
                     self.az_nas):
            part()
        return self

    def forward(self):
        net = self.net()
        with torch.no_grad(), px.Record(px.acts(net)) as taps:
            features = net.pre_gap(self.x[0])
        suffix = "f64" if self.dtype == torch.float64 else "f32"
        with torch.no_grad():
            self.debug["logits_first_two_" + suffix] = self.net()(self.x[0])[:2, :16].double().tolist()
        self.debug["sum_abs_features_" + suffix] = float(features.abs().double().sum())
        self.debug["feature_shape"] = list(features.shape)
        self.debug["positive_activation_inputs"] = [[n, int((t > 0).sum())] for n, t in taps.inp.items()]

    def gradients(self):
        x, y, v, h = self.x[0], self.y[0], self.values, self.half
        g = px.grad_bundle(self.net(), x, y)
        self.debug["loss"] = g["loss"]
        v["grad_norm", "sum_of_layer_norms"] = g["grad_norm"]
        v["grad_norm", "all_params_l2"] = g["grad_norm_all_params"]
        v["snip", "abs_sum"], v["plain", "signed_sum"] = g["snip"], g["plain"]
        v["fisher", "broadcast"], v["fisher", "unbroadcast"] = g["fisher"], g["fisher_unbroadcast"]
        if g["saliency"] is not None:
            v["saliency", "first_order_sum_over_ops"] = g["saliency"]
        v["grasp", "exact_hvp"] = px.grasp(self.net(), x[:h], y[:h])
        v["zico", "std_of_signed_gradient"], self.debug["zico_per_layer"] = px.zico(
            [(self.net(), x, y), (self.net(), self.x[1], self.y[1])])
        v["ntk", "condition_number"], self.debug["ntk_eigenvalues"] = px.ntk(self.net("kaiming_normal_fan_out"), x[:h])
        v["gradsign", "sum"], v["gradsign", "mean"] = px.gradsign(self.net(), x[:h], y[:h])

    def jacobian(self):
        jacobian = px.jacobian(self.net(), self.x[0])
        self.values["jacob_cov", "k1e-5"], eigenvalues = px.jacob_cov(jacobian)
        self.debug["jacob_cov_eigenvalues"] = [float(e) for e in eigenvalues]
        with np.errstate(all="ignore"):
            self.values["epe_nas", "per_class"] = px.epe_nas(jacobian, self.data.y[0])

    def codes(self):
        r, v = px.naswot(self.net(), self.x[0]), self.values
        v["naswot", "single_count"], v["naswot", "single_count_reachable"] = r["single"], r["single_reachable"]
        v["das", "logdet_of_K_over_NA"] = r["das_distinguish"]
        if r["official"] is not None:
            v["naswot", "double_count_wrappers"] = r["official"]
        self.debug.update(naswot_units=r["n_units"], naswot_units_official=r["n_units_official"], naswot_K_row0=r["K_row0"],
                          activations_unreachable=r["unreachable"])

    def radial(self):
        r = px.rbflex(self.net(), self.x[0])
        self.debug["rbflex"] = r
        for key in ("paper_stable", "paper_naive", "paper_hda_stable", "paper_wholebatch_stable", "official_stable", "official_naive"):
            if r.get(key) is not None:
                self.values["rbflex", key] = r[key]
        for key in ("paper_hda_gamma_k", "paper_hda_gamma_q", "official_hda_gamma_k", "official_hda_gamma_q"):
            if r.get(key) is not None:
                self.values["rbflex_hda", key] = r[key]

    def perturbation(self):
        shape = (self.data.batch, 3, self.data.size, self.data.size)
        x, e = pi.normal(self.seed, "input.0", shape), pi.normal(self.seed, "input.1", shape)
        moved = torch.from_numpy(x) + torch.from_numpy(e) * np.float32(0.01)
        z = px.zen(self.net("normal01"), torch.from_numpy(x).to(self.dtype), moved.to(self.dtype))
        self.values["zen", "official_running_var"], self.values["zen", "batch_var"] = z["official"], z["batch_var"]
        self.debug["zen"] = {k: z[k] for k in ("d", "bn_running", "bn_batch", "n_bn")}

    def patterns(self):
        v = self.values
        v["swap", "one_repeat"], self.debug["swap_neurons"] = px.swap_score(self.net("normal01"), self.x[0])
        if self.space == "nb201":
            thin = self.net("kaiming_normal_fan_in", nets.ThinNB201(self.arch))
            v["linear_regions", "thin_cell"] = px.linear_regions(thin, self.noise("input", (1000, 1, 3, 3)))
        if self.space != "nafbee_vgg19":  # VGG's classifier does not take 64-pixel inputs
            every, leaf, modules = px.meco(self.net(), self.noise("input", (1, 3, 64, 64)))
            v["meco", "all_modules"], v["meco", "leaf_only"], self.debug["meco_modules_run"] = every, leaf, modules

    def az_nas(self):
        shape = (self.half, 3, self.data.size, self.data.size)
        r = px.az_nas(self.net("kaiming_normal_fan_in"), self.noise("input", shape), self.seed)
        for key in ("expressivity", "progressivity", "trainability"):
            self.values["az_nas", key] = r[key]
        self.debug.update(az_expressivity_per_map=r["expressivity_per_map"], az_trainability_terms=r["trainability_terms"])
