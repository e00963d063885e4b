//! Scores of one or more proxies on the same architectures.

use std::collections::HashSet;
use std::ops::Range;

use polars::prelude::*;

use super::AnalysisError;
use crate::proxies::Direction;
use crate::spaces::NetworkInput;
use crate::store::Status;
use crate::store::frame_file::{numbers, texts};
use crate::tables::{Query, Table};

/// Names of the columns that every set has.
const REPETITION: &str = "repetition";
const ARCH: &str = "arch";
/// Name of the column that [`ScoreSet::with_accuracies`] adds.
const ACCURACY: &str = "accuracy";
/// Marks, while two sets are joined, the rows of the other.
const FOUND: &str = "found";

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
    /// The proxies, in the order in which they are shown.
    pub columns: Vec<ScoreColumn>,
    frame: DataFrame,
}

/// The architectures of one repetition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub repetition: u64,
    /// Seed of the weights; the baseline `random` is keyed by it.
    pub weight_seed: u64,
    /// Their rows in the frame of the set. No architecture has two of them.
    pub rows: Range<usize>,
}

/// A proxy whose scores a set has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreColumn {
    /// Name with variant, as in `rbflex:official`.
    pub proxy: String,
    pub direction: Direction,
    /// Whether it is one of the trivial baselines.
    pub baseline: bool,
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

/// Name of the column with the scores of a proxy.
fn score_of(proxy: &str) -> String {
    format!("score:{proxy}")
}

/// Name of the column that says why a proxy has no score.
fn status_of(proxy: &str) -> String {
    format!("status:{proxy}")
}

impl ScoreSet {
    /// A set without scores; `samples` gives repetition, weight seed and canonical architecture strings.
    pub fn new(
        (space, dataset): (&str, &str),
        input: NetworkInput,
        source: &str,
        samples: Vec<(u64, u64, Vec<String>)>,
    ) -> Self {
        let (mut repetitions, mut archs, mut of_rows) = (vec![], vec![], vec![]);
        for (repetition, weight_seed, listed) in samples {
            let rows = archs.len()..archs.len() + listed.len();
            repetitions.resize(rows.end, repetition);
            archs.extend(listed);
            of_rows.push(Sample { repetition, weight_seed, rows });
        }
        let columns = vec![Column::new(REPETITION.into(), repetitions), Column::new(ARCH.into(), archs)];
        Self {
            space: space.to_owned(),
            dataset: dataset.to_owned(),
            input,
            source: source.to_owned(),
            stand_in: false,
            samples: of_rows,
            columns: vec![],
            frame: DataFrame::new_infer_height(columns).expect("two columns of one length"),
        }
    }

    /// Adds the scores of a proxy, one for each row.
    ///
    /// # Panics
    /// If there are more or fewer cells than rows, or the set has the proxy already.
    pub fn add(&mut self, column: ScoreColumn, cells: &[ScoreCell]) {
        let score = |cell: &ScoreCell| match cell {
            ScoreCell::Ok(x) | ScoreCell::NonFinite(x) => Some(*x),
            _ => None,
        };
        let status = |cell: &ScoreCell| match cell {
            ScoreCell::Failed => Some(Status::Failed.name()),
            ScoreCell::Skipped => Some(Status::Skipped.name()),
            _ => None,
        };
        let scores: Vec<Option<f64>> = cells.iter().map(score).collect();
        let statuses: Vec<Option<&str>> = cells.iter().map(status).collect();
        let new = [
            Column::new(score_of(&column.proxy).into(), scores),
            Column::new(status_of(&column.proxy).into(), statuses),
        ];
        self.frame = self.frame.hstack(&new).expect("one cell for each row, under a new name");
        self.columns.push(column);
    }

    /// The scores as a frame, one row for each architecture of each repetition: `repetition` (u64), `arch`, and for each proxy
    /// `score:<proxy>` (f64, null where there is none) and `status:<proxy>` (`failed` or `skipped` where that is why).
    pub fn frame(&self) -> DataFrame {
        self.frame.clone()
    }

    /// The frame joined by `accuracy`, the trained accuracies that a query names, in percent; null for an architecture that the table
    /// lacks or has no such accuracy of.
    ///
    /// # Errors
    /// A query that the table cannot answer, or none of the architectures is in it.
    pub fn with_accuracies(&self, table: &Table, query: &Query) -> Result<DataFrame, AnalysisError> {
        let accuracies = table.accuracies(query)?.drop_many(["index"]);
        let joined = left_join(&self.frame, &accuracies, &[ARCH])?;
        if joined.column(ACCURACY)?.null_count() < joined.height() {
            return Ok(joined);
        }
        table.accuracy(table.find(self.arch(0))?, query)?;
        Ok(joined)
    }

    /// The accuracies of all rows, NaN where there is none.
    ///
    /// # Errors
    /// Those of [`ScoreSet::with_accuracies`].
    pub fn accuracies(&self, table: &Table, query: &Query) -> Result<Vec<f64>, AnalysisError> {
        let joined = self.with_accuracies(table, query)?;
        Ok(joined.column(ACCURACY)?.f64()?.iter().map(|accuracy| accuracy.unwrap_or(f64::NAN)).collect())
    }

    /// The architecture of a row.
    pub fn arch(&self, row: usize) -> &str {
        texts(&self.frame, ARCH).ok().and_then(|archs| archs.get(row)).unwrap_or_default()
    }

