//! CAM-NAS's search space, as far as its paper states it: PlainNet structures of at most six layers, kernels 1, 3 and 5,
//! channels 8, 32, 64, 128, 192 and 256, with or without residual links.
//!
//! The paper gives no encoding. **These choices are ours:** A layer is a super-block with one sub-layer. It is either
//! `SuperConvK{1,3,5}BNRELU`, which has no link, or `SuperResK{3,5}K{same}`, whose inner width equals its output width and
//! which has a link (PlainNet has no linked 1x1 convolution). Layers 3, 4 and 5 halve the resolution, as in the structure from
//! which Zen-NAS's search for CIFAR begins. Shorter structures have smaller indices; structures of one length are in
//! lexicographic order, in which the last layer varies fastest. The choices for a layer are in the order of the five
//! super-blocks above, and for each super-block in the order of the six channel numbers.

use std::ops::Range;

use super::plainnet::block::{Block, Kind};
use super::plainnet::parse::Structure;
use super::plainnet::{self, Links};
use super::{ArchError, Budget, NetworkInput, SearchSpace, SpaceError, SpaceSize, SpaceSpec, SuperBlock};
use crate::graph::Graph;
use crate::keyed::Draws;

/// The space.
pub struct CamNas;

/// Super-blocks of a layer.
const KINDS: [Kind; 5] = [
    Kind::Conv { kernel: 1 },
    Kind::Conv { kernel: 3 },
    Kind::Conv { kernel: 5 },
    Kind::TwoConvs { kernel: 3 },
    Kind::TwoConvs { kernel: 5 },
];
/// Output channels that a layer can have.
const CHANNELS: [usize; 6] = [8, 32, 64, 128, 192, 256];
/// Stride of each layer. A structure has at most as many layers.
const STRIDES: [usize; 6] = [1, 1, 2, 2, 2, 1];
/// Number of choices for a layer.
const CHOICES: usize = KINDS.len() * CHANNELS.len();

static SPEC: SpaceSpec = SpaceSpec {
    id: "cam_nas",
    title: "CAM-NAS: PlainNet structures of at most six layers",
    reference: "Zhang, Wang & Joe, CAM-NAS, Appl. Sci. 2023, 13, 9686; choices that the paper leaves open are ours",
    size: SpaceSize::Known(size()),
    example: "SuperConvK3BNRELU(3,32,1,1)SuperResK3K3(32,64,1,64,1)SuperResK5K5(64,128,2,128,1)SuperConvK1BNRELU(128,256,2,1)",
    encoding: "as plainnet, of SuperConvK{1,3,5}BNRELU(in,out,stride,1) and SuperResK{3,5}K{same}(in,out,stride,out,1) with out \
               one of 8, 32, 64, 128, 192, 256 and strides 1, 1, 2, 2, 2, 1",
};

/// `30 + 30^2 + ... + 30^6`.
const fn size() -> usize {
    let (mut size, mut of_depth, mut depth) = (0, 1, 0);
    while depth < STRIDES.len() {
        of_depth *= CHOICES;
        size += of_depth;
        depth += 1;
    }
    size
}

/// Parses a string and checks that it is in the space.
fn parse(arch: &str) -> Result<Structure, ArchError> {
    let structure = Structure::parse(SPEC.id, arch)?;
    let mut start = 0;
    for (i, block) in structure.blocks().iter().enumerate() {
        let end = arch[start..].find(')').map_or(arch.len(), |close| start + close + 1);
        outside(i, block).map_or(Ok(()), |reason| Err(error(arch, start..end, reason)))?;
        start = end;
    }
    Ok(structure)
}

fn error(arch: &str, at: Range<usize>, reason: String) -> ArchError {
    ArchError::new(SPEC.id, arch, at, reason)
}

/// Why a super-block cannot be layer `i`, counted from 0.
fn outside(i: usize, block: &Block) -> Option<String> {
    let Some(stride) = STRIDES.get(i) else {
        return Some(format!("more than {} layers", STRIDES.len()));
    };
    let layer = i + 1;
    if !KINDS.contains(&block.kind) {
        let known = KINDS.map(|kind| kind.to_string()).join(", ");
        return Some(format!("layer {layer} must be one of {known}"));
    }
    if !CHANNELS.contains(&block.output) {
        return Some(format!("layer {layer} must give 8, 32, 64, 128, 192 or 256 channels"));
    }
    if block.stride != *stride {
        return Some(format!("layer {layer} has stride {stride}"));
    }
    if block.sub_layers != 1 || block.kind.has_bottleneck() && block.bottleneck != block.output {
        return Some(format!("layer {layer} must have one sub-layer, of the width that it gives"));
    }
    None
}

/// Structure `index`.
fn at(mut index: usize) -> Option<String> {
    let mut of_depth = 1;
    let depth = (1..=STRIDES.len()).find(|_| {
        of_depth *= CHOICES;
        let found = index < of_depth;
        index -= if found { 0 } else { of_depth };
        found
    })?;
    let mut blocks = vec![];
    for at in 0..depth {
        of_depth /= CHOICES;
        let block = layer(index / of_depth % CHOICES, at);
        blocks.push(block);
    }
    Some(Structure::chained(blocks).to_string())
}

