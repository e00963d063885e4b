//! From a list of shapes to SVG and PNG, with the two back ends of plotters.
//!
//! The back ends know whole units only, so a scene is drawn with [`UNITS`] units to a pixel: an SVG file keeps that
//! precision through its `viewBox`, and a PNG is averaged down to [`DENSITY`] image points per pixel, which smooths edges.

use std::convert::Infallible;

use plotters_backend::text_anchor::{HPos, Pos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontFamily,
    FontStyle, FontTransform,
};
use plotters_bitmap::BitMapBackend;
use plotters_svg::SVGBackend;

use super::colour::{Colour, WHITE};
use super::font;
use super::scene::{Anchor, Point, Scene, Shape, Text};

const UNITS: usize = 4;
const DENSITY: usize = 2;

/// A scene as an SVG document. Text stays text, in the fonts of `font::FAMILIES`.
pub fn svg(scene: &Scene) -> String {
    let (width, height) = size(scene);
    let mut document = String::new();
    {
        let mut backend =
            SVGBackend::with_string(&mut document, ((width * UNITS) as u32, (height * UNITS) as u32));
        draw(scene, &mut backend);
        backend.present().expect("writing to memory cannot fail");
    }
    let drawn = format!("width=\"{}\" height=\"{}\"", width * UNITS, height * UNITS);
    document.replacen(&drawn, &format!("width=\"{width}\" height=\"{height}\""), 1)
}

/// A scene as a PNG file of twice as many image points as the scene has pixels.
pub fn png(scene: &Scene) -> Vec<u8> {
    let (width, height) = size(scene);
    let (drawn_width, drawn_height) = (width * UNITS, height * UNITS);
    let mut pixels = vec![255; drawn_width * drawn_height * 3];
    {
        let mut backend = BitMapBackend::with_buffer(&mut pixels, (drawn_width as u32, drawn_height as u32));
        draw(scene, &mut backend);
        backend.present().expect("writing to memory cannot fail");
    }
    encode(&average(&pixels, drawn_width, UNITS / DENSITY), width * DENSITY, height * DENSITY)
}

/// Rows of RGB pixels as a PNG file. Flat areas, which most of a figure is, are small without a filter.
fn encode(rgb: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut file = vec![];
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_filter(png::Filter::NoFilter);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(rgb));
    written.expect("writing to memory cannot fail");
    file
}

/// Whole pixels of a scene.
fn size(scene: &Scene) -> (usize, usize) {
    (scene.width.ceil() as usize, scene.height.ceil() as usize)
}

/// Means of squares of `step` x `step` RGB pixels.
fn average(pixels: &[u8], width: usize, step: usize) -> Vec<u8> {
    let bands = pixels.chunks_exact(width * 3 * step);
    bands
        .flat_map(|band| (0..width / step).flat_map(move |x| mean_pixel(band, width, x * step, step)))
        .collect()
}

fn mean_pixel(band: &[u8], width: usize, left: usize, step: usize) -> [u8; 3] {
    let mut sums = [0_u32; 3];
    for (y, x) in (0..step).flat_map(|y| (left..left + step).map(move |x| (y, x))) {
        for (channel, sum) in sums.iter_mut().enumerate() {
            *sum += u32::from(band[(y * width + x) * 3 + channel]);
        }
    }
    let count = (step * step) as u32;
    sums.map(|sum| ((sum + count / 2) / count) as u8)
}

/// Draws all shapes. Neither back end can fail before `present`: both write to memory.
fn draw<B: DrawingBackend>(scene: &Scene, backend: &mut B) {
    let paper = Shape::Rect { from: (0.0, 0.0), to: (scene.width.ceil(), scene.height.ceil()), fill: WHITE };
    for shape in std::iter::once(&paper).chain(&scene.shapes) {
        draw_shape(shape, backend).expect("drawing in memory cannot fail");
    }
}

fn draw_shape<B: DrawingBackend>(
    shape: &Shape,
    backend: &mut B,
) -> Result<(), DrawingErrorKind<B::ErrorType>> {
    match shape {
        Shape::Rect { from, to, fill } => backend.draw_rect(units(*from), units(*to), &ink(*fill), true),
        Shape::Polygon { points, fill } => {
            backend.fill_polygon(points.iter().map(|p| units(*p)), &ink(*fill))
        }
        Shape::Disc { centre, radius, fill } => {
            backend.draw_circle(units(*centre), length(*radius), &ink(*fill), true)
        }
        Shape::Line { points, colour, width } => {
            let stroke = Stroke { colour: ink(*colour), width: length(*width) };
            backend.draw_path(points.iter().map(|p| units(*p)), &stroke)
        }
        Shape::Text(text) => backend.draw_text(&text.text, text, units(text.at)),
    }
}

fn units((x, y): Point) -> BackendCoord {
    ((x * UNITS as f64).round() as i32, (y * UNITS as f64).round() as i32)
}

fn length(pixels: f64) -> u32 {
    (pixels * UNITS as f64).round().max(1.0) as u32
}

fn ink(colour: Colour) -> BackendColor {
    BackendColor { alpha: colour.alpha, rgb: (colour.red, colour.green, colour.blue) }
}

struct Stroke {
    colour: BackendColor,
    width: u32,
}

impl BackendStyle for Stroke {
    fn color(&self) -> BackendColor {
        self.colour
    }

    fn stroke_width(&self) -> u32 {
        self.width
    }
}

impl BackendTextStyle for Text {
    type FontError = Infallible;

    fn color(&self) -> BackendColor {
        ink(self.colour)
    }

    /// The SVG back end divides by 1.24, the ratio of a line's height to the em that plotters assumes.
    fn size(&self) -> f64 {
        self.size * UNITS as f64 * 1.24
    }

    fn transform(&self) -> FontTransform {
        if self.upright { FontTransform::Rotate270 } else { FontTransform::None }
    }

    fn style(&self) -> FontStyle {
        FontStyle::Normal
    }

    fn anchor(&self) -> Pos {
        let across = match self.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        Pos::new(across, VPos::Center)
    }

    fn family(&self) -> FontFamily<'_> {
        FontFamily::Name(font::FAMILIES)
    }

    /// A box without height at the text's middle line, so that vertical centring moves nothing.
    fn layout_box(&self, text: &str) -> Result<((i32, i32), (i32, i32)), Self::FontError> {
        Ok(((0, 0), (font::width(text, self.size * UNITS as f64).round() as i32, 0)))
    }

    fn draw<E, D: FnMut(i32, i32, BackendColor) -> Result<(), E>>(
        &self,
        text: &str,
        (x, y): BackendCoord,
        mut draw: D,
    ) -> Result<Result<(), E>, Self::FontError> {
        let size = self.size * UNITS as f64;
        let baseline = y + (size * font::HALF_X_HEIGHT).round() as i32;
        Ok(font::pixels(text, size, |dx, dy, coverage| {
            draw(x + dx, baseline + dy, ink(self.colour).mix(f64::from(coverage)))
        }))
    }
}
