//! Proxies on whole networks: every variant gives a status, shared passes change no number, and laws that must hold.

use untrained::engine::{BurnEngine, DeviceSpec, Precision};
use untrained::graph::init::Scheme;
use untrained::keyed::Stream;
use untrained::passes::{CandidateSet, Inputs, Network, Setup};
use untrained::proxies::{ProxyRef, needing_no_files};
use untrained::scoring::{self, Outcome, Seeds, Status, prepare};
use untrained::spaces::{NetworkInput, find};

const BATCH: usize = 6;

fn setup(space: &str, resolution: usize) -> Setup {
    Setup {
        space: find(space).unwrap(),
        input: NetworkInput { resolution, classes: 10 },
        seeds: Seeds { weight: 5, data: 6, sample: 7 },
        init: Scheme::Default,
        precision: Precision::F32,
        repetition: 0,
        candidates: Some(2),
    }
}

/// Scores a network of `space` on noise with all of `proxies` in one call.
fn score(space: &str, arch: &str, resolution: usize, proxies: &[&str]) -> Vec<Outcome> {
    score_labelled(space, arch, resolution, proxies, &[3, 8, 8, 0, 6, 6])
}

fn score_labelled(
    space: &str,
    arch: &str,
    resolution: usize,
    proxies: &[&str],
    labels: &[u32],
) -> Vec<Outcome> {
    score_with(setup(space, resolution), arch, proxies, labels)
}

fn score_with(setup: Setup, arch: &str, proxies: &[&str], labels: &[u32]) -> Vec<Outcome> {
    let resolution = setup.input.resolution;
    let engine = BurnEngine::open(DeviceSpec::Cpu).unwrap();
    let mut images = vec![0.0; BATCH * 3 * resolution * resolution];
    Stream::new(1, "images").fill_normal(1.0, &mut images);
    let inputs = Inputs::new(images, [BATCH, 3, resolution, resolution], setup.seeds.data);
    let mut next = vec![0.0; BATCH * 3 * resolution * resolution];
    Stream::new(2, "images").fill_normal(1.0, &mut next);
    let inputs = inputs.with_labels(labels.to_vec()).with_next(Ok((next, labels.to_vec())));
    let set = CandidateSet { setup, engine: &engine, inputs: &inputs, order: &|_| None };
    let proxies: Vec<ProxyRef> = proxies.iter().map(|name| name.parse().unwrap()).collect();
    let network = Network::build(setup, arch).unwrap();
    scoring::score(&engine, &network, &inputs, &prepare(&proxies, &set))
}

fn sss(proxies: &[&str]) -> Vec<f64> {
    let outcomes = score("nats_sss", "8:16:8:24:16", 16, proxies);
    outcomes.iter().map(|o| o.result.as_ref().unwrap().value).collect()
}

