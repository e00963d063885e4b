//! Layer normalisation, attention and embeddings against plain loops, on both engines.

use proptest::prelude::*;
use untrained::engine::{
    Engine, EngineError, ForwardPass, InputBatch, NormStatistics, Observation, Precision, Reduced, Reduction,
};
use untrained::graph::init::Scheme;
use untrained::graph::{Builder, EmbeddingRow, Graph, NodeId, Shape, Tap, Weights};
use untrained::keyed::{Stream, decide};

const VOCABULARY: usize = 11;

/// A sequence made of token ids, and what is built on it.
struct Pass {
    graph: Graph,
    weights: Weights,
    ids: Vec<f32>,
    n: usize,
    tokens: usize,
}

impl Pass {
    fn new(n: usize, tokens: usize, width: usize, body: impl FnOnce(&mut Builder, NodeId) -> NodeId) -> Self {
        let mut b = Builder::new("Test", Shape::token_ids(tokens));
        let ids = b.input();
        let x = b.embedding("words", ids, [VOCABULARY, width], EmbeddingRow::Token);
        let y = body(&mut b, x);
        let graph = b.finish(y).unwrap();
        let mut weights = Weights::init(&graph, Scheme::Default, 3);
        // Embeddings of the size of activations, affine parameters away from 1 and 0.
        let all: Vec<_> = graph.trainable().map(|(id, p)| (id, p.name.clone())).collect();
        for (id, name) in all {
            if name == "words.weight" || name.starts_with("norm") {
                Stream::new(5, &name).fill_normal(1.0, weights.get_mut(id));
            }
        }
        let stream = Stream::new(7, "ids");
        let sentence = |i: usize| {
            let ids = (0..tokens).map(|j| decide(&stream, (i * tokens + j) as u64, VOCABULARY) as f32);
            // The last tokens of a sentence are padding; one token at least is not.
            let mask = (0..tokens).map(|j| f32::from(u8::from(j < (tokens - i % tokens).max(1))));
            ids.chain(mask).collect::<Vec<f32>>()
        };
        let ids = (0..n).flat_map(sentence).collect();
        Self { graph, weights, ids, n, tokens }
    }

    fn values_of(&self, name: &str) -> Vec<f64> {
        let (id, _) = self.graph.trainable().find(|(_, p)| p.name == name).unwrap();
        self.weights.get(id).iter().map(|w| f64::from(*w)).collect()
    }

    /// The embedded sequence, `[n][feature][token]`.
    fn embedded(&self) -> Vec<f64> {
        let table = self.values_of("words.weight");
        let width = table.len() / VOCABULARY;
        let mut x = vec![];
        for sentence in self.ids.chunks(2 * self.tokens) {
            for c in 0..width {
                x.extend(sentence[..self.tokens].iter().map(|id| table[*id as usize * width + c]));
            }
        }
        x
    }

    fn run(&self, engine: &dyn Engine, precision: Precision) -> Result<Vec<f64>, EngineError> {
        let tap = Tap { node: self.graph.logits(), times: 1 };
        let observations = [Observation { taps: vec![tap], reduction: Reduction::Copy }];
        let seen = engine.forward(&ForwardPass {
            graph: &self.graph,
            weights: &self.weights,
            input: InputBatch { images: &self.ids, shape: [self.n, 2, self.tokens, 1] },
            norm: NormStatistics::Batch,
            precision,
            observations: &observations,
        })?;
        let Reduced::Values(values) = &seen[0] else { unreachable!("a copy") };
        Ok(values[0].1.clone())
    }

