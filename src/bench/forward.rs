//! The pseudo-proxy `forward`: a bare forward pass whose logits are looked at. Every proxy's time is put beside it.

use crate::engine::{NormStatistics, Observation, Reduced, Reduction};
use crate::graph::Tap;
use crate::proxies::{
    Cost, Direction, InputRequest, PassRequest, Prepared, Proxy, ProxyRef, ProxySpec, Score, ScoreError,
    Variant,
};
use crate::scoring::Network;

struct Forward;

static SPEC: ProxySpec = ProxySpec {
    name: "forward",
    title: "Bare forward pass",
    reference: "baseline of timings; no proxy",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch, no labels",
    about: "sum of the logits, batch statistics",
    axes: &[],
    presets: &[],
    init: None,
    cost: Cost::Forward,
    version: 1,
};

/// The bare forward pass, in the form of a proxy.
pub fn forward() -> ProxyRef {
    ProxyRef { proxy: &Forward, variant: Variant::default() }
}

impl Proxy for Forward {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, _: &Variant, network: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        let logits = Tap { node: network.graph().logits(), times: 1 };
        let observations = vec![Observation { taps: vec![logits], reduction: Reduction::Copy }];
        Ok(vec![PassRequest::forward(InputRequest::MiniBatch, NormStatistics::Batch, observations)])
    }

    fn score(
        &self,
        _: &Variant,
        _: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        match seen.first().and_then(|pass| pass.first()) {
            Some(Reduced::Values(nodes)) => Ok(Score::plain(nodes.iter().flat_map(|(_, v)| v).sum())),
            _ => Err(ScoreError::Undefined("the logits were not observed".into())),
        }
    }
}
