//! Norm of the initial weights.

use super::{Cost, Direction, Prepared, Proxy, ProxySpec, Score, ScoreError, Variant};
use crate::engine::Reduced;
use crate::scoring::Network;

/// `sum_l ||W_l||_2` over convolution and linear weights.
pub struct L2Norm;

static SPEC: ProxySpec = ProxySpec {
    name: "l2_norm",
    title: "L2 norm of the weights",
    reference: "Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021, arXiv:2101.08134 (code)",
    direction: Direction::HigherIsBetter,
    inputs: "the initial weights",
    about: "sum over convolution and linear layers of the Euclidean norm of the weight",
    axes: &[],
    presets: &[],
    init: None,
    cost: Cost::Weights,
    version: 1,
};

impl Proxy for L2Norm {
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
        let weights = net.weights(None);
        let norm = |values: &[f32]| values.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>().sqrt();
        Ok(Score::plain(net.graph().layer_weights().map(|(id, _)| norm(weights.get(id))).sum()))
    }
}
