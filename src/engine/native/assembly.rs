//! The layout in which the threads of a pool write the output planes of a chunk.

use std::ops::Range;

use super::memory::Buffer;
use crate::simd::{Block, Scalar};
use crate::threads;

/// Planes that a thread computes at a time: as many as one tile may serve.
const STEP: usize = 2;

/// Where the output planes of a chunk lie while they are computed. Where several threads share several images, the images
/// of a plane lie side by side, `[plane][image]`, so that each thread writes one run of memory, and are transposed in the
/// end; else planes lie as in maps, `[image][plane]`.
#[derive(Clone, Copy, Debug)]
pub struct Assembly {
    images: usize,
    planes: usize,
    pixels: usize,
    by_planes: bool,
}

impl Assembly {
    /// The layout for the thread pool in which this is called.
    pub fn new(images: usize, planes: usize, pixels: usize) -> Self {
        Self { images, planes, pixels, by_planes: images > 1 && planes > STEP && threads::count() > 1 }
    }

    /// Distance between planes, counted in blocks.
    pub fn plane(&self) -> usize {
        if self.by_planes { self.images * self.pixels } else { self.pixels }
    }

    /// Distance between images, counted in blocks.
    pub fn image(&self) -> usize {
        if self.by_planes { self.pixels } else { self.planes * self.pixels }
    }

    /// Computes the output planes with `f(indices of planes, their blocks)`, in which planes and images lie
    /// [`Assembly::plane`] and [`Assembly::image`] apart. `covered` says whether `f` writes every pixel; where it does not,
    /// `out` must be zero before.
    pub fn fill<T: Scalar>(
        &self,
        out: &mut [Block<T>],
        covered: bool,
        f: impl Fn(Range<usize>, &mut [Block<T>]) + Sync,
    ) {
        if self.by_planes {
            let mut planes = if covered { Buffer::stale(out.len()) } else { Buffer::zeroed(out.len()) };
            self.share(&mut planes, &f);
            self.transpose(&planes, out);
        } else if self.images == 1 {
            self.share(out, &f);
        } else {
            f(0..self.planes, out);
        }
    }

    /// Shares planes that lie one behind the other among the threads.
    fn share<T: Scalar>(&self, out: &mut [Block<T>], f: &(impl Fn(Range<usize>, &mut [Block<T>]) + Sync)) {
        threads::shares(out, STEP * self.plane(), |step, run| {
            let first = step * STEP;
            f(first..first + run.len() / self.plane().max(1), run);
        });
    }

    /// From `[plane][image]` to `[image][plane]`.
    fn transpose<T: Scalar>(&self, planes: &[Block<T>], out: &mut [Block<T>]) {
        let pixels = self.pixels;
        threads::shares(out, self.planes * pixels, |first, images| {
            for (image, out) in (first..).zip(images.chunks_exact_mut(self.planes * pixels)) {
                for (plane, out) in out.chunks_exact_mut(pixels).enumerate() {
                    out.copy_from_slice(&planes[(plane * self.images + image) * pixels..][..pixels]);
                }
            }
        });
    }
}
