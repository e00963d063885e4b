//! Weights as their products see them.

use std::ops::Range;

use super::{Form, pitch, strips};
use crate::engine::native::memory::Buffer;
use crate::engine::native::pack::{self, Packed};
use crate::engine::work::Work;
use crate::simd::{Block, LANES, Lanes, Scalar};

/// Transformed weights, `[product][output block][input channel][16 outputs]`.
pub struct Weights<'a, T: Scalar> {
    form: Form,
    packed: Packed<'a, T>,
    inputs: usize,
    /// All of them; empty where they are transformed part by part.
    ready: Buffer<T>,
    pitch: usize,
}

/// Memory for one part of the weights.
#[derive(Default)]
pub struct Scratch<T> {
    packed: pack::Scratch<T>,
    products: Vec<Block<T>>,
}

/// Some of the weights.
pub struct Part<'a, T> {
    pub vectors: &'a [Block<T>],
    /// Distance between products.
    pub pitch: usize,
    /// Distance between output blocks.
    pub block: usize,
}

impl<'a, T: Scalar> Weights<'a, T> {
    /// Transforms weights that are packed when they are asked for: all of them now, or each part when it is needed.
    pub fn new<L: Lanes<T = T>>(
        l: L,
        form: Form,
        packed: Packed<'a, T>,
        inputs: usize,
        by_parts: bool,
    ) -> Self {
        let blocks = packed.blocks.len();
        let pitch = pitch(blocks * inputs);
        let mut weights = Self { form, packed, inputs, ready: Buffer::stale(0), pitch };
        if !by_parts {
            let mut ready = Buffer::stale(form.products() * pitch);
            let mut scratch = pack::Scratch::default();
            for block in 0..blocks {
                let planes = 0..inputs.div_ceil(LANES);
                weights.transform(l, block, planes, (&mut ready[block * inputs..], pitch), &mut scratch);
            }
            weights.ready = ready;
        }
        weights
    }

    /// The weights of some planes of neighbouring blocks.
    pub fn part<'s, L: Lanes<T = T>>(
        &'s self,
        l: L,
        blocks: Range<usize>,
        planes: Range<usize>,
        scratch: &'s mut Scratch<T>,
    ) -> Part<'s, T> {
        if !self.ready.is_empty() {
            let first = blocks.start * self.inputs + planes.start * LANES;
            return Part { vectors: &self.ready[first..], pitch: self.pitch, block: self.inputs };
        }
        let channels = self.inputs.min(planes.end * LANES) - planes.start * LANES;
        let pitch = pitch(blocks.len() * channels);
        let Scratch { packed, products } = scratch;
        products.resize(self.form.products() * pitch, T::ZERO);
        for (k, block) in blocks.enumerate() {
            self.transform(l, block, planes.clone(), (&mut products[k * channels..], pitch), packed);
        }
        Part { vectors: products, pitch, block: channels }
    }

    fn transform<L: Lanes<T = T>>(
        &self,
        l: L,
        block: usize,
        planes: Range<usize>,
        (out, pitch): (&mut [Block<T>], usize),
        scratch: &mut pack::Scratch<T>,
    ) {
        let (mut taps, _) = self.packed.part(l, block..block + 1, planes.clone(), scratch);
        Work::Packing.of(|| {
            for (k, plane) in planes.enumerate() {
                let channels = LANES.min(self.inputs - plane * LANES);
                let out = &mut out[k * LANES..];
                strips::Weights { l, form: self.form, taps, channels, out, pitch }.run();
                taps = &taps[channels * 9..];
            }
        });
    }
}
