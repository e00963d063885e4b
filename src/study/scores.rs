//! The scores themselves, where there are few architectures: one row for each, as papers print small spaces.

use super::results::{AccuracyResult, RunResult};
use crate::analysis::{self, ScoreCell};
use crate::report::{Column, Group, Kind, Role, Table, TableCell, TableRow};
use crate::stats::Summary;

/// Architectures up to which scores are printed.
const MOST: usize = 30;

/// Scores of every architecture, mean and sample standard deviation over repetitions, in falling order of accuracy; nothing
/// for samples that are large or differ between repetitions.
pub fn score_table(result: &RunResult<'_>, accuracy: &AccuracyResult) -> Option<Table> {
    let set = &result.set;
    let archs = set.archs(set.samples.first()?);
    if archs.len() > MOST || set.samples.iter().any(|s| set.archs(s) != archs) {
        return None;
    }
    let accuracies = set.accuracies(&result.table, &accuracy.query).ok()?;
    let known = accuracies[..archs.len()].iter().copied().enumerate();
    let mut order: Vec<(usize, f64)> = known.filter(|(_, accuracy)| !accuracy.is_nan()).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let columns = set.columns.iter().map(|c| Column::new(c.proxy.clone(), Kind::Number { decimals: 3 }));
    let accuracy_column = Column::new("accuracy", Kind::Number { decimals: 2 });
    let cells: Vec<Vec<ScoreCell>> = set.columns.iter().map(|column| set.cells(&column.proxy)).collect();
    let row = |(place, accuracy): &(usize, f64)| {
        let of_samples = |c: &Vec<ScoreCell>| summary(c.iter().skip(*place).step_by(archs.len()).copied());
        let scores = cells.iter().map(of_samples);
        let cells = std::iter::once(Some(TableCell::plain(*accuracy))).chain(scores).collect();
        TableRow { name: archs[*place].to_owned(), role: Role::Entry, cells: vec![cells] }
    };
    Some(Table {
        title: format!("Scores, mean over {} repetitions", set.samples.len()),
        rows_are: "architecture".to_owned(),
        facts: vec![],
        groups: vec![Group {
            name: accuracy.group.name.clone(),
            facts: accuracy.group.facts.clone(),
            columns: std::iter::once(accuracy_column).chain(columns).collect(),
        }],
        rows: order.iter().map(row).collect(),
        notes: chosen(result),
    })
}

fn summary(cells: impl Iterator<Item = ScoreCell>) -> Option<TableCell> {
    let finite = cells.filter_map(|cell| if let ScoreCell::Ok(score) = cell { Some(score) } else { None });
    Some(TableCell::of(&Summary::of(&finite.collect::<Vec<_>>())?, None))
}

/// How often each architecture has the best score, for every proxy that tells architectures apart.
fn chosen(result: &RunResult<'_>) -> Vec<String> {
    let set = &result.set;
    let archs = set.archs(&set.samples[0]);
    let sentence = |column: &analysis::ScoreColumn| {
        let mut counts = vec![0_usize; archs.len()];
        let cells = set.cells(&column.proxy);
        for sample in &set.samples {
            let scores = analysis::pool(&cells[sample.rows.clone()], column.direction);
            let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let winners: Vec<usize> = (0..scores.len()).filter(|i| scores[*i] == best).collect();
            if let [only] = winners[..] {
                counts[only] += 1;
            }
        }
        let mut named: Vec<(usize, &str)> =
            counts.iter().copied().zip(archs.iter().copied()).filter(|(n, _)| *n > 0).collect();
        named.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
        let named: Vec<String> = named.iter().map(|(n, arch)| format!("{arch} {n}")).collect();
        (!named.is_empty()).then(|| {
            let (of, named) = (set.samples.len(), named.join(", "));
            format!("{}: alone with the best score, in how many of {of} repetitions: {named}", column.proxy)
        })
    };
    set.columns.iter().filter_map(sentence).collect()
}
