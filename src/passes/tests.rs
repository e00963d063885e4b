//! Which passes are shared, and what they give.

use super::merge::{Key, Merged};
use super::*;
use crate::engine::{Engine, NativeEngine, NormStatistics, Precision, Reduction};
use crate::graph::init::Scheme;
use crate::proxies::ProxyRef;
use crate::scoring::{Seeds, prepare};
use crate::spaces::{NetworkInput, find};

fn setup() -> Setup {
    Setup {
        space: find("nats_sss").unwrap(),
        input: NetworkInput { resolution: 32, classes: 10 },
        seeds: Seeds::default(),
        init: Scheme::Default,
        precision: Default::default(),
        repetition: 0,
        candidates: None,
    }
}

/// What proxies that look at no candidate set ask for.
fn requests(names: &[&str], network: &Network) -> Vec<PassRequest> {
    let inputs = Inputs::new(vec![], [0; 4], 0);
    let engine: &dyn Engine = &NativeEngine::new();
    let set = CandidateSet { setup: *network.setup(), engine, inputs: &inputs, order: &|_| None };
    let proxies: Vec<ProxyRef> = names.iter().map(|name| name.parse().unwrap()).collect();
    let requests: Vec<Requests> = prepare(&proxies, &set).iter().map(|p| p.requests(network)).collect();
    requests.iter().flat_map(Requests::iter).cloned().collect()
}

#[test]
fn proxies_with_equal_passes_share_them() {
    let network = Network::build(setup(), "8:8:8:8:8").unwrap();
    let names = ["naswot", "naswot:double_count", "rbflex:fixed+whole_batch", "rbflex:fixed", "zen"];
    let passes = Passes::merge(&network, requests(&names, &network).iter());
    // Whole batch: two code Grams and two geometries; per image: two geometries; zen: its two noise passes.
    let observed: Vec<usize> = passes.merged.iter().map(|p| p.observations.len()).collect();
    assert_eq!(observed, [4, 2, 2, 2]);
    assert!(passes.merged[0].observations.iter().any(|o| o.reduction == Reduction::CodeGram));
}

/// Gradients of one loss are one backward pass of the pass that forward proxies observe.
#[test]
fn gradients_share_the_forward_and_the_backward_pass() {
    let network = Network::build(setup(), "8:8:8:8:8").unwrap();
    let names = ["naswot", "grad_norm", "snip", "grasp", "fisher", "jacob_cov", "epe_nas", "synflow"];
    let passes = Passes::merge(&network, requests(&names, &network).iter());
    assert_eq!(passes.merged.len(), 2);
    let losses: Vec<_> = passes.merged[0].backward.iter().map(|(loss, r)| (*loss, r.len())).collect();
    assert_eq!(losses, [(LossRequest::CrossEntropy, 3), (LossRequest::SumOfLogits, 1)]);
    assert_eq!(passes.merged[1].key.precision, Precision::F64);
}

/// A small BERT, four sentences of eight tokens (the second half of the third is padding), and their classes.
fn bert() -> (Network, Inputs) {
    let input = NetworkInput { resolution: 8, classes: 2 };
    let setup = Setup { space: find("nafbee_bert:tiny").unwrap(), input, ..setup() };
    let sentence = |i: usize| {
        let ids = (0..8).map(move |t| (7 * i + 3 * t + 1) as f32);
        ids.chain((0..8).map(move |t| f32::from(u8::from(i != 2 || t < 4))))
    };
    let inputs = Inputs::new((0..4).flat_map(sentence).collect(), [4, 2, 8, 1], 0);
    (Network::build(setup, "GELU").unwrap(), inputs.with_labels(vec![0, 1, 1, 0]))
}

/// BERT normalises every token by itself: proxies that ask for statistics of each image and of the batch share one pass, which
/// gives what each of their own would, bit for bit.
#[test]
fn without_normalisation_over_the_batch_the_statistics_share_a_pass() {
    let ((network, inputs), engine) = (bert(), NativeEngine::new());
    let names = ["rbflex:fixed", "rbflex:fixed+whole_batch", "naswot", "swap", "gradsign", "grad_norm"];
    let requests = requests(&names, &network);
    assert!(requests.iter().any(|r| r.norm == NormStatistics::PerImage));
    // One more than a pass: `swap` insists on an initialisation of its own.
    assert_eq!(Passes::merge(&network, requests.iter()).merged.len(), 2);
    let shared = Passes::merge(&network, requests.iter()).run(&engine, &inputs);
    for own in &requests {
        let merged = Merged {
            // The statistics that the proxy asks for, which sharing replaces.
            key: Key { norm: own.norm, ..Key::of(&network, own) },
            observations: own.observations.clone(),
            backward: own.backward.iter().map(|b| (b.loss, b.reductions.clone())).collect(),
        };
        let weights = network.weights_of(merged.key.form, merged.key.init, merged.key.repeat).unwrap();
        let (forward, backward) = run::run_pass(&engine, (&network, weights), &inputs, &merged).unwrap();
        let [observations, gradients] = shared.results(own).unwrap();
        assert!(!(observations.is_empty() && gradients.is_empty()));
        assert!(observations.into_iter().eq(forward.0.unwrap().iter()));
        let alone: Vec<_> = backward.into_iter().flat_map(|(reduced, _)| reduced.unwrap()).collect();
        assert!(gradients.into_iter().eq(alone.iter()));
    }
}

/// Where something does normalise over the batch, and for SynFlow, which leaves normalisations out, passes stay apart.
#[test]
fn statistics_tell_passes_apart_where_they_matter() {
    let convolutions = Network::build(setup(), "8:8:8:8:8").unwrap();
    let (bert, _) = bert();
    for (network, statistics, passes) in [
        (&convolutions, [NormStatistics::Batch, NormStatistics::PerImage], 2),
        (&convolutions, [NormStatistics::Batch, NormStatistics::Running], 2),
        (&bert, [NormStatistics::Batch, NormStatistics::Running], 1),
        (&bert, [NormStatistics::Batch, NormStatistics::Bypass], 2),
    ] {
        let requests = statistics.map(|norm| PassRequest::new(InputRequest::MiniBatch, norm));
        assert_eq!(Passes::merge(network, requests.iter()).merged.len(), passes, "{statistics:?}");
    }
}
