//! Condition number of the neural tangent kernel.
//!
//! `G_n` is the gradient of the sum of image `n`'s logits with respect to all parameters called weights (convolutions, linear
//! layers, scales of normalisations), `K = G G^T`; with its eigenvalues, `kappa = v_max / v_min`, score `-kappa`. With batch
//! statistics an image's logits depend on the others. Where `v_min <= 1e-12 v_max` the kernel is singular and the score
//! not a number, and with several initialisations neither is the mean.

use super::prelude::*;
use crate::linalg::symmetric_eigenvalues;

named! {
    /// initialisations whose condition numbers are averaged
    pub(super) enum Repeats: "repeats" {
        /// one; repetitions of a run give more
        Once = "once",
        /// three (official code)
        Three = "repeats_3",
    }
}

/// Weights on which kernels are observed.
const INIT: Scheme = Scheme::KaimingNormalFanOut;
/// Smallest eigenvalue, as a share of the largest, of a kernel that is not singular.
const SINGULAR: f64 = 1e-12;

/// Chen et al., TE-NAS.
pub static PROXY: Proxy = Proxy {
    name: "ntk",
    title: "NTK condition number",
    reference: "Chen et al., TE-NAS, ICLR 2021, arXiv:2102.11535",
    inputs: "one mini-batch, no labels",
    about: "minus the condition number of the neural tangent kernel; kaiming_normal_fan_out weights, batch statistics",
    cost: Cost::ImageGradients,
    scorer: |variant, _| {
        let repeats = variant.get::<Repeats>();
        Ok(Scorer::passes(move |_, ask| {
            let kernels = kernels(ask, repeats);
            Ok(reduce(move |seen| {
                let condition = condition(seen, &kernels);
                Ok(Score::plain(-condition).with("condition_number", condition))
            }))
        }))
    },
    details: Details { axes: &[Axis::of::<Repeats>()], init: Some(INIT), ..Details::USUAL },
};

/// Asks for the kernels; initialisation `k` is keyed by the weight seed plus `k`.
pub(super) fn kernels(ask: &mut Requests, repeats: Repeats) -> Vec<Handle<[f64]>> {
    let repeats = if repeats == Repeats::Three { 3 } else { 1 };
    let pass = |repeat| {
        let pass = ask.mini_batch().init(INIT).repeat(repeat);
        pass.backward(LossRequest::SumOfLogits).tangent_kernel()
    };
    (0..repeats).map(pass).collect()
}

/// The mean condition number of kernels.
pub(super) fn condition(seen: &Observed<'_>, kernels: &[Handle<[f64]>]) -> f64 {
    let numbers = kernels.iter().map(|kernel| condition_number(seen.get(*kernel)));
    numbers.sum::<f64>() / kernels.len() as f64
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
