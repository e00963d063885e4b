//! Score against accuracy: points, or from [`DENSE`] points on hexagons coloured by how many points they hold.

use plotters::prelude::{Circle, Color, Polygon};

use super::axis::{self, Axis};
use super::colour::{SERIES, viridis};
use super::frame::{self, Chart, Page, Sides};
use super::scene::{Place, Scene, UNITS, units};
use super::{Drawing, Labels, PlotError, Request, all_finite, colour_bar, hexbin, label, point_names};
use crate::analysis::{AnalysisError, Correlation, Metric, ScoreCell, ScoreSet};
use crate::proxies::Direction;
use crate::tables::{Query, Table};

const FIGURE: &str = "scatter";
/// Points that hide each other: from here on their density is drawn.
const DENSE: usize = 2000;
/// Names of points are written where there are at most this many.
const MOST_NAMES: usize = 30;
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 380.0;
/// Radius of a hexagon.
const HEXAGON: f64 = 4.5;

/// Longest name of an architecture that is written: long strings name nothing, activations do.
const LONGEST_NAME: usize = 16;

pub(super) static DRAWING: Drawing = Drawing {
    name: "scatter",
    about: "Score against accuracy, of one proxy in one repetition",
    draw: |request| {
        let shown = request.only()?;
        let proxy = proxy(request, shown.set)?;
        let sample = sample(request, shown.set)?;
        let correlations = request.correlate(shown)?;
        let unknown = || unknown_proxy(shown.set, proxy);
        let of = correlations.iter().find(|c| c.proxy == proxy).ok_or_else(unknown)?;
        let about = (shown.table, &shown.query);
        Scatter::of(shown.set, (of, sample), about, request.axis, &request.caption(shown))?.draw()
    },
};

crate::named! {
    /// How the scores are spread along their axis.
    pub enum ScoreAxis: "axis" {
        /// Signed logarithmic where the largest scores are more than a thousand times the typical one
        Auto = "auto",
        /// As they are
        Raw = "raw",
        /// Logarithmic on both sides of zero
        SignedLog = "signed_log",
    }
}

/// Scores (horizontal) and accuracies (vertical) of architectures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scatter {
    pub labels: Labels,
    /// What the scores are, with their unit if any.
    pub x: String,
    /// What the accuracies are: data set, split, budget; in per cent.
    pub y: String,
    /// (score, accuracy), finite.
    pub points: Vec<(f64, f64)>,
    /// Names of the points, or none; written for up to 30 points.
    pub names: Vec<String>,
    pub score_axis: ScoreAxis,
}

/// The proxy that was named, or the only one that is no baseline.
fn proxy<'s>(request: &Request<'_>, set: &'s ScoreSet) -> Result<&'s str, PlotError> {
    let columns: Vec<&str> = set.columns.iter().map(|c| c.proxy.as_str()).collect();
    let entries: Vec<&str> = set.columns.iter().filter(|c| !c.baseline).map(|c| c.proxy.as_str()).collect();
    match (request.proxies_named, &columns[..], &entries[..]) {
        (true, [one], _) | (false, _, [one]) => Ok(one),
        _ => Err(PlotError::SeveralProxies { known: entries.join(", ") }),
    }
}

/// The place of the repetition that was asked for, or of the first.
fn sample(request: &Request<'_>, set: &ScoreSet) -> Result<usize, PlotError> {
    let known: Vec<u64> = set.samples.iter().map(|s| s.repetition).collect();
    let wanted = request.repetition.or(known.first().copied()).unwrap_or(0);
    let place = known.iter().position(|r| *r == wanted);
    place.ok_or(PlotError::NoRepetition { wanted, known })
}

fn unknown_proxy(set: &ScoreSet, proxy: &str) -> AnalysisError {
    let known: Vec<&str> = set.columns.iter().map(|c| c.proxy.as_str()).collect();
    AnalysisError::UnknownProxy { proxy: proxy.to_owned(), known: known.join(", ") }
}

/// Correlations with n, ties and excluded counts.
fn facts(correlation: &Correlation, sample: usize) -> Vec<String> {
    let Some(statistics) = correlation.samples.get(sample) else { return vec![] };
    let value = |metric: Metric| match correlation.values(metric)[sample] {
        Some(value) => format!("{value:.3}").replace('-', "\u{2212}"),
        None => "undefined".to_owned(),
    };
    vec![
        format!("tau-b = {}", value(Metric::TAU_B)),
        format!("Pearson's r = {}", value(Metric::PEARSON)),
        format!("n = {}", statistics.n),
        format!(
            "tied pairs: {} in score, {} in accuracy",
            statistics.tied_scores, statistics.tied_accuracies
        ),
        format!("{} excluded", statistics.excluded.total()),
        format!("repetition {}", statistics.repetition),
    ]
}

