//! Names beside points, placed where they cover nothing.

use plotters::prelude::PathElement;

use super::colour::{AXIS, INK};
use super::frame::{Page, Plot, Point, at, stroke};
use super::{PlotError, TEXT, font, label};

/// Writes the names near their points, with a line to the point where it is not close. A name without a place is left out.
pub(super) fn draw(page: &Page, points: &[Point], names: &[String]) -> Result<(), PlotError> {
    let names: Vec<String> = names.iter().map(|name| label::name(name)).collect();
    let widths: Vec<f64> = names.iter().map(|name| font::width(name, TEXT)).collect();
    let places = places(page.plot, points, &widths);
    for (((point, name), width), place) in points.iter().zip(&names).zip(widths).zip(places) {
        let Some((x, y)) = place else { continue };
        let nearest = (point.0.clamp(x, x + width), point.1.clamp(y - TEXT / 2.0, y + TEXT / 2.0));
        if (nearest.0 - point.0).hypot(nearest.1 - point.1) > 14.0 {
            page.paper.draw(&PathElement::new([at(*point), at(nearest)], stroke(AXIS, 0.75)))?;
        }
        page.write((x, y), name, &font::left(TEXT, INK))?;
    }
    Ok(())
}

/// The first free place around each point: all names that have one close by get it before others look further out.
fn places(plot: Plot, points: &[Point], widths: &[f64]) -> Vec<Option<Point>> {
    let around_points = points.iter().map(|(x, y)| ((x - 5.0, y - 5.0), (x + 5.0, y + 5.0)));
    let mut taken: Vec<(Point, Point)> = around_points.collect();
    let mut places = vec![None; points.len().min(widths.len())];
    for distance in (0..40).map(|ring| 9.0 + 7.0 * f64::from(ring)) {
        for ((place, point), width) in places.iter_mut().zip(points).zip(widths) {
            let room = |(x, y): Point| ((x, y - TEXT / 2.0), (x + width, y + TEXT / 2.0));
            let free = |at: &Point| {
                let (from, to) = room(*at);
                let inside =
                    from.0 >= plot.left && to.0 <= plot.right && from.1 >= plot.top && to.1 <= plot.bottom;
                inside
                    && taken.iter().all(|(a, b)| a.0 >= to.0 || b.0 <= from.0 || a.1 >= to.1 || b.1 <= from.1)
            };
            if place.is_none() {
                *place = around(*point, *width, distance).into_iter().find(free);
                taken.extend(place.map(room));
            }
        }
    }
    places
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
