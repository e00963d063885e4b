//! The bar beside a figure that says what its colours mean.

use super::SMALL;
use super::colour::{AXIS, Colour, INK};
use super::frame::Area;
use super::scene::{Anchor, Scene};

const WIDTH: f64 = 14.0;
const SLICES: usize = 100;

/// Draws a bar from the top to the bottom of `area`, `gap` pixels right of it, with ticks at shares of its height. `fill`
/// gives the colour of a share. The right edge of the bar comes back.
pub(super) fn draw<T: AsRef<str>>(
    scene: &mut Scene,
    area: Area,
    gap: f64,
    fill: impl Fn(f64) -> Colour,
    ticks: &[(f64, T)],
) -> f64 {
    let left = area.right + gap;
    let right = left + WIDTH;
    for i in (0..SLICES).rev() {
        let top = area.y((i + 1) as f64 / SLICES as f64);
        // Every slice reaches down to the foot: viewers show seams between rectangles that only touch.
        scene.rect((left, top), (right, area.bottom), fill((i as f64 + 0.5) / SLICES as f64));
    }
    for (share, text) in ticks {
        let y = area.y(*share);
        scene.line((right, y), (right + 4.0, y), AXIS, 1.0);
        scene.text((right + 7.0, y), text.as_ref(), SMALL, Anchor::Start, INK);
    }
    right
}
