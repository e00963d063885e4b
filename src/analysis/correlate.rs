//! Correlations of scores with one accuracy of a table, repetition by repetition.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{Aligned, AnalysisError, Excluded, NonFinitePolicy, ScoreCell, ScoreColumn, ScoreSet, align};
use crate::keyed::{Stream, decide};
use crate::proxies::Direction;
use crate::stats::{Interval, Pearson, Ranked, Resampling, StatsError, Summary, bootstrap, signed_log};
use crate::tables::{Query, Table};

crate::named! {
    /// A correlation of score and accuracy; all are signed, and positive where the score points the way it should.
    pub enum Statistic: "statistic" {
        /// Pearson's r of the raw scores
        Pearson = "pearson",
        /// Pearson's r of sign(s) ln|s|; zero scores are left out
        PearsonLog = "pearson_log",
        /// Spearman's rho
        Spearman = "spearman",
        /// Kendall's tau-b
        TauB = "tau_b",
        /// Kendall's tau-a
        TauA = "tau_a",
    }
}

impl Statistic {
    /// The name as it stands on an axis.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pearson => "Pearson's r",
            Self::PearsonLog => "Pearson's r of sign(s) ln|s|",
            Self::Spearman => "Spearman's rho",
            Self::TauB => "Kendall's tau-b",
            Self::TauA => "Kendall's tau-a",
        }
    }
}

/// How correlations are computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
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
        Self { policy: NonFinitePolicy::Exclude, resamples: 1000, level: 0.95, seed: 0 }
    }
}

/// The statistics of one repetition.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct SampleStatistics {
    pub repetition: u64,
    /// Architectures that the statistics were computed from.
    pub n: usize,
    pub excluded: Excluded,
    /// Scores that are not finite and were ranked last; part of `n`.
    pub ranked_last: usize,
    /// Scores of exactly zero, which [`Statistic::PearsonLog`] leaves out.
    pub zeros: usize,
    /// Pairs of architectures with equal scores, and with equal accuracies, of `n (n - 1) / 2`.
    pub tied_scores: u64,
    pub tied_accuracies: u64,
    /// In the order of the values of [`Statistic`]; `None` where a statistic is not defined.
    pub values: [Option<f64>; 5],
    /// Percentile bootstrap intervals of the same, over architectures.
    pub intervals: [Option<Interval>; 5],
}

/// How well one proxy predicts one accuracy.
#[derive(Clone, Debug)]
pub struct Correlation {
    pub proxy: String,
    pub direction: Direction,
    pub baseline: bool,
    pub query: Query,
    pub samples: Vec<SampleStatistics>,
}

impl Correlation {
    /// A statistic of every repetition, in their order.
    pub fn values(&self, statistic: Statistic) -> Vec<Option<f64>> {
        self.samples.iter().map(|sample| sample.values[statistic as usize]).collect()
    }

    /// Mean and spread of a statistic over the repetitions in which it is defined.
    pub fn summary(&self, statistic: Statistic) -> Option<Summary> {
        Summary::of(&self.values(statistic).into_iter().flatten().collect::<Vec<_>>())
    }

    /// The bootstrap interval of a statistic, if there is a single repetition.
    pub fn interval(&self, statistic: Statistic) -> Option<Interval> {
        match &self.samples[..] {
            [only] => only.intervals[statistic as usize],
            _ => None,
        }
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
        samples: vec![],
    };
    let mut correlations: Vec<Correlation> = set.columns.iter().map(empty).collect();
    let accuracies = set.accuracies(table, query)?;
    let cells: Vec<Vec<ScoreCell>> = set.columns.iter().map(|column| set.cells(&column.proxy)).collect();
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
            Prepared::new(aligned).map_err(error)
        };
        let prepared: Vec<Prepared> =
            set.columns.par_iter().zip(&cells).map(prepare).collect::<Result<_, _>>()?;
        let intervals = intervals(&prepared, sample.repetition, options);
        for ((correlation, prepared), intervals) in correlations.iter_mut().zip(&prepared).zip(intervals) {
            correlation.samples.push(prepared.statistics(sample.repetition, intervals));
        }
    }
    Ok(correlations)
}

