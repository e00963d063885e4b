//! Number of trainable parameters.

use super::{Cost, Direction, Prepared, Proxy, ProxySpec, Score, ScoreError, Variant};
use crate::engine::Reduced;
use crate::scoring::Network;

/// All trainable tensors: convolution and linear weights and biases, affine batch-norm parameters.
pub struct Params;

static SPEC: ProxySpec = ProxySpec {
    name: "params",
    title: "Parameters",
    reference: "trivial baseline; counts as in NATS-Bench (Dong et al., TPAMI 2021, arXiv:2009.00437)",
    direction: Direction::HigherIsBetter,
    inputs: "the architecture",
    about: "number of trainable parameters",
    axes: &[],
    presets: &[],
    init: None,
    cost: Cost::Static,
    version: 1,
};

impl Proxy for Params {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn score(
        &self,
        _: &Variant,
        net: &Network,
        _: &Prepared,
        _: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        Ok(Score::plain(net.graph().param_count() as f64))
    }
}
