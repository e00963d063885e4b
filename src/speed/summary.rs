//! From measurements to the numbers that people read.

use super::{Measured, Section};
use crate::scoring::Status;
use crate::stats::{mean, quantile, sorted};

/// One proxy on one list. Times are milliseconds, over the architectures that gave a score.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Summary {
    /// Architectures measured.
    pub n: usize,
    /// Of these, without a score.
    pub failed: usize,
    /// Of these, with an infinite score or none that is a number.
    pub non_finite: usize,
    pub median_build_ms: Option<f64>,
    pub median_input_ms: Option<f64>,
    pub median_compute_ms: Option<f64>,
    pub p95_compute_ms: Option<f64>,
    pub median_reduce_ms: Option<f64>,
    /// Mean of build + compute.
    pub mean_total_ms: Option<f64>,
    /// Scores computed in a second of wall-clock time, all threads together.
    pub scores_per_s: f64,
    /// Median over architectures of compute time to that of a bare forward pass.
    pub median_ratio_to_forward: Option<f64>,
    /// Share of the list's multiply-accumulates that the passes did not compute; `None` without passes.
    pub macs_left_out: Option<f64>,
}

impl Summary {
    /// Summarises a section; `forward` is the section of the bare forward pass, over any list that holds the same
    /// architectures.
    pub fn of(section: &Section, forward: &Section) -> Self {
        let scored: Vec<&Measured> = section.measured.iter().filter(|m| m.scored()).collect();
        let phase = |phase: fn(&Measured) -> f64| scored.iter().map(move |m| phase(m));
        let compute = phase(|m| m.timing.compute);
        let statuses = section.measured.iter().flat_map(|m| m.outcomes.iter().map(|o| o.status()));
        Self {
            n: section.measured.len(),
            failed: section.measured.len() - scored.len(),
            non_finite: statuses.filter(|s| *s == Status::NonFinite).count(),
            median_build_ms: median(phase(|m| m.timing.build)),
            median_input_ms: median(phase(|m| m.timing.input)),
            median_compute_ms: median(compute.clone()),
            p95_compute_ms: quantile(&sorted(compute), 0.95),
            median_reduce_ms: median(phase(|m| m.timing.reduce)),
            mean_total_ms: mean(&phase(|m| m.timing.total()).collect::<Vec<_>>()),
            scores_per_s: section.runs as f64 / section.wall.as_secs_f64(),
            median_ratio_to_forward: median(scored.iter().filter_map(|m| ratio_to(m, forward))),
            macs_left_out: left_out(&scored),
        }
    }
}

fn ratio_to(measured: &Measured, forward: &Section) -> Option<f64> {
    let base = forward.measured.iter().find(|f| f.arch == measured.arch)?;
    (base.scored() && base.timing.compute > 0.0).then(|| measured.timing.compute / base.timing.compute)
}

fn left_out(scored: &[&Measured]) -> Option<f64> {
    let left_out: u64 = scored.iter().map(|m| m.macs_left_out).sum::<Option<u64>>()?;
    let all: u64 = scored.iter().map(|m| m.macs).sum();
    (all > 0).then(|| left_out as f64 / all as f64)
}

/// Median over architectures of (build + compute of all proxies in one plan) to the same of the dearest proxy alone.
/// `alone` holds the sections of the plan's proxies.
pub fn together_ratio(together: &Section, alone: &[&Section]) -> Option<f64> {
    let dearest = |arch: &str| {
        let of_arch = alone.iter().filter_map(|s| s.measured.iter().find(|m| m.arch == arch));
        of_arch.map(|m| m.timing.total()).max_by(f64::total_cmp).filter(|dearest| *dearest > 0.0)
    };
    median(together.measured.iter().filter_map(|m| Some(m.timing.total() / dearest(&m.arch)?)))
}

/// The median; `None` of nothing.
pub(super) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    quantile(&sorted(values), 0.5)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::proxies::{Score, ScoreError};
    use crate::scoring::Outcome;
    use crate::speed::forward;
    use crate::speed::measure::Timing;

    fn measured(arch: &str, build: f64, compute: f64, score: Result<f64, ScoreError>) -> Measured {
        let outcome = Outcome {
            proxy: forward(),
            result: score.map(Score::plain),
            init_ms: 0.0,
            compute_ms: 0.0,
            reduce_ms: 0.0,
        };
        Measured {
            arch: arch.to_string(),
            timing: Timing { build, compute, ..Timing::default() },
            outcomes: vec![outcome],
            macs: 100,
            macs_left_out: Some(25),
        }
    }

    fn section(measured: Vec<Measured>) -> Section {
        Section { runs: 4 * measured.len(), measured, wall: Duration::from_secs(2) }
    }

    #[test]
    fn failures_count_and_do_not_time() {
        let undefined = || Err(ScoreError::Undefined("no".into()));
        let baseline = section(vec![measured("a", 1.0, 10.0, Ok(0.0)), measured("b", 1.0, 20.0, Ok(0.0))]);
        let proxy = section(vec![
            measured("a", 1.0, 20.0, Ok(0.0)),
            measured("b", 3.0, 80.0, Ok(f64::NEG_INFINITY)),
            measured("c", 500.0, 500.0, undefined()),
        ]);
        let summary = Summary::of(&proxy, &baseline);
        assert_eq!((summary.n, summary.failed, summary.non_finite), (3, 1, 1));
        assert_eq!(summary.median_compute_ms, Some(50.0));
        assert_eq!(summary.mean_total_ms, Some(52.0));
        assert_eq!(summary.median_ratio_to_forward, Some(3.0));
        assert_eq!(summary.scores_per_s, 6.0);
        assert_eq!(summary.macs_left_out, Some(0.25));
    }

    #[test]
    fn together_is_put_beside_the_dearest_of_each_architecture() {
        let one = section(vec![measured("a", 1.0, 9.0, Ok(0.0)), measured("b", 1.0, 39.0, Ok(0.0))]);
        let two = section(vec![measured("a", 1.0, 19.0, Ok(0.0)), measured("b", 1.0, 9.0, Ok(0.0))]);
        let both = section(vec![measured("a", 1.0, 29.0, Ok(0.0)), measured("b", 1.0, 49.0, Ok(0.0))]);
        assert_eq!(together_ratio(&both, &[&one, &two]), Some((1.5 + 1.25) / 2.0));
        assert_eq!(together_ratio(&both, &[]), None);
    }
}
