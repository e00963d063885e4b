//! Title and facts above a plot, axes around it, caption below.

use super::axis::Axis;
use super::colour::{AXIS, GREY, GRID, INK};
use super::scene::{Anchor, Point, Scene};
use super::{LEADING, Labels, MARGIN, SMALL, TEXT, TITLE, font, label};

/// Between ticks' labels and what they stand at.
const GAP: f64 = 6.0;
/// Width below which titles and captions would be broken too often.
const NARROWEST: f64 = 480.0;

/// Room around the plot itself, in pixels: for names, ticks, axis labels and colour bars.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sides {
    pub left: f64,
    pub right: f64,
    pub above: f64,
    pub below: f64,
}

/// The rectangle where data is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(super) fn x(&self, place: f64) -> f64 {
        self.left + place * self.width()
    }

    pub(super) fn y(&self, place: f64) -> f64 {
        self.bottom - place * self.height()
    }
}

/// A scene with title, facts and caption, and the area left for a plot of `width` x `height` pixels.
pub(super) fn frame(labels: &Labels, width: f64, height: f64, sides: Sides) -> (Scene, Area) {
    let mut scene = Scene::new();
    scene.width = (sides.left + width + sides.right).max(NARROWEST) + 2.0 * MARGIN;
    let room = scene.width - 2.0 * MARGIN;
    let mut y = MARGIN;
    for line in font::wrap(&label::sentence(&labels.title), TITLE, room) {
        y = write(&mut scene, y, &line, TITLE, INK);
    }
    for line in wrapped_facts(&labels.facts, room) {
        y = write(&mut scene, y, &line, TEXT, INK);
    }
    let left = MARGIN + sides.left;
    let top = y + 6.0 + sides.above;
    let area = Area { left, top, right: left + width, bottom: top + height };
    y = area.bottom + sides.below + 4.0;
    for line in font::wrap(&label::sentence(&labels.caption), SMALL, room) {
        y = write(&mut scene, y, &line, SMALL, GREY);
    }
    scene.height = y + MARGIN - 4.0;
    (scene, area)
}

/// Writes a line below `y` and gives its lower edge.
fn write(scene: &mut Scene, y: f64, line: &str, size: f64, colour: super::colour::Colour) -> f64 {
    scene.text((MARGIN, y + size * LEADING / 2.0), line, size, Anchor::Start, colour);
    y + size * LEADING
}

/// Facts in one line as far as they fit; a fact is not torn apart unless it is wider than the figure.
fn wrapped_facts(facts: &[String], room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for fact in facts.iter().map(|f| label::sentence(f)) {
        let joined = lines.last().map(|line| format!("{line}  ·  {fact}"));
        match joined.filter(|line| font::width(line, TEXT) <= room) {
            Some(line) => *lines.last_mut().expect("joined to it") = line,
            None => lines.push(fact),
        }
    }
    lines
        .iter()
        .flat_map(|line| {
            if font::width(line, TEXT) > room { font::wrap(line, TEXT, room) } else { vec![line.clone()] }
        })
        .collect()
}

/// Room that a horizontal axis needs below the plot.
pub(super) fn below(label: &str) -> f64 {
    let lines = if label.is_empty() { 1.0 } else { 2.0 };
    GAP + lines * TEXT * LEADING + 4.0
}

/// Room that a vertical axis needs at the left.
pub(super) fn left(axis: &Axis) -> f64 {
    axis.label_width() + GAP + TEXT * LEADING + 6.0
}

/// Grid lines and ticks of the horizontal axis, with its label.
pub(super) fn x_axis(scene: &mut Scene, area: Area, axis: &Axis, label: &str) {
    for tick in &axis.ticks {
        let x = area.x(axis.place(tick.value));
        scene.line((x, area.top), (x, area.bottom), GRID, 1.0);
        scene.line((x, area.bottom), (x, area.bottom + 4.0), AXIS, 1.0);
        scene.text((x, area.bottom + GAP + TEXT * LEADING / 2.0), &tick.label, TEXT, Anchor::Middle, INK);
    }
    scene.line((area.left, area.bottom), (area.right, area.bottom), AXIS, 1.0);
    let middle: Point = ((area.left + area.right) / 2.0, area.bottom + GAP + TEXT * LEADING * 1.5 + 4.0);
    let label = font::fit(&axis.label(label), TEXT, area.width());
    scene.text(middle, &label, TEXT, Anchor::Middle, INK);
}

/// Grid lines and ticks of the vertical axis, with its label.
pub(super) fn y_axis(scene: &mut Scene, area: Area, axis: &Axis, label: &str) {
    for tick in &axis.ticks {
        let y = area.y(axis.place(tick.value));
        scene.line((area.left, y), (area.right, y), GRID, 1.0);
        scene.line((area.left - 4.0, y), (area.left, y), AXIS, 1.0);
        scene.text((area.left - GAP, y), &tick.label, TEXT, Anchor::End, INK);
    }
    scene.line((area.left, area.top), (area.left, area.bottom), AXIS, 1.0);
    let x = area.left - axis.label_width() - GAP - TEXT * LEADING / 2.0 - 2.0;
    let label = font::fit(&axis.label(label), TEXT, area.height());
    scene.upright_text((x, (area.top + area.bottom) / 2.0), &label, TEXT, Anchor::Middle, INK);
}
