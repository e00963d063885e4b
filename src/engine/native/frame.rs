//! Frames of zeros around maps, and cut maps.

use super::lanes::Lanes;
use super::map::Map;
use super::memory::Buffer;
use crate::engine::frame::Frame;
use crate::graph::Shape;

/// Zeros around each channel, `[vertical, horizontal]`; negative numbers take pixels away.
pub fn pad<L: Lanes>(l: L, x: &Map<L::T>, before: [isize; 2], after: [isize; 2]) -> Map<L::T> {
    let [h, w] = x.size();
    let [rows, columns] = [(0, h), (1, w)].map(|(axis, size)| Frame::of(before[axis], after[axis], size));
    let shape = Shape::map(x.channels(), rows.size, columns.size);
    if x.is_zero() {
        return Map::zeros(x.n, shape);
    }
    x.settle(l);
    let (data, _) = x.data(l);
    let mut out = Buffer::zeroed(x.n * x.planes() * shape.pixels());
    for (plane, out) in data.chunks_exact(h * w).zip(out.chunks_exact_mut(shape.pixels())) {
        let lines = plane
            .chunks_exact(w)
            .skip(rows.from.start)
            .zip(out.chunks_exact_mut(columns.size).skip(rows.to.start));
        for (line, out) in lines.take(rows.from.len()) {
            out[columns.to.clone()].copy_from_slice(&line[columns.from.clone()]);
        }
    }
    Map::stored(x.n, shape, out, None)
}