/// Layer `at` (from 0) by the number of its choice. What it takes is 3 channels; those of the layer before it come with the
/// structure.
fn layer(choice: usize, at: usize) -> Block {
    let (kind, output) = (KINDS[choice / CHANNELS.len()], CHANNELS[choice % CHANNELS.len()]);
    let bottleneck = if kind.has_bottleneck() { output } else { 0 };
    Block { kind, input: 3, output, stride: STRIDES[at], bottleneck, sub_layers: 1 }
}

/// The structure with one of its layers drawn anew, or with a layer more or less at its end (our reading of "uniformly alternate the
/// block type, kernel size, width and depth within some range"): depth is drawn from one less to one more, as far as there are
/// structures, and where it stays one of the layers is replaced.
fn mutant(structure: &Structure, draws: &mut Draws) -> Structure {
    let mut blocks = structure.blocks().to_vec();
    let layers = blocks.len();
    let depths: Vec<usize> = (layers.max(2) - 1..=(layers + 1).min(STRIDES.len())).collect();
    let depth = draws.one_of(&depths).copied().unwrap_or(layers);
    blocks.truncate(depth);
    if depth > layers {
        blocks.push(layer(draws.below(CHOICES), layers));
    } else if depth == layers {
        let at = draws.below(layers);
        blocks[at] = layer(draws.below(CHOICES), at);
    }
    Structure::chained(blocks)
}

impl SearchSpace for CamNas {
    fn spec(&self) -> &'static SpaceSpec {
        &SPEC
    }

    fn canonical(&self, arch: &str) -> Result<String, ArchError> {
        Ok(parse(arch)?.to_string())
    }

    fn arch(&self, index: usize) -> Option<String> {
        at(index)
    }

    fn mutate(&self, arch: &str, draws: &mut Draws) -> Result<Option<String>, ArchError> {
        Ok(Some(mutant(&parse(arch)?, draws).to_string()))
    }

    fn build(&self, arch: &str, input: NetworkInput) -> Result<Graph, SpaceError> {
        plainnet::build(SPEC.id, &parse(arch)?, input, Links::Kept)
    }

    fn unlinked(&self, arch: &str, input: NetworkInput) -> Result<Option<Graph>, SpaceError> {
        plainnet::build(SPEC.id, &parse(arch)?, input, Links::Removed).map(Some)
    }

    fn budget(&self, arch: &str, input: NetworkInput) -> Result<Option<Budget>, ArchError> {
        Ok(Some(plainnet::budget(&parse(arch)?, input)))
    }

    fn super_blocks(&self, arch: &str) -> Result<Option<Vec<SuperBlock>>, ArchError> {
        Ok(Some(plainnet::super_blocks(&parse(arch)?)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn indices_count_shorter_structures_first() {
        assert_eq!(SPEC.size, SpaceSize::Known(754_137_930));
        for (index, arch) in [
            (0, "SuperConvK1BNRELU(3,8,1,1)"),
            (1, "SuperConvK1BNRELU(3,32,1,1)"),
            (29, "SuperResK5K5(3,256,1,256,1)"),
            (30, "SuperConvK1BNRELU(3,8,1,1)SuperConvK1BNRELU(8,8,1,1)"),
            (31, "SuperConvK1BNRELU(3,8,1,1)SuperConvK1BNRELU(8,32,1,1)"),
        ] {
            assert_eq!(CamNas.arch(index).unwrap(), arch);
        }
        let last = CamNas.arch(754_137_929).unwrap();
        assert_eq!(last.matches("SuperResK5K5(256,256,2,256,1)").count(), 3, "{last}");
        assert_eq!(CamNas.arch(754_137_930), None);
    }

    #[test]
    fn errors_point_at_the_layer_that_is_outside() {
        let six = CamNas.arch(754_137_929).unwrap();
        for (arch, bad, says) in [
            ("SuperConvK7BNRELU(3,8,1,1)", "SuperConvK7BNRELU(3,8,1,1)", "must be one of"),
            ("SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,24,1,24,1)", "SuperResK3K3(8,24,1,24,1)", "channels"),
            ("SuperConvK3BNRELU(3,8,2,1)", "SuperConvK3BNRELU(3,8,2,1)", "stride 1"),
            ("SuperResK3K3(3,8,1,8,2)", "SuperResK3K3(3,8,1,8,2)", "one sub-layer"),
            ("SuperResK3K3(3,8,1,32,1)", "SuperResK3K3(3,8,1,32,1)", "of the width"),
            (&format!("{six}SuperConvK1BNRELU(256,8,1,1)"), "SuperConvK1BNRELU(256,8,1,1)", "more than 6"),
            ("SuperConvK3BNRELU(3,8,1,1)x", "x", "should stand"),
        ] {
            let error = CamNas.canonical(arch).unwrap_err();
            assert_eq!((&arch[error.at.clone()], error.space), (bad, "cam_nas"), "{error}");
            assert!(error.reason.contains(says), "{error}");
        }
    }

    proptest! {
        #[test]
        fn every_index_round_trips(index in 0usize..754_137_930) {
            let arch = CamNas.arch(index).unwrap();
            prop_assert_eq!(CamNas.canonical(&arch).unwrap(), arch);
        }
    }
}
