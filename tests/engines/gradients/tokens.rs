//! Networks for text: embeddings, layer normalisation and attention.

use untrained::engine::{GradientForm, GradientSums, Gradients, HostValues, Loss, Precision};
use untrained::graph::{Activation, Graph, ParamRole};
use untrained::spaces::nafbee::BertConfig;

use super::first::{equals_autodiff, equals_central_difference};
use super::second::{equals_difference_of_gradients, is_symmetric};
use super::support::{Net, difference, engine, gradients, input, listed};

const SMALL: BertConfig =
    BertConfig { layers: 2, hidden: 12, heads: 3, intermediate: 20, vocabulary: 9, positions: 7, types: 2 };

/// Four sentences of falling lengths. Embeddings are large beside the steps of central differences, and no value reaches 2: f32
/// holds the steps exactly.
fn bert(kind: Activation) -> Net {
    let mut net = Net::of(SMALL.build(kind, 5, 3).unwrap(), 4);
    let roles: Vec<_> = net.graph.trainable().map(|(id, p)| (id, p.role)).collect();
    for (id, role) in roles {
        let factor = match role {
            ParamRole::Embedding => 16.0,
            ParamRole::NormBias => 0.25,
            _ => 1.0,
        };
        let values = net.weights.get_mut(id);
        values.iter_mut().for_each(|w| *w *= factor);
        assert!(values.iter().all(|w| w.abs() < 2.0));
    }
    net
}

fn seed(net: &Net) -> Vec<f64> {
    (0..net.outputs()).map(|i| ((i * 7 % 11) as f64 - 5.0) / 4.0).collect()
}

#[test]
fn first_derivatives_equal_autodiff_and_differences() {
    for kind in [Activation::Gelu, Activation::Mish, Activation::Tanh] {
        equals_autodiff(&bert(kind), 1e-9);
        equals_central_difference(&bert(kind), 1e-6);
    }
}

#[test]
fn second_derivatives_equal_differences() {
    let net = bert(Activation::Silu);
    let labels: Vec<u32> = (0..net.n as u32).map(|i| i % 3).collect();
    equals_difference_of_gradients(&net, Loss::CrossEntropy { labels: &labels }, 1e-5);
    equals_difference_of_gradients(&net, Loss::SumOfLogits, 1e-5);
    is_symmetric(&net);
}

/// Rows of images add up to the gradient of the batch, and are those of the images alone: no sentence sees another.
#[test]
fn rows_per_sentence_are_gradients_of_single_sentences() {
    let net = bert(Activation::Gelu);
    let seed = seed(&net);
    let together = net.gradients(&seed, GradientForm::PerImage, Precision::F64);
    let (outputs, numbers) = (net.outputs() / net.n, net.images.len() / net.n);
    for i in 0..net.n {
        let images = net.images[i * numbers..(i + 1) * numbers].to_vec();
        let alone = Net { images, n: 1, ..bert(Activation::Gelu) };
        let single =
            alone.gradients(&seed[i * outputs..(i + 1) * outputs], GradientForm::Summed, Precision::F64);
        let row = |v: Option<Vec<f64>>| v.map(|v| v[i * v.len() / net.n..(i + 1) * v.len() / net.n].to_vec());
        let rows: Vec<_> = listed(&net, &together).into_iter().map(row).collect();
        assert!(difference(&rows, &listed(&alone, &single), 0.0) < 1e-11);
    }
}

/// What stands at padded positions moves nothing: neither other ids there nor the gradients of their rows.
#[test]
fn padding_is_not_seen() {
    let net = bert(Activation::Gelu);
    let length = net.graph.input_shape().pixels();
    let mut other =
        Net { graph: net.graph.clone(), weights: net.weights.clone(), images: net.images.clone(), ..net };
    for sentence in other.images.chunks_mut(2 * length) {
        let (ids, mask) = sentence.split_at_mut(length);
        ids.iter_mut().zip(mask).filter(|(_, m)| **m == 0.0).for_each(|(id, _)| *id = 8.0);
    }
    assert_ne!(other.images, net.images);
    let (a, b) = (other.logits(), net.logits());
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-14), "{a:?} {b:?}");
}

/// Sums in place of the gradient of a table, which is never made.
#[test]
fn sums_over_a_table_are_those_of_its_gradient() {
    let net = bert(Activation::Gelu);
    let (engine, seed) = (engine(), seed(&net));
    let session = net.session(engine.as_ref(), Precision::F64);
    let dense = gradients(&net, session.as_ref(), &seed, GradientForm::Summed);
    struct Sums(Vec<(usize, [f64; 3])>);
    impl untrained::engine::GradientSink for Sums {
        fn param(&mut self, _: untrained::graph::ParamId, _: HostValues) {}
        fn param_sums(&mut self, id: untrained::graph::ParamId, sums: [f64; 3]) {
            self.0.push((id.index(), sums));
        }
        fn node(&mut self, _: untrained::graph::NodeId, _: untrained::engine::NodeWant, _: HostValues) {}
    }
    let (mut sums, params) = (Sums(vec![]), net.trainable());
    let wants = untrained::engine::Wants { params: &params, form: GradientForm::SumsOnly, nodes: &[] };
    let cotangents = [untrained::engine::Cotangent { node: net.graph.logits(), values: &seed }];
    session.backward(&cotangents, &wants, &mut sums).unwrap();
    let tables = net.graph.trainable().filter(|(_, p)| p.role == ParamRole::Embedding);
    for (id, param) in tables {
        let mut whole = GradientSums::default();
        let gradient = dense.param(id).unwrap();
        whole.add(untrained::engine::Numbers::F32(net.weights.get(id)), gradient.numbers());
        let (_, ours) = sums.0.iter().find(|(i, _)| *i == id.index()).unwrap();
        for (a, b) in ours.iter().zip(whole.total()) {
            assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{}: {a} is not {b}", param.name);
        }
    }
}

/// Token ids have no gradient; the row of a type that no token has, has zeros.
#[test]
fn what_has_no_gradient() {
    let net = bert(Activation::Gelu);
    let all: Gradients = net.gradients(&seed(&net), GradientForm::Summed, Precision::F64);
    assert!(all.node(input(&net), untrained::engine::NodeWant::Gradient).is_none());
    let of = |graph: &Graph, name: &str| {
        let id = graph.trainable().find(|(_, p)| p.name == name).unwrap().0;
        all.param(id).unwrap().to_f64()
    };
    let types = of(&net.graph, "bert.embeddings.token_type_embeddings.weight");
    assert!(types[..12].iter().any(|g| *g != 0.0) && types[12..].iter().all(|g| *g == 0.0));
    let positions = of(&net.graph, "bert.embeddings.position_embeddings.weight");
    assert!(positions[5 * 12..].iter().all(|g| *g == 0.0));
}
