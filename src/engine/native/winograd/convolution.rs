//! The convolution of chunks of images, for forward passes and input gradients alike.

use std::ops::Range;

use super::multiply::{self, Multiply, STEP};
use super::products::Products;
use super::strips::Outputs;
use super::weights::{Scratch, Weights};
use super::{Field, Form, Grid, Part, TOGETHER};
use crate::engine::native::pack::{Packed, Source, Wiring};
use crate::engine::native::tiles::Tiles;
use crate::simd::{Block, LANES, Lanes, Scalar};

/// Bytes of transformed weights from which on they are transformed part by part, if all tiles can be in work at once.
const MANY_WEIGHTS: usize = 4 << 20;

/// Tiles that can be in work at once.
const ALL: usize = 4 * TOGETHER * TOGETHER;

/// Input planes whose weights are transformed at a time.
const PLANES: usize = 4;

/// A convolution over chunks of images in one layout.
pub struct Convolution<'a, T: Scalar> {
    grid: Grid,
    wiring: Wiring,
    weights: Weights<'a, T>,
    by_parts: bool,
    /// One block for each output block.
    bias: Option<&'a [Block<T>]>,
}

/// Whether the weights of a layer are so many that all images should be one chunk.
pub fn by_parts(form: Form, wiring: &Wiring, tiles: usize) -> bool {
    wiring.inputs * wiring.outputs * form.products() * size_of::<f32>() > MANY_WEIGHTS && tiles <= ALL
}

impl<'a, T: Scalar> Convolution<'a, T> {
    /// A convolution of `n` images in all.
    pub fn new<L: Lanes<T = T>>(
        l: L,
        grid: Grid,
        wiring: Wiring,
        source: Source<'a, T>,
        (bias, n): (Option<&'a [Block<T>]>, usize),
    ) -> Self {
        let by_parts = by_parts(grid.form, &wiring, n * grid.len());
        let packed = Packed::new(l, wiring, source, true);
        let weights = Weights::new(l, grid.form, packed, wiring.inputs, by_parts);
        Self { grid, wiring, weights, by_parts, bias }
    }

    /// Computes all outputs of a chunk of images, `[image][plane][row][column]`.
    pub fn run<L: Tiles<T = T>>(&self, l: L, field: &Field, input: &[Block<T>], out: &mut [Block<T>]) {
        let parts = self.grid.parts(field.images, if self.by_parts { usize::MAX } else { TOGETHER });
        let (row, at_once) = (self.grid.tiles[1], multiply::blocks_at_once::<L>());
        let Some(most) = parts.iter().map(Part::len).max() else { return };
        let mut inputs = Products::new(self.grid.form, field.planes, most, row);
        let (mut sums, mut scratch) = (Products::new(self.grid.form, at_once, most, 0), Scratch::default());
        let blocks = self.wiring.outputs.div_ceil(LANES);
        for part in parts {
            inputs.take(l, input, field, &part);
            for block in (0..blocks).step_by(at_once) {
                let count = at_once.min(blocks - block);
                self.multiply(l, &inputs, part.len(), block..block + count, &mut sums, &mut scratch);
                for k in 0..count {
                    self.write(l, (&sums, k), block + k, &part, out);
                }
            }
        }
    }

    /// The products of some tiles with neighbouring output blocks, summed over all channels.
    fn multiply<L: Tiles<T = T>>(
        &self,
        l: L,
        inputs: &Products<T>,
        tiles: usize,
        blocks: Range<usize>,
        sums: &mut Products<T>,
        scratch: &mut Scratch<T>,
    ) {
        let planes = self.wiring.inputs.div_ceil(LANES);
        let step = if self.by_parts { PLANES } else { planes };
        for first in (0..planes).step_by(step) {
            let range = first..planes.min(first + step);
            let weights = self.weights.part(l, blocks.clone(), range.clone(), scratch);
            let (pitch, plane) = (sums.pitch, sums.plane);
            let multiply = Multiply {
                l,
                products: self.grid.form.products(),
                inputs: (&inputs.blocks()[first * inputs.plane..], inputs.pitch, inputs.plane),
                weights: (weights.vectors, weights.pitch, weights.block),
                sums: (sums.blocks_mut(), pitch, plane),
                channels: self.wiring.inputs.min(range.end * LANES) - first * LANES,
                blocks: blocks.len(),
                lanes: LANES.min(self.wiring.outputs - (blocks.end - 1) * LANES),
                tiles: tiles.next_multiple_of(STEP),
                more: first > 0,
            };
            multiply.run();
        }
    }

    /// Writes an output block of some tiles.
    fn write<L: Tiles<T = T>>(
        &self,
        l: L,
        (sums, k): (&Products<T>, usize),
        block: usize,
        part: &Part,
        out: &mut [Block<T>],
    ) {
        let ([height, width], tile_rows) = (self.grid.out, self.grid.form.outputs());
        let planes = self.wiring.outputs.div_ceil(LANES);
        for (image, row, tile) in part.lines() {
            let first = ((image * planes + block) * height + row * tile_rows) * width;
            Outputs {
                l,
                form: self.grid.form,
                products: &sums.blocks()[k * sums.plane + tile..],
                pitch: sums.pitch,
                bias: self.bias.map_or(T::ZERO, |bias| bias[block]),
                out: &mut out[first..],
                height: tile_rows.min(height - row * tile_rows),
                width,
            }
            .run();
        }
    }
}
