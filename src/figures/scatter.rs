//! Score against accuracy.

use clap::ValueEnum;

use super::accuracy_words;
use crate::analysis::{AnalysisError, Cell, Correlation, Figure, ScoreSet};
use crate::plot::{Labels, Scatter, ScoreAxis};
use crate::proxies::Direction;
use crate::tables::{Query, Table};

/// How scores are spread along their axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AxisChoice {
    /// Signed logarithmic where the largest scores are more than a thousand times the typical one
    #[default]
    Auto,
    /// As they are
    Raw,
    /// Logarithmic on both sides of zero
    SignedLog,
}

/// The scores of one proxy in one repetition (the `sample`-th) against an accuracy. `correlation` is that of the proxy.
///
/// # Errors
/// An unknown proxy, or an architecture or a query that the table cannot answer.
pub fn scatter(
    set: &ScoreSet,
    (correlation, sample): (&Correlation, usize),
    (table, query): (&Table, &Query),
    axis: AxisChoice,
    caption: &str,
) -> Result<Scatter, AnalysisError> {
    let column = set.column(&correlation.proxy).ok_or_else(|| AnalysisError::UnknownProxy {
        proxy: correlation.proxy.clone(),
        known: set.columns.iter().map(|c| c.proxy.as_str()).collect::<Vec<_>>().join(", "),
    })?;
    let accuracies = table.column(query)?;
    let (mut points, mut names): (Vec<(f64, f64)>, Vec<&String>) = (vec![], vec![]);
    for (cell, arch) in column.cells[sample].iter().zip(&set.samples[sample].archs) {
        if let Cell::Ok(score) = cell {
            points.push((*score, accuracies[table.find(arch)?]));
            names.push(arch);
        }
    }
    let direction = match column.direction {
        Direction::HigherIsBetter => "",
        Direction::LowerIsBetter => " (lower is better)",
    };
    // Long strings name nothing; activations do.
    let short = names.iter().all(|name| name.len() <= 16);
    Ok(Scatter {
        labels: Labels {
            title: format!("{} on {} with {}", column.proxy, set.space, set.dataset),
            facts: facts(correlation, sample),
            caption: caption.to_owned(),
        },
        x: format!("{} score{direction}", column.proxy),
        y: accuracy_words(query),
        score_axis: chosen(axis, &points),
        points,
        names: if short { names.into_iter().cloned().collect() } else { vec![] },
    })
}

/// Correlations with n, ties and excluded counts.
fn facts(correlation: &Correlation, sample: usize) -> Vec<String> {
    let Some(figures) = correlation.samples.get(sample) else { return vec![] };
    let value = |figure: Figure| match figures.values[figure as usize] {
        Some(value) => format!("{value:.3}").replace('-', "\u{2212}"),
        None => "undefined".to_owned(),
    };
    vec![
        format!("tau-b = {}", value(Figure::TauB)),
        format!("Pearson's r = {}", value(Figure::Pearson)),
        format!("n = {}", figures.n),
        format!("tied pairs: {} in score, {} in accuracy", figures.tied_scores, figures.tied_accuracies),
        format!("{} excluded", figures.excluded.total()),
        format!("repetition {}", figures.repetition),
    ]
}

fn chosen(axis: AxisChoice, points: &[(f64, f64)]) -> ScoreAxis {
    let mut sizes: Vec<f64> = points.iter().map(|(score, _)| score.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let wide = || sizes.last().is_some_and(|largest| *largest > 1e3 * sizes[sizes.len() / 2]);
    match axis {
        AxisChoice::SignedLog => ScoreAxis::SignedLog,
        AxisChoice::Auto if wide() => ScoreAxis::SignedLog,
        AxisChoice::Auto | AxisChoice::Raw => ScoreAxis::Raw,
    }
}
