//! Weights in the order in which tiles read them.

use super::lanes::{Block, LANES};
use super::memory::{Buffer, Pooled};

/// A convolution seen from its output: which input feeds which output through which weight. The input gradient is the
/// same with the roles exchanged.
#[derive(Clone, Copy, Debug)]
pub struct Wiring {
    pub outputs: usize,
    pub inputs: usize,
    pub groups: usize,
}

impl Wiring {
    /// Every channel its own group, in and out.
    pub fn depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.inputs && self.groups == self.outputs
    }

    /// The same seen from the input.
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

    /// Input channels that feed the output channels of a block, as a range.
    fn sources(&self, block: usize) -> std::ops::Range<usize> {
        let (per_out, per_in) = (self.group_outputs(), self.group_inputs());
        let last = ((block + 1) * LANES).min(self.outputs) - 1;
        block * LANES / per_out * per_in..(last / per_out + 1) * per_in
    }
}

/// Where a layer's numbers stand, as strides: those of output `o` of group `g`, input `i` of the group and tap `t` are
/// `values[g * group + o * output + i * input + taps[t]]`.
pub struct Source<'a, T> {
    pub values: &'a [T],
    pub group: usize,
    pub output: usize,
    pub input: usize,
    pub taps: &'a [usize],
}

impl<T: Copy> Source<'_, T> {
    /// The number of an output, an input within its group, and a tap.
    fn at(&self, wiring: Wiring, output: usize, input: usize, tap: usize) -> T {
        let (group, output) = (output / wiring.group_outputs(), output % wiring.group_outputs());
        self.values[group * self.group + output * self.output + input * self.input + self.taps[tap]]
    }
}

/// The weights of one block of outputs.
#[derive(Clone, Copy, Debug)]
pub struct PackedBlock {
    /// Where they begin.
    pub offset: usize,
    /// The planes of inputs they apply to, and how many channels of the last one.
    pub first_plane: usize,
    pub planes: usize,
    pub last: usize,
}

/// Weights as `[output block][input plane][tap][input channel][16 outputs]`; with groups, a block has only the planes
/// that feed it, and zeros where a channel feeds another group. Depthwise, a block is one vector for each tap.
pub struct Packed<T: Pooled> {
    pub vectors: Buffer<T>,
    pub blocks: Vec<PackedBlock>,
}

impl<T: Pooled> Packed<T> {
    /// Packs numbers.
    pub fn new(wiring: Wiring, source: &Source<'_, T>) -> Self {
        let taps = source.taps.len();
        if wiring.depthwise() {
            return diagonal(wiring.outputs, taps, |c, tap| source.at(wiring, c, 0, tap));
        }
        let mut blocks = vec![];
        let mut length = 0;
        for block in 0..wiring.outputs.div_ceil(LANES) {
            let sources = wiring.sources(block);
            let first_plane = sources.start / LANES;
            let planes = sources.end.div_ceil(LANES) - first_plane;
            let channels = ((first_plane + planes) * LANES).min(wiring.inputs) - first_plane * LANES;
            let last = channels - (planes - 1) * LANES;
            blocks.push(PackedBlock { offset: length, first_plane, planes, last });
            length += channels * taps;
        }
        let mut vectors = Buffer::stale(length);
        for (i, block) in blocks.iter().enumerate() {
            let end = blocks.get(i + 1).map_or(length, |next| next.offset);
            let out = &mut vectors[block.offset..end];
            match wiring.groups {
                1 => fill_dense(wiring, i, block, source, out),
                _ => fill_grouped(wiring, i, block, source, out),
            }
        }
        Self { vectors, blocks }
    }

    /// Whether neighbouring blocks read the same inputs, so that a tile may serve two of them.
    pub fn pairs(&self) -> bool {
        let same = |a: &PackedBlock, b: &PackedBlock| {
            (a.first_plane, a.planes, a.last) == (b.first_plane, b.planes, b.last)
        };
        self.blocks.windows(2).all(|pair| same(&pair[0], &pair[1]))
    }
}

/// One group: whole vectors, one after the other in the order of the numbers.
fn fill_dense<T: Pooled>(
    wiring: Wiring,
    index: usize,
    block: &PackedBlock,
    source: &Source<'_, T>,
    out: &mut [Block<T>],
) {
    let lanes = LANES.min(wiring.outputs - index * LANES);
    let (mut out, stride) = (out, source.output);
    for plane in 0..block.planes {
        let channels = if plane + 1 == block.planes { block.last } else { LANES };
        let (here, rest) = out.split_at_mut(channels * source.taps.len());
        for c in 0..channels {
            let first = index * LANES * stride + (plane * LANES + c) * source.input;
            for (k, tap) in source.taps.iter().enumerate() {
                let numbers = &source.values[first + tap..];
                here[k * channels + c].0 =
                    match lanes {
                        LANES => std::array::from_fn(|lane| numbers[lane * stride]),
                        _ => std::array::from_fn(|lane| {
                            if lane < lanes { numbers[lane * stride] } else { T::default() }
                        }),
                    };
            }
        }
        out = rest;
    }
}

/// Several groups: zeros where a channel feeds another group.
fn fill_grouped<T: Pooled>(
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

/// Depthwise: one vector for each plane and tap.
fn diagonal<T: Pooled>(channels: usize, taps: usize, weight: impl Fn(usize, usize) -> T) -> Packed<T> {
    let planes = channels.div_ceil(LANES);
    let mut vectors = Buffer::zeroed(planes * taps);
    for c in 0..channels {
        for tap in 0..taps {
            vectors[c / LANES * taps + tap].0[c % LANES] = weight(c, tap);
        }
    }
    let block = |p: usize| PackedBlock {
        offset: p * taps,
        first_plane: p,
        planes: 1,
        last: LANES.min(channels - p * LANES),
    };
    Packed { vectors, blocks: (0..planes).map(block).collect() }
}
