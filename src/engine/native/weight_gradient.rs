//! Weight gradients: `dw[o][i][t] = sum over images and pixels of dy[o][p] x[i][p * stride + t]`.

use std::ops::Range;

use super::across::ToRows;
use super::evaluate::Reader;
use super::field::{Field, Padded};
use super::lanes::{Block, LANES, Lanes};
use super::memory::{Buffer, Pooled};
use super::pack::Wiring;
use super::tile::{self, Tap};
use super::weight_tiles::Work;
use crate::engine::GradientSums;
use crate::engine::kernels::HostValues;
use crate::team;

/// Pixels that a tile sums before the next tap: what they read stays in the first-level cache.
const RUN: usize = 128;

/// Blocks of outputs for each thread between two sums over them.
const ROUND: usize = 4;

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

/// A chunk of images and of gradients.
pub struct Chunk<T: Pooled> {
    pub dy: Padded<T>,
    /// Where weights have gradients.
    pub x: Option<Padded<T>>,
}

impl<T: Pooled> Chunk<T> {
    /// Fills it with the images from `first` on.
    pub fn fill<L: Lanes<T = T>>(&mut self, l: L, (x, dy): (&Reader<T>, &Reader<T>), first: usize) {
        self.dy.fill(l, dy, first);
        if let Some(inputs) = &mut self.x {
            inputs.fill(l, x, first);
        }
    }
}

/// A window sliding over chunks of one layout.
pub struct Sliding {
    x: Field,
    dy: Field,
    pieces: Vec<Piece>,
    /// Whether a piece is three neighbouring taps.
    threes: bool,
    width: usize,
    x_pixel: usize,
}

/// Some rows of outputs under one tap, or under three neighbouring ones.
struct Piece {
    tap: Tap,
    /// Where each row lies in the input (its first tap) and in the gradient.
    rows: Vec<(usize, usize)>,
}

impl Sliding {
    /// The window slides over `x` from an origin with a stride and taps, all in pixels.
    pub fn new<L: Lanes>(
        x: Field,
        (origin, stride, offsets): ([isize; 2], [usize; 2], &[[usize; 2]]),
        dy: Field,
        depthwise: bool,
    ) -> Self {
        let taps = offsets.iter().zip(0..).map(|(o, index)| Tap { pixel: x.distance(*o), index });
        let taps: Vec<Tap> = taps.collect();
        let (width, x_pixel) = match x.images_inside {
            true => (x.images, 1),
            false => (dy.size[1], stride[1]),
        };
        let threes = L::MANY_REGISTERS && !depthwise && x_pixel == 1 && width > 1 && tile::in_threes(&taps);
        let rows = pair_rows(x, origin, stride, dy);
        let mut pieces = vec![];
        // What some rows read stays in the first-level cache while one tap after the other passes by.
        for rows in rows.chunks(RUN.div_ceil(width)) {
            for taps in taps.chunks(if threes { 3 } else { 1 }) {
                let meets = |row: &&OutputRow| taps.iter().any(|tap| row.meets(&x, offsets[tap.index]));
                let rows: Vec<_> = rows.iter().filter(meets).map(|row| (row.x, row.dy)).collect();
                if !rows.is_empty() {
                    pieces.push(Piece { tap: taps[0], rows });
                }
            }
        }
        Self { x, dy, pieces, threes, width, x_pixel }
    }

