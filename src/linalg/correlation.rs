//! Correlation matrices of rows and the eigenvalues of symmetric matrices, in f64.

/// Pearson correlations between rows of equal length, row-major `[n, n]`, as NumPy's `corrcoef`: clipped to [-1, 1]; a row
/// without variance correlates with nothing, not even itself (not a number).
pub fn correlations(rows: &[&[f64]]) -> Vec<f64> {
    let centred: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| {
            let mean = row.iter().sum::<f64>() / row.len() as f64;
            row.iter().map(|x| x - mean).collect()
        })
        .collect();
    let n = rows.len();
    let product =
        |i: usize, j: usize| -> f64 { centred[i].iter().zip(&centred[j]).map(|(a, b)| a * b).sum() };
    let spread: Vec<f64> = (0..n).map(|i| product(i, i).sqrt()).collect();
    let mut matrix = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            // `clamp` keeps what is not a number.
            let c = (product(i, j) / spread[i] / spread[j]).clamp(-1.0, 1.0);
            (matrix[i * n + j], matrix[j * n + i]) = (c, c);
        }
    }
    matrix
}

/// Eigenvalues of a symmetric row-major `[n, n]` matrix, ascending, by cyclic Jacobi rotations; all not a number when an
/// entry is not finite.
///
/// A rotation in the plane `(p, q)` with `t = sign(h) / (|h| + sqrt(1 + h^2))`, `h = (a_qq - a_pp) / (2 a_pq)`, makes `a_pq` zero
/// (Golub and Van Loan, Matrix Computations, section 8.5).
pub fn symmetric_eigenvalues(matrix: &[f64], n: usize) -> Vec<f64> {
    if matrix.iter().any(|x| !x.is_finite()) {
        return vec![f64::NAN; n];
    }
    let mut a = matrix.to_vec();
    let size: f64 = a.iter().map(|x| x * x).sum::<f64>().sqrt();
    let off =
        |a: &[f64]| (0..n * n).filter(|at| at / n != at % n).map(|at| a[at] * a[at]).sum::<f64>().sqrt();
    // Convergence is quadratic: a dozen sweeps reach rounding; the bound only ends a loop that cannot improve.
    for _ in 0..60 {
        if off(&a) <= 1e-17 * size {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, n, p, q);
            }
        }
    }
    let mut values: Vec<f64> = (0..n).map(|i| a[i * n + i]).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn rotate(a: &mut [f64], n: usize, p: usize, q: usize) {
    let apq = a[p * n + q];
    if apq == 0.0 {
        return;
    }
    let h = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
    let t = if h.is_infinite() { 0.0 } else { 1f64.copysign(h) / (h.abs() + h.hypot(1.0)) };
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    for k in 0..n {
        let (x, y) = (a[k * n + p], a[k * n + q]);
        (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y);
    }
    for k in 0..n {
        let (x, y) = (a[p * n + k], a[q * n + k]);
        (a[p * n + k], a[q * n + k]) = (c * x - s * y, s * x + c * y);
    }
    (a[p * n + q], a[q * n + p]) = (0.0, 0.0);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn correlations_by_hand() {
        let matrix = correlations(&[&[1.0, 2.0, 3.0], &[6.0, 4.0, 2.0], &[1.0, 0.0, 1.0]]);
        let expected = [1.0, -1.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        assert!(matrix.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{matrix:?}");
        let constant = correlations(&[&[1.0, 2.0], &[5.0, 5.0]]);
        assert!((constant[0] - 1.0).abs() < 1e-15);
        assert!(constant[1..].iter().all(|c| c.is_nan()));
    }

    #[test]
    fn eigenvalues_by_hand() {
        let values = symmetric_eigenvalues(&[2.0, 1.0, 0.0, 1.0, 2.0, 0.0, 0.0, 0.0, -7.0], 3);
        assert!(values.iter().zip([-7.0, 1.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-14), "{values:?}");
        assert!(symmetric_eigenvalues(&[1.0, f64::NAN, f64::NAN, 1.0], 2).iter().all(|v| v.is_nan()));
        // A correlation matrix of equal rows has rank 1.
        let rank_one = symmetric_eigenvalues(&[1.0; 16], 4);
        assert!((rank_one[3] - 4.0).abs() < 1e-14 && rank_one[..3].iter().all(|v| v.abs() < 1e-14));
    }

    proptest! {
        /// Sums of powers of the eigenvalues are traces of powers of the matrix.
        #[test]
        fn eigenvalues_keep_traces(entries in proptest::collection::vec(-2.0f64..2.0, 36)) {
            let n = 6;
            let a: Vec<f64> = (0..36).map(|at| entries[at / n * n + at % n] + entries[at % n * n + at / n]).collect();
            let square: Vec<f64> =
                (0..36).map(|at| (0..n).map(|k| a[at / n * n + k] * a[k * n + at % n]).sum()).collect();
            let cube: f64 = (0..36).map(|at| square[at] * a[at % n * n + at / n]).sum();
            let values = symmetric_eigenvalues(&a, n);
            let power = |k: i32| values.iter().map(|v| v.powi(k)).sum::<f64>();
            prop_assert!((power(1) - (0..n).map(|i| a[i * n + i]).sum::<f64>()).abs() < 1e-11);
            prop_assert!((power(2) - (0..n).map(|i| square[i * n + i]).sum::<f64>()).abs() < 1e-10);
            prop_assert!((power(3) - cube).abs() < 1e-9);
        }
    }
}
