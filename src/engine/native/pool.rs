//! Pooling, forward, backward and along a tangent.
//!
//! Windows are cut at the border: averages count the pixels inside only, and a maximum that occurs twice is the first in
//! row-major order.

use super::evaluate::Reader;
use super::lanes::{Block, LANES, Lanes, Scalar};
use super::map::Map;
use super::memory::{Buffer, Pooled};
use super::moments::PlaneSums;
use crate::graph::{PoolKind, Shape, Window};

/// Pixels of each output's window, as positions in a plane.
struct Windows {
    /// `offsets[i]..offsets[i + 1]` are the pixels of output `i`.
    offsets: Vec<usize>,
    pixels: Vec<usize>,
}

impl Windows {
    fn new(window: &Window, size: [usize; 2], count: [usize; 2]) -> Self {
        let (mut offsets, mut pixels) = (vec![0], vec![]);
        for (y, x) in (0..count[0]).flat_map(|y| (0..count[1]).map(move |x| (y, x))) {
            for r in axis(window, 0, y, size[0]) {
                pixels.extend(axis(window, 1, x, size[1]).map(|c| r * size[1] + c));
            }
            offsets.push(pixels.len());
        }
        Self { offsets, pixels }
    }

    fn of(&self, output: usize) -> &[usize] {
        &self.pixels[self.offsets[output]..self.offsets[output + 1]]
    }
}

/// Positions of an axis inside the map under output `o`'s window.
fn axis(window: &Window, axis: usize, o: usize, size: usize) -> impl Iterator<Item = usize> + Clone + use<> {
    let (start, pad, step) = (o * window.stride[axis], window.padding[axis], window.dilation[axis]);
    (0..window.kernel[axis]).filter_map(move |k| (start + k * step).checked_sub(pad).filter(|p| *p < size))
}

fn output_shape<T: Pooled>(x: &Map<T>, window: &Window) -> ([usize; 2], Shape) {
    let [h, w] = x.size();
    let count = [window.output(0, h).unwrap_or(0), window.output(1, w).unwrap_or(0)];
    (count, Shape::Map { channels: x.channels(), height: count[0], width: count[1] })
}

/// The pooled map.
pub fn forward<L: Lanes>(l: L, x: &Map<L::T>, kind: PoolKind, window: &Window) -> Map<L::T> {
    let (count, shape) = output_shape(x, window);
    if x.is_zero() {
        return Map::zeros(x.n, shape);
    }
    x.settle(l);
    let windows = Windows::new(window, x.size(), count);
    let (pixels, outputs) = (x.pixels(), count[0] * count[1]);
    let mut out = Buffer::stale(x.n * x.planes() * outputs);
    let (data, _) = x.data(l);
    l.run(|| {
        for (plane, out) in data.chunks_exact(pixels).zip(out.chunks_exact_mut(outputs)) {
            for (o, out) in out.iter_mut().enumerate() {
                let window = windows.of(o);
                let v = match kind {
                    PoolKind::Average => {
                        let zero = l.splat(L::T::default());
                        let sum = window.iter().fold(zero, |sum, p| l.add(sum, l.load(&plane[*p])));
                        l.mul(sum, l.splat(L::T::of(1.0 / window.len() as f64)))
                    }
                    PoolKind::Max => maximum(l, plane, window),
                };
                l.store(v, out);
            }
        }
    });
    Map::stored(x.n, shape, out, None)
}

/// Maximum of a window; a NaN wins.
#[inline(always)]
fn maximum<L: Lanes>(l: L, plane: &[Block<L::T>], window: &[usize]) -> L::V {
    let low = l.splat(L::T::of(f64::NEG_INFINITY));
    window.iter().fold(low, |max, p| l.max(max, l.load(&plane[*p])))
}

