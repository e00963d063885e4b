//! What `untrained plot` asks a drawing for.

use super::{PlotError, Scene, ScoreAxis};
use crate::analysis::{
    AnalysisError, Correlation, CorrelationGroup, Metric, NonFinitePolicy, Options, ScoreSet, correlate,
};
use crate::search::{top1, usual_sizes};
use crate::tables::{Query, Table};

/// A drawing that can be asked for by its name.
#[derive(Debug)]
pub struct Drawing {
    pub name: &'static str,
    /// What it shows, in one line.
    pub about: &'static str,
    pub draw: fn(&Request<'_>) -> Result<Scene, PlotError>,
}

/// Scores and the accuracy that they stand beside.
pub struct Shown<'a> {
    /// Space and data set, and the source where several would have one name.
    pub name: String,
    pub set: &'a ScoreSet,
    pub table: &'a Table,
    pub query: Query,
}

/// What is to be drawn. Each drawing uses what concerns it.
pub struct Request<'a> {
    pub shown: Vec<Shown<'a>>,
    /// Whether the proxies of the scores were chosen by name.
    pub proxies_named: bool,
    /// What bars and boxes are.
    pub metric: Metric,
    /// Axis of the scores in a scatter plot.
    pub axis: ScoreAxis,
    /// Repetition of a scatter plot; `None` takes the first.
    pub repetition: Option<u64>,
    pub non_finite: NonFinitePolicy,
    /// Sample sizes of searches; none takes the [usual ones](usual_sizes).
    pub samples: Vec<usize>,
    pub trials: usize,
    pub protocol: top1::Protocol,
    /// The command, for the caption.
    pub command: String,
}

impl Request<'_> {
    /// The scores and the accuracy, for a drawing that shows one of each.
    pub(super) fn only(&self) -> Result<&Shown<'_>, PlotError> {
        match &self.shown[..] {
            [one] => Ok(one),
            [first, rest @ ..] if rest.iter().all(|other| std::ptr::eq(first.set, other.set)) => {
                Err(PlotError::SeveralAccuracies)
            }
            _ => Err(PlotError::SeveralRuns),
        }
    }

    /// The correlations of all proxies, with intervals.
    pub(super) fn correlate(&self, shown: &Shown<'_>) -> Result<Vec<Correlation>, AnalysisError> {
        correlate(shown.set, shown.table, &shown.query, &self.options())
    }

    fn options(&self) -> Options {
        let metrics = Metric::each_once(Metric::CORRELATIONS.into_iter().chain([self.metric]));
        Options { metrics, policy: self.non_finite, ..Options::default() }
    }

    /// The correlations of all scores shown, and what stands below them.
    pub(super) fn groups(&self) -> Result<(Vec<CorrelationGroup>, String), AnalysisError> {
        let group = |shown: &Shown<'_>| {
            let (named, Shown { set, table, query, .. }) = ((shown.name.clone(), vec![]), shown);
            CorrelationGroup::new(named, set, table, query, &self.options())
        };
        let groups = self.shown.iter().map(group).collect::<Result<_, AnalysisError>>()?;
        let mut queries: Vec<String> = self.shown.iter().map(|shown| shown.query.to_string()).collect();
        queries.dedup();
        Ok((groups, format!("Accuracies: {}; {}", queries.join(", "), self.command)))
    }

    /// The searches asked for.
    pub(super) fn searches(&self, shown: &Shown<'_>) -> Vec<top1::Request> {
        let sizes = if self.samples.is_empty() { usual_sizes(shown.set) } else { self.samples.clone() };
        let request = |sample_size| top1::Request {
            sample_size,
            trials: self.trials,
            protocol: self.protocol,
            seed: 0,
        };
        sizes.into_iter().map(request).collect()
    }

    /// What stands below a figure of one set of scores and one accuracy.
    pub(super) fn caption(&self, Shown { set, query, .. }: &Shown<'_>) -> String {
        let images = if set.stand_in { " (made-up images in place of real ones)" } else { "" };
        let (source, dataset, command) = (&set.source, &set.dataset, &self.command);
        format!("Accuracy {query}; scores of {source}, computed with {dataset}{images}; {command}")
    }
}
