//! Tallies of verdicts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::compare::{Verdict, tolerance};
use super::golden::GoldenRecord;
use crate::engine::Precision;

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
}

/// What came of all records.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// By golden proxy and variant.
    #[serde(skip)]
    pub lines: BTreeMap<(String, String), Line>,
    pub total: Line,
    pub failures: Vec<Failure>,
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
    /// Adds one verdict.
    pub fn add(&mut self, record: &GoldenRecord, verdict: &Verdict, precision: Precision) {
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
                golden: record.value.value(),
                ours: ours.clone(),
                deviation: *deviation,
                tolerance,
            });
        }
    }
}
