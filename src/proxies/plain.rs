//! Plain saliency: the signed sum of weight times gradient.
//!
//! `sum_l sum_w w dL/dw` over convolution and linear weights, `L` the mean cross-entropy of one mini-batch. A convolution in front of
//! a batch normalisation contributes nothing but rounding and the effect of eps (its output does not depend on its scale).

use super::prelude::*;

/// Mozer and Smolensky's saliency without absolute values.
pub static PROXY: Proxy = Proxy {
    name: "plain",
    title: "plain",
    reference: "Mozer and Smolensky, Skeletonization, NeurIPS 1988; as a proxy: Abdelfattah et al., arXiv:2101.08134 (code)",
    inputs: "one mini-batch with labels",
    about: "sum over convolution and linear weights of w dL/dw with the mean cross-entropy; batch statistics",
    cost: Cost::Backward,
    scorer: |_, _| {
        Ok(Scorer::passes(|_, ask| {
            let weights = ask.mini_batch().backward(LossRequest::CrossEntropy).param_sums(ParamSet::Layers);
            Ok(reduce(move |seen| Ok(Score::plain(seen.get(weights).iter().map(|w| w.products).sum()))))
        }))
    },
    details: Details::USUAL,
};
