//! What plotters draws, kept as a list of shapes.
//!
//! A [`Scene`] is a back end of plotters. One drawing gives both files: [`svg`](super::svg) and [`png`](super::png()) replay
//! the shapes into the back ends that plotters has, and tests look at the texts and where they stand.

use std::convert::Infallible;

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{RGBAColor, ShapeStyle};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontTransform,
};

use super::{font, label};

/// Units of a coordinate in one pixel. Back ends know whole units only; with four of them a line may be 1.25 pixels wide.
pub(super) const UNITS: f64 = 4.0;

/// A place on a scene, in units: x to the right, y downwards.
pub(super) type Place = BackendCoord;

/// Where things are drawn: a rectangle of the scene, in units from its corner.
pub(super) type Canvas = DrawingArea<Scene, Shift>;

/// Pixels as the nearest number of units.
pub(super) fn units(pixels: f64) -> i32 {
    (pixels * UNITS).round() as i32
}

/// A line of text, centred vertically on its place.
#[derive(Clone)]
pub(super) struct Text {
    pub at: Place,
    pub text: String,
    /// Height of one em, in units.
    pub size: f64,
    pub anchor: HPos,
    pub colour: BackendColor,
    /// Read from bottom to top.
    pub upright: bool,
}

#[derive(Clone)]
pub(super) enum Shape {
    Rect { from: Place, to: Place, fill: BackendColor },
    Line { points: Vec<Place>, stroke: ShapeStyle },
    Polygon { points: Vec<Place>, fill: BackendColor },
    Disc { centre: Place, radius: u32, fill: BackendColor },
    Text(Text),
}

/// A drawing, as its shapes in the order in which they cover each other.
#[derive(Clone, Default)]
pub struct Scene {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    pub(super) shapes: Vec<Shape>,
}

impl Scene {
    /// An empty scene of this many pixels.
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width: width.ceil() as u32, height: height.ceil() as u32, shapes: vec![] }
    }

    fn keep(&mut self, colour: BackendColor, shape: Shape) -> Kept {
        if colour.alpha > 0.0 {
            self.shapes.push(shape);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Scene {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scene of {} x {} pixels, {} shapes", self.width, self.height, self.shapes.len())
    }
}

/// Keeping a shape cannot fail.
type Kept = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for Scene {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.width * UNITS as u32, self.height * UNITS as u32)
    }

    fn ensure_prepared(&mut self) -> Kept {
        Ok(())
    }

    fn present(&mut self) -> Kept {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): Place, fill: BackendColor) -> Kept {
        self.keep(fill, Shape::Rect { from: (x, y), to: (x + 1, y + 1), fill })
    }

    fn draw_line<S: BackendStyle>(&mut self, from: Place, to: Place, style: &S) -> Kept {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: Place, to: Place, style: &S, filled: bool) -> Kept {
        let fill = style.color();
        match filled {
            true => self.keep(fill, Shape::Rect { from, to, fill }),
            false => self.draw_path([from, (to.0, from.1), to, (from.0, to.1), from], style),
        }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = Place>>(&mut self, path: I, style: &S) -> Kept {
        let BackendColor { rgb: (red, green, blue), alpha } = style.color();
        let (color, stroke_width) = (RGBAColor(red, green, blue, alpha), style.stroke_width());
        let stroke = ShapeStyle { color, filled: false, stroke_width };
        self.keep(style.color(), Shape::Line { points: path.into_iter().collect(), stroke })
    }

    fn draw_circle<S: BackendStyle>(&mut self, centre: Place, radius: u32, style: &S, _filled: bool) -> Kept {
        self.keep(style.color(), Shape::Disc { centre, radius, fill: style.color() })
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = Place>>(&mut self, path: I, style: &S) -> Kept {
        let (points, fill) = (path.into_iter().collect(), style.color());
        self.keep(fill, Shape::Polygon { points, fill })
    }

    /// Text is moved so that its middle line is at its place, whichever line the style asks for.
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): Place) -> Kept {
        let size = style.size() / font::LINE;
        let down = match style.anchor().v_pos {
            VPos::Top => font::BELOW_TOP,
            VPos::Center => 0.0,
            VPos::Bottom => -2.0 * font::HALF_X_HEIGHT,
        };
        let down = (down * size).round() as i32;
        let upright = matches!(style.transform(), FontTransform::Rotate270);
        let at = if upright { (x + down, y) } else { (x, y + down) };
        let (anchor, colour, text) = (style.anchor().h_pos, style.color(), label::sentence(text));
        match text.is_empty() {
            true => Ok(()),
            false => self.keep(colour, Shape::Text(Text { at, text, size, anchor, colour, upright })),
        }
    }
}
