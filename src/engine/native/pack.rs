//! Weights, packed in the order in which register tiles read them.

use std::ops::Range;

use super::memory::Buffer;
use super::transpose::FromRows;
use crate::engine::work::Work;
use crate::simd::{Block, LANES, Lanes, Scalar};
use crate::threads;

/// Bytes of a cache line.
const CACHE_LINE: usize = 64;

/// Which input channels feed which output channels. An input gradient has the same wiring with the roles of inputs and
/// outputs exchanged.
#[derive(Clone, Copy, Debug)]
pub struct Wiring {
    pub outputs: usize,
    pub inputs: usize,
    pub groups: usize,
}

impl Wiring {
    /// Whether every channel is a group of its own, in and out.
    pub fn depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.inputs && self.groups == self.outputs
    }

    /// The wiring of the input gradient.
    pub fn reversed(self) -> Self {
        Self { outputs: self.inputs, inputs: self.outputs, groups: self.groups }
    }

    /// Inputs of one group.
    pub fn group_inputs(&self) -> usize {
        self.inputs / self.groups
    }

    /// Outputs of one group.
    pub fn group_outputs(&self) -> usize {
        self.outputs / self.groups
    }

    /// The range of input channels that feed the output channels of a block.
    fn sources(&self, block: usize) -> Range<usize> {
        let (per_out, per_in) = (self.group_outputs(), self.group_inputs());
        let last = ((block + 1) * LANES).min(self.outputs) - 1;
        block * LANES / per_out * per_in..(last / per_out + 1) * per_in
    }
}

/// Where the weights of a layer lie: that of output `o` of group `g`, input `i` of the group and tap `t` is
/// `values[g * group + o * output + i * input + taps[t]]`.
pub struct Source<'a, T> {
    pub values: &'a [T],
    pub group: usize,
    pub output: usize,
    pub input: usize,
    pub taps: Vec<usize>,
}

impl<T: Copy> Source<'_, T> {
    /// The weight of an output, an input within its group, and a tap.
    fn at(&self, wiring: Wiring, output: usize, input: usize, tap: usize) -> T {
        let (group, output) = (output / wiring.group_outputs(), output % wiring.group_outputs());
        self.values[group * self.group + output * self.output + input * self.input + self.taps[tap]]
    }

    /// Whether the weights of an output lie one behind the other, in the order of inputs and their taps.
    fn is_dense(&self) -> bool {
        self.input == self.taps.len() && self.taps.iter().copied().eq(0..self.taps.len())
    }
}

/// The weights of one block of outputs.
#[derive(Clone, Copy, Debug)]
pub struct PackedBlock {
    /// Index of the first vector.
    pub offset: usize,
    /// The input planes that feed the block, and the number of channels in the last of them.
    pub first_plane: usize,
    pub planes: usize,
    pub last: usize,
}

/// Weights as `[output block][input plane][tap][input channel][16 outputs]`. With groups, a block has only the planes that
/// feed it, and zeros where a channel feeds another group. In a depthwise layer a block is one vector for each tap.
pub struct Packed<'a, T: Scalar> {
    wiring: Wiring,
    source: Source<'a, T>,
    pub blocks: Vec<PackedBlock>,
    /// All vectors; empty where they are packed part by part.
    vectors: Buffer<T>,
}

impl<'a, T: Scalar> Packed<'a, T> {
    /// Packs weights: all of them now, or each part when [`Packed::part`] asks for it. The latter suits weights that are read
    /// once, because the packed part then never leaves the first-level cache.
    pub fn new<L: Lanes<T = T>>(l: L, wiring: Wiring, source: Source<'a, T>, by_parts: bool) -> Self {
        if wiring.depthwise() {
            let (blocks, vectors) = diagonal(wiring, &source);
            return Self { wiring, source, blocks, vectors };
        }
        let (blocks, length) = blocks_of(wiring, source.taps.len());
        let mut packed = Self { wiring, source, blocks, vectors: Buffer::stale(0) };
        if by_parts && wiring.groups == 1 {
            return packed;
        }
        let mut vectors = Buffer::stale(length);
        if wiring.groups == 1 {
            // With one group, all blocks are equally long.
            let each = length / packed.blocks.len().max(1);
            threads::shares(&mut vectors, each, |first, run| {
                for (i, out) in (first..).zip(run.chunks_exact_mut(each.max(1))) {
                    packed.fill_dense(l, i, 0..packed.blocks[i].planes, out);
                }
            });
        } else {
            for (i, block) in packed.blocks.iter().enumerate() {
                fill_grouped(wiring, i, block, &packed.source, &mut vectors[block.offset..packed.end(i)]);
            }
        }
        packed.vectors = vectors;
        packed
    }

