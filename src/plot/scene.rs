//! A figure as a list of shapes in pixels, before anything is drawn.

use super::colour::Colour;
use super::label;

/// A point: x to the right, y downwards, in pixels.
pub(super) type Point = (f64, f64);

/// Where a text stands relative to its point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A line of text, centred vertically on its point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    pub at: Point,
    pub text: String,
    pub size: f64,
    pub anchor: Anchor,
    pub colour: Colour,
    /// Read from bottom to top.
    pub upright: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Rect { from: Point, to: Point, fill: Colour },
    Line { points: Vec<Point>, colour: Colour, width: f64 },
    Polygon { points: Vec<Point>, fill: Colour },
    Disc { centre: Point, radius: f64, fill: Colour },
    Text(Text),
}

/// What a figure consists of, in the order in which it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Pixels.
    pub width: f64,
    /// Pixels.
    pub height: f64,
    pub(super) shapes: Vec<Shape>,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self { width: 0.0, height: 0.0, shapes: Vec::new() }
    }

    pub(super) fn rect(&mut self, from: Point, to: Point, fill: Colour) {
        self.shapes.push(Shape::Rect { from, to, fill });
    }

    pub(super) fn line(&mut self, from: Point, to: Point, colour: Colour, width: f64) {
        self.path(vec![from, to], colour, width);
    }

    pub(super) fn path(&mut self, points: Vec<Point>, colour: Colour, width: f64) {
        self.shapes.push(Shape::Line { points, colour, width });
    }

    pub(super) fn outline(&mut self, (x0, y0): Point, (x1, y1): Point, colour: Colour, width: f64) {
        self.path(vec![(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], colour, width);
    }

    pub(super) fn polygon(&mut self, points: Vec<Point>, fill: Colour) {
        self.shapes.push(Shape::Polygon { points, fill });
    }

    pub(super) fn disc(&mut self, centre: Point, radius: f64, fill: Colour) {
        self.shapes.push(Shape::Disc { centre, radius, fill });
    }

    /// Adds a line of text; whoever calls has made room for it.
    pub(super) fn text(&mut self, at: Point, text: &str, size: f64, anchor: Anchor, colour: Colour) {
        let text = label::sentence(text);
        self.shapes.push(Shape::Text(Text { at, text, size, anchor, colour, upright: false }));
    }

    pub(super) fn upright_text(&mut self, at: Point, text: &str, size: f64, anchor: Anchor, colour: Colour) {
        let text = label::sentence(text);
        self.shapes.push(Shape::Text(Text { at, text, size, anchor, colour, upright: true }));
    }
}
