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
    /// Packs `taps` taps; `weight(output, input within the group, tap)` gives the numbers.
    pub fn new(wiring: Wiring, taps: usize, weight: impl Fn(usize, usize, usize) -> T) -> Self {
        if wiring.depthwise() {
            return diagonal(wiring.outputs, taps, |c, tap| weight(c, 0, tap));
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
            fill(wiring, taps, i, block, &weight, &mut vectors[block.offset..end]);
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

fn fill<T: Pooled>(
    wiring: Wiring,
    taps: usize,
    index: usize,
    block: &PackedBlock,
    weight: &impl Fn(usize, usize, usize) -> T,
    out: &mut [Block<T>],
) {
    let (per_out, per_in) = (wiring.group_outputs(), wiring.group_inputs());
    let lanes = LANES.min(wiring.outputs - index * LANES);
    if wiring.groups > 1 || lanes < LANES {
        out.fill(T::ZERO);
    }
    let mut out = out;
    for plane in 0..block.planes {
        let channels = if plane + 1 == block.planes { block.last } else { LANES };
        let (here, rest) = out.split_at_mut(channels * taps);
        // Lane by lane: the numbers of one output lie together.
        for lane in 0..lanes {
            let output = index * LANES + lane;
            for c in 0..channels {
                let input = (block.first_plane + plane) * LANES + c;
                if wiring.groups > 1 && output / per_out != input / per_in {
                    continue;
                }
                let input = if wiring.groups > 1 { input % per_in } else { input };
                for tap in 0..taps {
                    here[tap * channels + c].0[lane] = weight(output, input, tap);
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
