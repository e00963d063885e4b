//! Hidden states, pooled outputs and logits against Hugging Face's, from `scripts/make_bert_golden.py`.

use serde::Deserialize;
use untrained::engine::{
    Engine, ForwardPass, InputBatch, NativeEngine, NormStatistics, Observation, Precision, Reduced, Reduction,
};
use untrained::graph::init::Scheme;
use untrained::graph::{Activation, Tap, Weights};
use untrained::keyed::{Stream, decide};
use untrained::spaces::nafbee::{BASE, BertConfig, TINY};

#[derive(Deserialize)]
struct Values {
    arch: String,
    seed: u64,
    sentences: usize,
    tokens: usize,
    logits: Vec<Vec<f64>>,
    /// The first 16 features.
    pooled: Vec<Vec<f64>>,
    /// For each layer, over attended tokens: sum of feature times number of the feature, and sum of absolute values.
    weighted: Vec<f64>,
    magnitude: Vec<f64>,
}

#[derive(Deserialize)]
struct File {
    tiny: Vec<Values>,
    base: Vec<Values>,
}

fn file() -> File {
    serde_json::from_str(include_str!("../../bert_values.json")).unwrap()
}

/// As `tokens` of the script has it.
fn ids(v: &Values, vocabulary: usize) -> Vec<f32> {
    let stream = Stream::new(v.seed, "input");
    let sentence = |i: usize| {
        let used = v.tokens - i % (v.tokens / 2);
        let id = |j: usize| {
            if j < used { decide(&stream, (i * v.tokens + j) as u64, vocabulary) as f32 } else { 0.0 }
        };
        let ids: Vec<f32> = (0..v.tokens).map(id).collect();
        ids.into_iter().chain((0..v.tokens).map(move |j| f32::from(u8::from(j < used))))
    };
    (0..v.sentences).flat_map(sentence).collect()
}

fn compare(v: &Values, config: BertConfig, engine: &dyn Engine, precision: Precision, tolerance: f64) {
    let kind = Activation::ALL.into_iter().find(|a| a.class() == v.arch).unwrap();
    let graph = config.build(kind, v.tokens, 2).unwrap();
    let (weights, ids) = (Weights::init(&graph, Scheme::Default, v.seed), ids(v, config.vocabulary));
    let mut nodes = graph.stages().to_vec();
    nodes.extend([graph.classifier_input(), graph.logits()]);
    let taps = nodes.iter().map(|node| Tap { node: *node, times: 1 }).collect();
    let observations = [Observation { taps, reduction: Reduction::Copy }];
    let pass = ForwardPass {
        graph: &graph,
        weights: &weights,
        input: InputBatch { images: &ids, shape: [v.sentences, 2, v.tokens, 1] },
        norm: NormStatistics::Running,
        precision,
        observations: &observations,
    };
    let seen = engine.forward(&pass).unwrap();
    let Reduced::Values(values) = &seen[0] else { unreachable!("copies") };
    let near = |what: &str, ours: f64, theirs: f64, scale: f64| {
        let close = (ours - theirs).abs() <= tolerance * scale;
        assert!(close, "{} {} in {precision}, {what}: {ours} is not {theirs}", engine.name(), v.arch);
    };
    let of = |node| &values.iter().find(|(id, _)| *id == node).unwrap().1;
    for (layer, node) in graph.stages().iter().enumerate() {
        let (mut weighted, mut magnitude) = (0.0, 0.0);
        for (k, x) in of(*node).iter().enumerate() {
            let (token, feature) = (k % v.tokens, k / v.tokens % config.hidden);
            let sentence = k / v.tokens / config.hidden;
            if ids[(2 * sentence + 1) * v.tokens + token] == 1.0 {
                weighted += x * feature as f64 / config.hidden as f64;
                magnitude += x.abs();
            }
        }
        near(&format!("layer {layer}"), weighted, v.weighted[layer], v.magnitude[layer].sqrt());
        near(&format!("sizes of layer {layer}"), magnitude, v.magnitude[layer], v.magnitude[layer]);
    }
    let pooled = of(graph.classifier_input()).chunks(config.hidden).zip(&v.pooled);
    pooled.for_each(|(ours, theirs)| ours.iter().zip(theirs).for_each(|(a, b)| near("pooled", *a, *b, 1.0)));
    let logits = v.logits.iter().flatten();
    of(graph.logits()).iter().zip(logits).for_each(|(a, b)| near("logits", *a, *b, 1.0));
}

#[test]
fn all_activations_equal_hugging_face() {
    let file = file();
    assert_eq!(file.tiny.len(), 11);
    for v in &file.tiny {
        for engine in super::engines() {
            compare(v, TINY, engine.as_ref(), Precision::F64, 1e-9);
            compare(v, TINY, engine.as_ref(), Precision::F32, 2e-5);
        }
    }
}

/// The full network, on two short sentences.
#[test]
fn bert_base_equals_hugging_face() {
    for v in &file().base {
        compare(v, BASE, &NativeEngine::new(), Precision::F32, 1e-4);
        compare(v, BASE, &NativeEngine::new(), Precision::F64, 1e-8);
    }
}
