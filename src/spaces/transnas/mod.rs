//! TransNAS-Bench-101 (Duan et al., CVPR 2021): networks for seven tasks on Taskonomy's images.
//!
//! A network is a stem of two strided convolutions, layers, and a head; the head is that of classification here, global average
//! pooling and a linear classifier. The macro space has four to six layers of two residual blocks each, the micro space five
//! layers `41414` of two cells each.
//!
//! `:rbflex` after the id of a space builds the network that the code of RBFleX-NAS scores (GenNAS's wrapper). It has no classifier.
//! The maps of the last three layers, the last one first, are each resized to 8 x 8 pixels and pass conv1x1 to 32 channels with
//! bias - ReLU - BN. The output has no classes: it is the concatenation of the three maps. Layers `41414` become `41412` there.

mod arch;
mod levels;
#[cfg(test)]
mod tests;

use super::blocks::{reduce_convs, reduce_inputs, reduce_pad, relu_conv_bn_module};
use super::part::Part;
use super::{ArchError, NetworkInput, SearchSpace, SpaceError, SpaceSize, SpaceSpec};
use crate::graph::{Builder, ConvSpec, Graph, GraphError, NodeId, NormSpec, Shape};
use crate::keyed::Draws;
use arch::{Arch, Block, Layer, MicroOperation, NODES};

/// One of the two spaces.
#[derive(Debug)]
pub struct TransNas {
    spec: &'static SpaceSpec,
    cells: bool,
    head: Head,
}

/// The head of a network, which follows the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    /// Global average pooling and a linear classifier.
    Classifier,
    /// The maps of three layers, as RBFleX has them.
    Levels,
}

const REFERENCE: &str = "Duan et al., TransNAS-Bench-101, CVPR 2021, arXiv:2105.11871";

/// The macro space, which varies the layers.
pub static MACRO: TransNas = TransNas {
    spec: &SpaceSpec {
        id: "transnas_macro",
        title: "TransNAS-Bench-101, macro level",
        reference: REFERENCE,
        size: SpaceSize::Known(3_256),
        example: "64-4111-basic",
        encoding: "CHANNELS-LAYERS-basic, a digit for each layer: 1 plain, 2 doubles the channels, 3 halves the size, 4 both; \
                   `:rbflex` behind the space's id builds RBFleX's head of three levels",
    },
    cells: false,
    head: Head::Classifier,
};

/// The micro space, which varies the cell.
pub static MICRO: TransNas = TransNas {
    spec: &SpaceSpec {
        id: "transnas_micro",
        title: "TransNAS-Bench-101, cell level",
        reference: REFERENCE,
        size: SpaceSize::Known(4_096),
        example: "64-41414-3_33_333",
        encoding: "CHANNELS-LAYERS-a_bc_def, a digit for each edge 0-1, 0-2, 1-2, 0-3, 1-3, 2-3: 0 zero, 1 identity, 2 conv1x1, \
                   3 conv3x3; `:rbflex` behind the space's id builds RBFleX's head of three levels",
    },
    cells: true,
    head: Head::Classifier,
};

static MACRO_RBFLEX: TransNas = TransNas {
    spec: &SpaceSpec {
        id: "transnas_macro:rbflex",
        title: "TransNAS-Bench-101, macro level, as RBFleX builds it",
        ..*MACRO.spec
    },
    head: Head::Levels,
    ..MACRO
};

static MICRO_RBFLEX: TransNas = TransNas {
    spec: &SpaceSpec {
        id: "transnas_micro:rbflex",
        title: "TransNAS-Bench-101, cell level, as RBFleX builds it",
        ..*MICRO.spec
    },
    head: Head::Levels,
    ..MICRO
};

/// The space under RBFleX's construction: `ID:rbflex`.
pub fn variant(id: &str) -> Option<&'static dyn SearchSpace> {
    [&MACRO_RBFLEX, &MICRO_RBFLEX]
        .into_iter()
        .find(|space| space.spec.id == id)
        .map(|space| space as &dyn SearchSpace)
}

/// The normalisation of the residual blocks' shortcuts. Its eps and momentum are 1, because the original code passes
/// `affine, track_running_stats` in their positions.
const SHORTCUT_NORM: NormSpec = NormSpec { affine: true, eps: 1.0, momentum: 1.0 };

/// Draws of a mutant. More than half of the neighbours of a network of the benchmark are in it.
const MOST_DRAWS: usize = 1000;

impl TransNas {
    fn parse(&self, arch: &str) -> Result<Arch, ArchError> {
        Arch::parse(Part::new(self.spec.id, arch), self.cells)
    }
}

impl SearchSpace for TransNas {
    fn spec(&self) -> &'static SpaceSpec {
        self.spec
    }

    fn canonical(&self, arch: &str) -> Result<String, ArchError> {
        Ok(self.parse(arch)?.to_string())
    }

    fn check_member(&self, arch: &str) -> Result<(), ArchError> {
        self.parse(arch)?.check().map_err(|reason| Part::new(self.spec.id, arch).error(reason))
    }

    /// The official order is that of the benchmark's list, which only the table knows.
    fn arch(&self, _index: usize) -> Option<String> {
        None
    }

    /// One of the layers, or one edge of the cell, becomes another; drawn again until the benchmark has the network.
    fn mutate(&self, arch: &str, draws: &mut Draws) -> Result<Option<String>, ArchError> {
        let arch = self.parse(arch)?;
        let mutants = std::iter::repeat_with(|| arch.mutant(draws));
        Ok(mutants.take(MOST_DRAWS).find(|mutant| mutant.check().is_ok()).map(|mutant| mutant.to_string()))
    }

    fn build(&self, arch: &str, input: NetworkInput) -> Result<Graph, SpaceError> {
        let arch_of = self.parse(arch)?;
        let graph = match self.head {
            Head::Classifier => build(&arch_of, input),
            Head::Levels => levels::build(&arch_of, input),
        };
        graph.map_err(SpaceError::graph(self.spec.id, arch))
    }
}

