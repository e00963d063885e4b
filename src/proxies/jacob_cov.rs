//! Jacobian covariance: how differently the network answers to small changes of different images.
//!
//! `J_n` is the gradient of the sum of all logits with respect to image `n`; `C` the correlation matrix of these rows, `v_i` its
//! eigenvalues; score `-sum_i (ln(v_i + k) + 1/(v_i + k))`, `k = 1e-5`.
//!
//! With batch statistics an image's gradient also passes through the statistics of the others. A row without variance (an
//! input without a path to the output) has no correlation: the score is not a number.

use super::correlation::{correlations, symmetric_eigenvalues};
use super::{
    Cost, Direction, LossRequest, PassRequest, Prepared, Proxy, ProxySpec, Score, ScoreError, Variant,
    input_gradient,
};
use crate::engine::{GradientReduction, Reduced};
use crate::scoring::Network;

/// Mellor et al. (first version), as used by Abdelfattah et al.
pub struct JacobCov;

static SPEC: ProxySpec = ProxySpec {
    name: "jacob_cov",
    title: "Jacobian covariance",
    reference: "Mellor et al., arXiv:2006.04647v1; as a proxy: Abdelfattah et al., ICLR 2021, arXiv:2101.08134",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch, no labels",
    about: "eigenvalues of the correlation matrix of the images' input gradients; batch statistics",
    axes: &[],
    presets: &[],
    init: None,
    cost: Cost::Backward,
    version: 1,
};

/// Keeps logarithms and reciprocals finite.
const K: f64 = 1e-5;

impl Proxy for JacobCov {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, _: &Variant, _: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        Ok(vec![PassRequest::gradients(LossRequest::SumOfLogits, vec![GradientReduction::Input])])
    }

    fn score(
        &self,
        _: &Variant,
        net: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let Some(jacobian) = input_gradient(seen)? else { return Ok(Score::plain(f64::NAN)) };
        let pixels = net.graph().input_shape().elements();
        let matrix = correlations(&jacobian.chunks(pixels).collect::<Vec<_>>());
        let values = symmetric_eigenvalues(&matrix, jacobian.len() / pixels);
        Ok(Score::plain(-values.iter().map(|v| (v + K).ln() + 1.0 / (v + K)).sum::<f64>()))
    }
}
