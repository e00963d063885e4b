//! Weight gradients: `dw[o][i][t] = sum over images and pixels of dy[o][p] x[i][p * stride + t]`.

use super::field::Padded;
use super::lanes::{Block, LANES, Lanes};
use super::memory::{Buffer, Pooled};
use super::pack::Wiring;
use super::tile;
use super::weight_tiles::Work;
use crate::engine::GradientSums;
use crate::engine::kernels::HostValues;

/// Pixels that a tile sums before the next tap: what they read stays in the first-level cache.
const RUN: usize = 128;

/// A gradient in progress, `[image][output block][input plane][tap][input channel][16 outputs]`.
pub struct WeightGradient<T: Pooled> {
    wiring: Wiring,
    taps: usize,
    /// One gradient for each image, or one for all.
    images: Option<usize>,
    /// Empty until something is added.
    sums: Buffer<T>,
    /// The finished gradient, where one chunk was the whole batch.
    whole: Option<Vec<T>>,
    /// Or sums over it, where they were all that was wanted.
    folded: Option<GradientSums>,
}

/// A window sliding over a chunk of images.
struct Sliding<'a, T: Pooled> {
    x: &'a Padded<T>,
    dy: &'a Padded<T>,
    taps: Vec<usize>,
    /// Where each row of outputs lies in the input and in the gradient.
    rows: Vec<(usize, usize)>,
    width: usize,
    x_pixel: usize,
}

impl<'a, T: Pooled> Sliding<'a, T> {
    /// The window slides over `x` from an origin with a stride and taps, all in pixels.
    fn new(
        x: &'a Padded<T>,
        (origin, stride, taps): ([isize; 2], [usize; 2], &[[usize; 2]]),
        dy: &'a Padded<T>,
    ) -> Self {
        let taps = taps.iter().map(|[y, c]| y * x.field.row() + c * x.field.pixel()).collect();
        let (width, x_pixel) = match x.field.images_inside {
            true => (x.field.images, 1),
            false => (dy.field.size[1], stride[1]),
        };
        Self { x, dy, taps, rows: pair_rows(x, origin, stride, dy), width, x_pixel }
    }

