//! Architecture saliency against its definition.

use untrained::engine::{
    BurnEngine, DeviceSpec, Engine, ForwardPass, InputBatch, Loss, NormStatistics, Observation, Precision,
    Reduced, Reduction,
};
use untrained::graph::Tap;
use untrained::graph::init::Scheme;
use untrained::keyed::Stream;
use untrained::passes::{CandidateSet, Inputs, Network, Setup};
use untrained::scoring::{self, Seeds, prepare};
use untrained::spaces::{NetworkInput, find};

const BATCH: usize = 6;

/// The gate of an operation that ends in a batch normalisation is a common factor of its scale and shift, so the derivative
/// can be had from two networks with other weights.
#[test]
fn saliency_is_the_squared_derivative_of_the_gate() {
    let setup = Setup {
        space: find("nasbench201").unwrap(),
        input: NetworkInput { resolution: 8, classes: 10 },
        seeds: Seeds { weight: 5, data: 6, sample: 7 },
        init: Scheme::Default,
        precision: Precision::F64,
        repetition: 0,
        candidates: None,
    };
    let cell = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|";
    let engine = BurnEngine::open(DeviceSpec::Cpu).unwrap();
    let mut images = vec![0.0; BATCH * 3 * 64];
    Stream::new(1, "images").fill_normal(1.0, &mut images);
    let labels = [3u32, 8, 8, 0, 6, 6];
    let inputs = Inputs::new(images.clone(), [BATCH, 3, 8, 8], 0).with_labels(labels.to_vec());
    let set = CandidateSet { setup, engine: &engine, inputs: &inputs, order: &|_| None };
    let network = Network::build(setup, cell).unwrap();
    let loss = |gate: f32| {
        let mut weights = network.weights(None).clone();
        for (i, param) in network.graph().params().iter().enumerate() {
            if ["weight", "bias"].iter().any(|p| param.name == format!("cells.0.layers.3.op.2.{p}")) {
                let id = network.graph().trainable().map(|(id, _)| id).find(|id| id.index() == i).unwrap();
                weights.get_mut(id).iter_mut().for_each(|w| *w *= gate);
            }
        }
        let observations = [Observation {
            taps: vec![Tap { node: network.graph().logits(), times: 1 }],
            reduction: Reduction::Copy,
        }];
        let pass = ForwardPass {
            graph: network.graph(),
            weights: &weights,
            input: InputBatch { images: &images, shape: [BATCH, 3, 8, 8] },
            norm: NormStatistics::Batch,
            precision: Precision::F64,
            observations: &observations,
        };
        let Reduced::Values(logits) = engine.forward(&pass).unwrap().remove(0) else { panic!() };
        Loss::CrossEntropy { labels: &labels }.value(&logits[0].1, BATCH).unwrap()
    };
    let names = ["saliency:first_cell", "saliency:exact+first_cell"];
    let proxies = prepare(&names.map(|name| name.parse().unwrap()), &set);
    let outcomes = scoring::score(&engine, &network, &inputs, &proxies);
    let [first, exact] = [0, 1].map(|i| outcomes[i].result.as_ref().unwrap().value);
    let step = 1.0 / 8192.0;
    let slope = (loss(1.0 + step) - loss(1.0 - step)) / f64::from(2.0 * step);
    assert!((slope * slope / first - 1.0).abs() < 1e-3, "{slope} squared against {first}");
    let change = loss(1.0) - loss(0.0);
    assert!((change * change / exact - 1.0).abs() < 1e-9, "{change} squared against {exact}");
}
