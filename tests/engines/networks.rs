//! The native engine against the burn engine on whole networks of every space, and against itself.

use std::thread;

use untrained::engine::{
    BurnEngine, Cotangent, DeviceSpec, Engine, ForwardPass, GradientForm, Gradients, InputBatch,
    NativeEngine, NormStatistics, Observation, Precision, Reduced, Reduction, Wants,
};
use untrained::graph::init::Scheme;
use untrained::graph::{Graph, Op, Tap, Weights};
use untrained::keyed::Stream;
use untrained::spaces::{NetworkInput, find};

use crate::common::untrained;

fn noise(name: &str, len: usize) -> Vec<f32> {
    let mut values = vec![0.0; len];
    Stream::new(7, name).fill_normal(1.0, &mut values);
    values
}

/// A network, its weights and a batch.
struct Case {
    graph: Graph,
    weights: Weights,
    images: Vec<f32>,
    shape: [usize; 4],
}

/// What an engine makes of it.
#[derive(Debug, PartialEq)]
struct Found {
    logits: Vec<f64>,
    features: Vec<f64>,
    gradients: Vec<f64>,
}

impl Case {
    fn new(space: &str, arch: &str, resolution: usize, images: usize) -> Self {
        let graph = find(space).unwrap().build(arch, NetworkInput { resolution, classes: 10 }).unwrap();
        let shape = [images, 3, resolution, resolution];
        let weights = Weights::init(&graph, Scheme::Default, 3);
        Self { graph, weights, images: noise("images", shape.iter().product()), shape }
    }

    /// Logits, features, and the gradients of a random function of the logits.
    fn run(&self, engine: &dyn Engine, norm: NormStatistics, precision: Precision) -> Found {
        let copy = |node| Observation { taps: vec![Tap { node, times: 1 }], reduction: Reduction::Copy };
        let logits = self.graph.logits();
        let observations = [copy(logits), copy(self.graph.features())];
        let pass = ForwardPass {
            graph: &self.graph,
            weights: &self.weights,
            input: InputBatch { images: &self.images, shape: self.shape },
            norm,
            precision,
            observations: &observations,
        };
        let session = engine.session(&pass, &[logits]).unwrap();
        let values = |k: usize| match &session.reduced()[k] {
            Reduced::Values(values) => values[0].1.clone(),
            other => panic!("{other:?}"),
        };
        let cotangent: Vec<f64> = noise("cotangent", self.shape[0] * 10).into_iter().map(f64::from).collect();
        let params: Vec<_> = self.graph.trainable().map(|(id, _)| id).collect();
        let wants = Wants { params: &params, form: GradientForm::Summed, nodes: &[] };
        let mut gradients = Gradients::default();
        session.backward(&[Cotangent { node: logits, values: &cotangent }], &wants, &mut gradients).unwrap();
        let gradients = params.iter().filter_map(|id| gradients.param(*id)).flat_map(|g| g.to_f64());
        Found { logits: values(0), features: values(1), gradients: gradients.collect() }
    }
}

/// Length of the difference over the length of the expected values.
fn difference(ours: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(ours.len(), expected.len());
    assert!(!ours.is_empty());
    let length = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    let norm = length(&mut expected.iter().copied());
    length(&mut ours.iter().zip(expected).map(|(a, b)| a - b)) / norm.max(1e-12)
}

/// Networks with every operation of the spaces: wide and narrow maps, odd channels, dead edges, all activations.
fn cases() -> Vec<Case> {
    let nb201 = [
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|",
        "|nor_conv_1x1~0|+|avg_pool_3x3~0|skip_connect~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|",
        "|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|skip_connect~2|",
    ];
    let mut cases: Vec<Case> = nb201.iter().map(|arch| Case::new("nasbench201", arch, 16, 5)).collect();
    cases.push(Case::new("nats_sss", "8:24:40:56:64", 16, 4));
    cases.push(Case::new("nats_sss", "64:8:16:8:48", 16, 3));
    for activation in ["ReLU", "GELU", "Hardswish", "Mish", "SELU"] {
        cases.push(Case::new("nafbee_vgg19", activation, 32, 3));
    }
    let cells = "w10:d4:n=conv_7x1_1x7@0+max_pool_5x5@1/sep_conv_5x5@2+conv_3x3@0/skip_connect@1+dil_conv_3x3@3=3.4:\
                 r=skip_connect@0+max_pool_7x7@1/conv_3x1_1x3@1+avg_pool_3x3@0/conv_1x1@2+sep_conv_7x7@1=2.3.4";
    for (space, arch, resolution) in [
        ("nds_nasnet", format!("cifar:{cells}"), 16),
        ("nds_nasnet_in", format!("imagenet:{cells}"), 64),
        (
            "nds_amoeba",
            "cifar:w7:d2:n=dil_sep_conv_3x3@0+avg_pool_3x3@1=2:r=dil_sep_conv_3x3@0+skip_connect@1=2".into(),
            16,
        ),
        (
            "nds_darts",
            "cifar:w16:d3:n=none@0+dil_conv_5x5@1/none@2+none@2=2:r=none@0+dil_conv_5x5@1=2".into(),
            16,
        ),
        ("nds_resnext_b", "res_bottleneck:w20s4:d1w24s1b0.5g3-d2w40s2b1g8".into(), 32),
        ("nds_vanilla", "vanilla:w12s8:d2w16s1-d1w20s2".into(), 64),
        ("transnas_micro", "20-143-1_03_210".into(), 64),
        ("transnas_macro", "12-142-basic".into(), 64),
    ] {
        cases.push(Case::new(space, &arch, resolution, 3));
    }
    cases
}