    /// Whether all blocks read the same inputs, so that a tile may compute two of them at once.
    pub fn pairs(&self) -> bool {
        let same = |a: &PackedBlock, b: &PackedBlock| {
            (a.first_plane, a.planes, a.last) == (b.first_plane, b.planes, b.last)
        };
        self.blocks.windows(2).all(|pair| same(&pair[0], &pair[1]))
    }

    /// Index behind the last vector of a block.
    fn end(&self, block: usize) -> usize {
        let PackedBlock { offset, planes, last, .. } = self.blocks[block];
        let channels = if self.wiring.depthwise() { 1 } else { (planes - 1) * LANES + last };
        offset + channels * self.source.taps.len()
    }

    /// The vectors of some planes of one or two neighbouring blocks, and the distance between the blocks.
    pub fn part<'s, L: Lanes<T = T>>(
        &'s self,
        l: L,
        blocks: Range<usize>,
        planes: Range<usize>,
        scratch: &'s mut Scratch<T>,
    ) -> (&'s [Block<T>], usize) {
        let (first, taps) = (self.blocks[blocks.start], self.source.taps.len());
        if !self.vectors.is_empty() {
            let next = self.blocks.get(blocks.start + 1).map_or(first.offset, |next| next.offset);
            return (&self.vectors[first.offset + planes.start * taps * LANES..], next - first.offset);
        }
        let short = if planes.end == first.planes { LANES - first.last } else { 0 };
        let length = (planes.len() * LANES - short) * taps;
        scratch.vectors.resize(blocks.len() * length, Block([T::default(); LANES]));
        Work::Packing.of(|| {
            for (block, out) in blocks.zip(scratch.vectors.chunks_exact_mut(length)) {
                self.fill_dense(l, block, planes.clone(), out);
                self.fetch_ahead(l, block, planes.end..(planes.end + planes.len()).min(first.planes));
            }
        });
        (&scratch.vectors, length)
    }

    /// Packs some planes of a block, in a layer of one group.
    fn fill_dense<L: Lanes<T = T>>(&self, l: L, index: usize, planes: Range<usize>, out: &mut [Block<T>]) {
        let (block, source, taps) = (&self.blocks[index], &self.source, self.source.taps.len());
        let lanes = self.lanes(index);
        let mut out = out;
        for plane in planes {
            let channels = if plane + 1 == block.planes { block.last } else { LANES };
            let (out_of_plane, rest) = out.split_at_mut(channels * taps);
            let values = &source.values[index * LANES * source.output + plane * LANES * source.input..];
            match source.is_dense() {
                true => {
                    let pitch = source.output;
                    l.run(FromRows { l, values, pitch, lanes, channels, taps, out: out_of_plane });
                }
                false => {
                    let strides = (source.output, source.input);
                    gather(values, strides, &source.taps, lanes, channels, out_of_plane);
                }
            }
            out = rest;
        }
    }

    /// Number of output channels of a block, 1 to 16.
    pub fn lanes(&self, block: usize) -> usize {
        LANES.min(self.wiring.outputs - block * LANES)
    }

    /// Prefetches the weights of the planes that are packed next. They lie in many short runs, which the processor does not
    /// foresee; while the rows of pixels in between are computed there is time to load them.
    fn fetch_ahead<L: Lanes<T = T>>(&self, l: L, index: usize, planes: Range<usize>) {
        let (source, wiring) = (&self.source, self.wiring);
        let outputs = index * LANES..wiring.outputs.min((index + 1) * LANES);
        let inputs = planes.start * LANES..wiring.inputs.min(planes.end * LANES);
        if outputs.is_empty() || inputs.is_empty() {
            return;
        }
        // Each run goes along the axis whose numbers lie closer together.
        let (starts, pitch, run) = match source.input < source.output {
            true => (outputs.clone(), source.output, inputs.len() * source.input),
            false => (inputs.clone(), source.input, outputs.len() * source.output),
        };
        let first = outputs.start * source.output + inputs.start * source.input;
        for start in 0..starts.len() {
            let at = first + start * pitch;
            let numbers = &source.values[at..source.values.len().min(at + run)];
            numbers.iter().step_by(CACHE_LINE / size_of::<T>()).for_each(|x| l.fetch(x));
        }
    }
}

