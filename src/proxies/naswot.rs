//! NASWOT: how differently a network's activations partition the mini-batch.
//!
//! For every activation input `z`, `b = [z > 0]`; `K_ij = N_A - Hamming(b_i, b_j)` over all units; score `ln|det K|`.

use super::prelude::*;
use crate::engine::CodeGram;
use crate::graph::{Graph, Module, Tap};
use crate::linalg::slogdet;

named! {
    /// which activations are counted, and how often
    enum Count: "count" {
        /// every activation that runs, once (paper)
        Single = "single",
        /// only activations that the logits depend on
        Reachable = "reachable",
        /// official code: every reachable module whose class name contains `ReLU`, so composites such as ReLUConvBN
        /// count their activation again
        Twice = "double_count",
    }
}

/// Mellor et al., Neural Architecture Search without Training.
pub static PROXY: Proxy = Proxy {
    name: "naswot",
    title: "NASWOT",
    reference: "Mellor et al., Neural Architecture Search without Training, ICML 2021, arXiv:2006.04647",
    inputs: "one mini-batch, no labels",
    about: "ln|det K| of the agreement kernel of binary activation codes; batch statistics",
    cost: Cost::Forward,
    scorer: |variant, _| {
        let count = variant.get::<Count>();
        Ok(Scorer::passes(move |net, ask| {
            let [all, counted] = modules(count, net.graph());
            if counted.is_empty() && !all.is_empty() {
                // The logits depend on no activation: the official code's kernel stays zero.
                let nothing = Score::plain(f64::NEG_INFINITY).with("units", 0.0).with("sign", 0.0);
                return Ok(reduce(move |_| Ok(nothing)));
            }
            let codes = codes_of(net.graph().input_taps(counted.into_iter()), ask)?;
            Ok(reduce(move |seen| {
                let codes = seen.get(codes);
                let det = slogdet(&codes.matrix(), codes.images());
                Ok(Score::plain(det.ln_abs).with("units", codes.units() as f64).with("sign", det.sign))
            }))
        }))
    },
    details: Details { axes: &[Axis::of::<Count>()], ..Details::USUAL },
};

/// Modules of the kind that a variant counts, and those of them that it counts.
fn modules(count: Count, graph: &Graph) -> [Vec<&Module>; 2] {
    let all: Vec<&Module> = match count {
        Count::Twice => graph.relu_named_modules().collect(),
        Count::Single | Count::Reachable => graph.activation_modules().collect(),
    };
    let reached = graph.reached_from_logits();
    let counts = |m: &&Module| count == Count::Single || m.call.is_some_and(|c| reached[c.output.index()]);
    let counted = all.iter().copied().filter(counts).collect();
    [all, counted]
}

/// Asks for the codes of every activation, each once.
///
/// # Errors
/// [`ScoreError::Undefined`] for a network without activations.
pub(super) fn codes_of_all_activations(
    graph: &Graph,
    ask: &mut Requests,
) -> Result<Handle<CodeGram>, ScoreError> {
    codes_of(graph.input_taps(graph.activation_modules()), ask)
}

fn codes_of(taps: Vec<Tap>, ask: &mut Requests) -> Result<Handle<CodeGram>, ScoreError> {
    match taps.is_empty() {
        true => Err(ScoreError::undefined("the network has no activation that this variant counts")),
        false => Ok(ask.mini_batch().code_gram(taps)),
    }
}
