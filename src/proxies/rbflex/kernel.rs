//! The kernels of RBFleX-NAS and its Figure 10, over column-normalised rows.

use crate::engine::ColumnGeometry;
use crate::linalg::{LogDet, rbf_log_det_naive, rbf_log_det_stable, slogdet};
use crate::named;
use crate::proxies::ScoreError;

named! {
    /// similarity of two rows (paper, Figure 10)
    pub(super) enum Kernel: "kernel" {
        /// exp(-gamma D)
        Rbf = "rbf",
        /// inner product
        Linear = "linear",
        /// peak signal-to-noise ratio in dB over 100, capped at 1
        Psnr = "psnr",
        /// structural similarity in a single window, range 1
        Ssim = "ssim",
    }
}

named! {
    /// algorithm for the log-determinant of the radial-basis kernel
    pub(super) enum LogDetForm: "log_det" {
        /// keeps the digits of small gammas
        Stable = "stable",
        /// exp, then LU (official code); rounding noise for rank-deficient Y
        Naive = "naive",
    }
}

/// SSIM's constants for a range of 1.
const C1: f64 = 0.01 * 0.01;
const C2: f64 = 0.03 * 0.03;
/// Peak signal-to-noise ratio of identical rows, in dB; the paper does not say what it uses.
const PSNR_CAP: f64 = 100.0;

/// A kernel and how its log-determinant is computed.
#[derive(Clone, Copy, Default)]
pub(super) struct Form {
    pub kernel: Kernel,
    pub log_det: LogDetForm,
}

impl Form {
    /// Whether it is computed from inner products of the rows.
    pub fn needs_gram(self) -> bool {
        self.kernel != Kernel::Rbf || self.log_det == LogDetForm::Naive
    }

    /// `ln|det K|`.
    ///
    /// # Errors
    /// [`ScoreError::Undefined`] where the Gram matrix is missing.
    pub fn log_det(self, rows: &ColumnGeometry, gamma: f64) -> Result<LogDet, ScoreError> {
        let n = rows.images();
        let gram = || rows.gram().ok_or_else(|| ScoreError::undefined("the Gram matrix was not observed"));
        Ok(match (self.kernel, self.log_det) {
            (Kernel::Linear, _) => slogdet(gram()?, n),
            (Kernel::Psnr, _) => slogdet(&psnr(rows), n),
            (Kernel::Ssim, _) => slogdet(&ssim(rows, gram()?), n),
            (Kernel::Rbf, _) if gamma.is_nan() => LogDet { sign: f64::NAN, ln_abs: f64::NAN },
            (Kernel::Rbf, LogDetForm::Naive) => rbf_log_det_naive(gram()?, n, gamma),
            (Kernel::Rbf, LogDetForm::Stable) => rbf_log_det_stable(rows.distances(), n, gamma),
        })
    }
}

/// `10 log10(1 / MSE)` over 100 dB, capped at 1 (the diagonal).
fn psnr(rows: &ColumnGeometry) -> Vec<f64> {
    let mse = |d: &f64| d / rows.columns() as f64;
    rows.distances().iter().map(|d| (-10.0 * mse(d).log10()).min(PSNR_CAP) / PSNR_CAP).collect()
}

/// Structural similarity of two rows as one window, population moments.
fn ssim(rows: &ColumnGeometry, gram: &[f64]) -> Vec<f64> {
    let (n, len) = (rows.images(), rows.columns() as f64);
    let mean: Vec<f64> = rows.sums().iter().map(|s| s / len).collect();
    let covariance = |i: usize, j: usize| gram[i * n + j] / len - mean[i] * mean[j];
    let similarity = |i: usize, j: usize| {
        let luminance = (2.0 * mean[i] * mean[j] + C1) / (mean[i] * mean[i] + mean[j] * mean[j] + C1);
        let structure = (2.0 * covariance(i, j) + C2) / (covariance(i, i) + covariance(j, j) + C2);
        luminance * structure
    };
    (0..n * n).map(|at| if at / n == at % n { 1.0 } else { similarity(at / n, at % n) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::reduce::ImageRows;

    fn geometry(values: &[f64], n: usize) -> ColumnGeometry {
        let mut rows = ColumnGeometry::new(true);
        rows.add(ImageRows { values, n, len: values.len() / n, times: 1 });
        rows
    }

    /// The end-to-end example of proxies.md 3.3: X and Y give -53.361... for gammas 0.1 and 0.2.
    #[test]
    fn end_to_end_example() {
        let x = [0., 2., 1., 5., 7., 1., 0., 1., 3., 7., 3., 4., 1., 0., 7., 2., 1., 1., 1., 9.];
        let y = [0.5, 1.5, 1., 0., 2., 3., 0., 1.];
        let score = |gamma_k: f64, gamma_q: f64, form: Form| {
            let k = form.log_det(&geometry(&x, 4), gamma_k).unwrap().ln_abs;
            let q = form.log_det(&geometry(&y, 4), gamma_q).unwrap().ln_abs;
            (k, q, 4.0 * (k + q))
        };
        for log_det in [LogDetForm::Stable, LogDetForm::Naive] {
            let (k, q, total) = score(0.1, 0.2, Form { log_det, ..Form::default() });
            assert!(
                (k + 5.190851278558607).abs() < 1e-12 && (q + 8.149405835611102).abs() < 1e-12,
                "{log_det}"
            );
            assert!((total + 53.36102845667884).abs() < 1e-11, "{log_det}");
        }
        // 60-digit arithmetic; Y has fewer columns than images less one, so plain f64 is off in the fifth digit of ln|Q|.
        let (k, q, total) = score(1e-6, 1e-6, Form::default());
        assert!((k + 39.427492145187097).abs() < 1e-9, "{k}");
        assert!((q + 56.60603608579325).abs() < 1e-7, "{q}");
        assert!((total + 384.134112923648).abs() < 1e-6, "{total}");
    }

    #[test]
    fn other_kernels_have_a_unit_diagonal() {
        let rows = geometry(&[0., 1., 0.5, 1., 0., 0.25, 0.5, 0.5, 1.], 3);
        let gram = rows.gram().unwrap().to_vec();
        for matrix in [psnr(&rows), ssim(&rows, &gram)] {
            for i in 0..3 {
                assert!((matrix[i * 4] - 1.0).abs() < 1e-12);
                (0..3).for_each(|j| assert!((matrix[i * 3 + j] - matrix[j * 3 + i]).abs() < 1e-12));
            }
        }
        let linear = Form { kernel: Kernel::Linear, ..Form::default() };
        assert!(linear.log_det(&rows, f64::NAN).unwrap().ln_abs.is_finite());
        assert!(Form::default().log_det(&rows, f64::NAN).unwrap().ln_abs.is_nan());
    }
}
