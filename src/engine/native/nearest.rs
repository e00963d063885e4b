//! Maps resized to their nearest pixels, and back.

use super::lanes::Lanes;
use super::map::Map;
use crate::engine::nearest::sources;

/// The map in `size` pixels.
pub fn forward<L: Lanes>(l: L, x: &Map<L::T>, size: [usize; 2]) -> Map<L::T> {
    let [h, w] = x.size();
    x.by_planes(l, size, |plane, out| {
        for (row, out) in sources(h, size[0]).zip(out.chunks_exact_mut(size[1])) {
            out.iter_mut().zip(sources(w, size[1])).for_each(|(out, column)| *out = plane[row * w + column]);
        }
    })
}

/// Gradient of the input, which had `size` pixels.
pub fn backward<L: Lanes>(l: L, dy: &Map<L::T>, size: [usize; 2]) -> Map<L::T> {
    let [h, w] = dy.size();
    dy.by_planes(l, size, |plane, out| {
        for (row, line) in sources(size[0], h).zip(plane.chunks_exact(w)) {
            for (column, dy) in sources(size[1], w).zip(line) {
                let dx = &mut out[row * size[1] + column];
                l.store(l.add(l.load(dx), l.load(dy)), dx);
            }
        }
    })
}
