//! Weight gradients: `dw[o][i][t] = sum over images and pixels of dy[o][p] x[i][p * stride + t]`.
//!
//! A register tile holds some input channels times sixteen outputs over a run of pixels.

use super::depthwise;
use super::field::Padded;
use super::lanes::{Block, LANES, Lanes};
use super::memory::{Buffer, Pooled};
use crate::engine::kernels::HostValues;

/// Pixels that a tile sums before the next tap: what they read stays in the first-level cache.
const RUN: usize = 128;

/// A gradient in progress, `[image][output block][input plane][tap][input channel][16 outputs]`.
pub struct WeightGradient<T: Pooled> {
    outputs: usize,
    inputs: usize,
    groups: usize,
    taps: usize,
    /// One gradient for each image, or one for all.
    images: Option<usize>,
    sums: Buffer<T>,
}

impl<T: Pooled> WeightGradient<T> {
    /// Zeros.
    pub fn new(outputs: usize, inputs: usize, groups: usize, taps: usize, images: Option<usize>) -> Self {
        let mut this = Self { outputs, inputs, groups, taps, images, sums: Buffer::stale(0) };
        this.sums = Buffer::zeroed(images.unwrap_or(1) * this.image_blocks());
        this
    }

    fn depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.inputs && self.groups == self.outputs
    }

    fn blocks(&self) -> usize {
        self.outputs.div_ceil(LANES)
    }

    fn planes(&self) -> usize {
        self.inputs.div_ceil(LANES)
    }

    fn image_blocks(&self) -> usize {
        if self.depthwise() {
            self.planes() * self.taps
        } else {
            self.blocks() * self.planes() * self.taps * LANES
        }
    }

    /// Whether any channel of an input plane feeds any output of a block.
    fn feeds(&self, plane: usize, block: usize) -> bool {
        let group = |c: usize, all: usize| c.min(all - 1) / (all / self.groups);
        let (i, o) = (plane * LANES, block * LANES);
        group(i, self.inputs) <= group(o + LANES - 1, self.outputs)
            && group(o, self.outputs) <= group(i + LANES - 1, self.inputs)
    }

    /// Adds the share of a chunk of images to gradient `image`.
    #[allow(clippy::too_many_arguments)]
    pub fn add<L: Lanes<T = T>>(
        &mut self,
        l: L,
        x: &Padded<T>,
        origin: [isize; 2],
        stride: [usize; 2],
        taps: &[[usize; 2]],
        dy: &Padded<T>,
        image: usize,
    ) {
        let taps: Vec<usize> = taps.iter().map(|[y, c]| y * x.field.row() + c * x.field.pixel()).collect();
        let rows = pair_rows(x, origin, stride, dy);
        let (width, x_pixel) = match x.field.images_inside {
            true => (x.field.images, 1),
            false => (dy.field.size[1], stride[1]),
        };
        let start = image * self.image_blocks();
        for block in 0..self.blocks() {
            if self.depthwise() {
                let sums = &mut self.sums[start + block * self.taps..start + (block + 1) * self.taps];
                for (x_row, dy_row) in &rows {
                    let x_row = x_row + block * x.field.plane();
                    let dy_row = dy_row + block * dy.field.plane();
                    depthwise::weight_row(
                        l,
                        (x.blocks(), x_row, x_pixel),
                        (dy.blocks(), dy_row, 1),
                        width,
                        &taps,
                        sums,
                    );
                }
                continue;
            }
            for plane in 0..self.planes() {
                if !self.feeds(plane, block) {
                    continue;
                }
                let at = start + (block * self.planes() + plane) * self.taps * LANES;
                let channels = LANES.min(self.inputs - plane * LANES);
                let sums = &mut self.sums[at..at + self.taps * LANES];
                let work = Work {
                    x: &x.blocks()[plane * x.field.plane()..],
                    dy: &dy.blocks()[block * dy.field.plane()..],
                    width,
                    x_pixel,
                    channels,
                };
                work.check(&rows, &taps);
                for rows in rows.chunks(RUN.div_ceil(width)) {
                    for (tap, sums) in taps.iter().zip(sums.chunks_exact_mut(LANES)) {
                        // SAFETY: `check` has compared the farthest reads of all rows and taps with the slices; a tap has
                        // sixteen vectors.
                        unsafe { l.weight_tiles(&work, rows, *tap, sums) }
                    }
                }
            }
        }
    }

    /// The gradient in PyTorch's layout, `[N,] [out, in/groups, kh, kw]`.
    pub fn finish(self) -> HostValues {
        let per_group = self.inputs / self.groups;
        let per_out = self.outputs / self.groups;
        let mut values = Vec::with_capacity(self.images.unwrap_or(1) * self.outputs * per_group * self.taps);
        for image in self.sums.chunks_exact(self.image_blocks()) {
            for output in 0..self.outputs {
                let (block, lane) = (output / LANES, output % LANES);
                for input in 0..per_group {
                    let input = output / per_out * per_group + input;
                    let (plane, c) = (input / LANES, input % LANES);
                    for tap in 0..self.taps {
                        let at = match self.depthwise() {
                            true => block * self.taps + tap,
                            false => ((block * self.planes() + plane) * self.taps + tap) * LANES + c,
                        };
                        values.push(image[at].0[lane]);
                    }
                }
            }
        }
        T::host(values)
    }
}