/// Gradient of the input.
pub fn backward<L: Lanes>(l: L, x: &Map<L::T>, dy: &Map<L::T>, kind: PoolKind, window: &Window) -> Map<L::T> {
    if dy.is_zero() {
        return Map::zeros(x.n, x.shape);
    }
    let (count, _) = output_shape(x, window);
    let windows = Windows::new(window, x.size(), count);
    let (pixels, outputs) = (x.pixels(), count[0] * count[1]);
    let mut out = Buffer::zeroed(x.n * x.image_blocks());
    let (dy, _) = dy.stored_data(l);
    let data = (kind == PoolKind::Max).then(|| x.data(l).0);
    l.run(|| {
        for (at, (dx, dy)) in out.chunks_exact_mut(pixels).zip(dy.chunks_exact(outputs)).enumerate() {
            for (o, dy) in dy.iter().enumerate() {
                let window = windows.of(o);
                match &data {
                    None => {
                        let share = l.mul(l.load(dy), l.splat(L::T::of(1.0 / window.len() as f64)));
                        for p in window {
                            l.store(l.add(l.load(&dx[*p]), share), &mut dx[*p]);
                        }
                    }
                    Some(data) => {
                        let plane = &data[at * pixels..(at + 1) * pixels];
                        for_first_maximum(l, plane, window, |p, mask| {
                            l.store(l.add(l.load(&dx[p]), l.keep(mask, l.load(dy))), &mut dx[p]);
                        });
                    }
                }
            }
        }
    });
    Map::stored(x.n, x.shape, out, None)
}

/// Calls `f` with each pixel and the channels whose first maximum it is.
#[inline(always)]
fn for_first_maximum<L: Lanes>(l: L, plane: &[Block<L::T>], window: &[usize], mut f: impl FnMut(usize, u16)) {
    let max = maximum(l, plane, window);
    let mut free = u16::MAX;
    for p in window {
        let below = l.greater(max, l.load(&plane[*p]));
        let here = free & !below;
        free &= below;
        f(*p, here);
    }
}

/// Tangent of the output: the pooled tangent, or the tangent where `x` has its maximum.
pub fn tangent<L: Lanes>(l: L, x: &Map<L::T>, t: &Map<L::T>, kind: PoolKind, window: &Window) -> Map<L::T> {
    if kind == PoolKind::Average || t.is_zero() {
        return forward(l, t, PoolKind::Average, window);
    }
    let (count, shape) = output_shape(x, window);
    let windows = Windows::new(window, x.size(), count);
    let (pixels, outputs) = (x.pixels(), count[0] * count[1]);
    let mut out = Buffer::stale(x.n * x.planes() * outputs);
    let ((data, _), (t, _)) = (x.data(l), t.stored_data(l));
    l.run(|| {
        let planes = data.chunks_exact(pixels).zip(t.chunks_exact(pixels));
        for ((plane, t), out) in planes.zip(out.chunks_exact_mut(outputs)) {
            for (o, out) in out.iter_mut().enumerate() {
                let mut value = l.splat(L::T::default());
                for_first_maximum(l, plane, windows.of(o), |p, mask| {
                    value = l.add(value, l.keep(mask, l.load(&t[p])));
                });
                l.store(value, out);
            }
        }
    });
    Map::stored(x.n, shape, out, None)
}

/// Mean over the pixels: map to vector.
pub fn global_average<L: Lanes>(l: L, x: &Map<L::T>) -> Map<L::T> {
    let shape = Shape::Vector { features: x.channels() };
    if x.is_zero() {
        return Map::zeros(x.n, shape);
    }
    let reader = Reader::new(x);
    let (pixels, planes) = (x.pixels(), x.planes());
    let mut scratch = Buffer::stale(x.image_blocks());
    let mut out = Buffer::stale(x.n * planes);
    let target = super::evaluate::Target { start: 0, pixel: 1, row: x.size()[1], plane: pixels };
    for image in 0..x.n {
        let values = match reader.plain(image) {
            Some(values) => values,
            None => {
                reader.image(l, image, &mut scratch, target);
                &scratch[..]
            }
        };
        l.run(|| {
            for (plane, out) in values.chunks_exact(pixels).zip(&mut out[image * planes..]) {
                *out = PlaneSums::of(l, plane).mean(pixels);
            }
        });
    }
    Map::stored(x.n, shape, out, None)
}

/// `dy / (H W)` at every pixel.
pub fn global_average_backward<L: Lanes>(l: L, dy: &Map<L::T>, shape: Shape) -> Map<L::T> {
    if dy.is_zero() {
        return Map::zeros(dy.n, shape);
    }
    let (data, _) = dy.stored_data(l);
    let pixels = shape.pixels();
    let mut out = Buffer::stale(data.len() * pixels);
    for (plane, dy) in out.chunks_exact_mut(pixels).zip(data.iter()) {
        let mut share = *dy;
        for k in 0..LANES {
            share.0[k] = L::T::of(share.0[k].into() / pixels as f64);
        }
        plane.fill(share);
    }
    Map::stored(dy.n, shape, out, None)
}
