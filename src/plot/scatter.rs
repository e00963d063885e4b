//! Score against accuracy: points, or from [`DENSE`] points on hexagons coloured by how many points they hold.

use super::axis::Axis;
use super::colour::{AXIS, GREY, INK, SERIES, viridis};
use super::frame::{self, Area, Sides};
use super::scene::{Anchor, Point, Scene};
use super::{Labels, PlotError, SMALL, TEXT, all_finite, font, hexbin, label};

const FIGURE: &str = "scatter";
/// Points that hide each other: from here on their density is drawn.
const DENSE: usize = 2000;
/// Names of points are written where there are at most this many.
const MOST_NAMES: usize = 30;
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 380.0;
/// Radius of a hexagon.
const HEXAGON: f64 = 4.5;
const BAR_WIDTH: f64 = 14.0;

/// How the scores are spread along their axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScoreAxis {
    #[default]
    Raw,
    /// Logarithmic on both sides of zero.
    SignedLog,
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

impl Scatter {
    /// Lays the figure out.
    ///
    /// # Errors
    /// No points, numbers that are not finite, a range too wide for an axis, or a number of names unlike that of points.
    pub fn draw(&self) -> Result<Scene, PlotError> {
        self.check()?;
        let (x_axis, y_axis) = self.axes()?;
        let dense = self.points.len() >= DENSE;
        let sides = Sides {
            left: frame::left(&y_axis),
            right: if dense { 70.0 } else { 10.0 },
            above: 4.0,
            below: frame::below(&self.x),
        };
        let beyond = |(x, _): &&(f64, f64)| !(0.0..=1.0).contains(&x_axis.place(*x));
        let outside = self.points.iter().filter(beyond).count();
        let (mut scene, area) = frame::frame(&self.labelled(outside), WIDTH, HEIGHT, sides);
        let x_label = match self.score_axis {
            ScoreAxis::Raw => self.x.clone(),
            ScoreAxis::SignedLog => format!("{}, signed logarithmic axis", self.x),
        };
        frame::x_axis(&mut scene, area, &x_axis, &x_label);
        frame::y_axis(&mut scene, area, &y_axis, &self.y);
        let place = |(x, y): &(f64, f64)| (area.x(x_axis.place(*x)), area.y(y_axis.place(*y)));
        let points: Vec<Point> = self.points.iter().map(place).collect();
        let (inside, outside): (Vec<Point>, Vec<Point>) =
            points.iter().partition(|(x, _)| (area.left..=area.right).contains(x));
        match dense {
            true => draw_density(&mut scene, area, &inside),
            false => draw_points(&mut scene, &inside),
        }
        draw_outside(&mut scene, area, &outside);
        if points.len() <= MOST_NAMES {
            draw_names(&mut scene, area, &points, &self.names);
        }
        Ok(scene)
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
        let x_axis = match self.score_axis {
            ScoreAxis::Raw => Axis::linear_bulk(FIGURE, &scores, 8)?,
            ScoreAxis::SignedLog => Axis::signed_log_bulk(&scores, 8),
        };
        let (low, high) = ends(&accuracies);
        Ok((x_axis.thinned(WIDTH), Axis::linear(FIGURE, low, high, 9)?))
    }
}

fn ends(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)))
}

fn draw_points(scene: &mut Scene, points: &[Point]) {
    let (radius, alpha) = match points.len() {
        0..60 => (4.0, 0.85),
        60..500 => (2.75, 0.6),
        _ => (2.0, 0.45),
    };
    for point in points {
        scene.disc(*point, radius, SERIES[0].with_alpha(alpha));
    }
}

/// Triangles at the edge of the plot, at the heights of points beyond it.
fn draw_outside(scene: &mut Scene, area: Area, points: &[Point]) {
    for (x, y) in points {
        let (edge, towards) = if *x < area.left { (area.left, 1.0) } else { (area.right, -1.0) };
        let base = edge + towards * 8.0;
        let fill = SERIES[1].with_alpha(0.7);
        scene.polygon(vec![(edge, *y), (base, y - 4.0), (base, y + 4.0)], fill);
    }
}

