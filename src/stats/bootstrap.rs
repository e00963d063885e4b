//! Percentile bootstrap intervals.

use rayon::prelude::*;

use super::{quantile, sorted};

/// A percentile interval (Efron 1979).
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
    /// Nominal coverage, for instance 0.95.
    pub level: f64,
    /// Resamples in which the statistic was defined; the quantiles are taken over these.
    pub resamples: usize,
    /// Resamples in which it was not, for instance because only equal values were drawn.
    pub undefined: usize,
}

/// How resamples are drawn.
#[derive(Clone, Copy)]
pub struct Resampling<'a> {
    pub resamples: usize,
    /// Nominal coverage of the intervals, in `0..1`.
    pub level: f64,
    /// Makes resample `r` of `n` observations: called with `r` and `n` zeros, it counts how often each is drawn. A
    /// function of `r` and `n`, so that intervals do not depend on the number of threads.
    pub draw: &'a (dyn Fn(usize, &mut [u32]) + Sync),
}

/// Intervals of several statistics over the same resamples of `n` observations: each resample draws `n` of them with
/// replacement, and `statistics` computes all from how often each observation was drawn. `None` where a statistic was never
/// defined.
pub fn bootstrap(
    n: usize,
    resampling: &Resampling<'_>,
    statistics: impl Fn(&[u32]) -> Vec<Option<f64>> + Sync,
) -> Vec<Option<Interval>> {
    let resample = |multiplicities: &mut Vec<u32>, resample: usize| {
        multiplicities.fill(0);
        (resampling.draw)(resample, multiplicities);
        statistics(multiplicities)
    };
    let replicates: Vec<Vec<Option<f64>>> =
        (0..resampling.resamples).into_par_iter().map_init(|| vec![0; n], resample).collect();
    let of = |k: usize| replicates.iter().map(|all| all[k]).collect();
    (0..replicates.first().map_or(0, Vec::len)).map(|k| interval(of(k), resampling.level)).collect()
}

/// The interval between the `(1 - level) / 2` and `(1 + level) / 2` quantiles.
fn interval(replicates: Vec<Option<f64>>, level: f64) -> Option<Interval> {
    let total = replicates.len();
    let values = sorted(replicates.into_iter().flatten());
    let bound = |p| quantile(&values, p);
    let (low, high) = (bound((1.0 - level) / 2.0)?, bound((1.0 + level) / 2.0)?);
    Some(Interval { low, high, level, resamples: values.len(), undefined: total - values.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Pearson, Ranked};

    /// A plain generator for tests: splitmix64 over a counter.
    fn random(seed: u64, i: u64) -> u64 {
        let mut z = (seed << 32).wrapping_add(i).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn draw(resample: usize, multiplicities: &mut [u32]) {
        let n = multiplicities.len() as u64;
        for i in 0..n {
            multiplicities[(random(resample as u64 + 1, i) % n) as usize] += 1;
        }
    }

    fn unit(seed: u64, i: u64) -> f64 {
        (random(seed, i) >> 11) as f64 / (1u64 << 53) as f64
    }

    #[test]
    fn the_interval_of_a_mean_is_as_wide_as_its_standard_error() {
        let values: Vec<f64> = (0..400).map(|i| unit(1 << 20, i)).collect();
        let mean = |m: &[u32]| {
            let sum: f64 = values.iter().zip(m).map(|(v, m)| v * f64::from(*m)).sum();
            vec![Some(sum / 400.0)]
        };
        let resampling = Resampling { resamples: 2000, level: 0.95, draw: &draw };
        let interval = bootstrap(400, &resampling, mean)[0].unwrap();
        // Uniform numbers: standard error sqrt(1 / 12 / 400) = 0.01443, so a width of 2 * 1.96 * 0.01443 = 0.0566.
        let width = interval.high - interval.low;
        assert!((width - 0.0566).abs() < 0.006, "{width}");
        assert_eq!((interval.resamples, interval.undefined, interval.level), (2000, 0, 0.95));
    }

    #[test]
    fn intervals_cover_as_often_as_they_say() {
        // Independent samples have tau 0 and rho 0; a 90 % interval should cover it in 270 +- 5.2 of 300 cases.
        let resampling = Resampling { resamples: 300, level: 0.9, draw: &draw };
        let mut covered = [0; 3];
        for case in 0..300u64 {
            let sample =
                |which| -> Vec<f64> { (0..60).map(|i| unit((1 << 24) + 2 * case + which, i)).collect() };
            let (x, y) = (sample(0), sample(1));
            let (ranked, r) = (Ranked::new(&x, &y).unwrap(), Pearson::new(&x, &y).unwrap());
            let statistics = |m: &[u32]| {
                let counted = ranked.counted(m);
                vec![counted.pairs().tau_b(), counted.spearman(), r.at(m)]
            };
            let intervals = bootstrap(60, &resampling, statistics);
            for (count, interval) in covered.iter_mut().zip(intervals) {
                let interval = interval.unwrap();
                *count += u32::from(interval.low <= 0.0 && 0.0 <= interval.high);
            }
        }
        // Percentile intervals of 60 observations cover a little less than they say.
        assert!(covered.iter().all(|count| (246..=288).contains(count)), "{covered:?}");
    }

    #[test]
    fn every_resample_is_drawn_once() {
        // The number of the resample is drawn as a multiplicity.
        for resamples in [1, 8, 11] {
            let draw = |resample: usize, m: &mut [u32]| m[0] = resample as u32;
            let resampling = Resampling { resamples, level: 1.0, draw: &draw };
            let seen = bootstrap(1, &resampling, |m| vec![Some(f64::from(m[0]))])[0].unwrap();
            assert_eq!((seen.low, seen.high, seen.resamples), (0.0, resamples as f64 - 1.0, resamples));
        }
    }

    #[test]
    fn statistics_without_a_value_are_counted() {
        let ranked = Ranked::new(&[1.0, 2.0], &[1.0, 2.0]).unwrap();
        let resampling = Resampling { resamples: 200, level: 0.95, draw: &draw };
        let tau = |m: &[u32]| vec![ranked.counted(m).pairs().tau_b()];
        let interval = bootstrap(2, &resampling, tau)[0].unwrap();
        // Half of the resamples of two observations draw one of them twice.
        assert!((70..130).contains(&interval.undefined), "{interval:?}");
        assert_eq!((interval.resamples + interval.undefined, interval.low), (200, 1.0));
        assert_eq!(bootstrap(2, &resampling, |_| vec![None]), [None]);
        assert_eq!(bootstrap(0, &resampling, |_| vec![Some(1.0)])[0].unwrap().high, 1.0);
    }
}
