//! Whether one proxy's correlation differs from another's by more than the spread over repetitions.

use super::{Correlation, Metric};
use crate::stats::{TTest, TTestError, paired, welch};

/// A t-test of a metric of two proxies over repetitions.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Comparison {
    /// Whether repetitions were paired.
    pub paired: bool,
    #[serde(flatten)]
    pub test: TTest,
}

/// Tests whether the mean of `metric` over repetitions differs between a proxy and a reference; the difference is
/// positive where the proxy's is larger.
///
/// With the same architectures in the same repetitions (`same_samples`) the test is paired: what a repetition does to
/// both cancels. Otherwise it is Welch's test of two independent samples. Repetitions in which a metric is not defined
/// do not count (in a paired test, for both).
///
/// # Errors
/// Fewer than two repetitions, or statistics that do not vary.
pub fn compare(
    proxy: &Correlation,
    reference: &Correlation,
    metric: Metric,
    same_samples: bool,
) -> Result<Comparison, TTestError> {
    let (a, b) = (proxy.values(metric), reference.values(metric));
    let test = if same_samples {
        let pairs = a.into_iter().zip(b).filter_map(|(a, b)| a.zip(b));
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.unzip();
        paired(&a, &b)?
    } else {
        let defined = |values: Vec<Option<f64>>| values.into_iter().flatten().collect::<Vec<_>>();
        welch(&defined(a), &defined(b))?
    };
    Ok(Comparison { paired: same_samples, test })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Excluded, NonFinitePolicy, SampleStatistics};
    use crate::proxies::Direction;
    use crate::tables::{Query, Runs, Split};

    fn correlation(taus: &[Option<f64>]) -> Correlation {
        let sample = |(repetition, tau): (u64, &Option<f64>)| SampleStatistics {
            repetition,
            n: 100,
            excluded: Excluded::default(),
            ranked_last: 0,
            zeros: 0,
            tied_scores: 0,
            tied_accuracies: 0,
            values: vec![*tau],
            intervals: vec![None],
        };
        Correlation {
            proxy: "x".into(),
            direction: Direction::HigherIsBetter,
            baseline: false,
            query: Query::new("cifar10", Split::Test, 200, Runs::Mean),
            policy: NonFinitePolicy::Exclude,
            metrics: vec![Metric::TAU_B],
            samples: (0..).zip(taus).map(sample).collect(),
        }
    }

    #[test]
    fn the_test_is_paired_on_the_same_samples_only() {
        let a = correlation(&[0.57, 0.55, 0.61, 0.58, 0.60, 0.52].map(Some));
        let b = correlation(&[0.50, 0.56, 0.55, 0.53, 0.57, 0.49].map(Some));
        // scipy.stats.ttest_rel; of equal sizes Welch's t is that of ttest_ind.
        let test = compare(&a, &b, Metric::TAU_B, true).unwrap();
        assert!(test.paired && (test.test.t - 3.285_714_285_714_286_5).abs() < 1e-12);
        let test = compare(&a, &b, Metric::TAU_B, false).unwrap();
        assert!(!test.paired && (test.test.t - 2.018_786_955_182_746_6).abs() < 1e-12);
        assert!(compare(&a, &b, Metric::PEARSON, true).is_err());
    }

    #[test]
    fn an_undefined_figure_leaves_its_repetition_out_for_both() {
        let a = correlation(&[Some(0.5), None, Some(0.7), Some(0.65)]);
        let b = correlation(&[Some(0.4), Some(0.9), Some(0.5), Some(0.6)]);
        assert_eq!(compare(&a, &b, Metric::TAU_B, true).unwrap().test.df, 2.0);
    }
}
