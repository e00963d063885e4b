//! One proxy's scores on one sample, ready for metrics under any multiplicities.

use std::cell::OnceCell;
use std::sync::OnceLock;

use super::{Aligned, Metric, SampleStatistics};
use crate::stats::{Counted, Interval, PairCounts, Pearson, Ranked, StatsError, partial_tau, signed_log};

/// Scores and accuracies, ranked and sorted once.
pub(super) struct Prepared {
    pub aligned: Aligned,
    ranked: Ranked,
    /// None where scores that are not finite are ranked last without a number.
    pearson: Option<Pearson>,
    log: Option<LogPearson>,
    /// Parameter counts of the architectures that count, where all of them have one.
    params: Option<Vec<f64>>,
    /// Scores and accuracies beside parameter counts, made when a metric first asks.
    beside_params: OnceLock<Option<[Ranked; 2]>>,
}

/// Pearson's correlation over the scores that have a signed logarithm.
struct LogPearson {
    pearson: Pearson,
    /// Their places among the scores.
    places: Vec<usize>,
}

impl Prepared {
    /// Ranks and sorts; `params` has the parameter count of every architecture of the sample, NaN where there is none.
    ///
    /// # Errors
    /// A score or an accuracy that has no place in a correlation.
    pub fn new(aligned: Aligned, params: &[f64]) -> Result<Self, StatsError> {
        let ranked = Ranked::new(&aligned.scores, &aligned.accuracies)?;
        let params: Vec<f64> = aligned.places.iter().map(|&place| params[place]).collect();
        let params = params.iter().all(|count| count.is_finite()).then_some(params);
        let (mut pearson, mut log) = (None, None);
        if !aligned.scores.contains(&f64::NEG_INFINITY) {
            pearson = Some(Pearson::new(&aligned.scores, &aligned.accuracies)?);
            log = Some(LogPearson::new(&aligned)?);
        }
        Ok(Self { aligned, ranked, pearson, log, params, beside_params: OnceLock::new() })
    }

    pub fn n(&self) -> usize {
        self.aligned.scores.len()
    }

    /// The sample as it is.
    fn plain(&self) -> View<'_> {
        let (counted, pairs) = (OnceCell::new(), OnceCell::new());
        View { prepared: self, multiplicities: None, counted, pairs }
    }

    /// The sample when architecture `i` occurs `multiplicities[i]` times.
    pub fn at<'p>(&'p self, multiplicities: &'p [u32]) -> View<'p> {
        View { multiplicities: Some(multiplicities), ..self.plain() }
    }

    /// What is told about the sample, with the intervals of the metrics.
    pub fn statistics(
        &self,
        repetition: u64,
        metrics: &[Metric],
        intervals: Vec<Option<Interval>>,
    ) -> SampleStatistics {
        let view = self.plain();
        SampleStatistics {
            repetition,
            n: self.n(),
            excluded: self.aligned.excluded,
            ranked_last: self.aligned.ranked_last,
            zeros: self.aligned.scores.iter().filter(|score| **score == 0.0).count(),
            tied_scores: view.pairs().tied_x,
            tied_accuracies: view.pairs().tied_y,
            values: metrics.iter().map(|metric| metric.of(&view)).collect(),
            intervals,
        }
    }

    /// Scores beside parameter counts, and accuracies beside parameter counts.
    fn beside_params(&self) -> Option<&[Ranked; 2]> {
        let beside = || {
            let params = self.params.as_ref()?;
            let beside = |values: &[f64]| Ranked::new(values, params).ok();
            Some([beside(&self.aligned.scores)?, beside(&self.aligned.accuracies)?])
        };
        self.beside_params.get_or_init(beside).as_ref()
    }
}

impl LogPearson {
    fn new(aligned: &Aligned) -> Result<Self, StatsError> {
        let pairs = aligned.scores.iter().zip(&aligned.accuracies).enumerate();
        let logs =
            pairs.filter_map(|(place, (score, accuracy))| Some((place, (signed_log(*score)?, *accuracy))));
        let (places, (x, y)): (Vec<usize>, (Vec<f64>, Vec<f64>)) = logs.unzip();
        Ok(Self { pearson: Pearson::new(&x, &y)?, places })
    }
}

/// A sample under multiplicities, as metrics see it. What several metrics need is computed once.
pub struct View<'p> {
    prepared: &'p Prepared,
    /// None: every architecture once.
    multiplicities: Option<&'p [u32]>,
    counted: OnceCell<Counted<'p>>,
    pairs: OnceCell<PairCounts>,
}

impl<'p> View<'p> {
    fn under<'r>(&self, ranked: &'r Ranked) -> Counted<'r> {
        match self.multiplicities {
            Some(multiplicities) => ranked.counted(multiplicities),
            None => ranked.counted(&vec![1; self.prepared.n()]),
        }
    }

    /// Scores (x) and accuracies (y) as ranks.
    pub(super) fn ranks(&self) -> &Counted<'p> {
        self.counted.get_or_init(|| self.under(&self.prepared.ranked))
    }

    /// Pairs of architectures by how scores and accuracies order them.
    pub(super) fn pairs(&self) -> &PairCounts {
        self.pairs.get_or_init(|| self.ranks().pairs())
    }

    pub(super) fn pearson(&self) -> Option<f64> {
        let pearson = self.prepared.pearson.as_ref()?;
        self.multiplicities.map_or_else(|| pearson.value(), |multiplicities| pearson.at(multiplicities))
    }

    pub(super) fn pearson_log(&self) -> Option<f64> {
        let LogPearson { pearson, places } = self.prepared.log.as_ref()?;
        let Some(multiplicities) = self.multiplicities else { return pearson.value() };
        if places.len() == self.prepared.n() {
            return pearson.at(multiplicities);
        }
        let of_logs: Vec<u32> = places.iter().map(|&place| multiplicities[place]).collect();
        pearson.at(&of_logs)
    }

    pub(super) fn partial_tau(&self) -> Option<f64> {
        let [scores, accuracies] = self.prepared.beside_params()?;
        let tau = |ranked| self.under(ranked).pairs().tau_b();
        partial_tau(self.pairs().tau_b()?, tau(scores)?, tau(accuracies)?)
    }
}
