//! Frames of zeros around maps, and cut maps.

use super::lanes::Lanes;
use super::map::Map;
use crate::engine::frame::Frame;

/// Zeros around each channel, `[vertical, horizontal]`; negative numbers take pixels away.
pub fn pad<L: Lanes>(l: L, x: &Map<L::T>, before: [isize; 2], after: [isize; 2]) -> Map<L::T> {
    let [h, w] = x.size();
    let [rows, columns] = [(0, h), (1, w)].map(|(axis, size)| Frame::of(before[axis], after[axis], size));
    x.by_planes(l, [rows.size, columns.size], |plane, out| {
        let lines = plane
            .chunks_exact(w)
            .skip(rows.from.start)
            .zip(out.chunks_exact_mut(columns.size).skip(rows.to.start));
        for (line, out) in lines.take(rows.from.len()) {
            out[columns.to.clone()].copy_from_slice(&line[columns.from.clone()]);
        }
    })
}