/// Memory for one part of the weights.
#[derive(Default)]
pub struct Scratch<T> {
    vectors: Vec<Block<T>>,
}

/// The blocks of a layer that is not depthwise, and the number of vectors in all.
fn blocks_of(wiring: Wiring, taps: usize) -> (Vec<PackedBlock>, usize) {
    let (mut blocks, mut length) = (vec![], 0);
    for block in 0..wiring.outputs.div_ceil(LANES) {
        let sources = wiring.sources(block);
        let first_plane = sources.start / LANES;
        let planes = sources.end.div_ceil(LANES) - first_plane;
        let channels = ((first_plane + planes) * LANES).min(wiring.inputs) - first_plane * LANES;
        let last = channels - (planes - 1) * LANES;
        blocks.push(PackedBlock { offset: length, first_plane, planes, last });
        length += channels * taps;
    }
    (blocks, length)
}

/// `out[k * channels + c][lane] = values[lane * across + c * along + taps[k]]`, and zero for lanes beyond `lanes`.
fn gather<T: Scalar>(
    values: &[T],
    (across, along): (usize, usize),
    taps: &[usize],
    lanes: usize,
    channels: usize,
    out: &mut [Block<T>],
) {
    for c in 0..channels {
        for (k, tap) in taps.iter().enumerate() {
            let numbers = &values[c * along + tap..];
            out[k * channels + c].0 = match lanes {
                LANES => std::array::from_fn(|lane| numbers[lane * across]),
                _ => std::array::from_fn(
                    |lane| if lane < lanes { numbers[lane * across] } else { T::default() },
                ),
            };
        }
    }
}

/// Packs a block of a layer with several groups: zeros where a channel feeds another group.
fn fill_grouped<T: Scalar>(
    wiring: Wiring,
    index: usize,
    block: &PackedBlock,
    source: &Source<'_, T>,
    out: &mut [Block<T>],
) {
    let (per_out, per_in) = (wiring.group_outputs(), wiring.group_inputs());
    let lanes = LANES.min(wiring.outputs - index * LANES);
    out.fill(T::ZERO);
    let mut out = out;
    for plane in 0..block.planes {
        let channels = if plane + 1 == block.planes { block.last } else { LANES };
        let (here, rest) = out.split_at_mut(channels * source.taps.len());
        for (lane, c) in (0..lanes).flat_map(|lane| (0..channels).map(move |c| (lane, c))) {
            let (output, input) = (index * LANES + lane, (block.first_plane + plane) * LANES + c);
            if output / per_out == input / per_in {
                for tap in 0..source.taps.len() {
                    here[tap * channels + c].0[lane] = source.at(wiring, output, input % per_in, tap);
                }
            }
        }
        out = rest;
    }
}

/// Packs a depthwise layer: one vector for each plane and tap.
fn diagonal<T: Scalar>(wiring: Wiring, source: &Source<'_, T>) -> (Vec<PackedBlock>, Buffer<T>) {
    let (channels, taps) = (wiring.outputs, source.taps.len());
    let planes = channels.div_ceil(LANES);
    let mut vectors = Buffer::zeroed(planes * taps);
    for c in 0..channels {
        for tap in 0..taps {
            vectors[c / LANES * taps + tap].0[c % LANES] = source.at(wiring, c, 0, tap);
        }
    }
    let block = |p: usize| PackedBlock {
        offset: p * taps,
        first_plane: p,
        planes: 1,
        last: LANES.min(channels - p * LANES),
    };
    ((0..planes).map(block).collect(), vectors)
}
