//! Mean, spread and quantiles of a few numbers.

use super::twice::{Twice, mean_of, scaled};

/// What a sample of numbers looks like. Values that are not finite belong in no summary: filter and count them first.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Summary {
    pub n: usize,
    pub mean: f64,
    /// Sample standard deviation, `sqrt(sum (x - mean)^2 / (n - 1))`; `None` for one value.
    pub std: Option<f64>,
    pub min: f64,
    pub median: f64,
    pub max: f64,
}

impl Summary {
    /// Summarises; `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let sorted = sorted(values.iter().copied());
        let (mean, median) = (mean(values)?, quantile(&sorted, 0.5)?);
        let std = standard_deviation(values);
        Some(Self { n: values.len(), mean, std, min: sorted[0], median, max: sorted[sorted.len() - 1] })
    }
}

/// Sample standard deviation, with all its digits whatever the mean; `None` for fewer than two values.
fn standard_deviation(values: &[f64]) -> Option<f64> {
    let (values, exponent) = scaled(values);
    let mean = (values.len() > 1).then(|| mean_of(&values))?;
    let deviations = values.iter().map(|&x| Twice::from(x).minus(mean));
    let squares: Twice = deviations.map(|d| d.times(d)).sum();
    Some(libm::scalbn((squares.value() / (values.len() - 1) as f64).sqrt(), exponent))
}

/// A box plot's numbers (Tukey): quartiles, the most distant values within 1.5 interquartile ranges of the box, and the
/// values beyond.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct BoxSummary {
    pub q1: f64,
    pub median: f64,
    pub q3: f64,
    pub whisker_low: f64,
    pub whisker_high: f64,
    pub outliers: Vec<f64>,
}

impl BoxSummary {
    /// Summarises; `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let sorted = sorted(values.iter().copied());
        let [q1, median, q3] = [0.25, 0.5, 0.75].map(|p| quantile(&sorted, p));
        let (q1, median, q3) = (q1?, median?, q3?);
        let reach = 1.5 * (q3 - q1);
        let inside = |x: f64| (q1 - reach..=q3 + reach).contains(&x);
        let within = || sorted.iter().copied().filter(|&x| inside(x));
        Some(Self {
            q1,
            median,
            q3,
            whisker_low: within().next()?,
            whisker_high: within().next_back()?,
            outliers: sorted.iter().copied().filter(|&x| !inside(x)).collect(),
        })
    }
}

/// Arithmetic mean; `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    let (values, exponent) = scaled(values);
    (!values.is_empty()).then(|| libm::scalbn(mean_of(&values).value(), exponent))
}

/// The quantile at `p` in `0..=1` of increasing values, interpolated linearly at `p (n - 1)` (type 7 of Hyndman and Fan
/// 1996, numpy's default); `None` without values.
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let place = p.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    let (gap, part) = (above - below, place.fract());
    // The gap between numbers such as 1e308 and -1e308 overflows.
    Some(if gap.is_finite() { below + gap * part } else { below * (1.0 - part) + above * part })
}

/// The values in increasing order, NaN last.
pub fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_spread_agree_with_numpy() {
        let values = [4.0, 1.0, 16.5, 2.0, 8.0];
        let sorted = sorted(values);
        for (p, expected) in [(0.0, 1.0), (0.1, 1.4), (0.25, 2.0), (0.5, 4.0), (0.9, 13.1), (1.0, 16.5)] {
            assert!((quantile(&sorted, p).unwrap() - expected).abs() < 1e-12, "{p}");
        }
        // numpy.std(values, ddof=1)
        let summary = Summary::of(&values).unwrap();
        assert!((summary.std.unwrap() - 6.300_793_600_809_345).abs() < 1e-14);
        assert_eq!((summary.n, summary.mean, summary.median), (5, 6.3, 4.0));
    }

    #[test]
    fn large_and_offset_values_keep_their_digits() {
        assert_eq!(Summary::of(&[0.1; 3]).map(|s| (s.mean, s.std)), Some((0.1, Some(0.0))));
        let offset = Summary::of(&[1e16, 1e16 + 2.0, 1e16 + 4.0]).unwrap();
        assert_eq!((offset.mean, offset.std), (1e16 + 2.0, Some(2.0)));
        let large = Summary::of(&[1e308, -1e308, 1e308, -1e308]).unwrap();
        assert_eq!((large.mean, large.median), (0.0, 0.0));
        assert!((large.std.unwrap() / 1e308 - (4.0f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(quantile(&[-1e308, 1e308], 0.75), Some(5e307));
    }

    #[test]
    fn one_value_has_no_spread_and_none_no_summary() {
        assert_eq!(Summary::of(&[2.5]).unwrap().std, None);
        assert_eq!((Summary::of(&[]), mean(&[]), quantile(&[], 0.5)), (None, None, None));
        assert_eq!(BoxSummary::of(&[]), None);
    }

    #[test]
    fn whiskers_end_at_values_and_the_rest_are_outliers() {
        let summary = BoxSummary::of(&[1.0, 2.0, 3.0, 4.0, 100.0]).unwrap();
        assert_eq!((summary.q1, summary.median, summary.q3), (2.0, 3.0, 4.0));
        assert_eq!((summary.whisker_low, summary.whisker_high), (1.0, 4.0));
        assert_eq!(summary.outliers, [100.0]);
    }
}
