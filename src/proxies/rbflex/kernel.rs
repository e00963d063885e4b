//! The kernels of RBFleX-NAS and its Figure 10, over column-normalised rows.

use crate::engine::ColumnGeometry;
use crate::proxies::linalg::{LogDet, rbf_log_det_naive, rbf_log_det_stable, slogdet};
use crate::proxies::{ScoreError, Variant};

/// SSIM's constants for a range of 1.
const C1: f64 = 0.01 * 0.01;
const C2: f64 = 0.03 * 0.03;
/// Peak signal-to-noise ratio of identical rows, in dB; the paper does not say what it uses.
const PSNR_CAP: f64 = 100.0;

/// `ln|det K|` of the variant's kernel.
///
/// # Errors
/// [`ScoreError::Undefined`] where the Gram matrix is missing.
pub fn log_det(variant: &Variant, rows: &ColumnGeometry, gamma: f64) -> Result<LogDet, ScoreError> {
    let n = rows.images();
    let gram = || rows.gram().ok_or_else(|| ScoreError::Undefined("the Gram matrix was not observed".into()));
    if variant.is("linear") {
        return Ok(slogdet(gram()?, n));
    }
    if variant.is("psnr") {
        return Ok(slogdet(&psnr(rows), n));
    }
    if variant.is("ssim") {
        return Ok(slogdet(&ssim(rows, gram()?), n));
    }
    if gamma.is_nan() {
        return Ok(LogDet { sign: f64::NAN, ln_abs: f64::NAN });
    }
    match variant.is("naive") {
        true => Ok(rbf_log_det_naive(gram()?, n, gamma)),
        false => Ok(rbf_log_det_stable(rows.distances(), n, gamma)),
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
    use crate::engine::reduce::Rows;
    use crate::proxies::ProxyRef;

    fn geometry(values: &[f64], n: usize) -> ColumnGeometry {
        let mut rows = ColumnGeometry::new(true);
        rows.add(Rows { values, n, len: values.len() / n, times: 1 });
        rows
    }

    fn variant(text: &str) -> Variant {
        text.parse::<ProxyRef>().unwrap().variant
    }

    /// The end-to-end example of proxies.md 3.3: X and Y give -53.361... for gammas 0.1 and 0.2.
    #[test]
    fn end_to_end_example() {
        let x = [0., 2., 1., 5., 7., 1., 0., 1., 3., 7., 3., 4., 1., 0., 7., 2., 1., 1., 1., 9.];
        let y = [0.5, 1.5, 1., 0., 2., 3., 0., 1.];
        let score = |gamma_k: f64, gamma_q: f64, variant: &Variant| {
            let k = log_det(variant, &geometry(&x, 4), gamma_k).unwrap().ln_abs;
            let q = log_det(variant, &geometry(&y, 4), gamma_q).unwrap().ln_abs;
            (k, q, 4.0 * (k + q))
        };
        for form in ["rbflex", "rbflex:naive"] {
            let (k, q, total) = score(0.1, 0.2, &variant(form));
            assert!((k + 5.190851278558607).abs() < 1e-12 && (q + 8.149405835611102).abs() < 1e-12, "{form}");
            assert!((total + 53.36102845667884).abs() < 1e-11, "{form}");
        }
        // 60-digit arithmetic; Y has fewer columns than images less one, so plain f64 is off in the fifth digit of ln|Q|.
        let (k, q, total) = score(1e-6, 1e-6, &variant("rbflex"));
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
        assert!(log_det(&variant("rbflex:linear"), &rows, f64::NAN).unwrap().ln_abs.is_finite());
        assert!(log_det(&variant("rbflex"), &rows, f64::NAN).unwrap().ln_abs.is_nan());
    }
}
