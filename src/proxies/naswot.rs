//! NASWOT: how differently a network's activations partition the mini-batch.
//!
//! For every activation input `z`, `b = [z > 0]`; `K_ij = N_A - Hamming(b_i, b_j)` over all units; score `ln|det K|`.

use super::linalg::slogdet;
use super::{
    Axis, Choice, Cost, Direction, InputRequest, PassRequest, Prepared, Proxy, ProxySpec, Score, ScoreError,
    Variant,
};
use crate::engine::{NormStatistics, Observation, Reduced, Reduction};
use crate::graph::{Graph, Module, Tap};
use crate::scoring::Network;

/// Mellor et al., Neural Architecture Search without Training.
pub struct Naswot;

static SPEC: ProxySpec = ProxySpec {
    name: "naswot",
    title: "NASWOT",
    reference: "Mellor et al., Neural Architecture Search without Training, ICML 2021, arXiv:2006.04647",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch, no labels",
    about: "ln|det K| of the agreement kernel of binary activation codes; batch statistics",
    axes: &[Axis {
        name: "count",
        about: "which activations are counted, and how often",
        choices: &[
            Choice { name: "single", about: "every activation that runs, once (paper)" },
            Choice { name: "reachable", about: "only activations that the logits depend on" },
            Choice {
                name: "double_count",
                about: "official code: every reachable module whose class name contains `ReLU`, so composites such as \
                        ReLUConvBN count their activation again",
            },
        ],
    }],
    presets: &[],
    init: None,
    cost: Cost::Forward,
    version: 1,
};

/// Modules of the kind that a variant counts, and those of them that it counts.
fn modules<'g>(variant: &Variant, graph: &'g Graph) -> [Vec<&'g Module>; 2] {
    let all: Vec<&Module> = match variant.is("double_count") {
        true => graph.relu_named_modules().collect(),
        false => graph.activation_modules().collect(),
    };
    let reached = graph.reached_from_logits();
    let counts = |m: &&Module| variant.is("single") || m.call.is_some_and(|c| reached[c.output.index()]);
    let counted = all.iter().copied().filter(counts).collect();
    [all, counted]
}

/// The pass of every activation's codes, each activation once.
///
/// # Errors
/// [`ScoreError::Undefined`] for a network without activations.
pub fn codes_of_all_activations(graph: &Graph) -> Result<PassRequest, ScoreError> {
    codes_of(graph.input_taps(graph.activation_modules()))
}

fn codes_of(taps: Vec<Tap>) -> Result<PassRequest, ScoreError> {
    if taps.is_empty() {
        return Err(ScoreError::Undefined("the network has no activation that this variant counts".into()));
    }
    let codes = Observation { taps, reduction: Reduction::CodeGram };
    Ok(PassRequest::forward(InputRequest::MiniBatch, NormStatistics::Batch, vec![codes]))
}

impl Proxy for Naswot {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, variant: &Variant, net: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        let [all, counted] = modules(variant, net.graph());
        match counted.is_empty() && !all.is_empty() {
            true => Ok(vec![]),
            false => Ok(vec![codes_of(net.graph().input_taps(counted.into_iter()))?]),
        }
    }

    fn score(
        &self,
        _: &Variant,
        _: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        if seen.is_empty() {
            // The logits depend on no activation: the official code's kernel stays zero.
            let components = vec![("units", 0.0), ("sign", 0.0)];
            return Ok(Score { value: f64::NEG_INFINITY, components });
        }
        let Some(Reduced::Codes(codes)) = seen.first().and_then(|pass| pass.first()) else {
            return Err(ScoreError::Undefined("no activation codes were observed".into()));
        };
        let det = slogdet(&codes.matrix(), codes.images());
        Ok(Score { value: det.ln_abs, components: vec![("units", codes.units() as f64), ("sign", det.sign)] })
    }
}
