//! Condition number of the neural tangent kernel.
//!
//! `G_n` is the gradient of the sum of image `n`'s logits with respect to all parameters called weights (convolutions, linear
//! layers, scales of normalisations), `K = G G^T`; with its eigenvalues, `kappa = v_max / v_min`, score `-kappa`. With batch
//! statistics an image's logits depend on the others. Where `v_min <= 1e-12 v_max` the kernel is singular and the score
//! not a number, and with several initialisations neither is the mean.

use super::correlation::symmetric_eigenvalues;
use super::{
    Axis, Choice, Cost, Direction, LossRequest, PassRequest, Prepared, Proxy, ProxySpec, Score, ScoreError,
    Variant,
};
use crate::engine::{GradientReduction, Reduced};
use crate::graph::init::Scheme;
use crate::scoring::Network;

/// Chen et al., TE-NAS.
pub struct Ntk;

static SPEC: ProxySpec = ProxySpec {
    name: "ntk",
    title: "NTK condition number",
    reference: "Chen et al., TE-NAS, ICLR 2021, arXiv:2102.11535",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch, no labels",
    about: "minus the condition number of the neural tangent kernel; kaiming_normal_fan_out weights, batch statistics",
    axes: &[REPEATS],
    presets: &[],
    init: Some(Scheme::KaimingNormalFanOut),
    cost: Cost::ImageGradients,
    version: 1,
};

/// Smallest eigenvalue, as a share of the largest, of a kernel that is not singular.
const SINGULAR: f64 = 1e-12;

/// Initialisations.
pub(super) const REPEATS: Axis = Axis {
    name: "repeats",
    about: "initialisations whose condition numbers are averaged",
    choices: &[
        Choice { name: "once", about: "one; repetitions of a run give more" },
        Choice { name: "repeats_3", about: "three (official code)" },
    ],
};

/// The passes on which kernels are observed; initialisation `k` is keyed by the weight seed plus `k`.
pub(super) fn passes(variant: &Variant) -> Vec<PassRequest> {
    let pass = PassRequest::gradients(LossRequest::SumOfLogits, vec![GradientReduction::NeuralTangent]);
    let repeats = if variant.is("repeats_3") { 3 } else { 1 };
    (0..repeats).map(|repeat| PassRequest { init: SPEC.init, repeat, ..pass.clone() }).collect()
}

/// The mean condition number of what was seen on them.
pub(super) fn condition(seen: &[Vec<Reduced>]) -> Result<f64, ScoreError> {
    let numbers = seen.iter().map(|pass| match pass.last() {
        Some(Reduced::Kernel(kernel)) => Ok(condition_number(kernel)),
        _ => Err(ScoreError::Undefined("no tangent kernel was observed".into())),
    });
    let numbers: Vec<f64> = numbers.collect::<Result<_, _>>()?;
    Ok(numbers.iter().sum::<f64>() / numbers.len() as f64)
}

impl Proxy for Ntk {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, variant: &Variant, _: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        Ok(passes(variant))
    }

    fn score(
        &self,
        _: &Variant,
        _: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let condition = condition(seen)?;
        Ok(Score { value: -condition, components: vec![("condition_number", condition)] })
    }
}

/// `v_max / v_min` of a symmetric matrix; NaN where it is singular, not positive or not finite.
fn condition_number(kernel: &[f64]) -> f64 {
    if kernel.iter().any(|x| !x.is_finite()) {
        return f64::NAN;
    }
    let values = symmetric_eigenvalues(kernel, kernel.len().isqrt());
    let (low, high) = values.iter().fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(*v), h.max(*v)));
    if low > SINGULAR * high { high / low } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// proxies.md section 8: gradients (1,2,0), (0,1,1), (2,0,1).
    #[test]
    fn analytic_example() {
        let kernel = [5.0, 2.0, 2.0, 2.0, 2.0, 1.0, 2.0, 1.0, 5.0];
        assert!((condition_number(&kernel) - 7.791287847477921).abs() < 1e-12);
    }

    #[test]
    fn a_singular_kernel_has_none() {
        for kernel in [[1.0, 1.0, 1.0, 1.0], [0.0; 4], [1.0, f64::NAN, f64::NAN, 1.0], [1.0, 2.0, 2.0, 1.0]] {
            assert!(condition_number(&kernel).is_nan(), "{kernel:?}");
        }
    }
}
