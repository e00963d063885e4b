//! Blocks that several spaces share. Reference codes name and register their parts differently, so their names are arguments
//! or left to the callers.

use crate::graph::{Activation, Builder, ConvSpec, NodeId, NormSpec};

/// ReLU, convolution and batch norm under the given names.
pub fn relu_conv_bn(b: &mut Builder, [relu, conv, norm]: [&str; 3], x: NodeId, spec: ConvSpec) -> NodeId {
    let x = b.activation(relu, x, Activation::Relu);
    let x = b.conv(conv, x, spec);
    b.norm(norm, x, NormSpec::default())
}

/// The module `ReLUConvBN`: [`relu_conv_bn`] in a sequence that it calls `sequence`.
pub fn relu_conv_bn_module(
    b: &mut Builder,
    [name, sequence]: [&str; 2],
    x: NodeId,
    spec: ConvSpec,
) -> NodeId {
    b.module(name, "ReLUConvBN", x, |b, x| {
        b.module(sequence, "Sequential", x, |b, x| relu_conv_bn(b, ["0", "1", "2"], x, spec))
    })
}

/// The inputs of the two convolutions of `FactorizedReduce`: the activated map, and the same shifted by one pixel.
///
/// `FactorizedReduce` halves a map with two strided 1x1 convolutions that give half of the channels each. The second one reads
/// the shifted map, so that every pixel is read by one of the two. Their outputs are concatenated and normalised.
pub fn reduce_inputs(b: &mut Builder, x: NodeId) -> (NodeId, NodeId) {
    let x = b.activation("relu", x, Activation::Relu);
    (x, b.shift(x))
}

/// The two convolutions of `FactorizedReduce`.
pub fn reduce_convs(channels: usize, stride: usize) -> [ConvSpec; 2] {
    [channels / 2, channels - channels / 2].map(|half| ConvSpec::square(half, 1, stride))
}

/// The padding module with which the reference codes shift the map. [`reduce_inputs`] shifts it in one step, so this module is
/// there for its name only and is computed where a proxy observes it.
pub fn reduce_pad(b: &mut Builder, x: NodeId) {
    b.pad("pad", x, [0, 0], [1, 1]);
}
