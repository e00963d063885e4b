//! Figures of analysed scores: what is drawn, with the facts that belong to it. [`crate::plot`] draws them.

mod correlations;
mod heat_map;
mod scatter;
mod searches;
#[cfg(test)]
mod tests;

pub use correlations::{PublishedFigure, bars, boxes};
pub use heat_map::heat_map;
pub use scatter::{AxisChoice, scatter};
pub use searches::searches;

use crate::analysis::Figure;
use crate::tables::{Query, Runs};

/// A statistic as it stands on an axis.
pub fn words(figure: Figure) -> &'static str {
    match figure {
        Figure::Pearson => "Pearson's r",
        Figure::PearsonLog => "Pearson's r of sign(s) ln|s|",
        Figure::Spearman => "Spearman's rho",
        Figure::TauB => "Kendall's tau-b",
        Figure::TauA => "Kendall's tau-a",
    }
}

/// An accuracy as it stands on an axis: `cifar10 test accuracy (%), 200 epochs, mean of runs`.
pub fn accuracy_words(query: &Query) -> String {
    let runs = match query.runs {
        Runs::Mean => "mean of runs".to_owned(),
        Runs::Seed(seed) => format!("run {seed}"),
    };
    format!("{} {} accuracy (%), {} epochs, {runs}", query.dataset, query.split, query.budget)
}

/// `n = 1000`, or the range where it differs.
fn count_words(what: &str, counts: impl Iterator<Item = usize> + Clone) -> String {
    let (low, high) = (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0));
    if low == high { format!("{what} = {low}") } else { format!("{what} = {low} to {high}") }
}
