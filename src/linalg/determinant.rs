//! Determinants of small dense matrices, in f64: matrices are N x N with N the batch size.

use std::ops::{Div, Mul, Sub};

use super::double_double::Dd;

/// Sign and natural logarithm of the absolute value of a determinant; `(0, -inf)` for a singular matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogDet {
    pub sign: f64,
    pub ln_abs: f64,
}

/// A number that determinants can be computed in.
trait Real: Copy + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> {
    fn magnitude(self) -> f64;
    fn ln_abs(self) -> f64;
    fn sign(self) -> f64;
}

impl Real for f64 {
    fn magnitude(self) -> f64 {
        self.abs()
    }

    fn ln_abs(self) -> f64 {
        self.abs().ln()
    }

    fn sign(self) -> f64 {
        self.signum()
    }
}

impl Real for Dd {
    fn magnitude(self) -> f64 {
        self.value().abs()
    }

    fn ln_abs(self) -> f64 {
        Dd::ln_abs(self)
    }

    fn sign(self) -> f64 {
        self.value().signum()
    }
}

/// `slogdet` of a row-major `[n, n]` matrix by LU with partial pivoting.
///
/// Written out rather than taken from a library: every row goes through the same operations in the same order, so
/// identical rows end in an exact zero and the result is the same on every machine.
pub fn slogdet(matrix: &[f64], n: usize) -> LogDet {
    lu_log_det(matrix.to_vec(), n)
}

fn lu_log_det<T: Real>(mut a: Vec<T>, n: usize) -> LogDet {
    let mut result = LogDet { sign: 1.0, ln_abs: 0.0 };
    for k in 0..n {
        let size = |i: usize| a[i * n + k].magnitude();
        if (k..n).any(|i| size(i).is_nan()) {
            return LogDet { sign: f64::NAN, ln_abs: f64::NAN };
        }
        let pivot = (k..n).fold(k, |best, i| if size(i) > size(best) { i } else { best });
        if pivot != k {
            (0..n).for_each(|j| a.swap(k * n + j, pivot * n + j));
            result.sign = -result.sign;
        }
        let value = a[k * n + k];
        if value.magnitude() == 0.0 {
            return LogDet { sign: 0.0, ln_abs: f64::NEG_INFINITY };
        }
        result.sign *= value.sign();
        result.ln_abs += value.ln_abs();
        for i in k + 1..n {
            let factor = a[i * n + k] / value;
            for j in k + 1..n {
                a[i * n + j] = a[i * n + j] - factor * a[k * n + j];
            }
        }
    }
    result
}

/// `ln det K` of the kernel `K_ij = exp(-gamma D_ij)` without ever adding 1 to tiny numbers.
///
/// With `E = expm1(-gamma D)` and the Helmert matrix `H` (an orthonormal basis of the complement of the ones vector):
/// `a = n + 1'E1/n`, `b = H E 1 / sqrt(n)`, `M = H E H' - b b' / a`, `ln|K| = ln a + ln|det M|`. For small gamma the
/// information of `K` is in the digits of `E`, which a plain `exp` throws away. Where the rows have fewer columns than
/// there are images, `M` cancels to second and higher orders of `gamma D`; that algebra is done in double-double, since
/// f64 leaves three digits of it.
pub fn rbf_log_det_stable(distances: &[f64], n: usize, gamma: f64) -> LogDet {
    if has_equal_rows(distances, n) {
        return LogDet { sign: 0.0, ln_abs: f64::NEG_INFINITY };
    }
    let e: Vec<Dd> = distances.iter().map(|d| Dd::from((-gamma * d).exp_m1())).collect();
    let count = Dd::from(n as f64);
    let row_sums: Vec<Dd> = (0..n).map(|i| sum(&e[i * n..(i + 1) * n])).collect();
    let a = count + sum(&row_sums) / count;
    let b: Vec<Dd> = helmert(&row_sums).into_iter().map(|x| x / count.sqrt()).collect();
    // E is symmetric: its rows are its columns. `eh` is E H', row by row; then H goes over its columns.
    let eh: Vec<Vec<Dd>> = (0..n).map(|i| helmert(&e[i * n..(i + 1) * n])).collect();
    let column = |j: usize| eh.iter().map(|row| row[j]).collect::<Vec<_>>();
    let heh: Vec<Vec<Dd>> = (0..n - 1).map(|j| helmert(&column(j))).collect();
    let m = (0..(n - 1) * (n - 1)).map(|at| {
        let (i, j) = (at / (n - 1), at % (n - 1));
        heh[i][j] - b[i] * b[j] / a
    });
    let rest = lu_log_det(m.collect(), n - 1);
    LogDet { sign: rest.sign * a.value().signum(), ln_abs: a.ln_abs() + rest.ln_abs }
}

