//! SNIP: what the loss would change, to first order, if each weight were removed.
//!
//! `sum_l sum_w |w dL/dw|` over convolution and linear weights, `L` the mean cross-entropy of one mini-batch.

use super::{
    Cost, Direction, LossRequest, PassRequest, Prepared, Proxy, ProxySpec, Score, ScoreError, Variant,
    gradient_sums,
};
use crate::engine::{GradientReduction, ParamSet, Reduced};
use crate::scoring::Network;

/// Lee et al., connection sensitivity.
pub struct Snip;

static SPEC: ProxySpec = ProxySpec {
    name: "snip",
    title: "SNIP",
    reference: "Lee et al., SNIP, ICLR 2019, arXiv:1810.02340; as a proxy: Abdelfattah et al., arXiv:2101.08134",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch with labels",
    about: "sum over convolution and linear weights of |w dL/dw| with the mean cross-entropy; batch statistics",
    axes: &[],
    presets: &[],
    init: None,
    cost: Cost::Backward,
    version: 1,
};

impl Proxy for Snip {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, _: &Variant, _: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        Ok(vec![PassRequest::gradients(
            LossRequest::CrossEntropy,
            vec![GradientReduction::Params(ParamSet::Layers)],
        )])
    }

    fn score(
        &self,
        _: &Variant,
        _: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        Ok(Score::plain(gradient_sums(seen)?.iter().map(|sums| sums.magnitudes).sum()))
    }
}