/// Where each row of outputs lies in the input (its first tap) and in the gradient.
fn pair_rows<T: Pooled>(
    x: &Padded<T>,
    origin: [isize; 2],
    stride: [usize; 2],
    dy: &Padded<T>,
) -> Vec<(usize, usize)> {
    let [height, width] = dy.field.size;
    let input = |y: usize, c: usize| {
        x.field.at(origin[0] + (y * stride[0]) as isize, origin[1] + (c * stride[1]) as isize)
    };
    let gradient = |y: usize, c: usize| dy.field.at(y as isize, c as isize);
    if x.field.images_inside {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |c| (y, c)));
        return pixels.map(|(y, c)| (input(y, c), gradient(y, c))).collect();
    }
    let rows = (0..x.field.images).flat_map(|i| (0..height).map(move |y| (i, y)));
    rows.map(|(i, y)| (i * x.field.image() + input(y, 0), i * dy.field.image() + gradient(y, 0))).collect()
}

/// One input plane against one output block.
pub struct Work<'a, T> {
    x: &'a [Block<T>],
    dy: &'a [Block<T>],
    width: usize,
    x_pixel: usize,
    channels: usize,
}

impl<T: Pooled> Work<'_, T> {
    /// Panics unless every row reads inside the slices under every tap.
    fn check(&self, rows: &[(usize, usize)], taps: &[usize]) {
        assert!(self.channels <= LANES && self.width > 0);
        let far = taps.iter().max().map_or(0, |tap| tap + (self.width - 1) * self.x_pixel);
        for (x, dy) in rows {
            assert!(x + far < self.x.len(), "the row reads past its input");
            assert!(dy + self.width <= self.dy.len(), "the row reads past its gradient");
        }
    }

    /// Tiles of `C` input channels, then of `D`, then single ones.
    ///
    /// # Safety
    /// As `check` asserts, with sixteen vectors of sums.
    pub unsafe fn channels_of<L: Lanes<T = T>, const C: usize, const D: usize>(
        &self,
        l: L,
        rows: &[(usize, usize)],
        tap: usize,
        sums: &mut [Block<T>],
    ) {
        let mut c = 0;
        // SAFETY: the caller's promise; `c` stays below the sixteen channels of a block.
        unsafe {
            while c + C <= self.channels {
                self.tile::<L, C>(l, rows, tap, c, sums);
                c += C;
            }
            while c + D <= self.channels {
                self.tile::<L, D>(l, rows, tap, c, sums);
                c += D;
            }
            while c < self.channels {
                self.tile::<L, 1>(l, rows, tap, c, sums);
                c += 1;
            }
        }
    }

    /// # Safety
    /// As `check` asserts, with `c + C <= channels`.
    #[inline(never)]
    unsafe fn tile<L: Lanes<T = T>, const C: usize>(
        &self,
        l: L,
        rows: &[(usize, usize)],
        tap: usize,
        c: usize,
        sums: &mut [Block<T>],
    ) {
        l.run(|| {
            let mut tile = [l.splat(T::default()); C];
            for k in 0..C {
                tile[k] = l.load(&sums[c + k]);
            }
            for (x, dy) in rows {
                // SAFETY: the caller's promise.
                unsafe {
                    let mut x = self.x.as_ptr().add(x + tap).cast::<T>().add(c);
                    let mut dy = self.dy.as_ptr().add(*dy);
                    for _ in 0..self.width {
                        let gradient = l.load(&*dy);
                        for k in 0..C {
                            tile[k] = l.fma(l.splat(*x.add(k)), gradient, tile[k]);
                        }
                        x = x.wrapping_add(self.x_pixel * LANES);
                        dy = dy.wrapping_add(1);
                    }
                }
            }
            for k in 0..C {
                l.store(tile[k], &mut sums[c + k]);
            }
        });
    }
}
