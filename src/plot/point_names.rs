//! Names beside points, placed where they cover nothing.

use super::colour::{AXIS, INK};
use super::frame::Area;
use super::scene::{Anchor, Point, Scene};
use super::{TEXT, font, label};

/// Writes each name at the first free place around its point, further out if need be, with a line to the point.
pub(super) fn draw(scene: &mut Scene, area: Area, points: &[Point], names: &[String]) {
    let radius = 5.0;
    let mut taken: Vec<(Point, Point)> =
        points.iter().map(|(x, y)| ((x - radius, y - radius), (x + radius, y + radius))).collect();
    for (point, name) in points.iter().zip(names) {
        let name = label::name(name);
        let width = font::width(&name, TEXT);
        let places = (0..40).flat_map(|ring| around(*point, width, 9.0 + 7.0 * f64::from(ring)));
        let free = |(x, y): &Point| {
            let (from, to) = ((*x, y - TEXT / 2.0), (x + width, y + TEXT / 2.0));
            let inside =
                from.0 >= area.left && to.0 <= area.right && from.1 >= area.top && to.1 <= area.bottom;
            inside
                && taken.iter().all(|t| t.0.0 >= to.0 || t.1.0 <= from.0 || t.0.1 >= to.1 || t.1.1 <= from.1)
        };
        let Some((x, y)) = places.into_iter().find(free) else { continue };
        let nearest = (point.0.clamp(x, x + width), point.1.clamp(y - TEXT / 2.0, y + TEXT / 2.0));
        if (nearest.0 - point.0).hypot(nearest.1 - point.1) > 14.0 {
            scene.line(*point, nearest, AXIS, 0.75);
        }
        scene.text((x, y), &name, TEXT, Anchor::Start, INK);
        taken.push(((x, y - TEXT / 2.0), (x + width, y + TEXT / 2.0)));
    }
}

/// Where a name of this width may begin, at a distance from its point: right, left, above, below, then the corners.
fn around((x, y): Point, width: f64, distance: f64) -> [Point; 8] {
    let (right, left, middle) = (x + distance, x - distance - width, x - width / 2.0);
    let (above, below) = (y - distance - 3.0, y + distance + 3.0);
    [
        (right, y),
        (left, y),
        (middle, above),
        (middle, below),
        (right, above),
        (right, below),
        (left, above),
        (left, below),
    ]
}
