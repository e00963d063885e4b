//! Builds the network of a structure, with and without residual links.

use super::block::{Block, Conv, Link, Unit};
use super::parse::Structure;
use crate::graph::{Activation, Builder, ConvSpec, Graph, GraphError, NodeId, NormSpec};
use crate::spaces::NetworkInput;

/// Zen-NAS sets this on every batch normalisation of a network.
const NORM: NormSpec = NormSpec { affine: true, eps: 1e-3, momentum: 0.1 };

/// Whether residual links are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// The network that is trained.
    Kept,
    /// The network that Zen-NAS scores (`no_reslink`). Its convolutions are not in a container, so their names are shorter.
    Removed,
}

/// The super-blocks, global average pooling, linear classifier.
pub fn build(structure: &Structure, input: NetworkInput, links: Links) -> Result<Graph, GraphError> {
    let mut b = Builder::new("MasterNet", input.shape());
    let x = b.input();
    let x = b.list("module_list", |b| {
        structure.blocks().iter().fold(x, |x, block| {
            let y = b.next_child(|b, name| super_block(b, name, x, block, links));
            b.stage(y);
            y
        })
    });
    b.mark_features(x);
    let x = b.global_pool(None, x);
    let logits = b.module("fc_linear", "Linear", x, |b, x| b.linear("netblock", x, input.classes));
    b.finish(logits)
}

fn super_block(b: &mut Builder, name: &str, x: NodeId, block: &Block, links: Links) -> NodeId {
    b.module(name, block.kind.class(), x, |b, x| {
        b.list("module_list", |b| block.units().iter().fold(x, |x, unit| self::unit(b, x, unit, links)))
    })
}

/// Builds a unit. A ReLU follows the sum of a unit with a link, even where the link is removed.
fn unit(b: &mut Builder, x: NodeId, unit: &Unit, links: Links) -> NodeId {
    let x = match (unit.link, links) {
        (Link::None, _) => return convs(b, x, &unit.convs),
        (_, Links::Kept) => b.next_child(|b, name| residual(b, name, x, unit)),
        (_, Links::Removed) => convs(b, x, &unit.convs),
    };
    relu(b, x)
}

fn residual(b: &mut Builder, name: &str, x: NodeId, unit: &Unit) -> NodeId {
    b.module(name, "ResBlock", x, |b, x| {
        let y = b.list("module_list", |b| convs(b, x, &unit.convs));
        let link = match unit.link {
            Link::Projection => b.module("proj", "Sequential", x, |b, x| {
                let x = b.conv("0", x, ConvSpec::square(unit.output(), 1, unit.stride()).with_bias());
                b.norm("1", x, NORM)
            }),
            Link::Identity | Link::None => x,
        };
        b.add(&[y, link])
    })
}

fn convs(b: &mut Builder, x: NodeId, convs: &[Conv]) -> NodeId {
    convs.iter().fold(x, |x, conv| {
        let groups = if conv.depthwise { conv.output } else { 1 };
        let class = if conv.depthwise { "ConvDW" } else { "ConvKX" };
        let spec = ConvSpec { groups, ..ConvSpec::square(conv.output, conv.kernel, conv.stride) };
        let x = b.next_child(|b, name| b.module(name, class, x, |b, x| b.conv("netblock", x, spec)));
        let x = b.next_child(|b, name| b.module(name, "BN", x, |b, x| b.norm("netblock", x, NORM)));
        if conv.relu { relu(b, x) } else { x }
    })
}

fn relu(b: &mut Builder, x: NodeId) -> NodeId {
    b.next_child(|b, name| b.activation_of_class(name, "RELU", x, Activation::Relu))
}
