//! Maps resized to their nearest pixels, and back.

use super::lanes::Lanes;
use super::map::Map;
use super::memory::Buffer;
use crate::engine::nearest::sources;
use crate::graph::Shape;

/// The map in `size` pixels.
pub fn forward<L: Lanes>(l: L, x: &Map<L::T>, size: [usize; 2]) -> Map<L::T> {
    let ([h, w], shape) = (x.size(), Shape::map(x.channels(), size[0], size[1]));
    if x.is_zero() {
        return Map::zeros(x.n, shape);
    }
    x.settle(l);
    let (data, _) = x.data(l);
    let mut out = Buffer::zeroed(x.n * x.planes() * shape.pixels());
    for (plane, out) in data.chunks_exact(h * w).zip(out.chunks_exact_mut(shape.pixels())) {
        for (row, out) in sources(h, size[0]).zip(out.chunks_exact_mut(size[1])) {
            out.iter_mut().zip(sources(w, size[1])).for_each(|(out, column)| *out = plane[row * w + column]);
        }
    }
    Map::stored(x.n, shape, out, None)
}

/// Gradient of the input, which had `size` pixels.
pub fn backward<L: Lanes>(l: L, dy: &Map<L::T>, size: [usize; 2]) -> Map<L::T> {
    let ([h, w], shape) = (dy.size(), Shape::map(dy.channels(), size[0], size[1]));
    if dy.is_zero() {
        return Map::zeros(dy.n, shape);
    }
    dy.settle(l);
    let (data, _) = dy.data(l);
    let mut out = Buffer::zeroed(dy.n * dy.planes() * shape.pixels());
    for (plane, out) in data.chunks_exact(h * w).zip(out.chunks_exact_mut(shape.pixels())) {
        for (row, line) in sources(size[0], h).zip(plane.chunks_exact(w)) {
            for (column, dy) in sources(size[1], w).zip(line) {
                let dx = &mut out[row * size[1] + column];
                l.store(l.add(l.load(dx), l.load(dy)), dx);
            }
        }
    }
    Map::stored(dy.n, shape, out, None)
}
