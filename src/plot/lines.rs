//! Means with their spread along a sample size. Each line carries its name at its end.

use plotters::element::DashedPathElement;
use plotters::prelude::{Circle, Color, PathElement, Polygon, RGBColor, Rectangle};

use super::axis::Axis;
use super::colour::{INK, PALE, SERIES};
use super::frame::{self, Chart, Page, Plot, Sides, stroke};
use super::scene::{Canvas, Place, Scene, UNITS, units};
use super::{LEADING, Labels, MOST_ENTRIES, PlotError, TEXT, all_finite, at_most, font, label};
use crate::search::RuleKind;
use crate::stats::Summary;

const FIGURE: &str = "lines";
const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 380.0;
/// Up to this many lines have a band; more would cover each other and have bars.
const MOST_BANDS: usize = 6;

/// A mean with its spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinePoint {
    pub x: f64,
    pub mean: f64,
    /// Half the height of the band, 0 for none.
    pub spread: f64,
}

impl LinePoint {
    /// The mean at `x` with the sample standard deviation, none for a single value.
    pub fn of(x: f64, summary: &Summary) -> Self {
        Self { x, mean: summary.mean, spread: summary.std.unwrap_or(0.0) }
    }
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    pub name: String,
    /// Proxies are drawn in a colour with their spread, baselines grey and dashed without it, the oracle black.
    pub kind: RuleKind,
    /// In any order of `x`.
    pub points: Vec<LinePoint>,
}

/// Lines along a logarithmic axis, with ticks at the values that occur (up to eight of them).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    pub labels: Labels,
    pub x: String,
    pub y: String,
    pub series: Vec<Series>,
}

impl Lines {
    /// Draws the figure.
    ///
    /// # Errors
    /// No points, numbers that are not finite, an `x` that is not positive, too many lines.
    pub fn draw(&self) -> Result<Scene, PlotError> {
        let all: Vec<LinePoint> = self.series.iter().flat_map(|s| s.points.iter().copied()).collect();
        if all.is_empty() {
            return Err(PlotError::Empty { figure: FIGURE, what: "line with a point" });
        }
        at_most(FIGURE, "lines", self.series.len(), MOST_ENTRIES)?;
        all_finite(FIGURE, all.iter().flat_map(|p| [p.x, p.mean, p.spread]))?;
        let (x_axis, y_axis) = (self.x_axis(&all)?, self.y_axis()?);
        let lines = self.lines();
        let widest = lines.iter().map(|l| font::width(&l.name, TEXT)).fold(0.0, f64::max);
        let height = HEIGHT.max(lines.len() as f64 * TEXT * LEADING + 10.0);
        let sides = Sides {
            left: frame::left(&y_axis),
            right: widest + 54.0,
            above: 4.0,
            below: frame::below(&self.x),
        };
        let page = Page::new(&self.labels, (WIDTH, height), sides)?;
        let mut chart = page.chart(x_axis, y_axis)?;
        frame::mesh(&mut chart, &self.x, &self.y)?;
        for line in lines.iter().filter(|line| line.style.spread) {
            match lines.len() <= MOST_BANDS && line.points.len() > 1 {
                true => line.draw_band(&mut chart)?,
                false => line.draw_bars(&page, &chart)?,
            }
        }
        for line in &lines {
            line.draw_mean(&page, &mut chart)?;
        }
        draw_names(&page, &chart, &lines)?;
        Ok(page.into_scene())
    }

    fn x_axis(&self, all: &[LinePoint]) -> Result<Axis, PlotError> {
        let mut xs: Vec<f64> = all.iter().map(|p| p.x).collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        let (low, high) = (xs[0], xs[xs.len() - 1]);
        match low > 0.0 {
            true => Ok(Axis::log(&xs).thinned(WIDTH)),
            false => {
                Err(PlotError::Range { figure: FIGURE, what: "numbers on a logarithmic axis", low, high })
            }
        }
    }

