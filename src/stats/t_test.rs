//! t-tests: paired, and Welch's of two samples.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::beta::checked_beta_reg;

use super::summary::Summary;

/// The outcome of a t-test of a difference of means.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct TTest {
    /// Mean of the first sample minus mean of the second.
    pub difference: f64,
    pub standard_error: f64,
    pub t: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// Two-sided probability of a `|t|` at least as large when the means are equal.
    pub p: f64,
}

/// Why a t-test has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TTestError {
    #[error("a paired test needs pairs, and the samples have {a} and {b} values")]
    NoPairs { a: usize, b: usize },
    #[error("samples of {a} and {b} values are too small for a t-test; it needs two in each")]
    TooSmall { a: usize, b: usize },
    #[error("the values do not vary, so that no difference of means can be told from chance")]
    NoSpread,
}

impl TTest {
    fn new(difference: f64, standard_error: f64, df: f64) -> Result<Self, TTestError> {
        if standard_error <= 0.0 || !standard_error.is_finite() {
            return Err(TTestError::NoSpread);
        }
        let t = difference / standard_error;
        Ok(Self { difference, standard_error, t, df, p: two_sided_p(t, df) })
    }

    /// The interval that holds the difference of means with probability `level`: `difference +- q s`, with the standard error `s` and the
    /// quantile `q` of Student's t at `(1 + level) / 2`. `None` for a level outside of 0 to 1.
    pub fn interval(&self, level: f64) -> Option<(f64, f64)> {
        let law = StudentsT::new(0.0, 1.0, self.df).ok()?;
        let half = (0.0..1.0)
            .contains(&level)
            .then(|| law.inverse_cdf((1.0 + level) / 2.0) * self.standard_error)?;
        Some((self.difference - half, self.difference + half))
    }
}

