//! Counts of points in hexagons (Carr et al., 1987, "Scatterplot matrix techniques for large N").

use std::collections::BTreeMap;

use super::frame::Point;

/// A hexagon with at least one point in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bin {
    pub centre: Point,
    pub count: usize,
}

/// Sorts points into hexagons of this radius (centre to corner) that stand on a corner; every point is in exactly one, the
/// one whose centre is nearest.
pub(super) fn bins(points: &[Point], radius: f64) -> Vec<Bin> {
    let mut counts: BTreeMap<(i64, i64), usize> = BTreeMap::new();
    for point in points {
        *counts.entry(nearest(*point, radius)).or_default() += 1;
    }
    counts.into_iter().map(|(cell, count)| Bin { centre: centre(cell, radius), count }).collect()
}

/// Corners of a hexagon.
pub(super) fn corners((x, y): Point, radius: f64) -> Vec<Point> {
    let corner = |i: i32| {
        let angle = f64::from(2 * i + 1) * std::f64::consts::PI / 6.0;
        (x + radius * angle.cos(), y + radius * angle.sin())
    };
    (0..6).map(corner).collect()
}

/// Distances between columns and between rows of centres.
fn pitch(radius: f64) -> (f64, f64) {
    (radius * 3_f64.sqrt(), radius * 1.5)
}

/// Odd rows are moved by half a column.
fn centre((column, row): (i64, i64), radius: f64) -> Point {
    let (dx, dy) = pitch(radius);
    ((column as f64 + (row & 1) as f64 / 2.0) * dx, row as f64 * dy)
}

/// The cell with the nearest centre: it lies in the row at the point's height or in the row above or below.
fn nearest((x, y): Point, radius: f64) -> (i64, i64) {
    let (dx, dy) = pitch(radius);
    let row = (y / dy).round() as i64;
    let cell = |row: i64| ((x / dx - (row & 1) as f64 / 2.0).round() as i64, row);
    let distance = |cell: (i64, i64)| {
        let (cx, cy) = centre(cell, radius);
        (cx - x).powi(2) + (cy - y).powi(2)
    };
    [row - 1, row, row + 1]
        .map(cell)
        .into_iter()
        .min_by(|a, b| distance(*a).total_cmp(&distance(*b)))
        .expect("three rows")
}
