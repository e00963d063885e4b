//! Pictures with heat laid over them: rows of images, a column for each network.

use super::colour::{AXIS, Colour, GREY, INK, viridis};
use super::frame::{self, Area, Sides};
use super::scene::{Anchor, Scene};
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
    /// Lays the figure out, in the order given.
    ///
    /// # Errors
    /// Nothing to draw, too much of it, or pictures of the wrong size.
    pub fn draw(&self) -> Result<Scene, PlotError> {
        self.check()?;
        let widest = self.rows.iter().map(|r| font::width(&label::name(&r.label), TEXT)).fold(0.0, f64::max);
        let above = LINES as f64 * TEXT * LEADING + 4.0;
        let sides = Sides { left: widest + 10.0, right: 76.0, above, below: 4.0 };
        let (columns, rows) = (self.columns.len() as f64, self.rows.len() as f64);
        let step = (SIDE + GAP, SIDE + GAP + SMALL * LEADING);
        let (mut scene, area) =
            frame::frame(&self.labels, columns * step.0 - GAP, rows * step.1 - GAP, sides);
        for (j, name) in self.columns.iter().enumerate() {
            let middle = area.left + j as f64 * step.0 + SIDE / 2.0;
            let mut lines = font::wrap(&label::sentence(name), TEXT, SIDE);
            if lines.len() > LINES {
                lines.truncate(LINES);
                lines[LINES - 1] = font::fit(&format!("{}…", lines[LINES - 1]), TEXT, SIDE);
            }
            for (k, line) in lines.iter().rev().enumerate() {
                let y = area.top - 6.0 - (k as f64 + 0.5) * TEXT * LEADING;
                scene.text((middle, y), line, TEXT, Anchor::Middle, INK);
            }
        }
        for (i, row) in self.rows.iter().enumerate() {
            let top = area.top + i as f64 * step.1;
            let name = label::name(&row.label);
            scene.text((area.left - 8.0, top + SIDE / 2.0), &name, TEXT, Anchor::End, INK);
            for (j, picture) in row.pictures.iter().enumerate() {
                draw_picture(&mut scene, (area.left + j as f64 * step.0, top), picture);
            }
        }
        if self.rows.iter().flat_map(|r| &r.pictures).any(|p| p.heat.is_some()) {
            draw_bar(&mut scene, area, &self.what);
        }
        Ok(scene)
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

fn draw_picture(scene: &mut Scene, (left, top): (f64, f64), picture: &Picture) {
    let [height, width] = picture.size;
    let scale = SIDE / height.max(width).max(1) as f64;
    let (right, bottom) = (left + width as f64 * scale, top + height as f64 * scale);
    for (y, row) in picture.pixels.chunks(width.max(1)).enumerate() {
        for (x, pixel) in row.iter().enumerate() {
            let heat = picture.heat.as_ref().map(|heat| heat[y * width + x]);
            let from = (left + x as f64 * scale, top + y as f64 * scale);
            // Into the next pixels, which are drawn later: viewers show seams between rectangles that only touch.
            let to = ((from.0 + 2.0 * scale).min(right), (from.1 + 2.0 * scale).min(bottom));
            scene.rect(from, to, colour(*pixel, heat));
        }
    }
    scene.outline((left, top), (right, bottom), AXIS, 1.0);
    let note = font::fit(&label::sentence(&picture.note), SMALL, SIDE);
    scene.text(
        (left + SIDE / 2.0, top + SIDE + 2.0 + SMALL * LEADING / 2.0),
        &note,
        SMALL,
        Anchor::Middle,
        GREY,
    );
}

/// The pixel, or the heat over the pixel in grey.
fn colour([red, green, blue]: [u8; 3], heat: Option<f64>) -> Colour {
    let own = Colour { red, green, blue, alpha: 1.0 };
    let Some(heat) = heat else { return own };
    let (grey, over) = (own.luminance() * 255.0, viridis(heat));
    let mix = |over: u8| (HEAT * f64::from(over) + (1.0 - HEAT) * grey).round() as u8;
    Colour { red: mix(over.red), green: mix(over.green), blue: mix(over.blue), alpha: 1.0 }
}

/// The colour bar of the heat, with its label from the top downwards.
fn draw_bar(scene: &mut Scene, area: Area, what: &str) {
    let bar = Area { bottom: area.top + SIDE, ..area };
    let right = colour_bar::draw(scene, bar, 16.0, viridis, &[(0.0, "0"), (0.5, "½"), (1.0, "1")]);
    let what = font::fit(&label::sentence(what), SMALL, SIDE);
    scene.upright_text((right + 36.0, bar.top), &what, SMALL, Anchor::End, GREY);
}