    /// Adds a chunk's input plane against an output block, `[tap][input channel]` (depthwise `[tap]`).
    fn add<L: Lanes>(
        &self,
        l: L,
        wiring: &Wiring,
        chunk: &Chunk<L::T>,
        (plane, block): (usize, usize),
        sums: &mut [Block<L::T>],
    ) {
        let Some(x) = &chunk.x else { return };
        let work = Work {
            x: &x.blocks()[plane * self.x.plane()..],
            dy: &chunk.dy.blocks()[block * self.dy.plane()..],
            width: self.width,
            x_pixel: self.x_pixel,
            channels: LANES.min(wiring.inputs - plane * LANES),
        };
        let taps = if self.threes { 3 } else { 1 };
        for Piece { tap, rows } in &self.pieces {
            work.check(rows, tap.pixel, taps);
            if wiring.depthwise() {
                work.diagonal(l, rows, tap.pixel, &mut sums[tap.index]);
                continue;
            }
            let sums = &mut sums[tap.index * LANES..][..taps * LANES];
            // SAFETY: `check` has compared the farthest reads of all rows with the slices; each tap has sixteen vectors,
            // and `in_threes` has seen those that go together.
            match self.threes {
                true => unsafe { l.weight_runs(&work, rows, tap.pixel, sums) },
                false => unsafe { l.weight_tiles(&work, rows, tap.pixel, sums) },
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

    /// Adds the shares of chunks of images to gradient `image`.
    pub fn add<L: Lanes<T = T>>(&mut self, l: L, sliding: &Sliding, chunks: &[Chunk<T>], image: usize) {
        if self.sums.is_empty() {
            self.sums = Buffer::zeroed(self.images.unwrap_or(1) * self.image_blocks());
        }
        let (wiring, planes) = (self.wiring, self.planes());
        let (depthwise, vectors) = (wiring.depthwise(), self.image_blocks());
        let each = if depthwise { self.taps } else { self.taps * LANES };
        team::runs(&mut self.sums[image * vectors..][..vectors], each, |first, run| {
            for (at, sums) in (first..).zip(run.chunks_exact_mut(each.max(1))) {
                let (plane, block) = if depthwise { (at, at) } else { (at % planes, at / planes) };
                if depthwise || feeds(&wiring, plane, block) {
                    // The order of the images, whatever the team.
                    chunks.iter().for_each(|chunk| sliding.add(l, &wiring, chunk, (plane, block), sums));
                }
            }
        });
    }

    /// The gradient of a batch that is one chunk, or of its only image, without a second copy of a layer's many weights; where
    /// the weights are given, sums over it and no copy at all.
    pub fn add_whole<L: Lanes<T = T>>(
        &mut self,
        l: L,
        sliding: &Sliding,
        chunk: &Chunk<T>,
        folded: Option<&[T]>,
    ) {
        if self.wiring.groups > 1 {
            return self.add(l, sliding, std::slice::from_ref(chunk), 0);
        }
        let (wiring, row) = (self.wiring, self.wiring.inputs * self.taps);
        let mut values = Vec::with_capacity(if folded.is_some() { 0 } else { wiring.outputs * row });
        let mut total = GradientSums::default();
        let mut take = |outputs: Range<usize>, rows: &[T]| {
            let rows = &rows[..outputs.len() * row];
            match folded {
                Some(weights) => {
                    total.add(T::numbers(&weights[outputs.start * row..][..rows.len()]), T::numbers(rows))
                }
                None => values.extend_from_slice(rows),
            }
        };
        // Some blocks of outputs at a time; while they are computed, one thread takes those before them, in their order.
        let alone = team::size() == 1;
        let together = if alone { 1 } else { (ROUND * team::size()).min(self.blocks()) };
        let mut rows = vec![T::default(); together * LANES * row];
        let (mut before, mut done) = (vec![T::default(); if alone { 0 } else { rows.len() }], 0..0);
        for first in (0..self.blocks()).step_by(together.max(1)) {
            let outputs = first * LANES..wiring.outputs.min((first + together) * LANES);
            let blocks = &mut rows[..outputs.len().next_multiple_of(LANES) * row];
            let compute = |k: usize, rows: &mut [T]| self.rows_of_block(l, sliding, chunk, first + k, rows);
            if alone {
                compute(0, blocks);
                take(outputs, &rows);
            } else {
                team::both(|| take(done.clone(), &before), || team::each(blocks, LANES * row, compute));
                std::mem::swap(&mut rows, &mut before);
                done = outputs;
            }
        }
        take(done, &before);
        match folded {
            Some(_) => self.folded = Some(total),
            None => self.whole = Some(values),
        }
    }

    /// The gradient of a block of outputs, row by row.
    fn rows_of_block<L: Lanes<T = T>>(
        &self,
        l: L,
        sliding: &Sliding,
        chunk: &Chunk<T>,
        block: usize,
        rows: &mut [T],
    ) {
        let mut sums = Buffer::stale(self.taps * LANES);
        for plane in 0..self.planes() {
            sums.fill(T::ZERO);
            sliding.add(l, &self.wiring, chunk, (plane, block), &mut sums);
            self.to_rows(l, &sums, plane, rows);
        }
    }

    /// The sums over the gradient, if these are all there is of it.
    pub fn sums(&self) -> Option<[f64; 3]> {
        self.folded.as_ref().map(GradientSums::total)
    }

    /// The gradient in PyTorch's layout, `[N,] [out, in/groups, kh, kw]`.
    pub fn finish<L: Lanes<T = T>>(self, l: L) -> HostValues {
        if let Some(values) = self.whole {
            return T::host(values);
        }
        let row = self.wiring.group_inputs() * self.taps;
        let mut values = vec![T::default(); self.images.unwrap_or(1) * self.wiring.outputs * row];
        let images = self.sums.chunks_exact(self.image_blocks());
        for (image, values) in images.zip(values.chunks_exact_mut(self.wiring.outputs * row)) {
            match self.wiring.groups {
                1 => self.rows_of(l, image, values),
                _ => self.grouped_rows_of(image, values),
            }
        }
        T::host(values)
    }

    /// One group: vector by vector, which the rows of sixteen outputs are open for at a time.
    fn rows_of<L: Lanes<T = T>>(&self, l: L, sums: &[Block<T>], values: &mut [T]) {
        let (vectors, row) = (self.taps * LANES, self.wiring.inputs * self.taps);
        for (block, values) in values.chunks_mut(LANES * row).enumerate() {
            for plane in 0..self.planes() {
                let at = (block * self.planes() + plane) * vectors;
                self.to_rows(l, &sums[at..at + vectors], plane, values);
            }
        }
    }

    /// Puts a plane's sums, `[tap][input channel]`, into the rows of a block's outputs.
    fn to_rows<L: Lanes<T = T>>(&self, l: L, sums: &[Block<T>], plane: usize, rows: &mut [T]) {
        let (taps, pitch) = (self.taps, self.wiring.inputs * self.taps);
        let (channels, lanes) = (LANES.min(self.wiring.inputs - plane * LANES), rows.len() / pitch);
        let rows = &mut rows[plane * LANES * taps..];
        l.run(ToRows { l, sums, channels, taps, rows, pitch, lanes });
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

/// A row of outputs, over the pixels of a line or over the images of a pixel.
struct OutputRow {
    /// Where it lies in the input (its first tap) and in the gradient.
    x: usize,
    dy: usize,
    /// Pixels under the first tap, vertical and horizontal: the first of them, their distance and their number.
    pixels: [(isize, usize, usize); 2],
}

impl OutputRow {
    /// Whether a tap meets the map from some output of the row; else it reads padding only, which is zero.
    fn meets(&self, field: &Field, offset: [usize; 2]) -> bool {
        [0, 1].iter().all(|axis| {
            let (first, stride, count) = self.pixels[*axis];
            (0..count).any(|o| field.holds(*axis, first + (o * stride + offset[*axis]) as isize))
        })
    }
}

/// All rows of outputs.
fn pair_rows(x: Field, origin: [isize; 2], stride: [usize; 2], dy: Field) -> Vec<OutputRow> {
    let [height, width] = dy.size;
    let row = |image: usize, y: usize, c: usize, count: usize| {
        let (py, px) = (origin[0] + (y * stride[0]) as isize, origin[1] + (c * stride[1]) as isize);
        OutputRow {
            x: image * x.image() + x.at(py, px),
            dy: image * dy.image() + dy.at(y as isize, c as isize),
            pixels: [(py, stride[0], 1), (px, stride[1], count)],
        }
    };
    match x.images_inside {
        true => (0..height).flat_map(|y| (0..width).map(move |c| row(0, y, c, 1))).collect(),
        false => (0..x.images).flat_map(|i| (0..height).map(move |y| row(i, y, 0, width))).collect(),
    }
}
