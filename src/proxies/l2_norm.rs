//! Norm of the initial weights.

use super::prelude::*;

/// `sum_l ||W_l||_2` over convolution and linear weights.
pub static PROXY: Proxy = Proxy {
    name: "l2_norm",
    title: "L2 norm of the weights",
    reference: "Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021, arXiv:2101.08134 (code)",
    inputs: "the initial weights",
    about: "sum over convolution and linear layers of the Euclidean norm of the weight",
    cost: Cost::Weights,
    scorer: |_, _| {
        Ok(Scorer::fixed(|net| {
            let weights = net.weights(None);
            let norm = |values: &[f32]| values.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>().sqrt();
            Ok(Score::plain(net.graph().layer_weights().map(|(id, _)| norm(weights.get(id))).sum()))
        }))
    },
    details: Details::USUAL,
};
