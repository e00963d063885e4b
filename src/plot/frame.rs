//! A page: title and facts above a chart, its axes around it, the caption below.

use std::cell::RefCell;
use std::rc::Rc;

use plotters::prelude::{Cartesian2d, ChartBuilder, ChartContext, Color, RGBColor, ShapeStyle, TextStyle};
use plotters::style::TRANSPARENT;

use super::axis::Axis;
use super::colour::{AXIS, GREY, GRID, INK, WHITE};
use super::scene::{Canvas, Place, Scene, UNITS, units};
use super::{LEADING, Labels, MARGIN, PlotError, SMALL, TEXT, TITLE, font, label};

/// Length of a tick.
const TICK: f64 = 4.0;
/// Between ticks' labels and what they stand at: plotters leaves twice the length of a tick.
const GAP: f64 = 2.0 * TICK;
/// Width below which titles and captions would be broken too often.
const NARROWEST: f64 = 480.0;

/// A chart of plotters on a page.
pub(super) type Chart = ChartContext<'static, Scene, Cartesian2d<Axis, Axis>>;

/// Room around the chart itself, in pixels: for names, ticks, axis labels and colour bars.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sides {
    pub left: f64,
    pub right: f64,
    pub above: f64,
    pub below: f64,
}

/// A page with its title, facts and caption, and room for a chart.
pub(super) struct Page {
    scene: Rc<RefCell<Scene>>,
    /// All of the page.
    pub paper: Canvas,
    /// Where data is drawn.
    pub plot: Plot,
    sides: Sides,
}

/// Pixels to the right and downwards from the corner of a page.
pub(super) type Point = (f64, f64);

/// A rectangle of a page, in pixels from the page's corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plot {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

/// The place on paper of a point.
pub(super) fn at((x, y): Point) -> Place {
    (units(x), units(y))
}

/// A line of this many pixels' width.
pub(super) fn stroke(colour: impl Color, width: f64) -> ShapeStyle {
    colour.stroke_width(units(width).unsigned_abs())
}

impl Page {
    /// A page with room for a chart of `width` x `height` pixels.
    pub(super) fn new(labels: &Labels, (width, height): (f64, f64), sides: Sides) -> Result<Self, PlotError> {
        let room = (sides.left + width + sides.right).max(NARROWEST);
        let wrapped = |text: &str, size: f64| font::wrap(&label::sentence(text), size, room);
        let title = wrapped(&labels.title, TITLE);
        let facts = font::joined(labels.facts.iter().map(String::as_str), "  ·  ", TEXT, room);
        let facts: Vec<String> = facts
            .into_iter()
            .flat_map(|line| match font::width(&line, TEXT) > room {
                true => wrapped(&line, TEXT),
                false => vec![line],
            })
            .collect();
        let caption = wrapped(&labels.caption, SMALL);
        let high = |lines: &[String], size: f64| lines.len() as f64 * size * LEADING;
        let below_title = MARGIN + high(&title, TITLE);
        let top = below_title + high(&facts, TEXT) + 6.0 + sides.above;
        let left = MARGIN + sides.left;
        let plot = Plot { left, top, right: left + width, bottom: top + height };
        let below = plot.bottom + sides.below + 6.0;
        let scene = Scene::new(room + 2.0 * MARGIN, below + high(&caption, SMALL) + MARGIN - 4.0);
        let scene = Rc::new(RefCell::new(scene));
        let page = Self { paper: Canvas::from(&scene), scene, plot, sides };
        page.paper.fill(&WHITE)?;
        page.write_lines(MARGIN, &title, (TITLE, INK))?;
        page.write_lines(below_title, &facts, (TEXT, INK))?;
        page.write_lines(below, &caption, (SMALL, GREY))?;
        Ok(page)
    }

    /// Writes lines below `y`.
    fn write_lines(&self, y: f64, lines: &[String], (size, ink): (f64, RGBColor)) -> Result<(), PlotError> {
        for (line, i) in lines.iter().zip(0..) {
            self.write((MARGIN, y + (f64::from(i) + 0.5) * size * LEADING), line, &font::left(size, ink))?;
        }
        Ok(())
    }

    /// Writes a line of text.
    pub(super) fn write(&self, place: Point, text: &str, style: &TextStyle<'_>) -> Result<(), PlotError> {
        Ok(self.paper.draw_text(text, style, at(place))?)
    }

    /// The chart, with room for the labels of its axes at the left and below.
    pub(super) fn chart(&self, x: Axis, y: Axis) -> Result<Chart, PlotError> {
        let (width, height) = self.paper.dim_in_pixel();
        let below = units(self.plot.bottom + self.sides.below);
        let chart = ChartBuilder::on(&self.paper)
            .margin_left(units(MARGIN))
            .margin_top(units(self.plot.top))
            .margin_right(width as i32 - units(self.plot.right))
            .margin_bottom(height as i32 - below)
            .y_label_area_size(units(self.plot.left) - units(MARGIN))
            .x_label_area_size(below - units(self.plot.bottom))
            .build_cartesian_2d(x, y)?;
        Ok(chart)
    }

    /// What has been drawn.
    pub(super) fn into_scene(self) -> Scene {
        self.scene.take()
    }
}

/// Draws grid, axes and ticks of a chart with the labels of both axes.
pub(super) fn mesh(chart: &mut Chart, x_label: &str, y_label: &str) -> Result<(), PlotError> {
    let (width, height) = chart.plotting_area().dim_in_pixel();
    let (x, y) = (chart.as_coord_spec().x_spec(), chart.as_coord_spec().y_spec());
    let fitted =
        |axis: &Axis, label: &str, room: u32| font::fit(&axis.label(label), TEXT, f64::from(room) / UNITS);
    let (x_label, y_label) = (fitted(x, x_label, width), fitted(y, y_label, height));
    let with_y = y.has_ticks();
    let mut mesh = chart.configure_mesh();
    if !with_y {
        mesh.disable_y_axis();
    }
    mesh.light_line_style(TRANSPARENT)
        .bold_line_style(stroke(GRID, 1.0))
        .axis_style(stroke(AXIS, 1.0))
        .set_all_tick_mark_size(units(TICK))
        .label_style(font::centred(TEXT, INK))
        .x_desc(x_label)
        .y_desc(y_label)
        .draw()?;
    Ok(())
}

/// Room that a horizontal axis needs below the plot.
pub(super) fn below(label: &str) -> f64 {
    let lines = if label.is_empty() { 1.0 } else { 2.0 };
    GAP + lines * TEXT * LEADING
}

/// Room that a vertical axis needs at the left.
pub(super) fn left(axis: &Axis) -> f64 {
    axis.label_width() + GAP + TEXT * LEADING + 2.0
}
