//! SNIP: what the loss would change, to first order, if each weight were removed.
//!
//! `sum_l sum_w |w dL/dw|` over convolution and linear weights, `L` the mean cross-entropy of one mini-batch.

use super::prelude::*;

/// Lee et al., connection sensitivity.
pub static PROXY: Proxy = Proxy {
    name: "snip",
    title: "SNIP",
    reference: "Lee et al., SNIP, ICLR 2019, arXiv:1810.02340; as a proxy: Abdelfattah et al., arXiv:2101.08134",
    inputs: "one mini-batch with labels",
    about: "sum over convolution and linear weights of |w dL/dw| with the mean cross-entropy; batch statistics",
    cost: Cost::Backward,
    scorer: |_, _| {
        Ok(Scorer::passes(|_, ask| {
            let weights = ask.mini_batch().backward(LossRequest::CrossEntropy).param_sums(ParamSet::Layers);
            Ok(reduce(move |seen| Ok(Score::plain(seen.get(weights).iter().map(|w| w.magnitudes).sum()))))
        }))
    },
    details: Details::USUAL,
};
