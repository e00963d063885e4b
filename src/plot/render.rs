//! From a [`Scene`] to SVG and PNG, with the two back ends of plotters.
//!
//! An SVG file keeps the precision of units through its `viewBox`. The bitmap back end does not smooth edges, so a PNG is
//! drawn with a point for each unit and averaged down to [`DENSITY`] image points per pixel.

use std::convert::Infallible;

use plotters::backend::{BitMapBackend, SVGBackend};
use plotters::style::text_anchor::{Pos, VPos};
use plotters_backend::{
    BackendColor, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontFamily, FontTransform,
};

use super::font;
use super::scene::{Place, Scene, Shape, Text, UNITS};

/// Image points per pixel, along one side.
const DENSITY: u32 = 2;

/// A scene as an SVG document. Text stays text, in the fonts of `font::FAMILIES`.
pub fn svg(scene: &Scene) -> String {
    let (width, height) = scene.get_size();
    let mut document = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut document, (width, height));
        draw(scene, &mut backend);
        backend.present().expect("writing to memory cannot fail");
    }
    let shown = format!("width=\"{}\" height=\"{}\"", scene.width, scene.height);
    document.replacen(&format!("width=\"{width}\" height=\"{height}\""), &shown, 1)
}

/// A scene as a PNG file of twice as many image points as the scene has pixels.
pub fn png(scene: &Scene) -> Vec<u8> {
    let (width, height) = scene.get_size();
    let mut points = vec![255; width as usize * height as usize * 3];
    {
        let mut backend = BitMapBackend::with_buffer(&mut points, (width, height));
        draw(scene, &mut backend);
        backend.present().expect("writing to memory cannot fail");
    }
    let step = UNITS as usize / DENSITY as usize;
    encode(&average(&points, width as usize, step), scene.width * DENSITY, scene.height * DENSITY)
}

/// Rows of RGB pixels as a PNG file. Flat areas, which most of a figure is, are small without a filter.
fn encode(rgb: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut file = vec![];
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_filter(png::Filter::NoFilter);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(rgb));
    written.expect("writing to memory cannot fail");
    file
}

/// Means of squares of `step` x `step` RGB pixels.
fn average(pixels: &[u8], width: usize, step: usize) -> Vec<u8> {
    let count = (step * step) as u32;
    let mean = |band: &[u8], left: usize, channel: usize| {
        let squares = (0..step).flat_map(|y| (left..left + step).map(move |x| (y * width + x) * 3 + channel));
        ((squares.map(|place| u32::from(band[place])).sum::<u32>() + count / 2) / count) as u8
    };
    let pixel = |band, x| [0, 1, 2].map(|channel| mean(band, x * step, channel));
    let bands = pixels.chunks_exact(width * 3 * step);
    bands.flat_map(|band| (0..width / step).flat_map(move |x| pixel(band, x))).collect()
}

/// Draws all shapes. Neither back end can fail before `present`: both write to memory.
fn draw<B: DrawingBackend>(scene: &Scene, backend: &mut B) {
    for shape in &scene.shapes {
        draw_shape(shape, backend).expect("drawing in memory cannot fail");
    }
}

fn draw_shape<B: DrawingBackend>(
    shape: &Shape,
    backend: &mut B,
) -> Result<(), DrawingErrorKind<B::ErrorType>> {
    match shape {
        Shape::Rect { from, to, fill } => backend.draw_rect(*from, *to, fill, true),
        Shape::Polygon { points, fill } => backend.fill_polygon(points.iter().copied(), fill),
        Shape::Disc { centre, radius, fill } => backend.draw_circle(*centre, *radius, fill, true),
        Shape::Line { points, stroke } => backend.draw_path(points.iter().copied(), stroke),
        Shape::Text(text) => backend.draw_text(&text.text, text, text.at),
    }
}

impl BackendTextStyle for Text {
    type FontError = Infallible;

    fn color(&self) -> BackendColor {
        self.colour
    }

    fn size(&self) -> f64 {
        self.size * font::LINE
    }

    fn transform(&self) -> FontTransform {
        if self.upright { FontTransform::Rotate270 } else { FontTransform::None }
    }

    fn anchor(&self) -> Pos {
        Pos::new(self.anchor, VPos::Center)
    }

    fn family(&self) -> FontFamily<'_> {
        FontFamily::Name(font::FAMILIES)
    }

    /// A box without height at the text's middle line, so that vertical centring moves nothing.
    fn layout_box(&self, text: &str) -> Result<(Place, Place), Self::FontError> {
        Ok(((0, 0), (font::width(text, self.size).round() as i32, 0)))
    }

    fn draw<E, D: FnMut(i32, i32, BackendColor) -> Result<(), E>>(
        &self,
        text: &str,
        (x, y): Place,
        mut draw: D,
    ) -> Result<Result<(), E>, Self::FontError> {
        let baseline = y + (self.size * font::HALF_X_HEIGHT).round() as i32;
        Ok(font::pixels(text, self.size, |dx, dy, coverage| {
            draw(x + dx, baseline + dy, self.colour.mix(f64::from(coverage)))
        }))
    }
}
