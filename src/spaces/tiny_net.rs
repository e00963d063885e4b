//! The macro network that NAS-Bench-201 and NATS-Bench-SSS share (AutoDL's `TinyNetwork`).

use super::NetworkInput;
use super::blocks::relu_conv_bn_module;
use super::nasbench201::{EdgeCell, EdgeOperation};
use crate::graph::{
    Activation, Builder, ConvSpec, Graph, GraphError, NodeId, NormSpec, PoolKind, Shape, Window,
};

/// One entry of the macro network: a cell or a reduction block, with its output channels.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    pub channels: usize,
    pub reduction: bool,
}

/// Builds a cell under a name, on a map, with this many channels.
pub type BuildCell<'a> = dyn Fn(&mut Builder, &str, NodeId, usize) -> NodeId + 'a;

/// The network: stem, the stages of `plan`, BN, ReLU, global average pooling, linear classifier.
pub fn build(cell: &EdgeCell, stem: usize, plan: &[Stage], input: NetworkInput) -> Result<Graph, GraphError> {
    build_of(&|b, name, x, channels| infer_cell(b, name, x, channels, cell), stem, plan, input)
}

/// The same network of other cells.
pub fn build_of(
    cell: &BuildCell<'_>,
    stem: usize,
    plan: &[Stage],
    input: NetworkInput,
) -> Result<Graph, GraphError> {
    let mut b = Builder::new("TinyNetwork", input.shape());
    let x = b.input();
    let x = b.module("stem", "Sequential", x, |b, x| {
        let x = b.conv("0", x, ConvSpec::square(stem, 3, 1));
        b.norm("1", x, NormSpec::default())
    });
    b.stage(x);
    let x = b.list("cells", |b| {
        plan.iter().fold(x, |x, stage| {
            let y = b.next_child(|b, name| match stage.reduction {
                true => reduction_block(b, name, x, stage.channels),
                false => cell(b, name, x, stage.channels),
            });
            b.stage(y);
            y
        })
    });
    finish(b, x, Some("global_pooling"), input.classes)
}

/// Ends a network with BN, ReLU, global average pooling and a linear classifier.
fn finish(mut b: Builder, x: NodeId, pooling: Option<&str>, classes: usize) -> Result<Graph, GraphError> {
    let x = b.module("lastact", "Sequential", x, |b, x| {
        let x = b.norm("0", x, NormSpec::default());
        b.activation("1", x, Activation::Relu)
    });
    b.mark_features(x);
    let x = b.global_pool(pooling, x);
    let logits = b.linear("classifier", x, classes);
    b.finish(logits)
}

/// One cell of one channel over 1-channel images of 3 x 3 pixels, without a stem (TE-NAS).
pub fn thin_cell(cell: &EdgeCell, classes: usize) -> Result<Graph, GraphError> {
    thin_cell_of(&|b, name, x, channels| infer_cell(b, name, x, channels, cell), classes)
}

/// The same of another cell.
pub fn thin_cell_of(cell: &BuildCell<'_>, classes: usize) -> Result<Graph, GraphError> {
    let mut b = Builder::new("ThinNetwork", Shape::map(1, 3, 3));
    let x = b.input();
    let x = b.list("cells", |b| {
        let y = b.next_child(|b, name| cell(b, name, x, 1));
        b.stage(y);
        y
    });
    finish(b, x, None, classes)
}

/// A cell: node `i` sums its edges from nodes `0..i`; only edges from node 0 may change the channels.
fn infer_cell(b: &mut Builder, name: &str, x: NodeId, channels: usize, cell: &EdgeCell) -> NodeId {
    b.module(name, "InferCell", x, |b, x| {
        b.list("layers", |b| {
            let (mut states, mut operations) = (vec![x], vec![]);
            for edges in cell.nodes() {
                let edges = edges.iter().zip(&states);
                let parts: Vec<NodeId> = edges
                    .map(|(op, source)| b.next_child(|b, name| edge(b, name, *source, channels, *op)))
                    .collect();
                states.push(b.add(&parts));
                operations.extend(parts);
            }
            b.cell(&operations);
            states[states.len() - 1]
        })
    })
}

/// An operation under a name.
pub fn edge(b: &mut Builder, name: &str, x: NodeId, channels: usize, op: EdgeOperation) -> NodeId {
    match op {
        EdgeOperation::None => b.zero(name, "Zero", x),
        EdgeOperation::SkipConnect if b.shape(x).channels() == channels => b.identity(name, "Identity", x),
        EdgeOperation::SkipConnect => pointwise_skip(b, name, x, channels),
        EdgeOperation::NorConv1x1 => relu_conv_bn(b, name, x, ConvSpec::square(channels, 1, 1)),
        EdgeOperation::NorConv3x3 => relu_conv_bn(b, name, x, ConvSpec::square(channels, 3, 1)),
        EdgeOperation::AvgPool3x3 => {
            b.module(name, "POOLING", x, |b, x| b.pool("op", x, PoolKind::Average, Window::square(3, 1, 1)))
        }
    }
}

fn relu_conv_bn(b: &mut Builder, name: &str, x: NodeId, spec: ConvSpec) -> NodeId {
    relu_conv_bn_module(b, [name, "op"], x, spec)
}

/// `skip_connect` where the channels change and the stride is 1. AutoDL's `FactorizedReduce` is conv1x1 - BN then; its ReLU is
/// registered but not called.
fn pointwise_skip(b: &mut Builder, name: &str, x: NodeId, channels: usize) -> NodeId {
    b.module(name, "FactorizedReduce", x, |b, x| {
        b.unused("relu", "ReLU");
        let x = b.conv("conv", x, ConvSpec::square(channels, 1, 1));
        b.norm("bn", x, NormSpec::default())
    })
}

/// Residual block with stride 2: two ReLU-conv3x3-BN plus avgpool2x2 - conv1x1; no activation after the sum.
fn reduction_block(b: &mut Builder, name: &str, x: NodeId, channels: usize) -> NodeId {
    b.module(name, "ResNetBasicblock", x, |b, x| {
        let branch = relu_conv_bn(b, "conv_a", x, ConvSpec::square(channels, 3, 2));
        let branch = relu_conv_bn(b, "conv_b", branch, ConvSpec::square(channels, 3, 1));
        let shortcut = b.module("downsample", "Sequential", x, |b, x| {
            let x = b.pool("0", x, PoolKind::Average, Window::square(2, 2, 0));
            b.conv("1", x, ConvSpec::square(channels, 1, 1))
        });
        b.add(&[shortcut, branch])
    })
}
