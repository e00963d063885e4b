//! Weight gradients: `dw[o][i][t] = sum over images and pixels of dy[o][p] x[i][p * stride + t]`.

use super::field::Padded;
use super::lanes::{LANES, Lanes};
use super::memory::{Buffer, Pooled};
use super::pack::Wiring;
use super::tile;
use super::weight_tiles::Work;
use crate::engine::kernels::HostValues;

/// Pixels that a tile sums before the next tap: what they read stays in the first-level cache.
const RUN: usize = 128;

/// A gradient in progress, `[image][output block][input plane][tap][input channel][16 outputs]`.
pub struct WeightGradient<T: Pooled> {
    wiring: Wiring,
    taps: usize,
    /// One gradient for each image, or one for all.
    images: Option<usize>,
    sums: Buffer<T>,
}

impl<T: Pooled> WeightGradient<T> {
    /// Zeros.
    pub fn new(wiring: Wiring, taps: usize, images: Option<usize>) -> Self {
        let mut this = Self { wiring, taps, images, sums: Buffer::stale(0) };
        this.sums = Buffer::zeroed(images.unwrap_or(1) * this.image_blocks());
        this
    }

    fn blocks(&self) -> usize {
        self.wiring.outputs.div_ceil(LANES)
    }

    fn planes(&self) -> usize {
        self.wiring.inputs.div_ceil(LANES)
    }

    fn image_blocks(&self) -> usize {
        if self.wiring.depthwise() {
            self.planes() * self.taps
        } else {
            self.blocks() * self.planes() * self.taps * LANES
        }
    }

    /// Adds the share of a chunk of images to gradient `image`. The window slides over `x` from an origin with a stride and
    /// taps, all in pixels.
    pub fn add<L: Lanes<T = T>>(
        &mut self,
        l: L,
        x: &Padded<T>,
        (origin, stride, taps): ([isize; 2], [usize; 2], &[[usize; 2]]),
        dy: &Padded<T>,
        image: usize,
    ) {
        let taps: Vec<usize> = taps.iter().map(|[y, c]| y * x.field.row() + c * x.field.pixel()).collect();
        let rows = pair_rows(x, origin, stride, dy);
        let (width, x_pixel) = match x.field.images_inside {
            true => (x.field.images, 1),
            false => (dy.field.size[1], stride[1]),
        };
        let work = |plane: usize, block: usize| Work {
            x: &x.blocks()[plane * x.field.plane()..],
            dy: &dy.blocks()[block * dy.field.plane()..],
            width,
            x_pixel,
            channels: LANES.min(self.wiring.inputs - plane * LANES),
        };
        let vectors = self.image_blocks();
        let (depthwise, wiring) = (self.wiring.depthwise(), self.wiring);
        let planes = self.planes();
        let pairs = (0..self.blocks()).flat_map(|b| (0..planes).map(move |p| (p, b)));
        let pairs: Vec<_> =
            pairs.filter(|(p, b)| if depthwise { p == b } else { feeds(&wiring, *p, *b) }).collect();
        for (plane, block) in pairs {
            let work = work(plane, block);
            let (at, each) = if depthwise { (block, 1) } else { (block * planes + plane, LANES) };
            let at = image * vectors + at * self.taps * each;
            let sums = &mut self.sums[at..at + self.taps * each];
            work.check(&rows, &taps);
            let threes =
                L::MANY_REGISTERS && !depthwise && x_pixel == 1 && width > 1 && tile::in_threes(&taps);
            for rows in rows.chunks(RUN.div_ceil(width)) {
                if threes {
                    for (run, sums) in taps.chunks_exact(3).zip(sums.chunks_exact_mut(3 * LANES)) {
                        // SAFETY: as below, and `in_threes` has seen the taps.
                        unsafe { l.weight_runs(&work, rows, run[0], sums) }
                    }
                    continue;
                }
                for (tap, sums) in taps.iter().zip(sums.chunks_exact_mut(each)) {
                    if depthwise {
                        work.diagonal(l, rows, *tap, &mut sums[0]);
                    } else {
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
        let (per_group, per_out) = (self.wiring.group_inputs(), self.wiring.group_outputs());
        let mut values =
            Vec::with_capacity(self.images.unwrap_or(1) * self.wiring.outputs * per_group * self.taps);
        for image in self.sums.chunks_exact(self.image_blocks()) {
            for output in 0..self.wiring.outputs {
                let (block, lane) = (output / LANES, output % LANES);
                for input in 0..per_group {
                    let input = output / per_out * per_group + input;
                    let (plane, c) = (input / LANES, input % LANES);
                    for tap in 0..self.taps {
                        let at = match self.wiring.depthwise() {
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

/// Whether any channel of an input plane feeds any output of a block.
fn feeds(wiring: &Wiring, plane: usize, block: usize) -> bool {
    let input = |c: usize| c.min(wiring.inputs - 1) / wiring.group_inputs();
    let output = |c: usize| c.min(wiring.outputs - 1) / wiring.group_outputs();
    let (i, o) = (plane * LANES, block * LANES);
    input(i) <= output(o + LANES - 1) && output(o) <= input(i + LANES - 1)
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
