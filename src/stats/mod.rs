//! Statistics of paired samples: rank and linear correlations and metrics of the best with bootstrap intervals, t-tests, summaries.
//!
//! Pure functions of numbers; nothing here knows what a proxy is. Every correlation is signed: turning a score the way
//! its proxy declares is left to the caller, and no absolute value is ever taken. What is not defined (a correlation with a
//! constant, a spread of one value) is `None`.
//!
//! A correlation is prepared once from two samples and then evaluated under any *multiplicities*: how often each pair
//! counts. All ones give the plain value, the counts of a resample a bootstrap replicate.

mod best;
mod bootstrap;
mod kendall;
mod ndcg;
mod partial;
mod pearson;
mod ranks;
mod spearman;
mod summary;
mod t_test;
mod twice;

pub use bootstrap::{Interval, Resampling, bootstrap};
pub use kendall::{PairCounts, kendall};
pub use ndcg::Gain;
pub use partial::partial_tau;
pub use pearson::{Pearson, pearson};
pub use ranks::{Counted, Ranked, average_ranks};
pub use spearman::spearman;
pub use summary::{BoxSummary, Summary, mean, quantile, sorted};
pub use t_test::{TTest, TTestError, paired, welch};

/// Why two samples have no correlation to compute.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StatsError {
    #[error("the samples have {x} and {y} values; a correlation needs as many of one as of the other")]
    Lengths { x: usize, y: usize },
    #[error(
        "value {index} of sample {sample} is {value}; exclude it, or rank it last where ranks are all that counts"
    )]
    NotFinite { sample: char, index: usize, value: f64 },
    #[error("{n} pairs are more than the {MOST} that are supported")]
    TooMany { n: usize },
}

/// Observations that are supported: sums over them have room in the integers of [`Counted`].
const MOST: usize = 1 << 30;

/// Checks that the samples pair up and that every value passes `valid`.
fn check(x: &[f64], y: &[f64], valid: fn(&f64) -> bool) -> Result<(), StatsError> {
    if x.len() != y.len() {
        return Err(StatsError::Lengths { x: x.len(), y: y.len() });
    }
    if x.len() > MOST {
        return Err(StatsError::TooMany { n: x.len() });
    }
    for (sample, values) in [('x', x), ('y', y)] {
        if let Some(index) = values.iter().position(|value| !valid(value)) {
            return Err(StatsError::NotFinite { sample, index, value: values[index] });
        }
    }
    Ok(())
}

/// `sign(s) ln|s|`: brings scores that span many orders of magnitude to one scale, as the field does for gradient
/// norms and SynFlow. It is not monotone where `|s| < 1` (the logarithm is negative there) and has no value at 0:
/// zero and non-finite scores give `None`.
pub fn signed_log(score: f64) -> Option<f64> {
    (score != 0.0 && score.is_finite()).then(|| score.signum() * score.abs().ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signed_logarithm_keeps_the_sign_and_has_no_value_at_zero() {
        assert_eq!(signed_log(-std::f64::consts::E), Some(-1.0));
        assert_eq!(signed_log(1.0), Some(0.0));
        assert_eq!([signed_log(0.0), signed_log(f64::NAN), signed_log(f64::INFINITY)], [None; 3]);
        assert!(signed_log(0.5).unwrap() < 0.0 && signed_log(-0.5).unwrap() > 0.0);
    }

    #[test]
    fn samples_that_do_not_pair_up_are_refused() {
        assert_eq!(kendall(&[1.0], &[]).unwrap_err(), StatsError::Lengths { x: 1, y: 0 });
        let error = pearson(&[1.0, 2.0], &[1.0, f64::INFINITY]).unwrap_err();
        assert_eq!(error, StatsError::NotFinite { sample: 'y', index: 1, value: f64::INFINITY });
        assert!(spearman(&[1.0, f64::NAN], &[1.0, 2.0]).is_err());
        // Ranks are defined with infinities, which is what "ranked last" needs.
        assert_eq!(kendall(&[f64::NEG_INFINITY, 0.0, 1.0], &[0.0, 1.0, 2.0]).unwrap().concordant, 3);
    }
}
