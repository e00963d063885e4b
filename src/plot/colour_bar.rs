//! The bar beside a chart that says what its colours mean.

use plotters::prelude::{Color, PathElement, RGBColor, Rectangle};

use super::colour::{AXIS, GREY, INK};
use super::frame::{Page, Plot, at, stroke};
use super::{PlotError, SMALL, font};

/// Room that a bar needs at the right of a chart, in pixels.
pub(super) const ROOM: f64 = 86.0;
/// Between the chart and the bar.
const GAP: f64 = 14.0;
const WIDTH: f64 = 14.0;
const SLICES: usize = 100;

/// Draws a bar from the top to the bottom of `beside` and at the right of it, with ticks at shares of its height and a label
/// from its top downwards. `fill` gives the colour of a share.
pub(super) fn draw<T: AsRef<str>>(
    page: &Page,
    beside: Plot,
    fill: impl Fn(f64) -> RGBColor,
    ticks: &[(f64, T)],
    label: &str,
) -> Result<(), PlotError> {
    let (left, right) = (beside.right + GAP, beside.right + GAP + WIDTH);
    let y = |share: f64| beside.bottom - share * (beside.bottom - beside.top);
    for i in (0..SLICES).rev() {
        let top = y((i + 1) as f64 / SLICES as f64);
        let colour = fill((i as f64 + 0.5) / SLICES as f64);
        // Every slice reaches down to the foot: viewers show seams between rectangles that only touch.
        page.paper.draw(&Rectangle::new([at((left, top)), at((right, beside.bottom))], colour.filled()))?;
    }
    for (share, text) in ticks {
        let (y, text) = (y(*share), text.as_ref());
        page.paper.draw(&PathElement::new([at((right, y)), at((right + 4.0, y))], stroke(AXIS, 1.0)))?;
        page.write((right + 7.0, y), text, &font::left(SMALL, INK))?;
    }
    let widest = ticks.iter().map(|(_, text)| font::width(text.as_ref(), SMALL)).fold(0.0, f64::max);
    page.write((right + 7.0 + widest + SMALL, beside.top), label, &font::upright(SMALL, GREY))
}
