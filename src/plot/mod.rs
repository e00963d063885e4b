//! Drawings, as SVG and PNG. Each has one file, which says what its numbers are and how they are drawn, and those that
//! `untrained plot` offers have a line in [`DRAWINGS`].
//!
//! A figure makes room for its labels from their widths, so that nothing is cut off or overlaps, and draws itself with
//! plotters on a [`Scene`], which keeps the shapes; [`svg`] and [`png()`] hand these to the two back ends of plotters. The
//! text font is embedded, nothing is read from the system, and the same figure gives the same bytes.

mod axis;
mod bars;
mod boxplot;
mod colour;
mod colour_bar;
mod font;
mod frame;
mod heatmap;
mod hexbin;
mod label;
mod lines;
mod pictures;
mod point_names;
mod render;
mod request;
mod rows;
mod scatter;
mod scene;
#[cfg(test)]
mod tests;
mod ticks;
mod top1;
mod trajectory;

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use plotters::drawing::DrawingAreaErrorKind;

pub use bars::Bars;
pub use boxplot::BoxPlot;
pub use heatmap::HeatMap;
pub use label::accuracy as accuracy_label;
pub use lines::{LinePoint, Lines, Series};
pub use pictures::{MOST_PIXELS, Picture, PictureRow, Pictures};
pub use render::{png, svg};
pub use request::{Drawing, Request, Shown};
pub use scatter::{Scatter, ScoreAxis};
pub use scene::Scene;
pub use top1::top1;
pub use trajectory::{part_trajectory, trajectory};

use crate::analysis::AnalysisError;
use crate::search::SearchedError;

/// What `untrained plot` draws, in the order of its help.
pub static DRAWINGS: &[&Drawing] =
    &[&scatter::DRAWING, &bars::DRAWING, &boxplot::DRAWING, &heatmap::DRAWING, &top1::DRAWING];

/// Size of ordinary text, in pixels.
const TEXT: f64 = 12.0;
/// Size of captions and of numbers in the plot.
const SMALL: f64 = 10.5;
/// Size of the title.
const TITLE: f64 = 15.0;
/// Distance between lines of text, as a multiple of its size.
const LEADING: f64 = 1.35;
/// Empty margin around a figure.
const MARGIN: f64 = 14.0;
/// Rows, columns or series that a figure can show and still be read.
const MOST_ENTRIES: usize = 60;
/// Colours that are told apart: more groups than this would share one.
pub const MOST_GROUPS: usize = 7;

/// What is written around every figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    pub title: String,
    /// Facts that belong to the figure, below the title: statistics with n, ties and excluded counts.
    pub facts: Vec<String>,
    /// Source of the numbers, below the figure: accuracy query, seeds, command.
    pub caption: String,
}

/// Why a figure cannot be drawn or written.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    #[error("{figure}: there is nothing to draw; the selection holds no {what}")]
    Empty { figure: &'static str, what: &'static str },
    #[error(
        "{figure}: {count} values are not finite; leave them out and say how many, a plot has no place for them"
    )]
    NotFinite { figure: &'static str, count: usize },
    #[error("{figure}: {count} values are no correlations, which lie between -1 and 1")]
    NotCorrelation { figure: &'static str, count: usize },
    #[error("{figure}: {what} reach from {low:e} to {high:e}, too far for one axis; plot fewer of them")]
    Range { figure: &'static str, what: &'static str, low: f64, high: f64 },
    #[error("{figure}: {found} {what}, at most {most} can be told apart; choose fewer")]
    TooMany { figure: &'static str, what: &'static str, found: usize, most: usize },
    #[error("{figure}: {what} has {found} entries where {expected} are needed")]
    Shape { figure: &'static str, what: String, found: usize, expected: usize },
    #[error("this kind shows one run; name one, or use --kind bars or box")]
    SeveralRuns,
    #[error("this kind shows one accuracy; name one with --table-dataset")]
    SeveralAccuracies,
    #[error("a scatter plot shows one proxy; name it with --proxies, one of {known}")]
    SeveralProxies { known: String },
    #[error("--repetition {wanted}: the scores have {known:?}")]
    NoRepetition { wanted: u64, known: Vec<u64> },
    #[error("plotters: {0}")]
    Drawing(#[from] DrawingAreaErrorKind<Infallible>),
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    #[error(transparent)]
    Search(#[from] SearchedError),
    #[error("{}: a plot is written as .svg or .png; give the file one of these endings", .path.display())]
    Format { path: PathBuf },
    #[error("cannot write {}: {source}", .path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// Writes a scene as SVG or PNG, as the path ends.
///
/// # Errors
/// Another ending, or a file that cannot be written.
pub fn save(scene: &Scene, path: &Path) -> Result<(), PlotError> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let bytes = match ending.as_str() {
        "svg" => svg(scene).into_bytes(),
        "png" => png(scene),
        _ => return Err(PlotError::Format { path: path.to_path_buf() }),
    };
    std::fs::write(path, bytes).map_err(|source| PlotError::Write { path: path.to_path_buf(), source })
}

/// Refuses what cannot be told apart.
fn at_most(figure: &'static str, what: &'static str, found: usize, most: usize) -> Result<(), PlotError> {
    match found > most {
        true => Err(PlotError::TooMany { figure, what, found, most }),
        false => Ok(()),
    }
}

/// Refuses NaN and infinities, with their number.
fn all_finite(figure: &'static str, values: impl Iterator<Item = f64>) -> Result<(), PlotError> {
    match values.filter(|v| !v.is_finite()).count() {
        0 => Ok(()),
        count => Err(PlotError::NotFinite { figure, count }),
    }
}