impl Scatter {
    /// The scores of one proxy in one repetition (the `sample`-th) against an accuracy. `correlation` is that of the proxy.
    ///
    /// # Errors
    /// An unknown proxy, or an architecture or a query that the table cannot answer.
    pub fn of(
        set: &ScoreSet,
        (correlation, sample): (&Correlation, usize),
        (table, query): (&Table, &Query),
        score_axis: ScoreAxis,
        caption: &str,
    ) -> Result<Self, AnalysisError> {
        let unknown = || unknown_proxy(set, &correlation.proxy);
        let column = set.column(&correlation.proxy).ok_or_else(unknown)?;
        let (accuracies, cells) = (set.accuracies(table, query)?, set.cells(&column.proxy));
        let (mut points, mut names): (Vec<(f64, f64)>, Vec<&str>) = (vec![], vec![]);
        for row in set.samples[sample].rows.clone() {
            if let (ScoreCell::Ok(score), false) = (cells[row], accuracies[row].is_nan()) {
                points.push((score, accuracies[row]));
                names.push(set.arch(row));
            }
        }
        let direction = match column.direction {
            Direction::HigherIsBetter => "",
            Direction::LowerIsBetter => " (lower is better)",
        };
        let short = names.iter().all(|name| name.len() <= LONGEST_NAME);
        Ok(Self {
            labels: Labels {
                title: format!("{} on {} with {}", column.proxy, set.space, set.dataset),
                facts: facts(correlation, sample),
                caption: caption.to_owned(),
            },
            x: format!("{} score{direction}", column.proxy),
            y: label::accuracy(query),
            points,
            names: if short { names.into_iter().map(str::to_owned).collect() } else { vec![] },
            score_axis,
        })
    }

    /// Whether the axis of scores is logarithmic.
    pub(super) fn is_logarithmic(&self) -> bool {
        let mut sizes: Vec<f64> = self.points.iter().map(|(score, _)| score.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let wide = || sizes.last().is_some_and(|largest| *largest > 1e3 * sizes[sizes.len() / 2]);
        match self.score_axis {
            ScoreAxis::Raw => false,
            ScoreAxis::SignedLog => true,
            ScoreAxis::Auto => wide(),
        }
    }

    /// Draws the figure.
    ///
    /// # Errors
    /// No points, numbers that are not finite, a range too wide for an axis, or a number of names unlike that of points.
    pub fn draw(&self) -> Result<Scene, PlotError> {
        self.check()?;
        let (x_axis, y_axis) = self.axes()?;
        let (inside, outside): (Vec<_>, Vec<_>) = self.points.iter().partition(|(x, _)| x_axis.holds(*x));
        let dense = self.points.len() >= DENSE;
        let sides = Sides {
            left: frame::left(&y_axis),
            right: if dense { colour_bar::ROOM } else { 10.0 },
            above: 4.0,
            below: frame::below(&self.x),
        };
        let page = Page::new(&self.labelled(outside.len()), (WIDTH, HEIGHT), sides)?;
        let mut chart = page.chart(x_axis, y_axis)?;
        let x_label = match self.is_logarithmic() {
            false => self.x.clone(),
            true => format!("{}, signed logarithmic axis", self.x),
        };
        frame::mesh(&mut chart, &x_label, &self.y)?;
        let places: Vec<Place> = inside.iter().map(|point| chart.backend_coord(point)).collect();
        match dense {
            true => draw_density(&page, &places)?,
            false => draw_points(&mut chart, &inside)?,
        }
        draw_outside(&page, &chart, &outside)?;
        if self.points.len() <= MOST_NAMES {
            let pixels = |point| {
                let (x, y) = chart.backend_coord(point);
                (f64::from(x) / UNITS, f64::from(y) / UNITS)
            };
            let points: Vec<_> = self.points.iter().map(pixels).collect();
            point_names::draw(&page, &points, &self.names)?;
        }
        Ok(page.into_scene())
    }

    /// The labels, with a fact about scores that the axis leaves out.
    fn labelled(&self, outside: usize) -> Labels {
        let mut labels = self.labels.clone();
        match outside {
            0 => {}
            1 => labels.facts.push("1 score beyond the axis (triangle)".into()),
            n => labels.facts.push(format!("{n} scores beyond the axis (triangles)")),
        }
        labels
    }

    fn check(&self) -> Result<(), PlotError> {
        if self.points.is_empty() {
            return Err(PlotError::Empty {
                figure: FIGURE,
                what: "architecture with a finite score and an accuracy",
            });
        }
        if !self.names.is_empty() && self.names.len() != self.points.len() {
            let (found, expected) = (self.names.len(), self.points.len());
            return Err(PlotError::Shape {
                figure: FIGURE,
                what: "the list of names".into(),
                found,
                expected,
            });
        }
        all_finite(FIGURE, self.points.iter().flat_map(|(x, y)| [*x, *y]))
    }

    fn axes(&self) -> Result<(Axis, Axis), PlotError> {
        let (scores, accuracies): (Vec<f64>, Vec<f64>) = self.points.iter().copied().unzip();
        let x_axis = match self.is_logarithmic() {
            false => {
                let (low, high) = axis::bulk(&scores, |score| score);
                Axis::linear(FIGURE, low, high, 8)?
            }
            true => Axis::signed_log_bulk(&scores, 8),
        };
        let (low, high) = ends(&accuracies);
        Ok((x_axis.thinned(WIDTH), Axis::linear(FIGURE, low, high, 9)?))
    }
}

fn ends(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)))
}