fn sum(v: &[Dd]) -> Dd {
    v.iter().fold(Dd::ZERO, |s, x| s + *x)
}

/// The Helmert matrix times a vector. Row `k` (from 1) has `k` entries `1/sqrt(k(k+1))`, then `-k/sqrt(k(k+1))`.
fn helmert(v: &[Dd]) -> Vec<Dd> {
    let mut head = Dd::ZERO;
    (1..v.len())
        .map(|k| {
            head = head + v[k - 1];
            (head - Dd::from(k as f64) * v[k]) / Dd::from((k * (k + 1)) as f64).sqrt()
        })
        .collect()
}

/// `ln|det K|` as the released code computes it: `K_ij = exp(-gamma (|x_i|^2 + |x_j|^2 - 2 x_i x_j))`, plain LU.
pub fn rbf_log_det_naive(gram: &[f64], n: usize, gamma: f64) -> LogDet {
    let square = |i: usize| gram[i * n + i];
    let k: Vec<f64> = (0..n * n)
        .map(|at| {
            let (i, j) = (at / n, at % n);
            (-gamma * (square(i) + square(j) - 2.0 * gram[at])).exp()
        })
        .collect();
    slogdet(&k, n)
}

/// Two images with identical rows make every kernel of distances exactly singular.
fn has_equal_rows(distances: &[f64], n: usize) -> bool {
    (0..n).any(|i| (i + 1..n).any(|j| distances[i * n + j] == 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: f64, b: f64, relative: f64) {
        assert!((a - b).abs() <= relative * b.abs().max(1e-300), "{a} against {b}");
    }

    /// Column-normalised rows `v_ij = ((7i + 3j + 5ij^2) mod 11)/10` of proxies.md 3.3.
    fn distances(n: usize, len: usize) -> (Vec<f64>, Vec<f64>) {
        let mut rows: Vec<Vec<f64>> = (0..n)
            .map(|i| (0..len).map(|j| ((7 * i + 3 * j + 5 * i * j * j) % 11) as f64 / 10.0).collect())
            .collect();
        for j in 0..len {
            let low = rows.iter().map(|r| r[j]).fold(f64::INFINITY, f64::min);
            let high = rows.iter().map(|r| r[j]).fold(f64::NEG_INFINITY, f64::max);
            rows.iter_mut().for_each(|r| r[j] = if high > low { (r[j] - low) / (high - low) } else { 0.0 });
        }
        let of = |f: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
            let pair = |at: usize| rows[at / n].iter().zip(&rows[at % n]).map(|(a, b)| f(*a, *b)).sum();
            (0..n * n).map(pair).collect()
        };
        (of(&|a, b| (a - b) * (a - b)), of(&|a, b| a * b))
    }

    /// Golden vectors of proxies.md 3.3 (120-digit arithmetic).
    #[test]
    fn stable_log_det_equals_exact_values() {
        for (n, len, gamma, exact, tolerance) in [
            (4, 6, 0.5, -1.1706974173458986, 1e-12),
            (4, 6, 1e-3, -18.482294469296864, 1e-12),
            (4, 6, 1e-9, -59.9267186229848, 1e-12),
            (6, 5, 0.5, -3.315387814715427, 1e-12),
            (6, 5, 1e-9, -102.39626663665516, 1e-12),
            (8, 4, 0.5, -9.386700458690076, 1e-12),
            (8, 4, 1e-9, -207.26922234425174, 1e-8),
        ] {
            let (d, gram) = distances(n, len);
            close(rbf_log_det_stable(&d, n, gamma).ln_abs, exact, tolerance);
            if gamma == 0.5 {
                close(rbf_log_det_naive(&gram, n, gamma).ln_abs, exact, 1e-11);
            }
        }
        // The naive form loses the rank-deficient case, as the document says.
        let (_, gram) = distances(8, 4);
        assert!((rbf_log_det_naive(&gram, 8, 1e-9).ln_abs + 207.269).abs() > 5.0);
    }

    #[test]
    fn naswot_example() {
        let k = [6., 3., 2., 4., 3., 6., 1., 3., 2., 1., 6., 4., 4., 3., 4., 6.];
        close(slogdet(&k, 4).ln_abs, 5.545177444479562, 1e-14);
    }

    #[test]
    fn identical_rows_are_exactly_singular() {
        let k = [6., 3., 6., 3., 7., 3., 6., 3., 6.];
        assert_eq!(slogdet(&k, 3), LogDet { sign: 0.0, ln_abs: f64::NEG_INFINITY });
        let d = [0., 2., 0., 2., 0., 2., 0., 2., 0.];
        assert_eq!(rbf_log_det_stable(&d, 3, 0.1).ln_abs, f64::NEG_INFINITY);
        assert!(slogdet(&[1.0, f64::NAN, 0.0, 1.0, 1.0, 1.0, 2.0, 0.0, 1.0], 3).ln_abs.is_nan());
    }

    proptest! {
        /// `ln|det(A B)| = ln|det A| + ln|det B|`, and a row exchange flips the sign only.
        #[test]
        fn log_det_is_multiplicative(values in proptest::collection::vec(-2.0f64..2.0, 32)) {
            let (a, b) = values.split_at(16);
            let product: Vec<f64> =
                (0..16).map(|at| (0..4).map(|k| a[at / 4 * 4 + k] * b[k * 4 + at % 4]).sum()).collect();
            let (da, db, dp) = (slogdet(a, 4), slogdet(b, 4), slogdet(&product, 4));
            prop_assume!(da.ln_abs > -6.0 && db.ln_abs > -6.0);
            prop_assert!((da.ln_abs + db.ln_abs - dp.ln_abs).abs() < 1e-7);
            prop_assert_eq!(da.sign * db.sign, dp.sign);
            let mut swapped = a.to_vec();
            (0..4).for_each(|j| swapped.swap(j, 12 + j));
            prop_assert!((slogdet(&swapped, 4).ln_abs - da.ln_abs).abs() < 1e-9);
            prop_assert_eq!(slogdet(&swapped, 4).sign, -da.sign);
        }

        /// Small-gamma law: dividing gamma by 10 shifts ln|K| by -(n-1) ln 10.
        #[test]
        fn small_gamma_law(seed in 0u64..200) {
            let (n, len) = (6, 40);
            let mut v = vec![0f32; n * len];
            crate::keyed::Stream::new(seed, "law").fill_uniform(1.0, &mut v);
            let d: Vec<f64> = (0..n * n).map(|at| {
                (0..len).map(|k| f64::from(v[at / n * len + k] - v[at % n * len + k]).powi(2)).sum()
            }).collect();
            let step = rbf_log_det_stable(&d, n, 1e-10).ln_abs - rbf_log_det_stable(&d, n, 1e-9).ln_abs;
            prop_assert!((step / (-(n as f64 - 1.0) * 10f64.ln()) - 1.0).abs() < 1e-3);
        }
    }
}
