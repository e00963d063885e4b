//! Evaluation of the sums that maps are: `v = max(0, sum_k scale_k x_k + shift)`, written where the reader wants it.

use super::map::{Coefficients, Map, Sum, Term};
use super::memory::Buffer;
use crate::engine::work::Work;
use crate::simd::{Block, LANES, Lanes, Scalar};
use crate::threads;

/// Where the pixels of one image are written: the first pixel's place, and the distances between pixels, rows and planes,
/// all counted in blocks.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub start: usize,
    pub pixel: usize,
    pub row: usize,
    pub plane: usize,
}

impl Target {
    /// Pixels, rows and planes one behind the other, as in maps.
    pub fn dense([height, width]: [usize; 2]) -> Self {
        Self { start: 0, pixel: 1, row: width, plane: height * width }
    }
}

/// Reads a map.
pub struct Reader<T: Scalar> {
    sum: Sum<T>,
    relu: bool,
    planes: usize,
    size: [usize; 2],
}

impl<T: Scalar> Reader<T> {
    /// The reader of a map as it is now.
    pub fn new(map: &Map<T>) -> Self {
        Self { sum: map.sum(), relu: map.relu, planes: map.planes(), size: map.size() }
    }

    /// An image in memory, if its values are stored and not to be computed.
    pub fn plain(&self, image: usize) -> Option<&[Block<T>]> {
        let [term] = self.sum.terms.as_slice() else { return None };
        if self.relu || self.sum.shift.is_some() || term.scale.is_some() {
            return None;
        }
        let blocks = self.planes * self.size[0] * self.size[1];
        Some(&term.data[image * blocks..(image + 1) * blocks])
    }

    /// The values of an image: in memory, or else computed into `scratch`.
    pub fn values<'a, L: Lanes<T = T>>(
        &'a self,
        l: L,
        image: usize,
        scratch: &'a mut [Block<T>],
    ) -> &'a [Block<T>] {
        if let Some(values) = self.plain(image) {
            return values;
        }
        self.image(l, image, scratch, Target::dense(self.size));
        scratch
    }

    /// Writes one image.
    pub fn image<L: Lanes<T = T>>(&self, l: L, image: usize, out: &mut [Block<T>], target: Target) {
        for plane in 0..self.planes {
            self.plane(l, image, plane, &mut out[plane * target.plane..], target);
        }
    }

    /// Writes one plane of an image; `out` begins where the target's first plane would.
    pub fn plane<L: Lanes<T = T>>(
        &self,
        l: L,
        image: usize,
        plane: usize,
        out: &mut [Block<T>],
        target: Target,
    ) {
        let pixels = self.size[0] * self.size[1];
        let at = |c: &Coefficients<T>| *c.at(image, plane, self.planes);
        let start = (image * self.planes + plane) * pixels;
        let work = Plane {
            shift: self.sum.shift.as_ref().map_or(T::ZERO, at),
            size: self.size,
            out: &mut out[target.start..],
            target,
        };
        let term = |k: usize| {
            let Term { data, scale } = &self.sum.terms[k];
            (&data[start..start + pixels], scale.as_ref().map_or(Block([T::of(1.0); LANES]), at))
        };
        match self.sum.terms.len() {
            0 => work.write(l, self.relu, [(&[], T::ZERO); 0]),
            1 => work.write(l, self.relu, [term(0)]),
            2 => work.write(l, self.relu, [term(0), term(1)]),
            3 => work.write(l, self.relu, [term(0), term(1), term(2)]),
            // No sum has more terms: `MOST_TERMS`.
            _ => work.write(l, self.relu, [term(0), term(1), term(2), term(3)]),
        }
    }
}

/// Terms that a sum may have: longer ones are evaluated before they grow further.
pub const MOST_TERMS: usize = 4;

/// One plane of one image.
struct Plane<'a, T> {
    shift: Block<T>,
    size: [usize; 2],
    out: &'a mut [Block<T>],
    target: Target,
}

impl<T: Scalar> Plane<'_, T> {
    fn write<L: Lanes<T = T>, const K: usize>(self, l: L, relu: bool, terms: [(&[Block<T>], Block<T>); K]) {
        match relu {
            true => l.run(|| self.pixels::<L, K, true>(l, terms)),
            false => l.run(|| self.pixels::<L, K, false>(l, terms)),
        }
    }

    #[inline(always)]
    fn pixels<L: Lanes<T = T>, const K: usize, const RELU: bool>(
        self,
        l: L,
        terms: [(&[Block<T>], Block<T>); K],
    ) {
        let [h, w] = self.size;
        let (zero, shift) = (l.splat(T::default()), l.load(&self.shift));
        let mut scales = [zero; K];
        for k in 0..K {
            scales[k] = l.load(&terms[k].1);
        }
        for y in 0..h {
            let mut rows: [&[Block<T>]; K] = [&[]; K];
            for k in 0..K {
                rows[k] = &terms[k].0[y * w..(y + 1) * w];
            }
            let out = &mut self.out[y * self.target.row..];
            for x in 0..w {
                let mut v = shift;
                for k in 0..K {
                    v = l.fma(l.load(&rows[k][x]), scales[k], v);
                }
                l.store(if RELU { l.max(zero, v) } else { v }, &mut out[x * self.target.pixel]);
            }
        }
    }
}

/// The values of all images, in a new buffer.
pub fn evaluate<L: Lanes>(l: L, map: &Map<L::T>) -> Buffer<L::T> {
    let blocks = map.image_blocks();
    let mut out = Buffer::stale(map.n * blocks);
    let reader = Reader::new(map);
    let target = Target::dense(map.size());
    let fill = |first: usize, images: &mut [Block<L::T>]| {
        for (image, out) in (first..).zip(images.chunks_exact_mut(blocks.max(1))) {
            match reader.plain(image) {
                Some(source) => out.copy_from_slice(source),
                None => reader.image(l, image, out, target),
            }
        }
    };
    Work::Elementwise.of(|| threads::shares(&mut out, blocks, fill));
    out
}
