//! Zen-NAS's PlainNet structures (Lin et al., ICCV 2021), which are sequences of super-blocks of convolutions.
//!
//! | super-block | a sub-layer |
//! |---|---|
//! | `SuperConvK{k}BNRELU(in,out,stride,n)` | conv k x k - BN - ReLU |
//! | `SuperResK{k}K{k}(in,out,stride,width,n)` | conv k x k - BN - ReLU - conv k x k - BN, link, ReLU |
//! | `SuperResK1K{k}K1(in,out,stride,width,n)` | two bottlenecks: 1x1 - k x k - 1x1, each link, ReLU |
//! | `SuperResIDWE{e}K{k}(in,out,stride,width,n)` | two inverted bottlenecks, to `width` and to `out`, depth-wise k x k, `e` times as wide inside; each link, ReLU |
//!
//! A super-block has `n` sub-layers, and only the first one has the stride. The first link of a super-block is a 1x1 convolution
//! with bias and BN, and so are other links where stride or channels change. The remaining links are identities. The head is
//! global average pooling and a linear layer. BN has eps 1e-3. Zen-NAS adds squeeze-and-excitation for training, but not to the
//! networks that it scores.

pub(super) mod block;
mod budget;
mod mutate;
mod network;
pub(super) mod parse;
mod structures;

use block::{Block, Kind, Unit};
pub(super) use budget::budget;
pub use mutate::{Family as MutationFamily, Mutation, Ranges, TypeWeights};
pub(super) use network::Links;
use parse::Structure;

use super::{
    ArchError, Budget, Family, NamedArch, NetworkInput, SearchSpace, SpaceError, SpaceSize, SpaceSpec,
    SuperBlock,
};
use crate::graph::Graph;
use crate::keyed::Draws;

/// The space.
pub struct PlainNet;

static SPEC: SpaceSpec = SpaceSpec {
    id: "plainnet",
    title: "Zen-NAS PlainNet structures",
    reference: "Lin et al., Zen-NAS, ICCV 2021, arXiv:2102.01063",
    size: SpaceSize::Unlisted,
    example: "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,1,8,1)SuperResK3K3(16,32,2,16,1)SuperResK3K3(32,64,2,32,1)\
              SuperResK3K3(64,64,2,32,1)SuperConvK1BNRELU(64,128,1,1)",
    encoding: "super-blocks one behind the other: SuperConvK{1,3,5,7}BNRELU(in,out,stride,sub_layers), \
               SuperResK{3,5,7}K{same}, SuperResK1K{3,5,7}K1 and SuperResIDWE{1,2,4,6}K{3,5,7}(in,out,stride,bottleneck,\
               sub_layers); or a name of `untrained list archs`",
};

/// The structure of a string or of a published name.
fn parse(arch: &str) -> Result<Structure, ArchError> {
    if let Some(named) = structures::STRUCTURES.iter().find(|s| s.name == arch) {
        return Structure::parse(SPEC.id, named.arch);
    }
    Structure::parse(SPEC.id, arch)
}

impl Mutation {
    /// A child of a structure: up to `replacements` of its super-blocks replaced, long ones split.
    ///
    /// # Errors
    /// A malformed string.
    pub fn child(&self, arch: &str, replacements: usize, draws: &mut Draws) -> Result<String, ArchError> {
        Ok(self.of(&parse(arch)?, replacements, draws).to_string())
    }
}

impl SearchSpace for PlainNet {
    fn spec(&self) -> &'static SpaceSpec {
        &SPEC
    }

    fn canonical(&self, arch: &str) -> Result<String, ArchError> {
        Ok(parse(arch)?.to_string())
    }

    /// Structures are found by mutation and have no list, so none has an index.
    fn arch(&self, _index: usize) -> Option<String> {
        None
    }

    fn named(&self) -> &'static [NamedArch] {
        structures::STRUCTURES
    }

    fn build(&self, arch: &str, input: NetworkInput) -> Result<Graph, SpaceError> {
        build(SPEC.id, &parse(arch)?, input, Links::Kept)
    }

    fn unlinked(&self, arch: &str, input: NetworkInput) -> Result<Option<Graph>, SpaceError> {
        build(SPEC.id, &parse(arch)?, input, Links::Removed).map(Some)
    }

    fn budget(&self, arch: &str, input: NetworkInput) -> Result<Option<Budget>, ArchError> {
        Ok(Some(budget(&parse(arch)?, input)))
    }

    fn super_blocks(&self, arch: &str) -> Result<Option<Vec<SuperBlock>>, ArchError> {
        Ok(Some(super_blocks(&parse(arch)?)))
    }
}

/// The network of a structure of `space`.
pub(super) fn build(
    space: &'static str,
    structure: &Structure,
    input: NetworkInput,
    links: Links,
) -> Result<Graph, SpaceError> {
    network::build(structure, input, links).map_err(SpaceError::graph(space, &structure.to_string()))
}

/// A structure as proxies read it.
pub(super) fn super_blocks(structure: &Structure) -> Vec<SuperBlock> {
    let super_block = |block: &Block| {
        let units = block.units();
        let family = match block.kind {
            Kind::Conv { .. } => Family::Plain,
            Kind::TwoConvs { .. } => Family::TwoConvs,
            Kind::Bottleneck { .. } => Family::Bottleneck,
            Kind::Inverted { .. } => Family::Inverted,
        };
        SuperBlock {
            family,
            fan_ins: units.iter().flat_map(|u: &Unit| u.convs.iter().map(|c| c.fan_in())).collect(),
            channels: block.output,
            stride: block.stride,
            depth: if family == Family::Plain { 0 } else { units.len() },
        }
    };
    structure.blocks().iter().map(super_block).collect()
}

#[cfg(test)]
mod tests;
