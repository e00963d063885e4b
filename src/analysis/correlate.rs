//! Correlations of scores with one accuracy of a table, repetition by repetition.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::prepared::Prepared;
use super::{AnalysisError, Excluded, Metric, NonFinitePolicy, ScoreCell, ScoreColumn, ScoreSet, align};
use crate::keyed::{Stream, decide};
use crate::progress::{self, Work};
use crate::proxies::Direction;
use crate::stats::{Interval, Resampling, Summary, bootstrap};
use crate::tables::{Query, Table};

/// How correlations are computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub metrics: Vec<Metric>,
    pub policy: NonFinitePolicy,
    /// Bootstrap resamples for an interval within each repetition; 0 for none.
    pub resamples: usize,
    /// Nominal coverage of the intervals.
    pub level: f64,
    /// Seed of the resamples.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        let metrics = Metric::CORRELATIONS.to_vec();
        Self { metrics, policy: NonFinitePolicy::Exclude, resamples: 1000, level: 0.95, seed: 0 }
    }
}

/// The metrics of one repetition.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct SampleStatistics {
    pub repetition: u64,
    /// Architectures that the metrics were computed from.
    pub n: usize,
    pub excluded: Excluded,
    /// Scores that are not finite and were ranked last; part of `n`.
    pub ranked_last: usize,
    /// Scores of exactly zero, which [`Metric::PEARSON_LOG`] leaves out.
    pub zeros: usize,
    /// Pairs of architectures with equal scores, and with equal accuracies, of `n (n - 1) / 2`.
    pub tied_scores: u64,
    pub tied_accuracies: u64,
    /// In the order of [`Correlation::metrics`]; `None` where a metric is not defined.
    pub values: Vec<Option<f64>>,
    /// Percentile bootstrap intervals of the same, over architectures.
    pub intervals: Vec<Option<Interval>>,
}

/// How well one proxy predicts one accuracy.
#[derive(Clone, Debug)]
pub struct Correlation {
    pub proxy: String,
    pub direction: Direction,
    pub baseline: bool,
    pub query: Query,
    pub policy: NonFinitePolicy,
    /// What was computed.
    pub metrics: Vec<Metric>,
    pub samples: Vec<SampleStatistics>,
}

impl Correlation {
    /// A metric of every repetition, in their order.
    pub fn values(&self, metric: Metric) -> Vec<Option<f64>> {
        self.of_samples(metric, |sample, place| sample.values[place])
    }

    /// The bootstrap interval of a metric within every repetition.
    pub fn intervals(&self, metric: Metric) -> Vec<Option<Interval>> {
        self.of_samples(metric, |sample, place| sample.intervals[place])
    }

    /// Mean and spread of a metric over the repetitions in which it is defined.
    pub fn summary(&self, metric: Metric) -> Option<Summary> {
        Summary::of(&self.values(metric).into_iter().flatten().collect::<Vec<_>>())
    }

    /// The bootstrap interval of a metric, if there is a single repetition.
    pub fn interval(&self, metric: Metric) -> Option<Interval> {
        match self.intervals(metric)[..] {
            [only] => only,
            _ => None,
        }
    }

    /// Something of every repetition that is kept by the place of a metric among those that were computed.
    fn of_samples<T>(
        &self,
        metric: Metric,
        of: impl Fn(&SampleStatistics, usize) -> Option<T>,
    ) -> Vec<Option<T>> {
        let place = self.metrics.iter().position(|computed| *computed == metric);
        self.samples.iter().map(|sample| of(sample, place?)).collect()
    }
}

/// Correlates every column of a set with one accuracy.
///
/// Intervals of all columns come from the same resamples of architectures, as far as the same architectures count.
///
/// # Errors
/// An architecture or a query that the table cannot answer.
pub fn correlate(
    set: &ScoreSet,
    table: &Table,
    query: &Query,
    options: &Options,
) -> Result<Vec<Correlation>, AnalysisError> {
    let empty = |column: &ScoreColumn| Correlation {
        proxy: column.proxy.clone(),
        direction: column.direction,
        baseline: column.baseline,
        query: query.clone(),
        policy: options.policy,
        metrics: options.metrics.clone(),
        samples: vec![],
    };
    let mut correlations: Vec<Correlation> = set.columns.iter().map(empty).collect();
    let accuracies = set.accuracies(table, query)?;
    let cells: Vec<Vec<ScoreCell>> = set.columns.iter().map(|column| set.cells(&column.proxy)).collect();
    let params = parameter_counts(set);
    let resamples = set.samples.len() * set.columns.len() * options.resamples;
    let work = progress::begin("bootstrap intervals", "resamples", resamples);
    for sample in &set.samples {
        let accuracies = &accuracies[sample.rows.clone()];
        let prepare = |(column, cells): (&ScoreColumn, &Vec<ScoreCell>)| {
            let cells = &cells[sample.rows.clone()];
            let aligned = align(cells, column.direction, accuracies, options.policy);
            let error = |source| AnalysisError::Statistics {
                proxy: column.proxy.clone(),
                repetition: sample.repetition,
                source,
            };
            Prepared::new(aligned, &params[sample.rows.clone()]).map_err(error)
        };
        let prepared: Vec<Prepared> =
            set.columns.par_iter().zip(&cells).map(prepare).collect::<Result<_, _>>()?;
        let intervals = intervals(&prepared, sample.repetition, options, &work);
        for ((correlation, prepared), intervals) in correlations.iter_mut().zip(&prepared).zip(intervals) {
            correlation.samples.push(prepared.statistics(sample.repetition, &options.metrics, intervals));
        }
    }
    Ok(correlations)
}

/// The parameter count of every row, NaN where there is none.
fn parameter_counts(set: &ScoreSet) -> Vec<f64> {
    let count = |cell| if let ScoreCell::Ok(count) = cell { count } else { f64::NAN };
    set.cells("params").into_iter().map(count).collect()
}

/// Intervals of all columns; those over the same architectures see the same resamples, which are drawn once.
fn intervals(
    prepared: &[Prepared],
    repetition: u64,
    options: &Options,
    work: &Work,
) -> Vec<Vec<Option<Interval>>> {
    let metrics = &options.metrics;
    let mut intervals = vec![vec![None; metrics.len()]; prepared.len()];
    if options.resamples == 0 || metrics.is_empty() {
        return intervals;
    }
    let mut groups: BTreeMap<&[usize], Vec<usize>> = BTreeMap::new();
    for (place, column) in prepared.iter().enumerate() {
        groups.entry(&column.aligned.places).or_default().push(place);
    }
    let draw = |resample: usize, multiplicities: &mut [u32]| {
        let stream = Stream::new(options.seed, &format!("bootstrap.{repetition}.{resample}"));
        for i in 0..multiplicities.len() {
            multiplicities[decide(&stream, i as u64, multiplicities.len())] += 1;
        }
    };
    let resampling = Resampling { resamples: options.resamples, level: options.level, draw: &draw };
    for (places, columns) in groups {
        let of_column = |column: &usize, m: &[u32]| {
            let sample = prepared[*column].at(m);
            metrics.iter().map(|metric| metric.of(&sample)).collect::<Vec<_>>()
        };
        let of_columns = |m: &[u32]| {
            work.advance(columns.len() as u64);
            columns.iter().flat_map(|column| of_column(column, m)).collect()
        };
        let found = bootstrap(places.len(), &resampling, of_columns);
        for (&column, found) in columns.iter().zip(found.chunks_exact(metrics.len())) {
            intervals[column].copy_from_slice(found);
        }
    }
    intervals
}