/// One proxy's scores on one sample, ready to be correlated under any multiplicities.
struct Prepared {
    aligned: Aligned,
    ranked: Ranked,
    /// None where scores that are not finite are ranked last without a number.
    pearson: Option<Pearson>,
    log: Option<LogPearson>,
}

/// Pearson's correlation over the scores that have a signed logarithm.
struct LogPearson {
    pearson: Pearson,
    /// Their places among the scores.
    places: Vec<usize>,
}

impl Prepared {
    fn new(aligned: Aligned) -> Result<Self, StatsError> {
        let ranked = Ranked::new(&aligned.scores, &aligned.accuracies)?;
        if aligned.scores.contains(&f64::NEG_INFINITY) {
            return Ok(Self { aligned, ranked, pearson: None, log: None });
        }
        let pearson = Some(Pearson::new(&aligned.scores, &aligned.accuracies)?);
        let pairs = aligned.scores.iter().zip(&aligned.accuracies).enumerate();
        let logs =
            pairs.filter_map(|(place, (score, accuracy))| Some((place, (signed_log(*score)?, *accuracy))));
        let (places, (x, y)): (Vec<usize>, (Vec<f64>, Vec<f64>)) = logs.unzip();
        let log = Some(LogPearson { pearson: Pearson::new(&x, &y)?, places });
        Ok(Self { aligned, ranked, pearson, log })
    }

    fn n(&self) -> usize {
        self.aligned.scores.len()
    }

    /// All statistics under given multiplicities, in the order of the values of [`Statistic`].
    fn at(&self, multiplicities: &[u32]) -> [Option<f64>; 5] {
        let counted = self.ranked.counted(multiplicities);
        let pairs = counted.pairs();
        let log = |log: &LogPearson| match log.places.len() == self.n() {
            true => log.pearson.at(multiplicities),
            false => {
                let of_logs: Vec<u32> = log.places.iter().map(|&place| multiplicities[place]).collect();
                log.pearson.at(&of_logs)
            }
        };
        let pearson = self.pearson.as_ref().and_then(|pearson| pearson.at(multiplicities));
        let log = self.log.as_ref().and_then(log);
        [pearson, log, counted.spearman(), pairs.tau_b(), pairs.tau_a()]
    }

    fn statistics(&self, repetition: u64, intervals: [Option<Interval>; 5]) -> SampleStatistics {
        let counted = self.ranked.counted(&vec![1; self.n()]);
        let pairs = counted.pairs();
        let pearson = self.pearson.as_ref().and_then(Pearson::value);
        let log = self.log.as_ref().and_then(|log| log.pearson.value());
        SampleStatistics {
            repetition,
            n: self.n(),
            excluded: self.aligned.excluded,
            ranked_last: self.aligned.ranked_last,
            zeros: self.aligned.scores.iter().filter(|score| **score == 0.0).count(),
            tied_scores: pairs.tied_x,
            tied_accuracies: pairs.tied_y,
            values: [pearson, log, counted.spearman(), pairs.tau_b(), pairs.tau_a()],
            intervals,
        }
    }
}

/// Intervals of all columns; those over the same architectures see the same resamples, which are drawn once.
fn intervals(prepared: &[Prepared], repetition: u64, options: &Options) -> Vec<[Option<Interval>; 5]> {
    let mut intervals = vec![[None; 5]; prepared.len()];
    if options.resamples == 0 {
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
        let statistics = |m: &[u32]| columns.iter().flat_map(|&column| prepared[column].at(m)).collect();
        let found = bootstrap(places.len(), &resampling, statistics);
        for (&column, found) in columns.iter().zip(found.chunks_exact(5)) {
            intervals[column].copy_from_slice(found);
        }
    }
    intervals
}