fn build(arch: &Arch, input: NetworkInput) -> Result<Graph, GraphError> {
    let mut b = Builder::new("Network", input.shape());
    let x = b.input();
    let layers = backbone(&mut b, x, arch);
    let x = layers[layers.len() - 1];
    b.mark_features(x);
    let x = b.global_pool(Some("avgpool"), x);
    let logits = b.linear("head", x, input.classes);
    b.finish(logits)
}

/// Builds the stem and the layers, at least one, and returns the outputs of the layers.
fn backbone(b: &mut Builder, x: NodeId, arch: &Arch) -> Vec<NodeId> {
    let mut x = b.module("stem", "Sequential", x, |b, x| {
        let x = b.conv("0", x, ConvSpec::square(arch.base / 2, 3, 2));
        let x = b.norm("1", x, NormSpec::default());
        relu_conv_bn(b, "2", x, ConvSpec::square(arch.base, 3, 2))
    });
    b.stage(x);
    let mut channels = arch.base;
    let mut layer = |b: &mut Builder, (i, layer): (usize, &Layer)| {
        channels *= if layer.widens { 2 } else { 1 };
        x = b.module(&format!("layer{i}"), "Sequential", x, |b, x| {
            // The first block of a layer changes channels and size.
            [if layer.strides { 2 } else { 1 }, 1].into_iter().fold(x, |x, stride| {
                let y = b.next_child(|b, name| match &arch.block {
                    Block::Basic => residual_block(b, name, x, channels, stride),
                    Block::Cell(edges) => cell(b, name, x, edges, (channels, stride)),
                });
                b.stage(y);
                y
            })
        });
        x
    };
    arch.layers.iter().enumerate().map(|numbered| layer(b, numbered)).collect()
}

fn relu_conv_bn(b: &mut Builder, name: &str, x: NodeId, conv: ConvSpec) -> NodeId {
    relu_conv_bn_module(b, [name, "ops"], x, conv)
}

/// Two ReLU-conv3x3-BN beside a shortcut; no activation after the sum.
fn residual_block(b: &mut Builder, name: &str, x: NodeId, channels: usize, stride: usize) -> NodeId {
    b.module(name, "ResNetBasicblock", x, |b, x| {
        let long = relu_conv_bn(b, "conv_a", x, ConvSpec::square(channels, 3, stride));
        let long = relu_conv_bn(b, "conv_b", long, ConvSpec::square(channels, 3, 1));
        let short = match stride != 1 || b.shape(x).channels() != channels {
            true => b.module("downsample", "Sequential", x, |b, x| {
                let x = b.conv("0", x, ConvSpec::square(channels, 1, stride));
                b.norm("1", x, SHORTCUT_NORM)
            }),
            false => x,
        };
        b.add(&[short, long])
    })
}

/// A cell, whose node `i` sums its edges from nodes `0..i`. Edges from node 0 change channels and size.
fn cell(
    b: &mut Builder,
    name: &str,
    x: NodeId,
    edges: &[MicroOperation; 6],
    (channels, stride): (usize, usize),
) -> NodeId {
    b.module(name, "MicroCell", x, |b, x| {
        b.list("edges", |b| {
            let (mut states, mut outputs, mut next) = (vec![x], vec![], edges.iter());
            for node in 1..=NODES {
                let sources = states[..node].iter().enumerate().zip(next.by_ref());
                let parts: Vec<NodeId> = sources
                    .map(|((j, source), operation)| {
                        let stride = if j == 0 { stride } else { 1 };
                        b.next_child(|b, name| operation.build(b, name, *source, channels, stride))
                    })
                    .collect();
                states.push(b.add(&parts));
                outputs.extend(parts);
            }
            b.cell(&outputs);
            states[states.len() - 1]
        })
    })
}

impl MicroOperation {
    fn build(self, b: &mut Builder, name: &str, x: NodeId, channels: usize, stride: usize) -> NodeId {
        let same = b.shape(x).channels() == channels;
        match self {
            Self::Zero if same => {
                let x = if stride > 1 { b.subsample(x, stride) } else { x };
                b.zero(name, "Zero", x)
            }
            Self::Zero => {
                let size = |size: usize| if stride > 1 { (size + 1) / stride } else { size };
                let shape = match b.shape(x) {
                    Shape::Map { height, width, .. } => Shape::map(channels, size(height), size(width)),
                    Shape::Vector { .. } => Shape::Vector { features: channels },
                };
                b.zeros(name, "Zero", x, shape)
            }
            Self::Skip if same && stride == 1 => b.identity(name, "Identity", x),
            Self::Skip => factorized_reduce(b, name, x, channels, stride),
            Self::Conv(kernel) => relu_conv_bn(b, name, x, ConvSpec::square(channels, kernel, stride)),
        }
    }
}

fn factorized_reduce(b: &mut Builder, name: &str, x: NodeId, channels: usize, stride: usize) -> NodeId {
    b.module(name, "FactorizedReduce", x, |b, x| {
        let (x, shifted) = reduce_inputs(b, x);
        let parts: Vec<NodeId> = b.list("convs", |b| {
            let halves = reduce_convs(channels, stride).into_iter().zip([x, shifted]);
            halves.map(|(half, x)| b.next_child(|b, name| b.conv(name, x, half))).collect()
        });
        reduce_pad(b, x);
        let both = b.concat(&parts);
        b.norm("bn", both, NormSpec::default())
    })
}
