//! Maps of another size: framed with zeros, cut, or resized to their nearest pixels.

use super::map::Map;
use crate::engine::resize::{Frame, nearest};
use crate::simd::Lanes;

/// Zeros around each channel, `[vertical, horizontal]`; negative numbers take pixels away.
pub fn pad<L: Lanes>(l: L, x: &Map<L::T>, before: [isize; 2], after: [isize; 2]) -> Map<L::T> {
    let [h, w] = x.size();
    let [rows, columns] = Frame::of(before, after, [h, w]);
    x.by_planes(l, [rows.size, columns.size], |plane, out| {
        let lines = plane.chunks_exact(w).skip(rows.from.start).take(rows.from.len());
        for (line, out) in lines.zip(out.chunks_exact_mut(columns.size).skip(rows.to.start)) {
            out[columns.to.clone()].copy_from_slice(&line[columns.from.clone()]);
        }
    })
}

/// The map in `size` pixels.
pub fn nearest_forward<L: Lanes>(l: L, x: &Map<L::T>, size: [usize; 2]) -> Map<L::T> {
    let [h, w] = x.size();
    x.by_planes(l, size, |plane, out| {
        for (row, out) in nearest(h, size[0]).zip(out.chunks_exact_mut(size[1])) {
            out.iter_mut().zip(nearest(w, size[1])).for_each(|(out, column)| *out = plane[row * w + column]);
        }
    })
}

/// Gradient of the input of [`nearest_forward`], which had `size` pixels.
pub fn nearest_backward<L: Lanes>(l: L, dy: &Map<L::T>, size: [usize; 2]) -> Map<L::T> {
    let [h, w] = dy.size();
    dy.by_planes(l, size, |plane, out| {
        for (row, line) in nearest(size[0], h).zip(plane.chunks_exact(w)) {
            for (column, dy) in nearest(size[1], w).zip(line) {
                let dx = &mut out[row * size[1] + column];
                l.store(l.add(l.load(dx), l.load(dy)), dx);
            }
        }
    })
}
