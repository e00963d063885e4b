//! Proxies on whole networks: every variant gives a status, shared passes change no number, and laws that must hold.

#[path = "proxies/laws.rs"]
mod laws;

use untrained::engine::{BurnEngine, DeviceSpec, Precision};
use untrained::graph::init::Scheme;
use untrained::keyed::Stream;
use untrained::proxies::{PROXIES, ProxyRef};
use untrained::scoring::{
    self, CandidateSet, Inputs, Network, Outcome, PreparedProxy, Seeds, Settings, Status,
};
use untrained::spaces::{NetworkInput, find};

const BATCH: usize = 6;

fn settings(space: &str, resolution: usize) -> Settings {
    Settings {
        space: find(space).unwrap(),
        input: NetworkInput { resolution, classes: 10 },
        seeds: Seeds { weight: 5, data: 6, sample: 7 },
        init: Scheme::Default,
        precision: Precision::F32,
        repetition: 0,
        hda_networks: Some(2),
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
    score_with(settings(space, resolution), arch, proxies, labels)
}

fn score_with(settings: Settings, arch: &str, proxies: &[&str], labels: &[u32]) -> Vec<Outcome> {
    let resolution = settings.input.resolution;
    let engine = BurnEngine::open(DeviceSpec::Cpu).unwrap();
    let mut images = vec![0.0; BATCH * 3 * resolution * resolution];
    Stream::new(1, "images").fill_normal(1.0, &mut images);
    let inputs = Inputs::new(images, [BATCH, 3, resolution, resolution], settings.seeds.data);
    let mut next = vec![0.0; BATCH * 3 * resolution * resolution];
    Stream::new(2, "images").fill_normal(1.0, &mut next);
    let inputs = inputs.with_labels(labels.to_vec()).with_next(Ok((next, labels.to_vec())));
    let set = CandidateSet { settings, engine: &engine, inputs: &inputs, order: &|_| None };
    let parsed = proxies.iter().map(|name| name.parse::<ProxyRef>().unwrap());
    let prepared: Vec<PreparedProxy> = parsed.map(|p| PreparedProxy::new(p, &set)).collect();
    let network = Network::build(settings, arch).unwrap();
    scoring::score(&engine, &network, &inputs, &prepared)
}

fn sss(proxies: &[&str]) -> Vec<f64> {
    let outcomes = score("nats_sss", "8:16:8:24:16", 16, proxies);
    outcomes.iter().map(|o| o.result.as_ref().unwrap().value).collect()
}

#[test]
fn every_choice_of_every_proxy_scores_a_network() {
    let mut names = vec![];
    for proxy in PROXIES.iter().filter(|p| !p.needs_files()) {
        let spec = proxy.spec();
        names.push(spec.name.to_string());
        let choices = spec.axes.iter().flat_map(|a| a.choices.iter().map(|c| c.name));
        names
            .extend(choices.chain(spec.presets.iter().map(|p| p.name)).map(|c| format!("{}:{c}", spec.name)));
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
            let expected = if i < 7 { Status::Failed } else { Status::Ok };
            assert_eq!(outcome.status(), expected, "{}: {:?}", outcome.proxy, outcome.result);
        }
        assert!(outcomes[0].result.as_ref().unwrap_err().to_string().contains("label below 10"));
    }
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
    let settings = settings("nats_sss", 16);
    let engine = BurnEngine::open(DeviceSpec::Cpu).unwrap();
    let inputs = Inputs::new(vec![0.5; BATCH * 3 * 256], [BATCH, 3, 16, 16], 0).with_labels(vec![0; BATCH]);
    let set = CandidateSet { settings, engine: &engine, inputs: &inputs, order: &|_| None };
    let proxies = ["zico", "params"].map(|name| PreparedProxy::new(name.parse().unwrap(), &set));
    let network = Network::build(settings, "8:8:8:8:8").unwrap();
    let outcomes = scoring::score(&engine, &network, &inputs, &proxies);
    assert_eq!((outcomes[0].status(), outcomes[1].status()), (Status::Failed, Status::Ok));
    assert!(outcomes[0].result.as_ref().unwrap_err().to_string().contains("two mini-batches"));
}