    /// The architectures of a sample.
    pub fn archs(&self, sample: &Sample) -> Vec<&str> {
        let Ok(archs) = texts(&self.frame, ARCH) else { return vec![] };
        sample.rows.clone().map(|row| archs.get(row).unwrap_or_default()).collect()
    }

    /// The scores of a proxy on all rows; all are missing if the set lacks the proxy.
    pub fn cells(&self, proxy: &str) -> Vec<ScoreCell> {
        let columns =
            numbers(&self.frame, &score_of(proxy)).ok().zip(texts(&self.frame, &status_of(proxy)).ok());
        let Some((scores, statuses)) = columns else { return vec![ScoreCell::Missing; self.frame.height()] };
        let cell = |(score, status): (Option<f64>, Option<&str>)| match (score, status) {
            (Some(score), _) => ScoreCell::of(score),
            (None, None) => ScoreCell::Missing,
            (None, Some(status)) if status == Status::Skipped.name() => ScoreCell::Skipped,
            (None, Some(_)) => ScoreCell::Failed,
        };
        scores.iter().zip(statuses.iter()).map(cell).collect()
    }

    /// The column of a proxy.
    pub fn column(&self, proxy: &str) -> Option<&ScoreColumn> {
        self.columns.iter().find(|column| column.proxy == proxy)
    }

    /// Architectures of the repetition that has the fewest.
    pub fn smallest_sample(&self) -> usize {
        self.samples.iter().map(|sample| sample.rows.len()).min().unwrap_or(0)
    }

    /// Whether two sets hold the same architectures in the same repetitions: only then may a test pair them.
    pub fn same_samples(&self, other: &Self) -> bool {
        let rows = |set: &Self| set.frame.select([REPETITION, ARCH]).ok();
        self.space == other.space && rows(self).zip(rows(other)).is_some_and(|(a, b)| a.equals(&b))
    }

    /// Adds the columns of another set, looked up for the architectures of this one: by repetition, or the same score in
    /// every repetition where the other set has one sample only. What it lacks is [`ScoreCell::Missing`]. A proxy whose name
    /// is taken gets the other's source appended. Gives the number of architectures that were found, over all samples.
    ///
    /// # Errors
    /// The message of polars.
    pub fn adopt(&mut self, other: &Self) -> Result<usize, AnalysisError> {
        let single = other.samples.len() == 1;
        let key: &[&str] = if single { &[ARCH] } else { &[REPETITION, ARCH] };
        let mut theirs = other.frame.select(key.iter().copied())?;
        theirs.with_column(Column::new(FOUND.into(), vec![true; theirs.height()]))?;
        for column in &other.columns {
            let (name, source) = (&column.proxy, &other.source);
            let names = [name.clone(), format!("{name} ({source})")].into_iter();
            let mut names = names.chain((2..).map(|n| format!("{name} ({source}, {n})")));
            let Some(proxy) = names.find(|name| self.column(name).is_none()) else { continue };
            for name in [score_of, status_of] {
                let values = other.frame.column(&name(&column.proxy))?;
                theirs.with_column(values.clone().with_name(name(&proxy).into()))?;
            }
            self.columns.push(ScoreColumn { proxy, ..column.clone() });
        }
        let joined = left_join(&self.frame, &theirs, key)?;
        let found = joined.column(FOUND)?.len() - joined.column(FOUND)?.null_count();
        self.frame = joined.drop_many([FOUND]);
        self.source = format!("{} and {}", self.source, other.source);
        Ok(found)
    }

    /// Keeps the architectures that every proxy has a record of, whatever its status. Gives how many were kept and how many
    /// there were, over all samples.
    ///
    /// # Errors
    /// The message of polars.
    pub fn keep_common(&mut self) -> Result<[usize; 2], AnalysisError> {
        let mut keep = vec![true; self.frame.height()];
        for column in &self.columns {
            let cells = self.cells(&column.proxy);
            keep.iter_mut().zip(cells).for_each(|(keep, cell)| *keep &= cell != ScoreCell::Missing);
        }
        self.keep(&keep)
    }

    /// Keeps the architectures of a list. Gives how many were kept and how many there were, over all samples.
    ///
    /// # Errors
    /// The message of polars.
    pub fn keep_archs(&mut self, archs: &[String]) -> Result<[usize; 2], AnalysisError> {
        let wanted: HashSet<&str> = archs.iter().map(String::as_str).collect();
        let names = self.frame.column(ARCH)?.str()?;
        let listed = names.iter().map(|arch| arch.is_some_and(|arch| wanted.contains(arch)));
        let keep: Vec<bool> = listed.collect();
        self.keep(&keep)
    }

    /// Keeps some of the rows.
    fn keep(&mut self, keep: &[bool]) -> Result<[usize; 2], AnalysisError> {
        let mut end = 0;
        for sample in &mut self.samples {
            let kept = keep[sample.rows.clone()].iter().filter(|keep| **keep).count();
            sample.rows = end..end + kept;
            end += kept;
        }
        self.frame = self.frame.filter(&BooleanChunked::from_slice("keep".into(), keep))?;
        Ok([end, keep.len()])
    }
}

/// All rows of `left` in their order, with the columns of the row of `right` that has the same key, or nulls.
fn left_join(left: &DataFrame, right: &DataFrame, key: &[&str]) -> PolarsResult<DataFrame> {
    let mut how = JoinArgs::new(JoinType::Left);
    how.maintain_order = MaintainOrderJoin::Left;
    left.join(right, key.iter().copied(), key.iter().copied(), how, None)
}
