//! Jacobian covariance: how differently the network answers to small changes of different images.
//!
//! `J_n` is the gradient of the sum of all logits with respect to image `n`; `C` the correlation matrix of these rows, `v_i` its
//! eigenvalues; score `-sum_i (ln(v_i + k) + 1/(v_i + k))`, `k = 1e-5`.
//!
//! With batch statistics an image's gradient also passes through the statistics of the others. A row without variance (an
//! input without a path to the output) has no correlation: the score is not a number.

use super::prelude::*;
use crate::linalg::{correlations, symmetric_eigenvalues};

/// Keeps logarithms and reciprocals finite.
const K: f64 = 1e-5;

/// Mellor et al. (first version), as used by Abdelfattah et al.
pub static PROXY: Proxy = Proxy {
    name: "jacob_cov",
    title: "Jacobian covariance",
    reference: "Mellor et al., arXiv:2006.04647v1; as a proxy: Abdelfattah et al., ICLR 2021, arXiv:2101.08134",
    inputs: "one mini-batch, no labels",
    about: "eigenvalues of the correlation matrix of the images' input gradients; batch statistics",
    cost: Cost::Backward,
    scorer: |_, _| {
        Ok(Scorer::passes(|net, ask| {
            let gradient = ask.mini_batch().backward(LossRequest::SumOfLogits).input_gradient();
            Ok(reduce(move |seen| {
                let Some((_, jacobian)) = seen.get(gradient).first() else {
                    return Ok(Score::plain(f64::NAN));
                };
                let pixels = net.graph().input_shape().elements();
                let matrix = correlations(&jacobian.chunks(pixels).collect::<Vec<_>>());
                let values = symmetric_eigenvalues(&matrix, jacobian.len() / pixels);
                Ok(Score::plain(-values.iter().map(|v| (v + K).ln() + 1.0 / (v + K)).sum::<f64>()))
            }))
        }))
    },
    details: Details::USUAL,
};
