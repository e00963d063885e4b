//! SynFlow: how much of a constant signal flows through every weight.
//!
//! All parameters by their absolute values, no batch normalisation, one image of ones; `R` the sum of the logits, score
//! `sum_l sum_w |w dR/dw|` over convolution and linear weights, in f64 (the numbers of deep networks exceed f32).

use super::prelude::*;
use crate::engine::Precision;

named! {
    /// how the sum is reported
    enum Scale: "scale" {
        /// as it is
        Plain = "plain",
        /// sign(s) ln|s|, 0 for 0 (NASLib)
        Ln = "ln",
    }
}

/// Tanaka et al., synaptic flow.
pub static PROXY: Proxy = Proxy {
    name: "synflow",
    title: "SynFlow",
    reference: "Tanaka et al., SynFlow, NeurIPS 2020, arXiv:2006.05467; as a proxy: Abdelfattah et al., arXiv:2101.08134",
    inputs: "one image of ones (of text: the token 1 everywhere); absolute weights; no data",
    about: "sum over convolution and linear weights of |w dR/dw|, R the sum of the logits; batch normalisation bypassed; f64",
    cost: Cost::Backward,
    scorer: |variant, _| {
        let scale = variant.get::<Scale>();
        Ok(Scorer::passes(move |_, ask| {
            let pass =
                ask.pass(InputRequest::Ones, NormStatistics::Bypass).absolute().precision(Precision::F64);
            let weights = pass.backward(LossRequest::SumOfLogits).param_sums(ParamSet::Layers);
            Ok(reduce(move |seen| {
                let sum: f64 = seen.get(weights).iter().map(|w| w.magnitudes).sum();
                Ok(Score::plain(match scale {
                    Scale::Ln if sum != 0.0 => sum.signum() * sum.abs().ln(),
                    _ => sum,
                }))
            }))
        }))
    },
    details: Details { axes: &[Axis::of::<Scale>()], ..Details::USUAL },
};
