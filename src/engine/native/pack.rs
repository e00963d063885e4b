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
    /// Input channels that feed the output channels of a block, as a range.
    fn sources(&self, block: usize) -> std::ops::Range<usize> {
        let (per_out, per_in) = (self.outputs / self.groups, self.inputs / self.groups);
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
/// that feed it, and zeros where a channel feeds another group.
pub struct Packed<T: Pooled> {
    pub vectors: Buffer<T>,
    pub blocks: Vec<PackedBlock>,
}

impl<T: Pooled> Packed<T> {
    /// Packs `taps` taps; `weight(output, input within the group, tap)` gives the numbers.
    pub fn new(wiring: Wiring, taps: usize, weight: impl Fn(usize, usize, usize) -> T) -> Self {
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
    let (per_out, per_in) = (wiring.outputs / wiring.groups, wiring.inputs / wiring.groups);
    let lanes = LANES.min(wiring.outputs - index * LANES);
    let mut at = 0;
    for plane in 0..block.planes {
        let channels = if plane + 1 == block.planes { block.last } else { LANES };
        for tap in 0..taps {
            for c in 0..channels {
                let input = (block.first_plane + plane) * LANES + c;
                let mut vector = T::ZERO;
                for lane in 0..lanes {
                    let output = index * LANES + lane;
                    if wiring.groups == 1 {
                        vector.0[lane] = weight(output, input, tap);
                    } else if output / per_out == input / per_in {
                        vector.0[lane] = weight(output, input % per_in, tap);
                    }
                }
                out[at] = vector;
                at += 1;
            }
        }
    }
}