/// Hexagons coloured by the logarithm of their counts, and the colour bar.
fn draw_density(scene: &mut Scene, area: Area, points: &[Point]) {
    let bins = hexbin::bins(points, HEXAGON);
    let most = bins.iter().map(|b| b.count).max().unwrap_or(1);
    for bin in &bins {
        // A little larger than the grid, or thin white lines would show between neighbours.
        scene.polygon(hexbin::corners(bin.centre, HEXAGON + 0.3), viridis(share(bin.count, most)));
    }
    draw_bar(scene, area, most);
}

fn share(count: usize, most: usize) -> f64 {
    if most <= 1 { 0.0 } else { (count as f64).ln() / (most as f64).ln() }
}

fn draw_bar(scene: &mut Scene, area: Area, most: usize) {
    let left = area.right + 14.0;
    let slices = 100;
    for i in (0..slices).rev() {
        let (low, high) = (area.bottom, area.y((i + 1) as f64 / slices as f64));
        // Down to the foot: viewers show seams between rectangles that only touch.
        scene.rect((left, high), (left + BAR_WIDTH, low), viridis((i as f64 + 0.5) / slices as f64));
    }
    let decades = (0..).map(|p| 10_usize.pow(p)).take_while(|c| *c <= most);
    let ticks: Vec<usize> = match most {
        1 => vec![1],
        2..30 => [1, 2, 5, 10, 20].into_iter().filter(|c| *c <= most).collect(),
        _ => decades.collect(),
    };
    for count in ticks {
        let y = area.y(share(count, most));
        scene.line((left + BAR_WIDTH, y), (left + BAR_WIDTH + 4.0, y), AXIS, 1.0);
        scene.text((left + BAR_WIDTH + 7.0, y), &count.to_string(), SMALL, Anchor::Start, INK);
    }
    let middle = (left + BAR_WIDTH + 42.0, (area.top + area.bottom) / 2.0);
    scene.upright_text(middle, "architectures per hexagon", SMALL, Anchor::Middle, GREY);
}

/// Writes each name at the first free place around its point, further out if need be, with a line to the point.
fn draw_names(scene: &mut Scene, area: Area, points: &[Point], names: &[String]) {
    let radius = 5.0;
    let mut taken: Vec<(Point, Point)> =
        points.iter().map(|(x, y)| ((x - radius, y - radius), (x + radius, y + radius))).collect();
    for (point, name) in points.iter().zip(names) {
        let name = label::name(name);
        let width = font::width(&name, TEXT);
        let places = (0..40).flat_map(|ring| around(*point, width, 9.0 + 7.0 * f64::from(ring)));
        let free = |(x, y): &Point| {
            let (from, to) = ((*x, y - TEXT / 2.0), (x + width, y + TEXT / 2.0));
            let inside =
                from.0 >= area.left && to.0 <= area.right && from.1 >= area.top && to.1 <= area.bottom;
            inside
                && taken.iter().all(|t| t.0.0 >= to.0 || t.1.0 <= from.0 || t.0.1 >= to.1 || t.1.1 <= from.1)
        };
        let Some((x, y)) = places.into_iter().find(free) else { continue };
        let nearest = (point.0.clamp(x, x + width), point.1.clamp(y - TEXT / 2.0, y + TEXT / 2.0));
        if (nearest.0 - point.0).hypot(nearest.1 - point.1) > 14.0 {
            scene.line(*point, nearest, AXIS, 0.75);
        }
        scene.text((x, y), &name, TEXT, Anchor::Start, INK);
        taken.push(((x, y - TEXT / 2.0), (x + width, y + TEXT / 2.0)));
    }
}

/// Where a name of this width may begin, at a distance from its point: right, left, above, below, then the corners.
fn around((x, y): Point, width: f64, distance: f64) -> [Point; 8] {
    let (right, left, middle) = (x + distance, x - distance - width, x - width / 2.0);
    let (above, below) = (y - distance - 3.0, y + distance + 3.0);
    [
        (right, y),
        (left, y),
        (middle, above),
        (middle, below),
        (right, above),
        (right, below),
        (left, above),
        (left, below),
    ]
}