#[test]
fn every_choice_of_every_proxy_scores_a_network() {
    let mut names = vec![];
    for proxy in needing_no_files() {
        names.push(proxy.name.to_string());
        let choices = proxy.details.axes.iter().flat_map(|a| a.choices.iter().map(|c| c.name));
        let presets = proxy.details.presets.iter().map(|p| p.name);
        names.extend(choices.chain(presets).map(|choice| format!("{}:{choice}", proxy.name)));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let any = |prefixes: &[&str], name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
    // Linear regions are counted on a cell, which only a space that searches for cells has.
    let (cells, rest): (Vec<&str>, Vec<&str>) =
        names.iter().partition(|name| any(&["linear_regions", "te_nas"], name));
    // Others read super-blocks, or a network without residual links.
    let of_structures = [
        "escore",
        "incorporated",
        "zen:no_reslink",
        "params:no_reslink",
        "params:model_size",
        "flops:zen_nas",
    ];
    let (blocks, rest): (Vec<&str>, Vec<&str>) = rest.iter().partition(|name| any(&of_structures, name));
    let in_cells = score("nasbench201", CELL, 8, &cells);
    let structures = score("plainnet", STRUCTURE, 16, &blocks);
    let outcomes = score("nats_sss", "8:16:8:24:16", 16, &rest);
    for outcome in outcomes.iter().chain(&in_cells).chain(&structures) {
        assert_eq!(outcome.status(), Status::Ok, "{}: {:?}", outcome.proxy, outcome.result);
    }
}

const STRUCTURE: &str = "SuperConvK3BNRELU(3,8,1,1)SuperResIDWE2K3(8,16,2,8,1)SuperResK1K3K1(16,16,1,8,1)";

const CELL: &str = "|nor_conv_3x3~0|+|skip_connect~0|avg_pool_3x3~1|+|nor_conv_1x1~0|nor_conv_1x1~1|none~2|";

/// A proxy scored beside others gives the same bits as alone.
#[test]
fn shared_passes_change_no_number() {
    let names = [
        "naswot",
        "naswot:double_count",
        "rbflex:hda_self",
        "rbflex:fixed+whole_batch",
        "zen",
        "zen:paper",
        "grad_norm",
        "grad_norm:all_params_l2",
        "snip",
        "plain",
        "grasp",
        "fisher",
        "synflow",
        "jacob_cov",
        "epe_nas",
        "zico",
        "swap",
        "meco",
        "az_nas",
        "saliency",
        "saliency:exact",
    ];
    let together = sss(&names);
    for (name, value) in names.iter().zip(together) {
        assert_eq!(sss(&[name]), [value], "{name}");
    }
}

/// In the small-gamma regime the choice of gamma shifts every score alike: ranking does not depend on it
/// (proxies.md 3.3); the largest gamma leaves that regime and the kernels tend to the identity, whose log is 0.
#[test]
fn the_largest_gamma_saturates() {
    let [smallest, largest, fixed] = sss(&["rbflex:hda", "rbflex:hda_max", "rbflex:fixed"])[..] else {
        panic!()
    };
    assert!(fixed < smallest && smallest < largest && largest <= 0.0, "{fixed} {smallest} {largest}");
}

#[test]
fn a_gamma_in_the_small_regime_only_shifts_scores() {
    let parts = |arch: &str| {
        let outcomes = score("nats_sss", arch, 16, &["rbflex:fixed", "rbflex:hda_self"]);
        let score = |i: usize| outcomes[i].result.as_ref().unwrap().clone();
        let part = |i: usize, name: &str| score(i).components.iter().find(|(n, _)| *n == name).unwrap().1;
        let shift = (BATCH - 1) as f64 * (part(0, "gamma_k") / part(1, "gamma_k")).ln();
        (part(0, "ln_det_k") - part(1, "ln_det_k"), shift, part(1, "gamma_k"))
    };
    for arch in ["8:8:8:8:8", "16:24:16:8:32"] {
        let (difference, shift, gamma) = parts(arch);
        // First order in gamma times the squared distances, which are at most the number of columns.
        assert!(
            (difference - shift).abs() < 0.05 * shift.abs(),
            "{arch}: {difference} against {shift} ({gamma:e})"
        );
    }
}

#[test]
fn reachable_equals_single_where_everything_is_reached() {
    let values = sss(&["naswot", "naswot:reachable"]);
    assert_eq!(values[0], values[1]);
}

/// ELU and CELU with alpha 1 are the same function, so every score is the same (the noise floor of NAFBee).
#[test]
fn elu_and_celu_score_alike() {
    let names = ["naswot", "rbflex:fixed", "zen", "l2_norm", "grad_norm", "fisher", "synflow"];
    let values = |arch: &str| -> Vec<f64> {
        let outcomes = score("nafbee_vgg19", arch, 32, &names);
        outcomes.iter().map(|o| o.result.as_ref().unwrap().value).collect()
    };
    assert_eq!(values("ELU"), values("CELU"));
}

/// A cell whose last node receives only `none` cuts the network: features are constant, and the score says so.
#[test]
fn a_cut_network_is_non_finite_not_a_sentinel() {
    let dead = "|nor_conv_1x1~0|+|none~0|none~1|+|none~0|none~1|none~2|";
    let names = ["rbflex:fixed", "rbflex:official", "zen", "zen:paper", "ntk", "te_nas", "az_nas"];
    for outcome in score("nasbench201", dead, 8, &names) {
        assert_eq!(outcome.status(), Status::NonFinite, "{}: {:?}", outcome.proxy, outcome.result);
    }
    let params = &score("nasbench201", dead, 8, &["params"])[0];
    assert_eq!(params.status(), Status::Ok);
}

/// In a cut network no gradient passes the cell: sums of gradients are 0, correlations of them are not numbers, and the
/// classifier's own output still has Fisher information.
#[test]
fn gradients_of_a_cut_network() {
    let dead = "|nor_conv_1x1~0|+|none~0|none~1|+|none~0|none~1|none~2|";
    let zero = [
        "snip",
        "plain",
        "grasp",
        "grad_norm",
        "synflow",
        "synflow:ln",
        "zico",
        "saliency",
        "saliency:fisher",
        "saliency:exact",
    ];
    for outcome in score("nasbench201", dead, 8, &zero) {
        assert_eq!(outcome.result.as_ref().unwrap().value, 0.0, "{}", outcome.proxy);
    }
    for outcome in score("nasbench201", dead, 8, &["jacob_cov", "epe_nas"]) {
        assert_eq!(outcome.status(), Status::NonFinite, "{}: {:?}", outcome.proxy, outcome.result);
    }
    let rest = score("nasbench201", dead, 8, &["fisher", "grad_norm:all_params_l2"]);
    assert!(rest.iter().all(|o| o.result.as_ref().unwrap().value > 0.0));
}

/// Without classes, or with classes that the network does not have, the proxies that need them fail and the others score.
#[test]
fn labels_are_asked_for_only_where_they_are_needed() {
    let names = [
        "grad_norm",
        "grasp",
        "fisher",
        "epe_nas",
        "zico",
        "saliency",
        "saliency:exact",
        "naswot",
        "jacob_cov",
        "synflow",
    ];
    for labels in [&[][..], &[0, 1, 2], &[0, 1, 2, 3, 4, 10]] {
        let outcomes = score_labelled("nats_sss", "8:16:8:24:16", 16, &names, labels);
        for (i, outcome) in outcomes.iter().enumerate() {
            // Images without labels are no failure; wrong labels are.
            let without = if labels.is_empty() { Status::Skipped } else { Status::Failed };
            let expected = if i < 7 { without } else { Status::Ok };
            assert_eq!(outcome.status(), expected, "{}: {:?}", outcome.proxy, outcome.result);
        }
        let said = outcomes[0].result.as_ref().unwrap_err().to_string();
        let reason = if labels.is_empty() { "these images have none" } else { "label below 10" };
        assert!(said.contains(reason), "{said}");
    }
}

/// The signed sum is at most the sum of magnitudes; a broadcast channel counts at least as often as an unbroadcast one.
#[test]
fn sums_are_ordered() {
    let [plain, snip, once, broadcast, flow, ln] =
        sss(&["plain", "snip", "fisher:unbroadcast", "fisher", "synflow", "synflow:ln"])[..]
    else {
        panic!()
    };
    assert!(plain.abs() < snip && once > 0.0 && once < broadcast);
    assert!((flow.ln() - ln).abs() < 1e-12);
}

/// A proxy that has no meaning for a network is skipped with its reason; one without its second mini-batch fails.
#[test]
fn what_a_network_lacks_is_said() {
    let skipped = |space: &str, arch: &str, resolution: usize, name: &str, reason: &str| {
        let outcome = &score(space, arch, resolution, &[name])[0];
        assert_eq!(outcome.status(), Status::Skipped, "{name}: {:?}", outcome.result);
        let said = outcome.result.as_ref().unwrap_err().to_string();
        assert!(said.contains(reason), "{name}: {said}");
    };
    skipped("nafbee_vgg19", "ReLU", 32, "meco", "classifier");
    skipped("nats_sss", "8:8:8:8:8", 16, "linear_regions", "does not search for a cell");
    skipped("nats_sss", "8:8:8:8:8", 16, "te_nas", "does not search for a cell");
    skipped("nafbee_vgg19", "ReLU", 32, "saliency", "no operations");
    let setup = setup("nats_sss", 16);
    let engine = BurnEngine::open(DeviceSpec::Cpu).unwrap();
    let inputs = Inputs::new(vec![0.5; BATCH * 3 * 256], [BATCH, 3, 16, 16], 0).with_labels(vec![0; BATCH]);
    let set = CandidateSet { setup, engine: &engine, inputs: &inputs, order: &|_| None };
    let proxies = prepare(&["zico", "params"].map(|name| name.parse().unwrap()), &set);
    let network = Network::build(setup, "8:8:8:8:8").unwrap();
    let outcomes = scoring::score(&engine, &network, &inputs, &proxies);
    assert_eq!((outcomes[0].status(), outcomes[1].status()), (Status::Failed, Status::Ok));
    assert!(outcomes[0].result.as_ref().unwrap_err().to_string().contains("two mini-batches"));
}

/// A cell without a live ReLU tells no images apart; a cell that only hands its input on cannot be trained.
#[test]
fn cells_of_one_operation() {
    let of = |op: &str, name: &str| {
        let cell = format!("|none~0|+|none~0|none~1|+|{op}~0|none~1|none~2|");
        score("nasbench201", &cell, 8, &[name])[0].result.clone().unwrap()
    };
    assert_eq!(of("none", "linear_regions").value, 1.0);
    assert!(of("nor_conv_3x3", "linear_regions").value > of("skip_connect", "linear_regions").value);
    let trainability = |op: &str| {
        let components = of(op, "az_nas").components;
        components.iter().find(|(name, _)| *name == "trainability").unwrap().1
    };
    // Two reduction blocks stand between cells that hand on.
    assert_eq!(trainability("skip_connect"), f64::NEG_INFINITY);
    assert!(trainability("nor_conv_3x3").is_finite());
}

/// The official code's setup: the mean over the initialisations of the seeds that follow, and crops of the images.
#[test]
fn te_nas_as_officially_measured() {
    let cell = "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|";
    let value = |seed: u64, name: &str| {
        let setup = setup("nasbench201", 8);
        let setup = Setup { seeds: Seeds { weight: 5 + seed, ..setup.seeds }, ..setup };
        score_with(setup, cell, &[name], &[])[0].result.clone().unwrap()
    };
    let mean = (0..3).map(|seed| value(seed, "ntk").value).sum::<f64>() / 3.0;
    let repeated = value(0, "ntk:repeats_3").value;
    assert!((repeated - mean).abs() <= 1e-12 * mean.abs(), "{repeated}, the mean is {mean}");
    let crops = value(0, "linear_regions:crops");
    let images = crops.components.iter().find(|(name, _)| *name == "images").unwrap().1;
    assert_eq!(images, 3000.0);
    assert!(crops.value > 1.0 && crops.value <= images, "{crops:?}");
    let official = value(0, "te_nas:official");
    assert_eq!(official.value, repeated);
    let regions = official.components.iter().find(|(name, _)| *name == "linear_regions").unwrap().1;
    assert_eq!(regions, crops.value);
}
