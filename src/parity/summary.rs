//! Counts verdicts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::compare::{Verdict, tolerance};
use super::golden::GoldenRecord;
use crate::engine::Precision;

/// The largest share of records outside their tolerance in f32 that counts as rounding. It is the share that PyTorch has outside
/// its own tolerances when it uses other convolution kernels (METHODOLOGY, section 9). Rounding moves single units over a kink or
/// a maximum, where derivatives jump, and it is chance which records this affects.
const MOST_ROUNDING: f64 = 0.073;

/// Counts of one proxy and variant, or of all.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Line {
    pub compared: usize,
    pub within: usize,
    pub outside: usize,
    pub not_supported: usize,
    pub skipped: usize,
    /// Compared records whose tolerance exceeds 1 %.
    pub tolerance_over_1_percent: usize,
    /// Worst relative deviation of the compared finite records.
    pub worst: f64,
}

/// A record that deviates more than its tolerance allows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    pub proxy: String,
    pub variant: String,
    pub space: String,
    pub arch: String,
    pub seed: u64,
    pub golden: Option<f64>,
    pub ours: String,
    pub deviation: f64,
    pub tolerance: Option<f64>,
    /// Whether the same engine agrees in f64.
    pub agrees_in_f64: bool,
}

/// The counts and failures of all records.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// By golden proxy and variant.
    #[serde(skip)]
    pub lines: BTreeMap<(String, String), Line>,
    pub total: Line,
    pub failures: Vec<Failure>,
    /// Number of records that are outside in f32 and on which the same engine agrees in f64.
    pub agree_in_f64: usize,
}

impl Line {
    fn add(&mut self, verdict: &Verdict, tolerance: Option<f64>) {
        match verdict {
            Verdict::NotSupported(_) => self.not_supported += 1,
            Verdict::Skipped(_) => self.skipped += 1,
            Verdict::Within { deviation } | Verdict::Outside { deviation, .. } => {
                self.compared += 1;
                let within = matches!(verdict, Verdict::Within { .. });
                self.within += usize::from(within);
                self.outside += usize::from(!within);
                self.tolerance_over_1_percent += usize::from(tolerance.is_some_and(|t| t > 0.01));
                self.worst = self.worst.max(*deviation);
            }
        }
    }
}

impl std::fmt::Display for Line {
    /// The closing line of `untrained parity`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "compared {}, within {}, outside {}, not supported {}, skipped {}, tolerance over 1% {}",
            self.compared,
            self.within,
            self.outside,
            self.not_supported,
            self.skipped,
            self.tolerance_over_1_percent
        )
    }
}

impl Summary {
    /// Adds one verdict. `agrees_in_f64` says whether a record that is outside in f32 is within in f64.
    pub fn add(
        &mut self,
        record: &GoldenRecord,
        verdict: &Verdict,
        precision: Precision,
        agrees_in_f64: bool,
    ) {
        let tolerance = tolerance(record, precision);
        let key = (record.proxy.clone(), record.variant.clone());
        self.lines.entry(key).or_default().add(verdict, tolerance);
        self.total.add(verdict, tolerance);
        if let Verdict::Outside { deviation, ours } = verdict {
            self.failures.push(Failure {
                proxy: record.proxy.clone(),
                variant: record.variant.clone(),
                space: record.space.clone(),
                arch: record.arch.clone(),
                seed: record.seed,
                golden: record.value,
                ours: ours.clone(),
                deviation: *deviation,
                tolerance,
                agrees_in_f64,
            });
            self.agree_in_f64 += usize::from(agrees_in_f64);
        }
    }

    /// Whether the engine agrees with the files: nothing outside, or in f32 at most 7.3 % of the records, each
    /// of which agrees in f64.
    pub fn passes(&self) -> bool {
        let Line { compared, outside, .. } = self.total;
        outside == 0 || (outside == self.agree_in_f64 && outside as f64 <= MOST_ROUNDING * compared as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(compared: usize, outside: usize, agree_in_f64: usize) -> Summary {
        let total = Line { compared, outside, within: compared - outside, ..Line::default() };
        Summary { total, agree_in_f64, ..Summary::default() }
    }

    #[test]
    fn few_records_may_be_rounding_if_f64_agrees() {
        assert!(summary(0, 0, 0).passes() && summary(100, 0, 0).passes());
        assert!(summary(100, 7, 7).passes());
        assert!(!summary(100, 7, 6).passes(), "one is wrong in f64 too");
        assert!(!summary(100, 8, 8).passes(), "too many for chance");
        assert!(!summary(1, 1, 1).passes());
    }
}