    /// The vertical axis, with the spread of the lines that show it.
    fn y_axis(&self) -> Result<Axis, PlotError> {
        let shown = |s: &Series| if s.kind == RuleKind::Proxy { 1.0 } else { 0.0 };
        let points = || {
            self.series.iter().flat_map(|s| s.points.iter().map(move |p| (p.mean, p.spread.abs() * shown(s))))
        };
        let low = points().map(|(mean, spread)| mean - spread).fold(f64::INFINITY, f64::min);
        let high = points().map(|(mean, spread)| mean + spread).fold(f64::NEG_INFINITY, f64::max);
        Axis::linear(FIGURE, low, high, 9)
    }

    /// The lines with what tells them apart, points from left to right.
    fn lines(&self) -> Vec<Line> {
        let (mut proxies, mut baselines) = (0, 0);
        let lines = self.series.iter().map(|series| {
            let order = if series.kind == RuleKind::Proxy { &mut proxies } else { &mut baselines };
            let style = Style::of(series.kind, *order);
            *order += 1;
            let mut points = series.points.clone();
            points.sort_by(|a, b| a.x.total_cmp(&b.x));
            Line { name: label::name(&series.name), style, points, order: *order }
        });
        lines.collect()
    }
}

/// Colour, dashes and markers of a line: three kinds of dashes and four markers tell lines of equal colour apart.
#[derive(Clone, Copy, Debug)]
struct Style {
    colour: RGBColor,
    width: f64,
    /// Lengths of dash and gap in pixels, or none.
    dashes: Option<(f64, f64)>,
    marker: usize,
    spread: bool,
}

impl Style {
    fn of(kind: RuleKind, index: usize) -> Self {
        let dashes = [None, Some((7.0, 4.0)), Some((2.0, 3.0))];
        match kind {
            RuleKind::Proxy => Self {
                colour: SERIES[index % SERIES.len()],
                width: 1.75,
                dashes: dashes[index / SERIES.len() % dashes.len()],
                marker: index % 4,
                spread: true,
            },
            RuleKind::Baseline => {
                Self { colour: PALE, width: 1.5, dashes: Some((5.0, 3.0)), marker: index % 4, spread: false }
            }
            RuleKind::Oracle => Self { colour: INK, width: 1.5, dashes: None, marker: 0, spread: false },
        }
    }

    /// A path on the paper, in dashes if the line has any.
    fn draw_path(&self, paper: &Canvas, path: &[Place]) -> Result<(), PlotError> {
        let line = stroke(self.colour, self.width);
        match self.dashes {
            None => paper.draw(&PathElement::new(path, line))?,
            Some((dash, gap)) => {
                paper.draw(&DashedPathElement::new(path.iter().copied(), units(dash), units(gap), line))?;
            }
        }
        Ok(())
    }

    fn draw_marker(&self, paper: &Canvas, (x, y): Place) -> Result<(), PlotError> {
        let (fill, r) = (self.colour.filled(), |share: f64| units(4.0 * share));
        let polygon = |corners: &[Place]| paper.draw(&Polygon::new(corners, fill));
        match self.marker {
            0 => paper.draw(&Circle::new((x, y), r(1.0), fill))?,
            1 => paper.draw(&Rectangle::new([(x - r(0.9), y - r(0.9)), (x + r(0.9), y + r(0.9))], fill))?,
            2 => polygon(&[(x - r(1.1), y + r(1.0)), (x, y - r(1.1)), (x + r(1.1), y + r(1.0))])?,
            _ => polygon(&[(x - r(1.2), y), (x, y - r(1.2)), (x + r(1.2), y), (x, y + r(1.2))])?,
        }
        Ok(())
    }
}

struct Line {
    name: String,
    style: Style,
    points: Vec<LinePoint>,
    /// Which line of its kind this is, from 1.
    order: usize,
}

