//! Proxy against proxy: correlations as colours with their numbers.

use plotters::prelude::{Color, Rectangle, Text};

use super::axis::Axis;
use super::colour::{INK, MISSING, WHITE, diverging, luminance};
use super::frame::{Chart, Page, Plot, Sides};
use super::scene::{Scene, units};
use super::{Drawing, Labels, MOST_ENTRIES, PlotError, SMALL, TEXT, at_most, colour_bar, font, label};
use crate::analysis::{AnalysisError, Sample, ScoreCell, ScoreSet};
use crate::proxies::Direction;
use crate::stats::kendall;
use crate::tables::{Query, Table};

const FIGURE: &str = "heat map";
/// Pixels of a cell.
const CELL: (f64, f64) = (34.0, 25.0);
const NUMBER: f64 = 10.0;
/// Name of the row of trained accuracies.
const ACCURACY: &str = "accuracy";

pub(super) static DRAWING: Drawing = Drawing {
    name: "heatmap",
    about: "Kendall's tau-b between proxies",
    draw: |request| {
        let shown = request.only()?;
        HeatMap::of(shown.set, shown.table, &shown.query, &request.caption(shown))?.draw()
    },
};

/// A square matrix of correlations, -1 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatMap {
    pub labels: Labels,
    /// What the numbers are (`Kendall tau-b`).
    pub what: String,
    pub names: Vec<String>,
    /// Row by row; `None` where the correlation is undefined.
    pub values: Vec<Vec<Option<f64>>>,
}

impl HeatMap {
    /// Kendall's tau-b between the scores of all proxies, and with the accuracy (the first row), proxies in falling order
    /// of that: the mean over repetitions, each over the architectures that have a finite score for both. Scores are turned
    /// so that higher is better.
    ///
    /// # Errors
    /// An architecture or a query that the table cannot answer.
    pub fn of(set: &ScoreSet, table: &Table, query: &Query, caption: &str) -> Result<Self, AnalysisError> {
        let accuracies = set.accuracies(table, query)?.into_iter().map(ScoreCell::of).collect();
        let mut columns =
            vec![Scores { name: ACCURACY, direction: Direction::HigherIsBetter, cells: accuracies }];
        columns.extend(set.columns.iter().map(|column| Scores {
            name: &column.proxy,
            direction: column.direction,
            cells: set.cells(&column.proxy),
        }));
        let tau = |a: &Scores<'_>, b: &Scores<'_>| tau(&set.samples, a, b);
        let with_accuracy: Vec<f64> =
            columns.iter().map(|c| tau(&columns[0], c).unwrap_or(f64::NEG_INFINITY)).collect();
        let mut order: Vec<usize> = (1..columns.len()).collect();
        order.sort_by(|a, b| with_accuracy[*b].total_cmp(&with_accuracy[*a]));
        order.insert(0, 0);
        let row = |i: &usize| order.iter().map(|j| tau(&columns[*i], &columns[*j])).collect();
        let facts = vec![
            "mean over repetitions".to_owned(),
            format!("repetitions = {}", set.samples.len()),
            label::counts("n", set.samples.iter().map(|s| s.rows.len())),
            "pairs of finite scores".to_owned(),
        ];
        let title = format!("Kendall's tau-b between proxies, {} with {}", set.space, set.dataset);
        Ok(Self {
            labels: Labels { title, facts, caption: caption.to_owned() },
            what: "Kendall's tau-b".to_owned(),
            names: order.iter().map(|i| columns[*i].name.to_owned()).collect(),
            values: order.iter().map(row).collect(),
        })
    }

