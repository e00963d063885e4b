//! Proxies against each other.

use super::count_words;
use crate::analysis::{AnalysisError, Cell, Column, ScoreSet};
use crate::plot::{HeatMap, Labels};
use crate::proxies::Direction;
use crate::stats::kendall;
use crate::tables::{Query, Table};

/// Name of the row of trained accuracies.
const ACCURACY: &str = "accuracy";

/// Kendall's tau-b between the scores of all proxies, and with the accuracy (the first row), proxies in falling order of
/// that: the mean over repetitions, each over the architectures that have a finite score for both. Scores are turned so that
/// higher is better.
///
/// # Errors
/// An architecture or a query that the table cannot answer.
pub fn heat_map(
    set: &ScoreSet,
    table: &Table,
    query: &Query,
    caption: &str,
) -> Result<HeatMap, AnalysisError> {
    let mut columns = vec![accuracy_column(set, table, query)?];
    columns.extend(set.columns.iter().cloned());
    let with_accuracy: Vec<f64> =
        columns.iter().map(|c| tau(&columns[0], c).unwrap_or(f64::NEG_INFINITY)).collect();
    let mut order: Vec<usize> = (1..columns.len()).collect();
    order.sort_by(|a, b| with_accuracy[*b].total_cmp(&with_accuracy[*a]));
    order.insert(0, 0);
    let row = |i: &usize| order.iter().map(|j| tau(&columns[*i], &columns[*j])).collect();
    let facts = vec![
        "mean over repetitions".to_owned(),
        format!("repetitions = {}", set.samples.len()),
        count_words("n", set.samples.iter().map(|s| s.archs.len())),
        "pairs of finite scores".to_owned(),
    ];
    let title = format!("Kendall's tau-b between proxies, {} with {}", set.space, set.dataset);
    Ok(HeatMap {
        labels: Labels { title, facts, caption: caption.to_owned() },
        what: "Kendall's tau-b".to_owned(),
        names: order.iter().map(|i| columns[*i].proxy.clone()).collect(),
        values: order.iter().map(row).collect(),
    })
}

fn accuracy_column(set: &ScoreSet, table: &Table, query: &Query) -> Result<Column, AnalysisError> {
    let accuracies = table.column(query)?;
    let cells = set
        .samples
        .iter()
        .map(|sample| sample.archs.iter().map(|arch| Ok(Cell::of(accuracies[table.find(arch)?]))).collect());
    let cells = cells.collect::<Result<_, AnalysisError>>()?;
    Ok(Column { proxy: ACCURACY.to_owned(), direction: Direction::HigherIsBetter, baseline: true, cells })
}

/// Mean over the repetitions in which it is defined.
fn tau(a: &Column, b: &Column) -> Option<f64> {
    let turn = if a.direction == b.direction { 1.0 } else { -1.0 };
    let taus = a.cells.iter().zip(&b.cells).filter_map(|(a, b)| {
        let both = a.iter().zip(b).filter_map(|(a, b)| match (a, b) {
            (Cell::Ok(a), Cell::Ok(b)) => Some((*a, *b)),
            _ => None,
        });
        let (a, b): (Vec<f64>, Vec<f64>) = both.unzip();
        kendall(&a, &b).ok()?.tau_b()
    });
    let taus: Vec<f64> = taus.collect();
    (!taus.is_empty()).then(|| turn * taus.iter().sum::<f64>() / taus.len() as f64)
}