    /// Adds an input plane against an output block, `[tap][input channel]` (depthwise `[tap]`).
    fn add<L: Lanes<T = T>>(&self, l: L, wiring: &Wiring, plane: usize, block: usize, sums: &mut [Block<T>]) {
        let (depthwise, width) = (wiring.depthwise(), self.width);
        let work = Work {
            x: &self.x.blocks()[plane * self.x.field.plane()..],
            dy: &self.dy.blocks()[block * self.dy.field.plane()..],
            width,
            x_pixel: self.x_pixel,
            channels: LANES.min(wiring.inputs - plane * LANES),
        };
        work.check(&self.rows, &self.taps);
        let threes =
            L::MANY_REGISTERS && !depthwise && self.x_pixel == 1 && width > 1 && tile::in_threes(&self.taps);
        for rows in self.rows.chunks(RUN.div_ceil(width)) {
            if threes {
                for (run, sums) in self.taps.chunks_exact(3).zip(sums.chunks_exact_mut(3 * LANES)) {
                    // SAFETY: as below, and `in_threes` has seen the taps.
                    unsafe { l.weight_runs(&work, rows, run[0], sums) }
                }
                continue;
            }
            let each = if depthwise { 1 } else { LANES };
            for (tap, sums) in self.taps.iter().zip(sums.chunks_exact_mut(each)) {
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

impl<T: Pooled> WeightGradient<T> {
    /// Zeros.
    pub fn new(wiring: Wiring, taps: usize, images: Option<usize>) -> Self {
        Self { wiring, taps, images, sums: Buffer::stale(0), whole: None, folded: None }
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
        window: ([isize; 2], [usize; 2], &[[usize; 2]]),
        dy: &Padded<T>,
        image: usize,
    ) {
        if self.sums.is_empty() {
            self.sums = Buffer::zeroed(self.images.unwrap_or(1) * self.image_blocks());
        }
        let (sliding, wiring, planes) = (Sliding::new(x, window, dy), self.wiring, self.planes());
        let (depthwise, vectors) = (wiring.depthwise(), self.image_blocks());
        let pairs = (0..self.blocks()).flat_map(|b| (0..planes).map(move |p| (p, b)));
        for (plane, block) in pairs.filter(|(p, b)| if depthwise { p == b } else { feeds(&wiring, *p, *b) }) {
            let (at, each) = if depthwise { (block, 1) } else { (block * planes + plane, LANES) };
            let at = image * vectors + at * self.taps * each;
            sliding.add(l, &wiring, plane, block, &mut self.sums[at..at + self.taps * each]);
        }
    }

    /// The gradient of a batch that is one chunk, or of its only image, without a second copy of a layer's many weights; where
    /// the weights are given, sums over it and no copy at all.
    pub fn add_whole<L: Lanes<T = T>>(
        &mut self,
        l: L,
        x: &Padded<T>,
        window: ([isize; 2], [usize; 2], &[[usize; 2]]),
        dy: &Padded<T>,
        folded: Option<&[T]>,
    ) {
        if self.wiring.groups > 1 {
            return self.add(l, x, window, dy, 0);
        }
        let (sliding, wiring, row) =
            (Sliding::new(x, window, dy), self.wiring, self.wiring.inputs * self.taps);
        let mut values = Vec::with_capacity(if folded.is_some() { 0 } else { wiring.outputs * row });
        let mut total = GradientSums::default();
        let mut rows = vec![T::default(); LANES * row];
        let (mut sums, mut stage) = (Buffer::zeroed(self.taps * LANES), vec![]);
        for block in 0..self.blocks() {
            for plane in 0..self.planes() {
                sums.fill(T::ZERO);
                sliding.add(l, &wiring, plane, block, &mut sums);
                self.to_rows(&sums, plane, &mut stage, &mut rows);
            }
            let rows = &rows[..LANES.min(wiring.outputs - block * LANES) * row];
            match folded {
                Some(weights) => {
                    total.add(T::numbers(&weights[block * LANES * row..][..rows.len()]), T::numbers(rows))
                }
                None => values.extend_from_slice(rows),
            }
        }
        match folded {
            Some(_) => self.folded = Some(total),
            None => self.whole = Some(values),
        }
    }

    /// The sums over the gradient, if these are all there is of it.
    pub fn sums(&self) -> Option<[f64; 3]> {
        self.folded.as_ref().map(GradientSums::total)
    }

    /// The gradient in PyTorch's layout, `[N,] [out, in/groups, kh, kw]`.
    pub fn finish(self) -> HostValues {
        if let Some(values) = self.whole {
            return T::host(values);
        }
        let row = self.wiring.group_inputs() * self.taps;
        let mut values = vec![T::default(); self.images.unwrap_or(1) * self.wiring.outputs * row];
        let images = self.sums.chunks_exact(self.image_blocks());
        for (image, values) in images.zip(values.chunks_exact_mut(self.wiring.outputs * row)) {
            match self.wiring.groups {
                1 => self.rows_of(image, values),
                _ => self.grouped_rows_of(image, values),
            }
        }
        T::host(values)
    }

    /// One group: vector by vector, which the rows of sixteen outputs are open for at a time.
    fn rows_of(&self, sums: &[Block<T>], values: &mut [T]) {
        let (vectors, row, mut stage) = (self.taps * LANES, self.wiring.inputs * self.taps, vec![]);
        for (block, values) in values.chunks_mut(LANES * row).enumerate() {
            for plane in 0..self.planes() {
                let at = (block * self.planes() + plane) * vectors;
                self.to_rows(&sums[at..at + vectors], plane, &mut stage, values);
            }
        }
    }

    /// Puts a plane's sums, `[tap][input channel]`, into the rows of a block's outputs: first side by side, at a distance
    /// that no two rows' cache lines compete at, then each to its row.
    fn to_rows(&self, sums: &[Block<T>], plane: usize, stage: &mut Vec<T>, rows: &mut [T]) {
        let (taps, row) = (self.taps, self.wiring.inputs * self.taps);
        let channels = LANES.min(self.wiring.inputs - plane * LANES);
        let run = channels * taps;
        stage.resize(LANES * (run + 1), T::default());
        for (tap, sums) in sums.chunks_exact(LANES).enumerate() {
            for (c, sum) in sums[..channels].iter().enumerate() {
                let places = stage[c * taps + tap..].iter_mut().step_by(run + 1);
                places.zip(&sum.0).for_each(|(value, sum)| *value = *sum);
            }
        }
        for (stage, row) in stage.chunks_exact(run + 1).zip(rows.chunks_exact_mut(row)) {
            row[plane * LANES * taps..][..run].copy_from_slice(&stage[..run]);
        }
    }

    fn grouped_rows_of(&self, sums: &[Block<T>], values: &mut [T]) {
        let (per_group, per_out) = (self.wiring.group_inputs(), self.wiring.group_outputs());
        for (output, values) in values.chunks_exact_mut(per_group * self.taps).enumerate() {
            let (block, lane) = (output / LANES, output % LANES);
            for (at, value) in values.iter_mut().enumerate() {
                let (input, tap) = (output / per_out * per_group + at / self.taps, at % self.taps);
                let vector = match self.wiring.depthwise() {
                    true => block * self.taps + tap,
                    false => {
                        let plane = block * self.planes() + input / LANES;
                        (plane * self.taps + tap) * LANES + input % LANES
                    }
                };
                *value = sums[vector].0[lane];
            }
        }
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
