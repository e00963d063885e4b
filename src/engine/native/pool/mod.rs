//! Pooling, forward, backward and along a tangent.
//!
//! Windows are cut at the border: averages count only the pixels inside, and a maximum that occurs twice is the first in
//! row-major order.

mod planes;

use self::planes::{Threes, plane_of};
use super::evaluate::Reader;
use super::map::Map;
use super::memory::Buffer;
use super::moments::PlaneSums;
use crate::graph::{PoolKind, Shape, Window};
use crate::simd::{Block, LANES, Lanes, Scalar};
use crate::threads;

/// The pixels of an axis under the window of one output: `start, start + step, ...`.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    count: usize,
}

/// The windows of all outputs, axis by axis.
struct Windows {
    rows: Vec<Span>,
    columns: Vec<Span>,
    step: [usize; 2],
    width: usize,
}

impl Windows {
    fn new(window: &Window, [h, w]: [usize; 2], count: [usize; 2]) -> Self {
        let axis = |axis, size| (0..count[axis]).map(|o| span(window, axis, o, size)).collect();
        Self { rows: axis(0, h), columns: axis(1, w), step: window.dilation, width: w }
    }

    /// Pixels of output `o`'s window in row-major order.
    fn pixels(&self, o: usize) -> impl Iterator<Item = usize> + use<'_> {
        let (row, column) = (self.rows[o / self.columns.len()], self.columns[o % self.columns.len()]);
        (0..row.count).flat_map(move |r| {
            let start = (row.start + r * self.step[0]) * self.width + column.start;
            (0..column.count).map(move |c| start + c * self.step[1])
        })
    }

    fn outputs(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// Whether every output is computed from three neighbouring columns of which its own is the middle one, as in the 3x3
    /// pooling of cells.
    fn slides_by_threes(&self) -> bool {
        let last = self.width - 1;
        let three = |(x, c): (usize, &Span)| {
            c.start == x.saturating_sub(1) && c.start + c.count == (x + 2).min(last + 1)
        };
        let columns = self.columns.len() == self.width && self.columns.iter().enumerate().all(three);
        last > 0 && self.step == [1, 1] && columns && self.rows.iter().all(|r| (1..=3).contains(&r.count))
    }
}

/// The pixels of an axis that lie inside the map and under the window of output `o`.
fn span(window: &Window, axis: usize, o: usize, size: usize) -> Span {
    let (first, pad, step) = (o * window.stride[axis], window.padding[axis], window.dilation[axis]);
    let inside = |k: &usize| first + k * step >= pad && first + k * step - pad < size;
    let low = (0..window.kernel[axis]).find(inside);
    let count = (0..window.kernel[axis]).filter(inside).count();
    Span { start: low.map_or(0, |k| first + k * step - pad), count }
}

fn output_shape<T: Scalar>(x: &Map<T>, window: &Window) -> ([usize; 2], Shape) {
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
    let (pixels, outputs) = (x.pixels(), windows.outputs());
    let mut out = Buffer::stale(x.n * x.planes() * outputs);
    let (data, _) = x.data(l);
    let threes = windows.slides_by_threes();
    threads::shares(&mut out, outputs, |first, planes| {
        let mut line = vec![L::T::ZERO; windows.width];
        let data = data[first * pixels..].chunks_exact(pixels);
        for (plane, out) in data.zip(planes.chunks_exact_mut(outputs)) {
            match (kind, threes) {
                (PoolKind::Average, true) => l.run(Threes::<L, false> { l, windows: &windows, plane, out }),
                (PoolKind::Max, true) => l.run(Threes::<L, true> { l, windows: &windows, plane, out }),
                (PoolKind::Average, false) => {
                    l.run(|| plane_of::<L, false>(l, &windows, plane, &mut line, out));
                }
                (PoolKind::Max, false) => l.run(|| plane_of::<L, true>(l, &windows, plane, &mut line, out)),
            }
        }
    });
    Map::stored(x.n, shape, out, None)
}

