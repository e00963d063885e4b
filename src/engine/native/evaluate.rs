//! Evaluating waiting sums: `v = max(0, sum_k scale_k x_k + shift)`, written wherever the reader wants it.

use super::lanes::{Block, Lanes};
use super::map::{Coefficients, Map, Sum};
use super::memory::{Buffer, Pooled};

/// Where the pixels of one image go; all distances count blocks.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub start: usize,
    pub pixel: usize,
    pub row: usize,
    pub plane: usize,
}

/// A map ready to be read.
pub struct Reader<T: Pooled> {
    sum: Sum<T>,
    relu: bool,
    planes: usize,
    size: [usize; 2],
}

impl<T: Pooled> Reader<T> {
    /// Reads `map`.
    pub fn new(map: &Map<T>) -> Self {
        Self { sum: map.sum(), relu: map.relu, planes: map.planes(), size: map.size() }
    }

    /// The image in memory, if the values stand there as they are.
    pub fn plain(&self, image: usize) -> Option<&[Block<T>]> {
        let [term] = self.sum.terms.as_slice() else { return None };
        if self.relu || self.sum.shift.is_some() || term.scale.is_some() {
            return None;
        }
        let blocks = self.planes * self.size[0] * self.size[1];
        Some(&term.data[image * blocks..(image + 1) * blocks])
    }

    /// Writes one image.
    pub fn image<L: Lanes<T = T>>(&self, l: L, image: usize, out: &mut [Block<T>], target: Target) {
        l.run(|| match (self.sum.terms.len(), self.relu) {
            (1, true) => self.planes_of::<L, 1, true>(l, image, out, target),
            (1, false) => self.planes_of::<L, 1, false>(l, image, out, target),
            (2, true) => self.planes_of::<L, 2, true>(l, image, out, target),
            (2, false) => self.planes_of::<L, 2, false>(l, image, out, target),
            (3, true) => self.planes_of::<L, 3, true>(l, image, out, target),
            (3, false) => self.planes_of::<L, 3, false>(l, image, out, target),
            (_, true) => self.any_terms::<L, true>(l, image, out, target),
            (_, false) => self.any_terms::<L, false>(l, image, out, target),
        });
    }

    #[inline(always)]
    fn planes_of<L: Lanes<T = T>, const K: usize, const RELU: bool>(
        &self,
        l: L,
        image: usize,
        out: &mut [Block<T>],
        target: Target,
    ) {
        let [h, w] = self.size;
        let zero = l.splat(T::default());
        let one = l.splat(T::of(1.0));
        for plane in 0..self.planes {
            let at = |c: &Coefficients<T>| l.load(c.at(image, plane, self.planes));
            let shift = self.sum.shift.as_ref().map_or(zero, at);
            let mut scales = [one; K];
            let mut data: [&[Block<T>]; K] = [&[]; K];
            for k in 0..K {
                let term = &self.sum.terms[k];
                scales[k] = term.scale.as_ref().map_or(one, at);
                let start = (image * self.planes + plane) * h * w;
                data[k] = &term.data[start..start + h * w];
            }
            for y in 0..h {
                let start = target.start + plane * target.plane + y * target.row;
                let mut rows = data;
                for k in 0..K {
                    rows[k] = &data[k][y * w..(y + 1) * w];
                }
                let value = |x: usize| {
                    let mut v = shift;
                    for k in 0..K {
                        v = l.fma(l.load(&rows[k][x]), scales[k], v);
                    }
                    if RELU { l.max(zero, v) } else { v }
                };
                if target.pixel == 1 {
                    let out = &mut out[start..start + w];
                    for x in 0..w {
                        l.store(value(x), &mut out[x]);
                    }
                } else {
                    for x in 0..w {
                        l.store(value(x), &mut out[start + x * target.pixel]);
                    }
                }
            }
        }
    }

    /// No term, or more than three.
    #[inline(always)]
    fn any_terms<L: Lanes<T = T>, const RELU: bool>(
        &self,
        l: L,
        image: usize,
        out: &mut [Block<T>],
        target: Target,
    ) {
        let [h, w] = self.size;
        let zero = l.splat(T::default());
        for plane in 0..self.planes {
            let at = |c: &Coefficients<T>| l.load(c.at(image, plane, self.planes));
            let shift = self.sum.shift.as_ref().map_or(zero, at);
            let start = (image * self.planes + plane) * h * w;
            for pixel in 0..h * w {
                let mut v = shift;
                for term in &self.sum.terms {
                    let x = l.load(&term.data[start + pixel]);
                    v = match &term.scale {
                        Some(scale) => l.fma(x, at(scale), v),
                        None => l.add(x, v),
                    };
                }
                let place =
                    target.start + plane * target.plane + pixel / w * target.row + pixel % w * target.pixel;
                l.store(if RELU { l.max(zero, v) } else { v }, &mut out[place]);
            }
        }
    }
}

/// All images, in a buffer of their own.
pub fn evaluate<L: Lanes>(l: L, map: &Map<L::T>) -> Buffer<L::T> {
    let blocks = map.image_blocks();
    let mut out = Buffer::stale(map.n * blocks);
    let reader = Reader::new(map);
    let [_, w] = map.size();
    let target = Target { start: 0, pixel: 1, row: w, plane: map.pixels() };
    for (image, out) in out.chunks_exact_mut(blocks).enumerate() {
        match reader.plain(image) {
            Some(source) => out.copy_from_slice(source),
            None => reader.image(l, image, out, target),
        }
    }
    out
}
