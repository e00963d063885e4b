//! GraSP: how removing weights would change the gradient flow.
//!
//! `-sum_l sum_w w (H g)`, with `g` the gradient of the mean cross-entropy of one mini-batch with respect to convolution and linear
//! weights and `H` its Hessian; the product is exact (forward over reverse), not a difference of gradients.

use super::{
    Cost, Direction, LossRequest, PassRequest, Prepared, Proxy, ProxySpec, Score, ScoreError, Variant,
    gradient_sums,
};
use crate::engine::{GradientReduction, Reduced};
use crate::scoring::Network;

/// Wang et al., gradient signal preservation.
pub struct Grasp;

static SPEC: ProxySpec = ProxySpec {
    name: "grasp",
    title: "GraSP",
    reference: "Wang et al., GraSP, ICLR 2020, arXiv:2002.07376; as a proxy: Abdelfattah et al., arXiv:2101.08134",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch with labels",
    about: "minus the sum over convolution and linear weights of w (H g): the exact Hessian of the mean cross-entropy times its \
            gradient; batch statistics",
    axes: &[],
    presets: &[],
    init: None,
    cost: Cost::HessianVector,
    version: 1,
};

impl Proxy for Grasp {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, _: &Variant, _: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        Ok(vec![PassRequest::gradients(LossRequest::CrossEntropy, vec![GradientReduction::HessianGradient])])
    }

    fn score(
        &self,
        _: &Variant,
        _: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        Ok(Score::plain(-gradient_sums(seen)?.iter().map(|sums| sums.products).sum::<f64>()))
    }
}
