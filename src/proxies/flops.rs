//! Multiply-accumulates of one image.

use super::{Axis, Choice, Cost, Direction, Prepared, Proxy, ProxySpec, Score, ScoreError, Variant};
use crate::engine::Reduced;
use crate::scoring::Network;

/// Multiply-accumulates of convolutions, linear layers and attention's two products plus bias additions, the convention that
/// NATS-Bench calls FLOPs; normalisations, activations, pooling, additions and embeddings count 0.
pub struct Flops;

static SPEC: ProxySpec = ProxySpec {
    name: "flops",
    title: "FLOPs (multiply-accumulates)",
    reference: "trivial baseline; counts as in NATS-Bench (Dong et al., TPAMI 2021, arXiv:2009.00437)",
    direction: Direction::HigherIsBetter,
    inputs: "the architecture and the input resolution",
    about: "multiply-accumulates of convolutions, linear layers (once for each token of text) and attention's two products \
            for one image or sentence, plus one for each bias addition",
    axes: &[Axis {
        name: "count",
        about: "what counts as an operation",
        choices: &[
            Choice { name: "macs", about: "multiply-accumulates and bias additions" },
            Choice {
                name: "zen_nas",
                about: "the accounting by which Zen-NAS's search keeps its budgets, with normalisations (plainnet only)",
            },
        ],
    }],
    presets: &[],
    init: None,
    cost: Cost::Static,
    version: 1,
};

impl Proxy for Flops {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn score(
        &self,
        variant: &Variant,
        net: &Network,
        _: &Prepared,
        _: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        Ok(Score::plain(match variant.is("zen_nas") {
            true => net.budget()?.flops as f64,
            false => net.graph().mac_count() as f64,
        }))
    }
}
