//! Putting the output planes of a chunk together, on all threads of a team.

use std::ops::Range;

use super::lanes::Block;
use super::memory::{Buffer, Pooled};
use crate::team;

/// Planes that a thread takes at a time: as many as one tile may serve.
const STEP: usize = 2;

/// Where the planes of the chunk's outputs stand while they are computed: as maps do, or with the images of a plane side
/// by side, so that threads can share the planes, and turned into maps at the end.
#[derive(Clone, Copy, Debug)]
pub struct Assembly {
    images: usize,
    planes: usize,
    pixels: usize,
    by_planes: bool,
}

impl Assembly {
    /// For the team that this is called in.
    pub fn new(images: usize, planes: usize, pixels: usize) -> Self {
        Self { images, planes, pixels, by_planes: images > 1 && planes > STEP && team::size() > 1 }
    }

    /// Distance between planes, in blocks.
    pub fn plane(&self) -> usize {
        if self.by_planes { self.images * self.pixels } else { self.pixels }
    }

    /// Distance between images.
    pub fn image(&self) -> usize {
        if self.by_planes { self.pixels } else { self.planes * self.pixels }
    }

    /// Has the output planes computed: `f(which, their blocks)`, with the distances of [`Assembly::plane`] and
    /// [`Assembly::image`]. Unless `covered`, `f` leaves some pixels as they are, and they are zero already.
    pub fn fill<T: Pooled>(
        &self,
        out: &mut [Block<T>],
        covered: bool,
        f: impl Fn(Range<usize>, &mut [Block<T>]) + Sync,
    ) {
        if self.by_planes {
            let mut planes = if covered { Buffer::stale(out.len()) } else { Buffer::zeroed(out.len()) };
            self.share(&mut planes, &f);
            self.turn(&planes, out);
        } else if self.images == 1 {
            self.share(out, &f);
        } else {
            f(0..self.planes, out);
        }
    }

    /// Planes that lie one behind the other.
    fn share<T: Pooled>(&self, out: &mut [Block<T>], f: &(impl Fn(Range<usize>, &mut [Block<T>]) + Sync)) {
        team::runs(out, STEP * self.plane(), |step, run| {
            let first = step * STEP;
            f(first..first + run.len() / self.plane().max(1), run);
        });
    }

    /// From `[plane][image]` to `[image][plane]`.
    fn turn<T: Pooled>(&self, planes: &[Block<T>], out: &mut [Block<T>]) {
        let pixels = self.pixels;
        team::runs(out, self.planes * pixels, |first, images| {
            for (image, out) in (first..).zip(images.chunks_exact_mut(self.planes * pixels)) {
                for (plane, out) in out.chunks_exact_mut(pixels).enumerate() {
                    out.copy_from_slice(&planes[(plane * self.images + image) * pixels..][..pixels]);
                }
            }
        });
    }
}