#[test]
fn whole_networks_agree_with_burn_in_f64() {
    let burn = BurnEngine::open(DeviceSpec::Cpu).unwrap();
    for (i, case) in cases().iter().enumerate() {
        let norms = [NormStatistics::Batch, NormStatistics::PerImage, NormStatistics::Running];
        // VGG-19 ends in maps of 2x2 and 1x1 pixels, too few for statistics of an image.
        let pixels =
            case.graph.nodes().iter().filter(|n| matches!(n.op, Op::BatchNorm(_))).map(|n| n.shape.pixels());
        let few = pixels.min().is_some_and(|fewest| fewest <= 4);
        for norm in norms.into_iter().filter(|n| !few || *n != NormStatistics::PerImage) {
            let expected = case.run(&burn, norm, Precision::F64);
            let ours = case.run(&NativeEngine::new(), norm, Precision::F64);
            let worst = difference(&ours.logits, &expected.logits)
                .max(difference(&ours.features, &expected.features))
                .max(difference(&ours.gradients, &expected.gradients));
            assert!(worst < 1e-8, "network {i}, {norm:?}: {worst:e}");
        }
    }
}

/// In f32 a network is compared with itself in f64: what the engine loses by rounding.
#[test]
fn whole_networks_lose_little_in_f32() {
    for (i, case) in cases().iter().enumerate() {
        let expected = case.run(&NativeEngine::new(), NormStatistics::Running, Precision::F64);
        let ours = case.run(&NativeEngine::new(), NormStatistics::Running, Precision::F32);
        assert!(difference(&ours.logits, &expected.logits) < 1e-4, "network {i}");
        assert!(difference(&ours.features, &expected.features) < 1e-4, "network {i}");
        let gradients = difference(&ours.gradients, &expected.gradients);
        assert!(gradients < 1e-3, "network {i}: {gradients:e}");
    }
}

/// The same bits from run to run and however many networks are computed at a time.
#[test]
fn results_do_not_depend_on_threads_or_repetition() {
    let case = Case::new("nats_sss", "16:24:40:56:64", 16, 6);
    let run = || case.run(&NativeEngine::new(), NormStatistics::Batch, Precision::F32);
    let alone = run();
    thread::scope(|scope| {
        let together: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        for other in together {
            assert_eq!(other.join().unwrap(), alone);
        }
    });
}

/// Every instruction set scores: `UNTRAINED_ISA` limits what may be used, and the scores agree to rounding.
#[test]
fn instruction_sets_agree() {
    let score = |isa: &str| -> (String, f64) {
        let mut command = untrained(&[]);
        let arch = "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|none~0|avg_pool_3x3~1|nor_conv_3x3~2|";
        command.env("UNTRAINED_ISA", isa).args(["score", "--space", "nasbench201", "--arch", arch]);
        command.args(["--proxies", "zen", "--dataset", "noise", "--batch-size", "4", "--format", "json"]);
        let output = command.assert().success();
        let value: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
        (value["engine"].as_str().unwrap().to_string(), value["scores"][0]["score"].as_f64().unwrap())
    };
    let (name, portable) = score("portable");
    assert_eq!(name, "native (portable)");
    for isa in ["avx2", "avx512"] {
        let (name, value) = score(isa);
        assert!((value / portable - 1.0).abs() < 1e-5, "{name}: {value} against {portable}");
    }
}
