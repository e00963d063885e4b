//! SWAP: how many different ways units answer to the mini-batch.
//!
//! For every activation of a feature map, `b = [z > 0]` of each unit over the images is a pattern; the score is the number of
//! distinct patterns, at most `2^N`. Weights are N(0, 1). The paper averages 32 initialisations; repetitions of a run do that.

use super::{
    Cost, Direction, InputRequest, PassRequest, Prepared, Proxy, ProxySpec, Score, ScoreError, Variant,
};
use crate::engine::{NormStatistics, Observation, Reduced, Reduction};
use crate::graph::Shape;
use crate::graph::init::Scheme;
use crate::scoring::Network;

/// Peng et al., sample-wise activation patterns.
pub struct Swap;

static SPEC: ProxySpec = ProxySpec {
    name: "swap",
    title: "SWAP",
    reference: "Peng et al., SWAP-NAS, ICLR 2024, arXiv:2403.04161",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch, no labels",
    about: "number of distinct patterns of a unit's binary code over the images; N(0, 1) weights, batch statistics",
    axes: &[],
    presets: &[],
    init: Some(Scheme::Normal01),
    cost: Cost::Forward,
    version: 1,
};

impl Proxy for Swap {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, _: &Variant, net: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        let graph = net.graph();
        let mut taps = graph.input_taps(graph.activation_modules());
        taps.retain(|tap| matches!(graph.node(tap.node).shape, Shape::Map { .. }));
        if taps.is_empty() {
            return Err(ScoreError::Undefined("the network has no activation of a feature map".into()));
        }
        let patterns = Observation { taps, reduction: Reduction::NeuronPatterns };
        let pass = PassRequest::forward(InputRequest::MiniBatch, NormStatistics::Batch, vec![patterns]);
        Ok(vec![PassRequest { init: SPEC.init, ..pass }])
    }

    fn score(
        &self,
        _: &Variant,
        _: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let Some(Reduced::Patterns(patterns)) = seen.first().and_then(|pass| pass.first()) else {
            return Err(ScoreError::Undefined("no activation patterns were observed".into()));
        };
        let components = vec![("units", patterns.units() as f64)];
        Ok(Score { value: patterns.distinct() as f64, components })
    }
}
