//! GradSign: whether the images pull each weight the same way.
//!
//! `g_n` is the gradient of image `n`'s own cross-entropy with respect to convolution and linear weights, the network
//! normalising each image by its own statistics; score `sum_w |sum_n sign(g_nw)|`, or its mean over the weights.
//!
//! Some gradients are zero in exact arithmetic (a normalisation does not let a change through), and what is computed is
//! rounding, whose sign counts like any other's in the official code and here. `rounding` is how far they can move the score.

use super::{
    Axis, BackwardRequest, Choice, Cost, Direction, InputRequest, LossRequest, PassRequest, Prepared, Proxy,
    ProxySpec, ROUNDING, Score, ScoreError, Variant,
};
use crate::engine::{GradientReduction, NormStatistics, Reduced};
use crate::scoring::Network;

/// Zhang and Jia, GradSign.
pub struct GradSign;

static SPEC: ProxySpec = ProxySpec {
    name: "gradsign",
    title: "GradSign",
    reference: "Zhang & Jia, GradSign, ICLR 2022, arXiv:2110.08616",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch with labels",
    about: "agreement of the signs of the images' gradients, weight by weight; statistics of each image",
    axes: &[Axis {
        name: "over",
        about: "how weights are joined; a sum grows with the network, a mean does not",
        choices: &[
            Choice { name: "sum", about: "sum over weights (official branch of zero-cost-nas)" },
            Choice {
                name: "mean",
                about: "mean over weights (official branch of nas-without-training, AZ-NAS)",
            },
        ],
    }],
    presets: &[],
    init: None,
    cost: Cost::Backward,
    version: 1,
};

impl Proxy for GradSign {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, _: &Variant, _: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        // The mean over the batch scales every image's gradient alike: signs are those of its own loss.
        let backward = BackwardRequest {
            loss: LossRequest::CrossEntropy,
            reductions: vec![GradientReduction::SignAgreement],
        };
        let pass = PassRequest::forward(InputRequest::MiniBatch, NormStatistics::PerImage, vec![]);
        Ok(vec![PassRequest { backward: Some(backward), ..pass }])
    }

    fn score(
        &self,
        variant: &Variant,
        net: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let Some(Reduced::Signs(signs)) = seen.first().and_then(|pass| pass.last()) else {
            return Err(ScoreError::Undefined("no gradients were observed".into()));
        };
        // Weights that no gradient reaches agree on nothing, and are weights all the same.
        let all: usize = net.graph().layer_weights().map(|(_, p)| p.numel()).sum();
        let mean = signs.sum / all as f64;
        let scale = if variant.is("mean") { all as f64 } else { 1.0 };
        let rounding = 2.0 * signs.rounding as f64 / scale;
        let components = vec![("sum", signs.sum), ("mean", mean), (ROUNDING, rounding)];
        Ok(Score { value: signs.sum / scale, components })
    }
}
