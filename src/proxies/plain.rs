//! Plain saliency: the signed sum of weight times gradient.
//!
//! `sum_l sum_w w dL/dw` over convolution and linear weights, `L` the mean cross-entropy of one mini-batch. A convolution in front of
//! a batch normalisation contributes nothing but rounding and the effect of eps (its output does not depend on its scale).

use super::{
    Cost, Direction, LossRequest, PassRequest, Prepared, Proxy, ProxySpec, Score, ScoreError, Variant,
    gradient_sums,
};
use crate::engine::{GradientReduction, ParamSet, Reduced};
use crate::scoring::Network;

/// Mozer and Smolensky's saliency without absolute values.
pub struct Plain;

static SPEC: ProxySpec = ProxySpec {
    name: "plain",
    title: "plain",
    reference: "Mozer and Smolensky, Skeletonization, NeurIPS 1988; as a proxy: Abdelfattah et al., arXiv:2101.08134 (code)",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch with labels",
    about: "sum over convolution and linear weights of w dL/dw with the mean cross-entropy; batch statistics",
    axes: &[],
    presets: &[],
    init: None,
    cost: Cost::Backward,
    version: 1,
};

impl Proxy for Plain {
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
        Ok(Score::plain(gradient_sums(seen)?.iter().map(|sums| sums.products).sum()))
    }
}
