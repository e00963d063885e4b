//! Laws that scores obey: order, equality and limits that follow from the definitions.

use untrained::scoring::{Seeds, Settings, Status};

use super::{BATCH, score, score_with, settings, sss};

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

/// The official code's settings: the mean over the initialisations of the seeds that follow, and crops of the images.
#[test]
fn te_nas_as_officially_measured() {
    let cell = "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|";
    let value = |seed: u64, name: &str| {
        let settings = settings("nasbench201", 8);
        let settings = Settings { seeds: Seeds { weight: 5 + seed, ..settings.seeds }, ..settings };
        score_with(settings, cell, &[name], &[])[0].result.clone().unwrap()
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