    fn check(&self, expected: &[f64]) -> Result<(), TestCaseError> {
        for engine in super::engines() {
            for (precision, tolerance) in [(Precision::F64, 1e-11), (Precision::F32, 2e-5)] {
                let ours = self.run(engine.as_ref(), precision).unwrap();
                prop_assert_eq!(ours.len(), expected.len());
                for (a, b) in ours.iter().zip(expected) {
                    let near = (a - b).abs() <= tolerance * (1.0 + b.abs());
                    prop_assert!(near, "{} in {precision}: {a} is not {b}", engine.name());
                }
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn embeddings_are_rows_of_their_table(n in 1usize..4, tokens in 1usize..9, width in 1usize..40) {
        let pass = Pass::new(n, tokens, width, |_, x| x);
        pass.check(&pass.embedded())?;
    }

    #[test]
    fn layer_norm_equals_plain_loops(n in 1usize..4, tokens in 1usize..9, width in 2usize..40) {
        let pass = Pass::new(n, tokens, width, |b, x| b.layer_norm("norm", x, 1e-3));
        let (x, gamma, beta) = (pass.embedded(), pass.values_of("norm.weight"), pass.values_of("norm.bias"));
        let mut expected = vec![0.0; x.len()];
        for (i, t) in (0..n).flat_map(|i| (0..tokens).map(move |t| (i, t))) {
            let at = |c: usize| (i * width + c) * tokens + t;
            let mean = (0..width).map(|c| x[at(c)]).sum::<f64>() / width as f64;
            let variance = (0..width).map(|c| (x[at(c)] - mean).powi(2)).sum::<f64>() / width as f64;
            for c in 0..width {
                expected[at(c)] = (x[at(c)] - mean) / (variance + 1e-3).sqrt() * gamma[c] + beta[c];
            }
        }
        pass.check(&expected)?;
    }

    #[test]
    fn attention_equals_plain_loops(n in 1usize..4, tokens in 1usize..9, heads in 1usize..4, d in 1usize..7) {
        let width = heads * d;
        let pass = Pass::new(n, tokens, width, |b, x| {
            let qkv = ["q", "k", "v"].map(|name| b.token_linear(name, x, width));
            b.attention(qkv, heads)
        });
        let x = pass.embedded();
        // [n][token][feature]
        let linear = |name: &str| {
            let (w, bias) = (pass.values_of(&format!("{name}.weight")), pass.values_of(&format!("{name}.bias")));
            let mut y = vec![0.0; x.len()];
            for (i, t) in (0..n).flat_map(|i| (0..tokens).map(move |t| (i, t))) {
                for o in 0..width {
                    let products = (0..width).map(|c| w[o * width + c] * x[(i * width + c) * tokens + t]);
                    y[(i * tokens + t) * width + o] = bias[o] + products.sum::<f64>();
                }
            }
            y
        };
        let (q, k, v) = (linear("q"), linear("k"), linear("v"));
        let mut expected = vec![0.0; x.len()];
        for (i, s) in (0..n).flat_map(|i| (0..tokens).map(move |s| (i, s))) {
            let mask = &pass.ids[(2 * i + 1) * tokens..(2 * i + 2) * tokens];
            for h in 0..heads {
                let row = |x: &[f64], t: usize| x[(i * tokens + t) * width + h * d..][..d].to_vec();
                let score = |t: usize| {
                    let product: f64 = row(&q, s).iter().zip(row(&k, t)).map(|(a, b)| a * b).sum();
                    if mask[t] == 1.0 { (product / (d as f64).sqrt()).exp() } else { 0.0 }
                };
                let scores: Vec<f64> = (0..tokens).map(score).collect();
                let sum: f64 = scores.iter().sum();
                for c in 0..d {
                    let context = (0..tokens).map(|t| scores[t] / sum * row(&v, t)[c]).sum();
                    expected[(i * width + h * d + c) * tokens + s] = context;
                }
            }
        }
        pass.check(&expected)?;
    }
}

/// Scores whose exponentials overflow still give weights that add up to one.
#[test]
fn large_scores_are_finite() {
    let mut pass = Pass::new(2, 5, 4, |b, x| {
        let qkv = ["q", "k", "v"].map(|name| b.token_linear(name, x, 4));
        b.attention(qkv, 2)
    });
    let ids: Vec<_> = pass.graph.trainable().map(|(id, p)| (id, p.name.clone())).collect();
    for (id, name) in ids {
        let factor = if name == "q.weight" || name == "k.weight" { 1e4 } else { 1.0 };
        pass.weights.get_mut(id).iter_mut().for_each(|w| *w *= factor);
    }
    for engine in super::engines() {
        for precision in [Precision::F32, Precision::F64] {
            let values = pass.run(engine.as_ref(), precision).unwrap();
            assert!(values.iter().all(|x| x.is_finite() && x.abs() < 10.0), "{values:?}");
        }
    }
}

#[test]
fn input_that_is_no_sentence_is_refused() {
    let good = || Pass::new(2, 3, 4, |_, x| x);
    let error = |change: &dyn Fn(&mut Vec<f32>)| {
        let mut pass = good();
        change(&mut pass.ids);
        let errors = super::engines().map(|e| pass.run(e.as_ref(), Precision::F32).unwrap_err());
        assert_eq!(errors[0], errors[1]);
        errors[0].to_string()
    };
    assert!(error(&|ids| ids[1] = 11.0).contains("sentence 0 of the input: 11 is no token id from 0 to 10"));
    for id in [-1.0, 0.5, f32::NAN, f32::INFINITY] {
        assert!(error(&|ids| ids[7] = id).contains("sentence 1 of the input"));
    }
    assert!(error(&|ids| ids[3..6].fill(0.0)).contains("1 for one at least"));
    assert!(error(&|ids| ids[3] = 0.5).contains("must be 0 or 1"));
}
