//! Means with their spread along a sample size. Each line carries its name at its end.

use super::axis::Axis;
use super::colour::{Colour, INK, SERIES};
use super::frame::{self, Area, Sides};
use super::scene::{Anchor, Point, Scene};
use super::{LEADING, Labels, MOST_ENTRIES, PlotError, TEXT, all_finite, at_most, font, label};
use crate::search::RuleKind;

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
    /// Lays the figure out.
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
        let names: Vec<String> = self.series.iter().map(|s| label::name(&s.name)).collect();
        let widest = names.iter().map(|n| font::width(n, TEXT)).fold(0.0, f64::max);
        let height = HEIGHT.max(names.len() as f64 * TEXT * LEADING + 10.0);
        let sides = Sides {
            left: frame::left(&y_axis),
            right: widest + 54.0,
            above: 4.0,
            below: frame::below(&self.x),
        };
        let (mut scene, area) = frame::frame(&self.labels, WIDTH, height, sides);
        frame::x_axis(&mut scene, area, &x_axis, &self.x);
        frame::y_axis(&mut scene, area, &y_axis, &self.y);
        let lines = self.lines(area, &x_axis, &y_axis);
        lines.iter().for_each(|line| line.draw_spread(&mut scene, lines.len()));
        lines.iter().for_each(|line| line.draw_mean(&mut scene));
        draw_names(&mut scene, area, &lines, &names);
        Ok(scene)
    }

    fn x_axis(&self, all: &[LinePoint]) -> Result<Axis, PlotError> {
        let mut xs: Vec<f64> = all.iter().map(|p| p.x).collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        let (low, high) = (xs[0], xs[xs.len() - 1]);
        match low > 0.0 {
            true => Ok(Axis::log10(low, high, &xs).thinned(WIDTH)),
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

    fn lines(&self, area: Area, x_axis: &Axis, y_axis: &Axis) -> Vec<Line> {
        let mut proxies = 0;
        let mut baselines = 0;
        let lines = self.series.iter().map(|series| {
            let index = if series.kind == RuleKind::Proxy { &mut proxies } else { &mut baselines };
            let style = Style::of(series.kind, *index);
            *index += 1;
            let mut points = series.points.clone();
            points.sort_by(|a, b| a.x.total_cmp(&b.x));
            let at = |p: &LinePoint, y: f64| (area.x(x_axis.place(p.x)), area.y(y_axis.place(y)));
            let means = points.iter().map(|p| at(p, p.mean)).collect();
            let spread =
                points.iter().map(|p| (at(p, p.mean - p.spread), at(p, p.mean + p.spread))).collect();
            Line { style, means, spread, order: *index }
        });
        lines.collect()
    }
}

/// Colour, dashes and markers of a line: three kinds of dashes and four markers tell lines of equal colour apart.
#[derive(Clone, Copy, Debug)]
struct Style {
    colour: Colour,
    width: f64,
    /// Lengths of dash and gap, or none.
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
            RuleKind::Baseline => Self {
                colour: Colour::new(0x8a_8a_8a),
                width: 1.5,
                dashes: Some((5.0, 3.0)),
                marker: index % 4,
                spread: false,
            },
            RuleKind::Oracle => Self { colour: INK, width: 1.5, dashes: None, marker: 0, spread: false },
        }
    }
}

struct Line {
    style: Style,
    means: Vec<Point>,
    spread: Vec<(Point, Point)>,
    /// Which line of its kind this is, from 1.
    order: usize,
}

impl Line {
    fn draw_spread(&self, scene: &mut Scene, lines: usize) {
        match (self.style.spread, lines <= MOST_BANDS && self.means.len() > 1) {
            (false, _) => {}
            (true, true) => {
                let lower = self.spread.iter().map(|s| s.0);
                let upper = self.spread.iter().rev().map(|s| s.1);
                scene.polygon(lower.chain(upper).collect(), self.style.colour.with_alpha(0.14));
            }
            (true, false) => {
                // Beside each other, where lines share their x.
                let aside = (self.order as f64 * 0.618_033_988_749_895).fract() * 10.0 - 5.0;
                for (low, high) in &self.spread {
                    let colour = self.style.colour.with_alpha(0.6);
                    scene.line((low.0 + aside, low.1), (high.0 + aside, high.1), colour, 1.0);
                }
            }
        }
    }

