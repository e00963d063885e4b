//! Scores and their correlations as the numbers of pictures.

use std::collections::HashMap;

use super::data::{Data, Estimate, Group, Heat, Proxy, six};
use crate::analysis::{AnalysisError, Correlation, CorrelationGroup, Metric, ScoreCell};
use crate::plot::{self, HeatMap, Shown};
use crate::proxies::Direction;
use crate::stats::quantile;
use crate::store::frame_file::{numbers, texts};
use crate::store::{Run, StoreError};

/// Median time of one score in milliseconds, by search space, data set and proxy.
pub type Costs = HashMap<(String, String, String), f64>;

/// The costs of a run: drawing weights, passes and reduction. Proxies that share a pass have its whole time each, and scores that were
/// taken over from equal networks do not count.
///
/// # Errors
/// None for the files of this program.
pub fn costs(run: &Run) -> Result<Costs, StoreError> {
    let frame = run.records();
    let damaged = |reason| StoreError::Table { path: run.file(), reason };
    let proxies = texts(&frame, "proxy").map_err(damaged)?;
    let column = |name| numbers(&frame, name).map_err(damaged);
    let [init, compute, reduce] = [column("init_ms")?, column("compute_ms")?, column("reduce_ms")?];
    let mut times: HashMap<&str, Vec<f64>> = HashMap::new();
    for (((proxy, a), b), c) in proxies.iter().zip(init.iter()).zip(compute.iter()).zip(reduce.iter()) {
        if let (Some(proxy), Some(a), Some(b), Some(c)) = (proxy, a, b, c) {
            times.entry(proxy).or_default().push(a + b + c);
        }
    }
    let key = &run.manifest.key;
    let cost = |(proxy, mut times): (&str, Vec<f64>)| {
        times.sort_by(f64::total_cmp);
        Some(((key.space.clone(), key.dataset.clone(), proxy.to_owned()), quantile(&times, 0.5)?))
    };
    Ok(times.into_iter().filter_map(cost).collect())
}

impl Data {
    /// Adds a group.
    pub(super) fn add(
        &mut self,
        shown: &Shown<'_>,
        found: &CorrelationGroup,
        costs: &Costs,
    ) -> Result<(), AnalysisError> {
        let correlations = &found.correlations;
        let set = shown.set;
        let accuracies = set.accuracies(shown.table, &shown.query)?;
        let rows = accuracies.len();
        let metrics = Metric::each_once(correlations.iter().flat_map(|c| &c.metrics).copied());
        for name in metrics.iter().map(ToString::to_string) {
            if !self.metrics.contains(&name) {
                self.metrics.push(name);
            }
        }
        let repetition = |sample: &crate::analysis::Sample| vec![sample.repetition; sample.rows.len()];
        let proxy = |correlation: &Correlation| {
            let cost = (set.space.clone(), set.dataset.clone(), correlation.proxy.clone());
            Proxy {
                name: correlation.proxy.clone(),
                baseline: correlation.baseline,
                lower_is_better: correlation.direction == Direction::LowerIsBetter,
                cost: costs.get(&cost).copied().map(six),
                scores: set.cells(&correlation.proxy).into_iter().map(finite).collect(),
                estimates: metrics
                    .iter()
                    .filter_map(|metric| Some((metric.to_string(), estimate(correlation, *metric)?)))
                    .collect(),
            }
        };
        let HeatMap { names, values, .. } = HeatMap::of(set, shown.table, &shown.query, "")?;
        let group = Group {
            name: shown.name.clone(),
            accuracy: plot::accuracy_label(&shown.query),
            archs: (0..rows).map(|row| self.place(set.arch(row))).collect(),
            repetitions: set.samples.iter().flat_map(repetition).collect(),
            accuracies: accuracies.into_iter().map(|x| x.is_finite().then(|| six(x))).collect(),
            proxies: correlations.iter().map(proxy).collect(),
            heat: heat(names, &values),
            ceiling: found.ceiling.map(six),
            rows,
        };
        self.groups.push(group);
        Ok(())
    }
}

/// The heat map without the rows and columns of scores that correlate with nothing, since they are all equal.
fn heat(names: Vec<String>, values: &[Vec<Option<f64>>]) -> Heat {
    let kept: Vec<usize> = (0..names.len()).filter(|row| values[*row].iter().any(Option::is_some)).collect();
    Heat {
        names: kept.iter().map(|row| names[*row].clone()).collect(),
        values: kept.iter().map(|row| kept.iter().map(|column| values[*row][*column]).collect()).collect(),
    }
}

fn finite(cell: ScoreCell) -> Option<f64> {
    if let ScoreCell::Ok(score) = cell { Some(six(score)) } else { None }
}

fn estimate(correlation: &Correlation, metric: Metric) -> Option<Estimate> {
    let summary = correlation.summary(metric)?;
    let around = summary.std.map(|std| (summary.mean - std, summary.mean + std));
    let interval = around.or_else(|| correlation.interval(metric).map(|i| (i.low, i.high)));
    let (low, high) = interval.unzip();
    Some(Estimate { mean: summary.mean, low, high, values: correlation.values(metric) })
}