    /// Draws the figure, names in the order given.
    ///
    /// # Errors
    /// No names, too many, a matrix that is not square, or numbers outside -1 to 1.
    pub fn draw(&self) -> Result<Scene, PlotError> {
        self.check()?;
        let names: Vec<String> = self.names.iter().map(|n| label::name(n)).collect();
        let widest = names.iter().map(|n| font::width(n, TEXT)).fold(0.0, f64::max);
        let n = names.len() as f64;
        let sides = Sides { left: widest + 8.0, right: colour_bar::ROOM, above: 2.0, below: widest + 12.0 };
        let page = Page::new(&self.labels, (n * CELL.0, n * CELL.1), sides)?;
        let plot = page.plot;
        for (name, i) in names.iter().zip(0..) {
            let middle = f64::from(i) + 0.5;
            let (x, y) = (plot.left + middle * CELL.0, plot.top + middle * CELL.1);
            page.write((plot.left - 6.0, y), name, &font::right(TEXT, INK))?;
            page.write((x, plot.bottom + 6.0), name, &font::upright(TEXT, INK))?;
        }
        let mut chart = page.chart(Axis::plain(0.0..n), Axis::plain(n..0.0))?;
        for (row, y) in self.values.iter().zip(0..) {
            for (value, x) in row.iter().zip(0..) {
                draw_cell(&mut chart, (f64::from(x), f64::from(y)), *value)?;
            }
        }
        draw_bar(&page, sides.below, &self.what)?;
        Ok(page.into_scene())
    }

    fn check(&self) -> Result<(), PlotError> {
        let n = self.names.len();
        if n == 0 {
            return Err(PlotError::Empty { figure: FIGURE, what: "proxy" });
        }
        at_most(FIGURE, "proxies", n, MOST_ENTRIES)?;
        let rows = std::iter::once(("the matrix".to_string(), self.values.len()));
        let rows =
            rows.chain(self.values.iter().enumerate().map(|(i, r)| (format!("row {}", i + 1), r.len())));
        if let Some((what, found)) = rows.into_iter().find(|(_, length)| *length != n) {
            return Err(PlotError::Shape { figure: FIGURE, what, found, expected: n });
        }
        // A hair beyond 1 is rounding; anything else is no correlation.
        let strange = self.values.iter().flatten().flatten().filter(|v| v.is_nan() || v.abs() > 1.0 + 1e-9);
        match strange.clone().next() {
            Some(_) => Err(PlotError::NotCorrelation { figure: FIGURE, count: strange.count() }),
            None => Ok(()),
        }
    }
}

/// One cell of the matrix with its number; columns and rows are the units of the chart.
fn draw_cell(chart: &mut Chart, (x, y): (f64, f64), value: Option<f64>) -> Result<(), PlotError> {
    let fill = value.map_or(MISSING, diverging);
    let mut cell = Rectangle::new([(x, y), (x + 1.0, y + 1.0)], fill.filled());
    let edge = units(0.5).unsigned_abs();
    cell.set_margin(edge, edge, edge, edge);
    chart.draw_series([cell])?;
    let text = value.map_or("–".to_string(), label::correlation);
    let style = font::centred(NUMBER, if luminance(fill) < 0.5 { WHITE } else { INK });
    chart.draw_series([Text::new(text, (x + 0.5, y + 0.5), style)])?;
    Ok(())
}

/// The colour bar, as high as the matrix within bounds, with its label from the top downwards.
fn draw_bar(page: &Page, room_below: f64, what: &str) -> Result<(), PlotError> {
    let height = page.plot.bottom - page.plot.top;
    let bar = Plot { bottom: page.plot.top + height.clamp(60.0, 300.0), ..page.plot };
    let ticks = [(0.0, "−1"), (0.25, "−.5"), (0.5, "0"), (0.75, ".5"), (1.0, "1")];
    let what = font::fit(&label::sentence(what), SMALL, height + room_below);
    colour_bar::draw(page, bar, |share| diverging(share * 2.0 - 1.0), &ticks, &what)
}

/// The scores of a proxy on all rows of a set, or the accuracies.
struct Scores<'s> {
    name: &'s str,
    direction: Direction,
    cells: Vec<ScoreCell>,
}

/// Mean over the repetitions in which it is defined.
fn tau(samples: &[Sample], a: &Scores<'_>, b: &Scores<'_>) -> Option<f64> {
    let turn = if a.direction == b.direction { 1.0 } else { -1.0 };
    let taus = samples.iter().filter_map(|sample| {
        let both = sample.rows.clone().filter_map(|row| match (a.cells[row], b.cells[row]) {
            (ScoreCell::Ok(a), ScoreCell::Ok(b)) => Some((a, b)),
            _ => None,
        });
        let (a, b): (Vec<f64>, Vec<f64>) = both.unzip();
        kendall(&a, &b).ok()?.tau_b()
    });
    let taus: Vec<f64> = taus.collect();
    (!taus.is_empty()).then(|| turn * taus.iter().sum::<f64>() / taus.len() as f64)
}
