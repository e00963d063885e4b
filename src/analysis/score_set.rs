//! Scores of one or more proxies on the same architectures.

use std::collections::HashMap;

use crate::proxies::Direction;
use crate::spaces::NetworkInput;

/// Scores of several proxies on the architectures of one or more repetitions.
#[derive(Clone, Debug)]
pub struct ScoreSet {
    /// Id of the search space, which is also that of its table.
    pub space: String,
    /// Data set that the scores were computed with.
    pub dataset: String,
    /// What the networks were built for; the baselines are counted on it.
    pub input: NetworkInput,
    /// Where the scores come from, in words for people: a folder or a file.
    pub source: String,
    /// Whether the images were made up instead of being the data set's.
    pub stand_in: bool,
    pub samples: Vec<Sample>,
    pub columns: Vec<ScoreColumn>,
}

/// The architectures of one repetition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub repetition: u64,
    /// Seed of the weights; the baseline `random` is keyed by it.
    pub weight_seed: u64,
    /// Canonical architecture strings, none twice.
    pub archs: Vec<String>,
}

/// The scores of one proxy.
#[derive(Clone, Debug)]
pub struct ScoreColumn {
    /// Name with variant, as in `rbflex:official`.
    pub proxy: String,
    pub direction: Direction,
    /// Whether it is one of the trivial baselines.
    pub baseline: bool,
    /// `cells[s][a]` is the score of architecture `a` of sample `s`.
    pub cells: Vec<Vec<ScoreCell>>,
}

/// One score, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScoreCell {
    /// Finite.
    Ok(f64),
    /// Infinite or not a number.
    NonFinite(f64),
    /// The passes could not be run.
    Failed,
    /// The proxy has no meaning for this network.
    Skipped,
    /// There is no record.
    Missing,
}

impl ScoreCell {
    /// A computed score.
    pub fn of(value: f64) -> Self {
        if value.is_finite() { Self::Ok(value) } else { Self::NonFinite(value) }
    }
}

impl ScoreSet {
    /// The column of a proxy.
    pub fn column(&self, proxy: &str) -> Option<&ScoreColumn> {
        self.columns.iter().find(|column| column.proxy == proxy)
    }

    /// Architectures of the repetition that has the fewest.
    pub fn smallest_sample(&self) -> usize {
        self.samples.iter().map(|sample| sample.archs.len()).min().unwrap_or(0)
    }

    /// Whether two sets hold the same architectures in the same repetitions: only then may a test pair them.
    pub fn same_samples(&self, other: &Self) -> bool {
        let same = |a: &Sample, b: &Sample| a.repetition == b.repetition && a.archs == b.archs;
        self.space == other.space
            && self.samples.len() == other.samples.len()
            && self.samples.iter().zip(&other.samples).all(|(a, b)| same(a, b))
    }

    /// Adds the columns of another set, looked up for the architectures of this one: by repetition, or the same score in
    /// every repetition where the other set has one sample only. What it lacks is [`ScoreCell::Missing`]. A proxy whose name
    /// is taken gets the other's source appended. Gives the number of architectures that were found, over all samples.
    pub fn adopt(&mut self, other: &Self) -> usize {
        let places: Vec<HashMap<&str, usize>> =
            other.samples.iter().map(|s| s.archs.iter().map(String::as_str).zip(0..).collect()).collect();
        let found = |sample: &Sample, arch: &str| -> Option<(usize, usize)> {
            let same = other.samples.iter().position(|s| s.repetition == sample.repetition);
            let of = if other.samples.len() == 1 { 0 } else { same? };
            Some((of, *places[of].get(arch)?))
        };
        let found: Vec<Vec<Option<(usize, usize)>>> =
            self.samples.iter().map(|s| s.archs.iter().map(|arch| found(s, arch)).collect()).collect();
        for column in &other.columns {
            let cell = |place: &Option<(usize, usize)>| {
                place.map_or(ScoreCell::Missing, |(s, a)| column.cells[s][a])
            };
            let cells = found.iter().map(|sample| sample.iter().map(cell).collect()).collect();
            let taken = self.column(&column.proxy).is_some();
            let proxy =
                if taken { format!("{} ({})", column.proxy, other.source) } else { column.proxy.clone() };
            self.columns.push(ScoreColumn { proxy, cells, ..column.clone() });
        }
        self.source = format!("{} and {}", self.source, other.source);
        found.iter().flatten().flatten().count()
    }

    /// Keeps the architectures that every proxy has a record of, whatever its status. Gives how many were kept and how many
    /// there were, over all samples.
    pub fn keep_common(&mut self) -> [usize; 2] {
        let mut counts = [0; 2];
        for (place, sample) in self.samples.iter_mut().enumerate() {
            let missing =
                |arch: usize| self.columns.iter().any(|c| c.cells[place][arch] == ScoreCell::Missing);
            let keep: Vec<bool> = (0..sample.archs.len()).map(|arch| !missing(arch)).collect();
            counts[0] += keep.iter().filter(|keep| **keep).count();
            counts[1] += keep.len();
            retain(&mut sample.archs, &keep);
            self.columns.iter_mut().for_each(|column| retain(&mut column.cells[place], &keep));
        }
        counts
    }
}

/// Keeps the elements that a mask of the same length says.
fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    values.retain(|_| *keep.next().expect("a mask of the same length"));
}
