//! Proxy against proxy: correlations as colours with their numbers.

use super::colour::{AXIS, Colour, GREY, INK, WHITE, diverging};
use super::frame::{self, Area, Sides};
use super::scene::{Anchor, Scene};
use super::{Labels, MOST_ENTRIES, PlotError, SMALL, TEXT, at_most, font, label};

const FIGURE: &str = "heat map";
const CELL: (f64, f64) = (34.0, 25.0);
const NUMBER: f64 = 10.0;
const BAR_WIDTH: f64 = 14.0;

/// A square matrix of correlations, -1 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatMap {
    pub labels: Labels,
    /// What the numbers are (`Kendall tau-b`).
    pub what: String,
    pub names: Vec<String>,
    /// Row by row; `None` where the correlation is undefined.
    pub values: Vec<Vec<Option<f64>>>,
}

impl HeatMap {
    /// Lays the figure out, names in the order given.
    ///
    /// # Errors
    /// No names, too many, a matrix that is not square, or numbers outside -1 to 1.
    pub fn draw(&self) -> Result<Scene, PlotError> {
        self.check()?;
        let names: Vec<String> = self.names.iter().map(|n| label::name(n)).collect();
        let widest = names.iter().map(|n| font::width(n, TEXT)).fold(0.0, f64::max);
        let n = names.len() as f64;
        let sides = Sides { left: widest + 8.0, right: 74.0, above: 2.0, below: widest + 12.0 };
        let (mut scene, area) = frame::frame(&self.labels, n * CELL.0, n * CELL.1, sides);
        for (i, name) in names.iter().enumerate() {
            let (x, y) = (area.left + (i as f64 + 0.5) * CELL.0, area.top + (i as f64 + 0.5) * CELL.1);
            scene.text((area.left - 6.0, y), name, TEXT, Anchor::End, INK);
            scene.upright_text((x, area.bottom + 6.0), name, TEXT, Anchor::End, INK);
        }
        for (i, row) in self.values.iter().enumerate() {
            for (j, value) in row.iter().enumerate() {
                draw_cell(&mut scene, area, (i, j), *value);
            }
        }
        draw_bar(&mut scene, area, sides.below, &self.what);
        Ok(scene)
    }

    fn check(&self) -> Result<(), PlotError> {
        let n = self.names.len();
        if n == 0 {
            return Err(PlotError::Empty { figure: FIGURE, what: "proxy" });
        }
        at_most(FIGURE, "proxies", n, MOST_ENTRIES)?;
        let rows = std::iter::once(("the matrix".to_string(), self.values.len()));
        let rows =
            rows.chain(self.values.iter().enumerate().map(|(i, r)| (format!("row {}", i + 1), r.len())));
        if let Some((what, found)) = rows.into_iter().find(|(_, length)| *length != n) {
            return Err(PlotError::Shape { figure: FIGURE, what, found, expected: n });
        }
        // A hair beyond 1 is rounding; anything else is no correlation.
        let strange = self.values.iter().flatten().flatten().filter(|v| v.is_nan() || v.abs() > 1.0 + 1e-9);
        match strange.clone().next() {
            Some(_) => Err(PlotError::NotCorrelation { figure: FIGURE, count: strange.count() }),
            None => Ok(()),
        }
    }
}

fn draw_cell(scene: &mut Scene, area: Area, (row, column): (usize, usize), value: Option<f64>) {
    let from = (area.left + column as f64 * CELL.0, area.top + row as f64 * CELL.1);
    let to = (from.0 + CELL.0, from.1 + CELL.1);
    let fill = value.map_or(Colour::new(0xd9_d9_d9), diverging);
    scene.rect((from.0 + 0.5, from.1 + 0.5), (to.0 - 0.5, to.1 - 0.5), fill);
    let text = value.map_or("–".to_string(), label::correlation);
    let colour = if fill.luminance() < 0.5 { WHITE } else { INK };
    let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
    scene.text(middle, &text, NUMBER, Anchor::Middle, colour);
}

/// The colour bar, as high as the matrix within bounds, with its label from the top downwards.
fn draw_bar(scene: &mut Scene, area: Area, room_below: f64, what: &str) {
    let bar = Area { bottom: area.top + area.height().clamp(60.0, 300.0), ..area };
    let left = area.right + 14.0;
    let slices = 100;
    for i in (0..slices).rev() {
        let (low, high) = (bar.bottom, bar.y((i + 1) as f64 / slices as f64));
        let value = (i as f64 + 0.5) / slices as f64 * 2.0 - 1.0;
        // Down to the foot: viewers show seams between rectangles that only touch.
        scene.rect((left, high), (left + BAR_WIDTH, low), diverging(value));
    }
    for (value, text) in [(-1.0, "−1"), (-0.5, "−.5"), (0.0, "0"), (0.5, ".5"), (1.0, "1")] {
        let y = bar.y((value + 1.0) / 2.0);
        scene.line((left + BAR_WIDTH, y), (left + BAR_WIDTH + 4.0, y), AXIS, 1.0);
        scene.text((left + BAR_WIDTH + 7.0, y), text, SMALL, Anchor::Start, INK);
    }
    let what = font::fit(&label::sentence(what), SMALL, area.height() + room_below);
    scene.upright_text((left + BAR_WIDTH + 40.0, area.top), &what, SMALL, Anchor::End, GREY);
}