/// Paired test: `t = mean(d) / (s_d / sqrt(n))` with `d = a - b`, `df = n - 1`.
///
/// # Errors
/// Samples of different lengths, fewer than two pairs, or differences that do not vary.
pub fn paired(a: &[f64], b: &[f64]) -> Result<TTest, TTestError> {
    if a.len() != b.len() {
        return Err(TTestError::NoPairs { a: a.len(), b: b.len() });
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let (mean, variance) = moments(&differences).ok_or(TTestError::TooSmall { a: a.len(), b: b.len() })?;
    TTest::new(mean, (variance / a.len() as f64).sqrt(), a.len() as f64 - 1.0)
}

/// Two samples with variances of their own (Welch 1947): `t = (mean a - mean b) / sqrt(va + vb)` with `va = s_a^2 / n`,
/// `vb = s_b^2 / m`, and `df = (va + vb)^2 / (va^2 / (n - 1) + vb^2 / (m - 1))`.
///
/// # Errors
/// Fewer than two values in a sample, or values that do not vary.
pub fn welch(a: &[f64], b: &[f64]) -> Result<TTest, TTestError> {
    let small = TTestError::TooSmall { a: a.len(), b: b.len() };
    let ((mean_a, var_a), (mean_b, var_b)) = (moments(a).ok_or(small)?, moments(b).ok_or(small)?);
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (va, vb) = (var_a / n, var_b / m);
    let df = (va + vb).powi(2) / (va * va / (n - 1.0) + vb * vb / (m - 1.0));
    TTest::new(mean_a - mean_b, (va + vb).sqrt(), df)
}

/// Mean and sample variance.
fn moments(values: &[f64]) -> Option<(f64, f64)> {
    let summary = Summary::of(values)?;
    Some((summary.mean, summary.std?.powi(2)))
}

/// `P(|T| >= |t|)` for Student's t with `df` degrees of freedom: `I_x(df / 2, 1 / 2)` at `x = df / (df + t^2)`. For a small `t` this
/// `x` is rounded to nearly 1, so that `1 - I_y(1 / 2, df / 2)` at `y = 1 - x = t^2 / (df + t^2)` is used, which is the same.
///
/// Degrees of freedom that are not a positive number give NaN.
fn two_sided_p(t: f64, df: f64) -> f64 {
    let square = t * t;
    let p = match square < 1.0 {
        true => checked_beta_reg(0.5, df / 2.0, square / (df + square)).map(|inside| 1.0 - inside),
        false => checked_beta_reg(df / 2.0, 0.5, df / (df + square)),
    };
    p.unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-11 * b.abs()
    }

    #[test]
    fn probabilities_agree_with_scipy() {
        // 2 * scipy.stats.t.sf(t, df)
        for (t, df, p) in [
            (2.262, 9.0, 0.050_012_845_502_454_63),
            (2.262_157_162_740_992, 9.0, 0.050_000_000_004_675_7),
            (0.5, 1.0, 0.704_832_764_699_133_5),
            (3.2, 4.7, 0.026_183_869_756_802_793),
            (10.0, 30.0, 4.575_251_408_229_618e-11),
            (40.0, 120.0, 3.133_648_398_616_500_5e-71),
            (1e-3, 2.0, 0.999_292_893_395_590_1),
            (25.0, 3.0, 0.000_140_331_389_957_548_56),
        ] {
            assert!(close(two_sided_p(t, df), p), "t {t}, df {df}: {} and {p}", two_sided_p(t, df));
            assert_eq!(two_sided_p(-t, df), two_sided_p(t, df));
        }
        assert_eq!(two_sided_p(0.0, 5.0), 1.0);
        assert_eq!(two_sided_p(f64::INFINITY, 5.0), 0.0);
        // With a million degrees of freedom, logarithms of the gamma function cancel to nine digits.
        assert!((two_sided_p(1.96, 1e6) - 0.049_996_067_585_269_85).abs() < 1e-10);
    }

    #[test]
    fn extreme_probabilities_agree_with_the_integral_of_the_density() {
        // mpmath, 50 digits
        for (t, df, p, tolerance) in [
            (1e-8, 9.0, 0.999_999_992_239_301_8, 1e-15),
            (1e-3, 1e9, 0.999_202_115_572_377_3, 1e-9),
            (0.5, 30.0, 0.620_723_004_885_127_3, 1e-12),
            (1e3, 3.0, 2.205_307_642_576_592_7e-9, 1e-13),
            (1e10, 2.0, 1e-20, 1e-13),
            (1e10, 9.0, 5.091_794_074_214_036e-87, 1e-13),
        ] {
            let ours = two_sided_p(t, df);
            assert!((ours - p).abs() <= tolerance * p, "t {t}, df {df}: {ours} and {p}");
        }
        assert!(two_sided_p(1.0, 0.0).is_nan() && two_sided_p(0.5, f64::NAN).is_nan());
    }

    #[test]
    fn tests_agree_with_scipy() {
        // ttest_rel(a, b), ttest_ind(a, b[:4], equal_var=False)
        let a = [0.57, 0.55, 0.61, 0.58, 0.60, 0.52];
        let b = [0.50, 0.56, 0.55, 0.53, 0.57, 0.49];
        for (test, t, df, p) in [
            (paired(&a, &b), 3.285_714_285_714_286_5, 5.0, 0.021_816_439_840_006_585),
            (welch(&a, &b[..4]), 1.938_495_286_338_161_3, 7.578_796_561_604_579, 0.090_571_672_351_372_67),
        ] {
            let test = test.unwrap();
            assert!(close(test.t, t) && close(test.df, df) && close(test.p, p), "{test:?}");
        }
    }

    #[test]
    fn samples_without_an_answer_say_why() {
        assert_eq!(paired(&[1.0, 2.0], &[1.0]), Err(TTestError::NoPairs { a: 2, b: 1 }));
        assert_eq!(welch(&[1.0], &[1.0, 2.0]), Err(TTestError::TooSmall { a: 1, b: 2 }));
        assert_eq!(paired(&[1.0, 2.0], &[0.5, 1.5]), Err(TTestError::NoSpread));
        assert_eq!(welch(&[0.1; 3], &[0.1; 3]), Err(TTestError::NoSpread));
        assert_eq!(paired(&[], &[]), Err(TTestError::TooSmall { a: 0, b: 0 }));
    }

    /// Quantiles of Student's t at .975 from tables: 4.303 for two degrees of freedom, 2.776 for four.
    #[test]
    fn intervals_have_the_quantiles_of_tables() {
        for (n, quantile) in [(3, 4.302_652_729_749_464), (5, 2.776_445_105_197_793_4)] {
            let a: Vec<f64> = (0..n).map(|i| f64::from(i * i)).collect();
            let test = paired(&a, &vec![1.0; a.len()]).unwrap();
            let (low, high) = test.interval(0.95).unwrap();
            assert!(((high - low) / 2.0 / test.standard_error - quantile).abs() < 1e-9);
            assert!(close((high + low) / 2.0, test.difference));
            assert_eq!(test.interval(1.0), None);
        }
    }
}
