//! Gradient norm: how steep the loss is in the weights at initialisation.
//!
//! `sum_l ||dL/dW_l||_2`, `L` the mean cross-entropy of one mini-batch.

use super::prelude::*;

named! {
    /// what the norms are taken of
    enum Norm: "norm" {
        /// sum over convolution and linear layers of the norm of the weight's gradient (official code)
        SumOfLayerNorms = "sum_of_layer_norms",
        /// one norm of the gradient of all trained parameters, biases and batch norm included (the definition of
        /// Zen-NAS's code)
        AllParams = "all_params_l2",
    }
}

/// Abdelfattah et al., gradient norm.
pub static PROXY: Proxy = Proxy {
    name: "grad_norm",
    title: "Gradient norm",
    reference: "Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021, arXiv:2101.08134",
    inputs: "one mini-batch with labels",
    about: "Euclidean norms of the weight gradients of the mean cross-entropy; batch statistics",
    cost: Cost::Backward,
    scorer: |variant, _| {
        let norm = variant.get::<Norm>();
        Ok(Scorer::passes(move |_, ask| {
            let params = if norm == Norm::AllParams { ParamSet::Trainable } else { ParamSet::Layers };
            let sums = ask.mini_batch().backward(LossRequest::CrossEntropy).param_sums(params);
            Ok(reduce(move |seen| {
                let squares = seen.get(sums).iter().map(|sums| sums.squares);
                Ok(Score::plain(match norm {
                    Norm::AllParams => squares.sum::<f64>().sqrt(),
                    Norm::SumOfLayerNorms => squares.map(f64::sqrt).sum(),
                }))
            }))
        }))
    },
    details: Details { axes: &[Axis::of::<Norm>()], ..Details::USUAL },
};
