//! Searches among the architectures of a score set.

use super::top1::{Pool, Request, SearchError, Top1, top1};
use crate::analysis::{AnalysisError, Facts, Sample, ScoreCell, ScoreSet, pool};
use crate::tables::{Query, Table};

/// What a rule that selects architectures is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RuleKind {
    #[default]
    Proxy,
    Baseline,
    /// Selects by the accuracy itself: no rule exceeds it on average in independent trials.
    Oracle,
}

/// Searches by every column of a set, and by the accuracy itself.
#[derive(Clone, Debug)]
pub struct Searched {
    pub rules: Vec<(String, RuleKind)>,
    /// For each request its sample size and the outcome of each rule.
    pub outcomes: Vec<(usize, Vec<Top1>)>,
    /// Architectures to draw from, by repetition.
    pub sizes: Vec<usize>,
    /// Whether the accuracies are in percent, and not negative losses.
    pub percent: bool,
}

/// Searches for one accuracy, as tables and drawings show them.
#[derive(Clone, Debug)]
pub struct SearchGroup {
    /// Heads the columns: space and data set.
    pub name: String,
    /// The accuracy query, the protocol, and whatever else holds for the group.
    pub facts: Facts,
    pub searched: Searched,
}

/// Why scores cannot be searched.
#[derive(Debug, thiserror::Error)]
pub enum SearchedError {
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    #[error(transparent)]
    Search(#[from] SearchError),
}

/// Sizes of samples that papers search with.
const USUAL_SIZES: [usize; 3] = [10, 100, 1000];

/// Sizes to search with where none are named: those of 10, 100 and 1000 that every repetition has, or the smallest repetition's.
pub fn usual_sizes(set: &ScoreSet) -> Vec<usize> {
    let most = set.smallest_sample();
    match USUAL_SIZES.into_iter().filter(|size| *size <= most).collect::<Vec<_>>() {
        none if none.is_empty() => vec![most],
        sizes => sizes,
    }
}

/// Makes searches that look the accuracy up which `query` names.
///
/// # Errors
/// An architecture or a query that the table cannot answer, or a sample larger than a repetition has architectures.
pub fn search(
    set: &ScoreSet,
    table: &Table,
    query: &Query,
    requests: &[Request],
) -> Result<Searched, SearchedError> {
    let accuracies = set.accuracies(table, query)?;
    let cells: Vec<Vec<ScoreCell>> = set.columns.iter().map(|column| set.cells(&column.proxy)).collect();
    // A search can only draw what has an accuracy to look up. The last rule selects by the accuracy itself.
    let of_sample = |sample: &Sample| -> Vec<Vec<f64>> {
        let rows: Vec<usize> = sample.rows.clone().filter(|row| !accuracies[*row].is_nan()).collect();
        let scores = set.columns.iter().zip(&cells).map(|(column, cells)| {
            let cells: Vec<ScoreCell> = rows.iter().map(|row| cells[*row]).collect();
            pool(&cells, column.direction)
        });
        scores.chain([rows.iter().map(|row| accuracies[*row]).collect()]).collect()
    };
    let rules: Vec<Vec<Vec<f64>>> = set.samples.iter().map(of_sample).collect();
    let pools: Vec<Pool<'_>> = (set.samples.iter().zip(&rules))
        .filter_map(|(sample, rules)| {
            let accuracies = rules.last()?;
            let scores = rules.iter().map(Vec::as_slice).collect();
            Some(Pool { repetition: sample.repetition, size: accuracies.len(), scores, accuracies })
        })
        .collect();
    let outcome = |request: &Request| Ok((request.sample_size, top1(&pools, request)?));
    let outcomes = requests.iter().map(outcome).collect::<Result<_, SearchError>>()?;
    let kind = |baseline| if baseline { RuleKind::Baseline } else { RuleKind::Proxy };
    let rules = set.columns.iter().map(|column| (column.proxy.clone(), kind(column.baseline)));
    Ok(Searched {
        percent: query.is_percent(),
        rules: rules.chain([("oracle".to_owned(), RuleKind::Oracle)]).collect(),
        outcomes,
        sizes: pools.iter().map(|pool| pool.size).collect(),
    })
}
