//! Pictures with heat laid over them: rows of images, a column for each network.

use plotters::prelude::{Color, RGBColor, Rectangle};

use super::colour::{AXIS, GREY, INK, luminance, viridis};
use super::frame::{Page, Plot, Sides, at, stroke};
use super::scene::Scene;
use super::{LEADING, Labels, PlotError, SMALL, TEXT, all_finite, at_most, colour_bar, font, label};

const FIGURE: &str = "class activation maps";
/// Side of a picture, in pixels of the figure.
const SIDE: f64 = 148.0;
const GAP: f64 = 14.0;
/// Lines of a column's name.
const LINES: usize = 3;
/// Pixels of a picture's side: each becomes a rectangle.
pub const MOST_PIXELS: usize = 128;
const MOST: usize = 12;
/// Share of the heat in the colour of a pixel; the rest is the picture in grey.
const HEAT: f64 = 0.6;

/// One picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Height and width in its own pixels.
    pub size: [usize; 2],
    /// Red, green, blue; row by row.
    pub pixels: Vec<[u8; 3]>,
    /// 0..=1 for each pixel, drawn over the picture.
    pub heat: Option<Vec<f64>>,
    /// Below the picture.
    pub note: String,
}

/// Pictures of one image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PictureRow {
    pub label: String,
    /// One for each column.
    pub pictures: Vec<Picture>,
}

/// Rows and columns of pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pictures {
    pub labels: Labels,
    pub columns: Vec<String>,
    pub rows: Vec<PictureRow>,
    /// What the heat is, at its colour bar.
    pub what: String,
}

impl Pictures {
    /// Draws the figure, in the order given.
    ///
    /// # Errors
    /// Nothing to draw, too much of it, or pictures of the wrong size.
    pub fn draw(&self) -> Result<Scene, PlotError> {
        self.check()?;
        let widest = self.rows.iter().map(|r| font::width(&label::name(&r.label), TEXT)).fold(0.0, f64::max);
        let above = LINES as f64 * TEXT * LEADING + 4.0;
        let sides = Sides { left: widest + 10.0, right: colour_bar::ROOM, above, below: 4.0 };
        let (columns, rows) = (self.columns.len() as f64, self.rows.len() as f64);
        let step = (SIDE + GAP, SIDE + GAP + SMALL * LEADING);
        let page = Page::new(&self.labels, (columns * step.0 - GAP, rows * step.1 - GAP), sides)?;
        let left = |column: usize| page.plot.left + column as f64 * step.0;
        for (j, name) in self.columns.iter().enumerate() {
            write_above(&page, left(j) + SIDE / 2.0, name)?;
        }
        for (i, row) in self.rows.iter().enumerate() {
            let top = page.plot.top + i as f64 * step.1;
            let middle = (page.plot.left - 8.0, top + SIDE / 2.0);
            page.write(middle, &label::name(&row.label), &font::right(TEXT, INK))?;
            for (j, picture) in row.pictures.iter().enumerate() {
                draw_picture(&page, (left(j), top), picture)?;
            }
        }
        if self.rows.iter().flat_map(|r| &r.pictures).any(|p| p.heat.is_some()) {
            let bar = Plot { bottom: page.plot.top + SIDE, ..page.plot };
            let what = font::fit(&label::sentence(&self.what), SMALL, SIDE);
            colour_bar::draw(&page, bar, viridis, &[(0.0, "0"), (0.5, "½"), (1.0, "1")], &what)?;
        }
        Ok(page.into_scene())
    }

    fn check(&self) -> Result<(), PlotError> {
        if self.rows.is_empty() || self.columns.is_empty() {
            return Err(PlotError::Empty { figure: FIGURE, what: "image" });
        }
        at_most(FIGURE, "images", self.rows.len(), MOST)?;
        at_most(FIGURE, "networks", self.columns.len(), MOST)?;
        let shape = |what: &str, found, expected| match found == expected {
            true => Ok(()),
            false => Err(PlotError::Shape { figure: FIGURE, what: what.to_owned(), found, expected }),
        };
        for row in &self.rows {
            shape("a row", row.pictures.len(), self.columns.len())?;
            for picture in &row.pictures {
                let [height, width] = picture.size;
                at_most(FIGURE, "pixels on a side", height.max(width), MOST_PIXELS)?;
                shape("a picture", picture.pixels.len(), height * width)?;
                shape("the heat", picture.heat.as_ref().map_or(height * width, Vec::len), height * width)?;
                all_finite(FIGURE, picture.heat.iter().flatten().copied())?;
            }
        }
        Ok(())
    }
}

/// A column's name in up to [`LINES`] lines above its pictures.
fn write_above(page: &Page, middle: f64, name: &str) -> Result<(), PlotError> {
    let mut lines = font::wrap(&label::sentence(name), TEXT, SIDE);
    if lines.len() > LINES {
        lines.truncate(LINES);
        lines[LINES - 1] = font::fit(&format!("{}…", lines[LINES - 1]), TEXT, SIDE);
    }
    for (k, line) in lines.iter().rev().enumerate() {
        let y = page.plot.top - 6.0 - (k as f64 + 0.5) * TEXT * LEADING;
        page.write((middle, y), line, &font::centred(TEXT, INK))?;
    }
    Ok(())
}

fn draw_picture(page: &Page, (left, top): (f64, f64), picture: &Picture) -> Result<(), PlotError> {
    let [height, width] = picture.size;
    let scale = SIDE / height.max(width).max(1) as f64;
    let (right, bottom) = (left + width as f64 * scale, top + height as f64 * scale);
    for (y, row) in picture.pixels.chunks(width.max(1)).enumerate() {
        for (x, pixel) in row.iter().enumerate() {
            let heat = picture.heat.as_ref().map(|heat| heat[y * width + x]);
            let from = (left + x as f64 * scale, top + y as f64 * scale);
            // Into the next pixels, which are drawn later: viewers show seams between rectangles that only touch.
            let to = ((from.0 + 2.0 * scale).min(right), (from.1 + 2.0 * scale).min(bottom));
            let fill = colour(*pixel, heat).filled();
            page.paper.draw(&Rectangle::new([at(from), at(to)], fill))?;
        }
    }
    page.paper.draw(&Rectangle::new([at((left, top)), at((right, bottom))], stroke(AXIS, 1.0)))?;
    let note = font::fit(&label::sentence(&picture.note), SMALL, SIDE);
    let below = (left + SIDE / 2.0, top + SIDE + 2.0 + SMALL * LEADING / 2.0);
    page.write(below, &note, &font::centred(SMALL, GREY))
}

/// The pixel, or the heat over the pixel in grey.
fn colour([red, green, blue]: [u8; 3], heat: Option<f64>) -> RGBColor {
    let own = RGBColor(red, green, blue);
    let Some(heat) = heat else { return own };
    let (grey, over) = (luminance(own) * 255.0, viridis(heat));
    let mix = |over: u8| (HEAT * f64::from(over) + (1.0 - HEAT) * grey).round() as u8;
    RGBColor(mix(over.0), mix(over.1), mix(over.2))
}