fn draw_points(chart: &mut Chart, points: &[(f64, f64)]) -> Result<(), PlotError> {
    let (radius, alpha) = match points.len() {
        0..60 => (4.0, 0.85),
        60..500 => (2.75, 0.6),
        _ => (2.0, 0.45),
    };
    let fill = SERIES[0].mix(alpha).filled();
    chart.draw_series(points.iter().map(|point| Circle::new(*point, units(radius), fill)))?;
    Ok(())
}

/// Triangles at the edge of the plot, at the heights of points beyond it.
fn draw_outside(page: &Page, chart: &Chart, points: &[(f64, f64)]) -> Result<(), PlotError> {
    for (x, y) in points {
        let range = chart.x_range();
        let (edge, towards) = if *x < range.start { (page.plot.left, 8.0) } else { (page.plot.right, -8.0) };
        let (_, y) = chart.backend_coord(&(range.start, *y));
        let (tip, base, half) = (units(edge), units(edge + towards), units(4.0));
        let corners = [(tip, y), (base, y - half), (base, y + half)];
        page.paper.draw(&Polygon::new(corners, SERIES[1].mix(0.7).filled()))?;
    }
    Ok(())
}

/// Hexagons coloured by the logarithm of their counts, and the colour bar.
fn draw_density(page: &Page, points: &[Place]) -> Result<(), PlotError> {
    let points: Vec<(f64, f64)> = points.iter().map(|(x, y)| (f64::from(*x), f64::from(*y))).collect();
    let bins = hexbin::bins(&points, HEXAGON * UNITS);
    let most = bins.iter().map(|b| b.count).max().unwrap_or(1);
    for bin in &bins {
        // A little larger than the grid, or thin white lines would show between neighbours.
        let corners = hexbin::corners(bin.centre, (HEXAGON + 0.3) * UNITS);
        let corners = corners.into_iter().map(|(x, y)| (x.round() as i32, y.round() as i32));
        page.paper
            .draw(&Polygon::new(corners.collect::<Vec<_>>(), viridis(share(bin.count, most)).filled()))?;
    }
    let ticks: Vec<_> = counts(most).into_iter().map(|c| (share(c, most), c.to_string())).collect();
    colour_bar::draw(page, page.plot, viridis, &ticks, "architectures per hexagon")
}

/// Place of a count along the colours, which are logarithmic.
fn share(count: usize, most: usize) -> f64 {
    if most <= 1 { 0.0 } else { (count as f64).ln() / (most as f64).ln() }
}

/// A few counts for the ticks of the colour bar.
fn counts(most: usize) -> Vec<usize> {
    match most {
        2..30 => [1, 2, 5, 10, 20].into_iter().filter(|c| *c <= most).collect(),
        _ => (0..).map(|p| 10_usize.pow(p)).take_while(|c| *c <= most).collect(),
    }
}