/// Gradient of the input.
pub fn backward<L: Lanes>(l: L, x: &Map<L::T>, dy: &Map<L::T>, kind: PoolKind, window: &Window) -> Map<L::T> {
    if dy.is_zero() {
        return Map::zeros(x.n, x.shape);
    }
    let (count, _) = output_shape(x, window);
    let windows = Windows::new(window, x.size(), count);
    let (pixels, outputs) = (x.pixels(), windows.outputs());
    let mut out = Buffer::zeroed(x.n * x.image_blocks());
    let (dy, _) = dy.stored_data(l);
    let data = (kind == PoolKind::Max).then(|| x.data(l).0);
    threads::shares(&mut out, pixels, |first, planes| {
        let mut line = vec![L::T::ZERO; windows.width];
        let dy = dy[first * outputs..].chunks_exact(outputs);
        for (at, (dx, dy)) in (first..).zip(planes.chunks_exact_mut(pixels).zip(dy)) {
            let plane = data.as_ref().map(|data| &data[at * pixels..(at + 1) * pixels]);
            l.run(|| match plane {
                None => spread_averages(l, &windows, dy, &mut line, dx),
                Some(plane) => {
                    for (o, dy) in dy.iter().enumerate() {
                        for_first_maximum(l, plane, &windows, o, |p, mask| {
                            l.store(l.add(l.load(&dx[p]), l.keep(mask, l.load(dy))), &mut dx[p]);
                        });
                    }
                }
            });
        }
    });
    Map::stored(x.n, x.shape, out, None)
}

/// Adds the share of each output to all pixels of its window, first along a line, then down the columns.
#[inline(always)]
fn spread_averages<L: Lanes>(
    l: L,
    windows: &Windows,
    dy: &[Block<L::T>],
    line: &mut [Block<L::T>],
    dx: &mut [Block<L::T>],
) {
    let w = windows.width;
    for (row, dy) in windows.rows.iter().zip(dy.chunks_exact(windows.columns.len())) {
        line.fill(L::T::ZERO);
        for (column, dy) in windows.columns.iter().zip(dy) {
            let share = l.mul(l.load(dy), l.splat(L::T::of(1.0 / (row.count * column.count) as f64)));
            for c in 0..column.count {
                let place = &mut line[column.start + c * windows.step[1]];
                l.store(l.add(l.load(place), share), place);
            }
        }
        for r in 0..row.count {
            let start = (row.start + r * windows.step[0]) * w;
            for (dx, share) in dx[start..start + w].iter_mut().zip(&*line) {
                l.store(l.add(l.load(dx), l.load(share)), dx);
            }
        }
    }
}

/// Calls `f` with each pixel under a window and the mask of the channels that have their first maximum there.
#[inline(always)]
fn for_first_maximum<L: Lanes>(
    l: L,
    plane: &[Block<L::T>],
    windows: &Windows,
    o: usize,
    mut f: impl FnMut(usize, u16),
) {
    let mut max = l.splat(L::T::of(f64::NEG_INFINITY));
    for p in windows.pixels(o) {
        max = l.max(max, l.load(&plane[p]));
    }
    let mut free = u16::MAX;
    for p in windows.pixels(o) {
        let below = l.greater(max, l.load(&plane[p]));
        let here = free & !below;
        free &= below;
        f(p, here);
    }
}

/// Tangent of the output: the pooled tangent, or the tangent where `x` has its maximum.
pub fn tangent<L: Lanes>(l: L, x: &Map<L::T>, t: &Map<L::T>, kind: PoolKind, window: &Window) -> Map<L::T> {
    if kind == PoolKind::Average || t.is_zero() {
        return forward(l, t, PoolKind::Average, window);
    }
    let (count, shape) = output_shape(x, window);
    let windows = Windows::new(window, x.size(), count);
    let (pixels, outputs) = (x.pixels(), windows.outputs());
    let mut out = Buffer::stale(x.n * x.planes() * outputs);
    let ((data, _), (t, _)) = (x.data(l), t.stored_data(l));
    l.run(|| {
        let planes = data.chunks_exact(pixels).zip(t.chunks_exact(pixels));
        for ((plane, t), out) in planes.zip(out.chunks_exact_mut(outputs)) {
            for (o, out) in out.iter_mut().enumerate() {
                let mut value = l.splat(L::T::default());
                for_first_maximum(l, plane, &windows, o, |p, mask| {
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
    for image in 0..x.n {
        let values = reader.values(l, image, &mut scratch);
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
