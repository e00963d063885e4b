//! Weight gradients: `dw[o][i][t] = sum over images and pixels of dy[o][p] x[i][p * stride + t]`.

use std::ops::Range;

use super::memory::Buffer;
use super::pack::Wiring;
use super::params::HostScalar;
use super::sliding::{Chunk, Correlation};
use super::tiles::Tiles;
use super::transpose::ToRows;
use crate::engine::GradientSums;
use crate::engine::kernels::HostValues;
use crate::simd::{Block, LANES, Lanes, Scalar};
use crate::threads;

/// Blocks of outputs that each thread computes before one thread sums over all of them.
const ROUND: usize = 4;

/// A gradient that chunks are added to, `[image][output block][input plane][tap][input channel][16 outputs]`.
pub struct WeightGradient<T: Scalar> {
    wiring: Wiring,
    taps: usize,
    /// Number of images, if each has a gradient of its own.
    images: Option<usize>,
    /// Empty until the first chunk is added.
    sums: Buffer<T>,
    /// The finished gradient in PyTorch's layout, where one chunk held the whole batch.
    whole: Option<Vec<T>>,
    /// Sums over the gradient in its place, where nothing else was wanted.
    folded: Option<GradientSums>,
}

impl<T: HostScalar> WeightGradient<T> {
    /// A gradient of zeros.
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

    /// Adds the contributions of chunks to gradient `image`.
    pub fn add<L: Tiles<T = T>>(
        &mut self,
        l: L,
        correlation: &Correlation,
        chunks: &[Chunk<T>],
        image: usize,
    ) {
        if self.sums.is_empty() {
            self.sums = Buffer::zeroed(self.images.unwrap_or(1) * self.image_blocks());
        }
        let (wiring, planes) = (self.wiring, self.planes());
        let (depthwise, vectors) = (wiring.depthwise(), self.image_blocks());
        let each = if depthwise { self.taps } else { self.taps * LANES };
        threads::shares(&mut self.sums[image * vectors..][..vectors], each, |first, run| {
            for (at, sums) in (first..).zip(run.chunks_exact_mut(each.max(1))) {
                let (plane, block) = if depthwise { (at, at) } else { (at % planes, at / planes) };
                if depthwise || feeds(&wiring, plane, block) {
                    // In the order of the images, whatever the number of threads.
                    chunks.iter().for_each(|chunk| correlation.add(l, &wiring, chunk, (plane, block), sums));
                }
            }
        });
    }

    /// Takes the gradient of a batch that is one chunk, without the packed copy of it that [`WeightGradient::add`] makes. With
    /// the weights in `folded`, only sums over the gradient are kept, and there is no copy at all.
    pub fn add_whole<L: Tiles<T = T>>(
        &mut self,
        l: L,
        correlation: &Correlation,
        chunk: &Chunk<T>,
        folded: Option<&[T]>,
    ) {
        if self.wiring.groups > 1 {
            return self.add(l, correlation, std::slice::from_ref(chunk), 0);
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
        // Some blocks of outputs are computed at a time. Meanwhile one thread takes the blocks before them, in their order.
        let alone = threads::count() == 1;
        let together = if alone { 1 } else { (ROUND * threads::count()).min(self.blocks()) };
        let mut rows = vec![T::default(); together * LANES * row];
        let (mut before, mut done) = (vec![T::default(); if alone { 0 } else { rows.len() }], 0..0);
        for first in (0..self.blocks()).step_by(together.max(1)) {
            let outputs = first * LANES..wiring.outputs.min((first + together) * LANES);
            let blocks = &mut rows[..outputs.len().next_multiple_of(LANES) * row];
            let compute =
                |k: usize, rows: &mut [T]| self.rows_of_block(l, correlation, chunk, first + k, rows);
            if alone {
                compute(0, blocks);
                take(outputs, &rows);
            } else {
                threads::join(
                    || take(done.clone(), &before),
                    || threads::chunks(blocks, LANES * row, compute),
                );
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

    /// Computes the gradient of a block of outputs, row by row.
    fn rows_of_block<L: Tiles<T = T>>(
        &self,
        l: L,
        correlation: &Correlation,
        chunk: &Chunk<T>,
        block: usize,
        rows: &mut [T],
    ) {
        let mut sums = Buffer::stale(self.taps * LANES);
        for plane in 0..self.planes() {
            sums.fill(T::ZERO);
            correlation.add(l, &self.wiring, chunk, (plane, block), &mut sums);
            self.to_rows(l, &sums, plane, rows);
        }
    }

    /// The sums over the gradient, if they were taken in its place.
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

    /// The rows of a layer with one group.
    fn rows_of<L: Lanes<T = T>>(&self, l: L, sums: &[Block<T>], values: &mut [T]) {
        let (vectors, row) = (self.taps * LANES, self.wiring.inputs * self.taps);
        for (block, values) in values.chunks_mut(LANES * row).enumerate() {
            for plane in 0..self.planes() {
                let at = (block * self.planes() + plane) * vectors;
                self.to_rows(l, &sums[at..at + vectors], plane, values);
            }
        }
    }

    /// Transposes the sums of a plane, `[tap][input channel]`, into the rows of a block's outputs.
    fn to_rows<L: Lanes<T = T>>(&self, l: L, sums: &[Block<T>], plane: usize, rows: &mut [T]) {
        let (taps, pitch) = (self.taps, self.wiring.inputs * self.taps);
        let (channels, lanes) = (LANES.min(self.wiring.inputs - plane * LANES), rows.len() / pitch);
        let rows = &mut rows[plane * LANES * taps..];
        l.run(ToRows { l, sums, channels, taps, rows, pitch, lanes });
    }

    /// The rows of a layer with several groups.
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

/// Whether a channel of an input plane feeds an output of a block.
fn feeds(wiring: &Wiring, plane: usize, block: usize) -> bool {
    let input = |c: usize| c.min(wiring.inputs - 1) / wiring.group_inputs();
    let output = |c: usize| c.min(wiring.outputs - 1) / wiring.group_outputs();
    let (i, o) = (plane * LANES, block * LANES);
    input(i) <= output(o + LANES - 1) && output(o) <= input(i + LANES - 1)
}
