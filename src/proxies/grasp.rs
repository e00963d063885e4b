//! GraSP: how removing weights would change the gradient flow.
//!
//! `-sum_l sum_w w (H g)`, with `g` the gradient of the mean cross-entropy of one mini-batch with respect to convolution and linear
//! weights and `H` its Hessian; the product is exact (forward over reverse), not a difference of gradients.

use super::prelude::*;

/// Wang et al., gradient signal preservation.
pub static PROXY: Proxy = Proxy {
    name: "grasp",
    title: "GraSP",
    reference: "Wang et al., GraSP, ICLR 2020, arXiv:2002.07376; as a proxy: Abdelfattah et al., arXiv:2101.08134",
    inputs: "one mini-batch with labels",
    about: "minus the sum over convolution and linear weights of w (H g): the exact Hessian of the mean cross-entropy times its \
            gradient; batch statistics",
    cost: Cost::HessianVector,
    scorer: |_, _| {
        Ok(Scorer::passes(|_, ask| {
            let weights = ask.mini_batch().backward(LossRequest::CrossEntropy).hessian_gradient_sums();
            Ok(reduce(move |seen| {
                Ok(Score::plain(-seen.get(weights).iter().map(|w| w.products).sum::<f64>()))
            }))
        }))
    },
    details: Details::USUAL,
};
