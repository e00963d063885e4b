//! The numbers behind the pictures, as the script reads them.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

/// All that the script draws from. Architectures are stored once; everything else names them by their place in the list.
#[derive(Debug, Default, Serialize)]
pub struct Data {
    pub(super) archs: Vec<String>,
    /// Names of the metrics that some group has, in the order in which they are offered.
    pub(super) metrics: Vec<String>,
    pub(super) groups: Vec<Group>,
    pub(super) searches: Vec<Lines>,
    #[serde(skip)]
    pub(super) places: HashMap<String, u32>,
}

/// Scores of several proxies beside one accuracy, a row for each architecture of each repetition.
#[derive(Debug, Default, Serialize)]
pub(super) struct Group {
    pub name: String,
    /// What the accuracies are, with their unit.
    pub accuracy: String,
    pub archs: Vec<u32>,
    pub repetitions: Vec<u64>,
    pub accuracies: Vec<Option<f64>>,
    pub proxies: Vec<Proxy>,
    pub heat: Heat,
    /// The highest tau-b that the noise between training seeds allows.
    pub ceiling: Option<f64>,
    /// How many rows there were before some were left out.
    pub rows: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Proxy {
    pub name: String,
    pub baseline: bool,
    pub lower_is_better: bool,
    /// Median time of one score in milliseconds.
    pub cost: Option<f64>,
    /// Of each row; none where it is not finite or missing.
    pub scores: Vec<Option<f64>>,
    /// By metric.
    pub estimates: BTreeMap<String, Estimate>,
}

/// A metric: its mean over repetitions, and how sure it is.
#[derive(Debug, Serialize)]
pub(super) struct Estimate {
    pub mean: f64,
    /// Ends of the interval: of the bootstrap, or one standard deviation on both sides.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Of each repetition.
    pub values: Vec<Option<f64>>,
}

/// Correlations between proxies, and with the accuracy.
#[derive(Debug, Default, Serialize)]
pub(super) struct Heat {
    pub names: Vec<String>,
    pub values: Vec<Vec<Option<f64>>>,
}

/// Lines of means with their spread.
#[derive(Debug, Serialize)]
pub(super) struct Lines {
    pub name: String,
    pub x: String,
    pub y: String,
    pub series: Vec<Line>,
}

#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub name: String,
    pub x: Vec<f64>,
    pub mean: Vec<f64>,
    pub spread: Vec<f64>,
}

impl Data {
    /// The place of an architecture, which is added if it is new.
    pub(super) fn place(&mut self, arch: &str) -> u32 {
        if let Some(place) = self.places.get(arch) {
            return *place;
        }
        let place = self.archs.len() as u32;
        self.archs.push(arch.to_owned());
        self.places.insert(arch.to_owned(), place);
        place
    }

    /// Whether proxies have several values of a metric.
    pub(super) fn repeated(&self) -> bool {
        let estimates = self.groups.iter().flat_map(|g| &g.proxies).flat_map(|p| p.estimates.values());
        estimates.into_iter().any(|estimate| estimate.values.len() > 1)
    }

    /// Whether it is known how long scores took, of two proxies at least: one alone is no comparison.
    pub(super) fn timed(&self) -> bool {
        let timed = |group: &Group| group.proxies.iter().filter(|proxy| proxy.cost.is_some()).count();
        self.groups.iter().any(|group| timed(group) > 1)
    }
}

/// A number to six digits: what people can see, and half the bytes.
pub(super) fn six(x: f64) -> f64 {
    format!("{x:.5e}").parse().unwrap_or(x)
}