    fn draw_mean(&self, scene: &mut Scene) {
        for piece in dashed(&self.means, self.style.dashes) {
            scene.path(piece, self.style.colour, self.style.width);
        }
        for point in &self.means {
            draw_marker(scene, *point, self.style);
        }
    }
}

fn draw_marker(scene: &mut Scene, (x, y): Point, style: Style) {
    let (fill, r) = (style.colour, 4.0);
    match style.marker {
        0 => scene.disc((x, y), r, fill),
        1 => scene.rect((x - r * 0.9, y - r * 0.9), (x + r * 0.9, y + r * 0.9), fill),
        2 => scene.polygon(vec![(x - r * 1.1, y + r), (x, y - r * 1.1), (x + r * 1.1, y + r)], fill),
        _ => {
            scene.polygon(vec![(x - r * 1.2, y), (x, y - r * 1.2), (x + r * 1.2, y), (x, y + r * 1.2)], fill)
        }
    }
}

/// A path cut into dashes; whole without dashes.
fn dashed(points: &[Point], dashes: Option<(f64, f64)>) -> Vec<Vec<Point>> {
    let Some((dash, gap)) = dashes else { return vec![points.to_vec()] };
    let mut pieces = Vec::new();
    // Length of the path before the current stretch: dashes go on around corners.
    let mut before = 0.0;
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let length = (x1 - x0).hypot(y1 - y0);
        let at = |d: f64| (x0 + (x1 - x0) * d / length, y0 + (y1 - y0) * d / length);
        let mut start = -(before % (dash + gap));
        while start < length && length > 0.0 {
            let (from, to) = (start.max(0.0), (start + dash).min(length));
            if to > from {
                pieces.push(vec![at(from), at(to)]);
            }
            start += dash + gap;
        }
        before += length;
    }
    pieces
}

/// Names right of the plot at the height of their line's end, moved apart where they would overlap, with a thin line to it.
fn draw_names(scene: &mut Scene, area: Area, lines: &[Line], names: &[String]) {
    let mut ends: Vec<(usize, Point)> =
        lines.iter().enumerate().filter_map(|(i, l)| l.means.last().map(|end| (i, *end))).collect();
    ends.sort_by(|a, b| a.1.1.total_cmp(&b.1.1));
    let heights = spread_out(&ends.iter().map(|(_, end)| end.1).collect::<Vec<_>>(), area, TEXT * LEADING);
    for ((i, end), y) in ends.into_iter().zip(heights) {
        let style = lines[i].style;
        let left = area.right + 22.0;
        scene.path(vec![end, (area.right + 4.0, end.1), (left - 4.0, y)], style.colour.with_alpha(0.5), 0.75);
        for piece in dashed(&[(left, y), (left + 20.0, y)], style.dashes) {
            scene.path(piece, style.colour, style.width);
        }
        draw_marker(scene, (left + 10.0, y), style);
        scene.text((left + 26.0, y), &names[i], TEXT, Anchor::Start, INK);
    }
}

/// Heights (sorted) moved as little as need be to be `apart` from each other and inside the area.
fn spread_out(wanted: &[f64], area: Area, apart: f64) -> Vec<f64> {
    let mut heights = wanted.to_vec();
    for _ in 0..200 {
        let mut moved = false;
        for i in 1..heights.len() {
            let missing = apart - (heights[i] - heights[i - 1]);
            if missing > 0.01 {
                heights[i - 1] -= missing / 2.0;
                heights[i] += missing / 2.0;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    settle(&mut heights, area, apart);
    heights
}

/// Pushes heights into the area from both ends, whatever the relaxation has left.
fn settle(heights: &mut [f64], area: Area, apart: f64) {
    let mut floor = area.top + apart / 2.0;
    for height in heights.iter_mut() {
        *height = height.max(floor);
        floor = *height + apart;
    }
    let mut ceiling = area.bottom - apart / 2.0;
    for height in heights.iter_mut().rev() {
        *height = height.min(ceiling);
        ceiling = *height - apart;
    }
}
