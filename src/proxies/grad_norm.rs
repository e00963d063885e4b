//! Gradient norm: how steep the loss is in the weights at initialisation.
//!
//! `sum_l ||dL/dW_l||_2`, `L` the mean cross-entropy of one mini-batch.

use super::{
    Axis, Choice, Cost, Direction, LossRequest, PassRequest, Prepared, Proxy, ProxySpec, Score, ScoreError,
    Variant, gradient_sums,
};
use crate::engine::{GradientReduction, ParamSet, Reduced};
use crate::scoring::Network;

/// Abdelfattah et al., gradient norm.
pub struct GradNorm;

static SPEC: ProxySpec = ProxySpec {
    name: "grad_norm",
    title: "Gradient norm",
    reference: "Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021, arXiv:2101.08134",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch with labels",
    about: "Euclidean norms of the weight gradients of the mean cross-entropy; batch statistics",
    axes: &[Axis {
        name: "norm",
        about: "what the norms are taken of",
        choices: &[
            Choice {
                name: "sum_of_layer_norms",
                about: "sum over convolution and linear layers of the norm of the weight's gradient (official code)",
            },
            Choice {
                name: "all_params_l2",
                about: "one norm of the gradient of all trained parameters, biases and batch norm included (the \
                        definition of Zen-NAS's code)",
            },
        ],
    }],
    presets: &[],
    init: None,
    cost: Cost::Backward,
    version: 1,
};

impl Proxy for GradNorm {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, variant: &Variant, _: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        let params = if variant.is("all_params_l2") { ParamSet::Trainable } else { ParamSet::Layers };
        Ok(vec![PassRequest::gradients(LossRequest::CrossEntropy, vec![GradientReduction::Params(params)])])
    }

    fn score(
        &self,
        variant: &Variant,
        _: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let squares = gradient_sums(seen)?.iter().map(|sums| sums.squares);
        Ok(Score::plain(match variant.is("all_params_l2") {
            true => squares.sum::<f64>().sqrt(),
            false => squares.map(f64::sqrt).sum(),
        }))
    }
}
