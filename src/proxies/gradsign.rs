//! GradSign: whether the images pull each weight the same way.
//!
//! `g_n` is the gradient of image `n`'s own cross-entropy with respect to convolution and linear weights, the network
//! normalising each image by its own statistics; score `sum_w |sum_n sign(g_nw)|`, or its mean over the weights.
//!
//! Some gradients are zero in exact arithmetic (a normalisation does not let a change through), and what is computed is
//! rounding, whose sign counts like any other's in the official code and here. `rounding` is how far they can move the score.

use super::ROUNDING;
use super::prelude::*;

named! {
    /// how weights are joined; a sum grows with the network, a mean does not
    enum Over: "over" {
        /// sum over weights (official branch of zero-cost-nas)
        Sum = "sum",
        /// mean over weights (official branch of nas-without-training, AZ-NAS)
        Mean = "mean",
    }
}

/// Zhang and Jia, GradSign.
pub static PROXY: Proxy = Proxy {
    name: "gradsign",
    title: "GradSign",
    reference: "Zhang & Jia, GradSign, ICLR 2022, arXiv:2110.08616",
    inputs: "one mini-batch with labels",
    about: "agreement of the signs of the images' gradients, weight by weight; statistics of each image",
    cost: Cost::Backward,
    scorer: |variant, _| {
        let over = variant.get::<Over>();
        Ok(Scorer::passes(move |net, ask| {
            // The mean over the batch scales every image's gradient alike: signs are those of its own loss.
            let pass = ask.pass(InputRequest::MiniBatch, NormStatistics::PerImage);
            let signs = pass.backward(LossRequest::CrossEntropy).sign_agreement();
            // Weights that no gradient reaches agree on nothing, and are weights all the same.
            let all: usize = net.graph().layer_weights().map(|(_, p)| p.numel()).sum();
            Ok(reduce(move |seen| {
                let signs = seen.get(signs);
                let scale = if over == Over::Mean { all as f64 } else { 1.0 };
                Ok(Score::plain(signs.sum / scale)
                    .with("sum", signs.sum)
                    .with("mean", signs.sum / all as f64)
                    .with(ROUNDING, 2.0 * signs.rounding as f64 / scale))
            }))
        }))
    },
    details: Details { axes: &[Axis::of::<Over>()], ..Details::USUAL },
};