impl Line {
    /// The spread as a band around the line.
    fn draw_band(&self, chart: &mut Chart) -> Result<(), PlotError> {
        let lower = self.points.iter().map(|p| (p.x, p.mean - p.spread));
        let upper = self.points.iter().rev().map(|p| (p.x, p.mean + p.spread));
        let band: Vec<_> = lower.chain(upper).collect();
        chart.draw_series([Polygon::new(band, self.style.colour.mix(0.14).filled())])?;
        Ok(())
    }

    /// The spread as a vertical bar at each point, beside those of other lines where lines share their x.
    fn draw_bars(&self, page: &Page, chart: &Chart) -> Result<(), PlotError> {
        let aside = units((self.order as f64 * 0.618_033_988_749_895).fract() * 10.0 - 5.0);
        let bar = stroke(self.style.colour.mix(0.6), 1.0);
        for point in &self.points {
            let ends = [point.mean - point.spread, point.mean + point.spread];
            let ends = ends.map(|end| chart.backend_coord(&(point.x, end)));
            page.paper.draw(&PathElement::new(ends.map(|(x, y)| (x + aside, y)), bar))?;
        }
        Ok(())
    }

    fn draw_mean(&self, page: &Page, chart: &mut Chart) -> Result<(), PlotError> {
        let means: Vec<Place> = self.points.iter().map(|p| chart.backend_coord(&(p.x, p.mean))).collect();
        self.style.draw_path(&page.paper, &means)?;
        means.iter().try_for_each(|mean| self.style.draw_marker(&page.paper, *mean))
    }
}

/// Names right of the plot at the height of their line's end, moved apart where they would overlap, with a thin line to it.
fn draw_names(page: &Page, chart: &Chart, lines: &[Line]) -> Result<(), PlotError> {
    let end = |line: &Line| line.points.last().map(|p| chart.backend_coord(&(p.x, p.mean)));
    let mut ends: Vec<(&Line, Place)> = lines.iter().filter_map(|line| Some((line, end(line)?))).collect();
    ends.sort_by_key(|(_, (_, y))| *y);
    let wanted: Vec<f64> = ends.iter().map(|(_, (_, y))| f64::from(*y) / UNITS).collect();
    let heights = spread_out(&wanted, page.plot, TEXT * LEADING);
    let (right, left) = (units(page.plot.right), units(page.plot.right + 22.0));
    for ((Line { name, style, .. }, end), height) in ends.into_iter().zip(heights) {
        let y = units(height);
        let lead = [end, (right + units(4.0), end.1), (left - units(4.0), y)];
        page.paper.draw(&PathElement::new(lead, stroke(style.colour.mix(0.5), 0.75)))?;
        style.draw_path(&page.paper, &[(left, y), (left + units(20.0), y)])?;
        style.draw_marker(&page.paper, (left + units(10.0), y))?;
        page.write((page.plot.right + 48.0, height), name, &font::left(TEXT, INK))?;
    }
    Ok(())
}

/// Heights (sorted) moved as little as need be to be `apart` from each other and inside the plot.
fn spread_out(wanted: &[f64], plot: Plot, apart: f64) -> Vec<f64> {
    // Halfway between pushing all downwards and pushing all upwards: both keep the distance, so their mean does.
    let (lower, upper) = (pushed_down(wanted, f64::MIN, apart), pushed_up(wanted, f64::MAX, apart));
    let between: Vec<f64> = lower.iter().zip(&upper).map(|(a, b)| (a + b) / 2.0).collect();
    pushed_up(&pushed_down(&between, plot.top + apart / 2.0, apart), plot.bottom - apart / 2.0, apart)
}

fn pushed_down(heights: &[f64], mut least: f64, apart: f64) -> Vec<f64> {
    let push = |height: &f64| {
        let pushed = height.max(least);
        least = pushed + apart;
        pushed
    };
    heights.iter().map(push).collect()
}

fn pushed_up(heights: &[f64], most: f64, apart: f64) -> Vec<f64> {
    let turned: Vec<f64> = heights.iter().rev().map(|height| -height).collect();
    pushed_down(&turned, -most, apart).into_iter().rev().map(|height| -height).collect()
}
