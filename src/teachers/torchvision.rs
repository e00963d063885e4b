//! torchvision's ResNets (`torchvision/models/resnet.py`, the form of He et al. 2015 with the stride in the 3x3 convolution).

use crate::graph::{Activation, Builder, ConvSpec, Graph, GraphError, NodeId, NormSpec, PoolKind, Window};
use crate::spaces::NetworkInput;

/// Channels of a bottleneck's output for one of its inner channels.
const EXPANSION: usize = 4;

/// Conv7x7 with stride 2 - max pooling - four stages - global average pooling - linear.
pub fn build(blocks: [usize; 4], bottleneck: bool, input: NetworkInput) -> Result<Graph, GraphError> {
    let mut b = Builder::new("ResNet", input.shape());
    let x = b.input();
    let x = b.conv("conv1", x, ConvSpec::square(64, 7, 2));
    let x = b.norm("bn1", x, NormSpec::default());
    let x = b.activation("relu", x, Activation::Relu);
    let mut x = b.pool("maxpool", x, PoolKind::Max, Window::square(3, 2, 1));
    b.stage(x);
    for (i, count) in blocks.into_iter().enumerate() {
        let channels = 64 << i;
        x = b.module(&format!("layer{}", i + 1), "Sequential", x, |b, x| {
            (0..count).fold(x, |x, k| {
                let stride = if i > 0 && k == 0 { 2 } else { 1 };
                b.next_child(|b, name| match bottleneck {
                    true => b.module(name, "Bottleneck", x, |b, x| narrow_block(b, x, channels, stride)),
                    false => b.module(name, "BasicBlock", x, |b, x| basic_block(b, x, channels, stride)),
                })
            })
        });
        b.stage(x);
    }
    b.mark_features(x);
    let x = b.global_pool(Some("avgpool"), x);
    let logits = b.linear("fc", x, input.classes);
    b.finish(logits)
}

fn basic_block(b: &mut Builder, x: NodeId, channels: usize, stride: usize) -> NodeId {
    let y = b.conv("conv1", x, ConvSpec::square(channels, 3, stride));
    let y = b.norm("bn1", y, NormSpec::default());
    let y = b.activation("relu", y, Activation::Relu);
    let y = b.conv("conv2", y, ConvSpec::square(channels, 3, 1));
    let y = b.norm("bn2", y, NormSpec::default());
    join(b, x, y, stride)
}

fn narrow_block(b: &mut Builder, x: NodeId, channels: usize, stride: usize) -> NodeId {
    let y = b.conv("conv1", x, ConvSpec::square(channels, 1, 1));
    let y = b.norm("bn1", y, NormSpec::default());
    let y = b.activation("relu", y, Activation::Relu);
    let y = b.conv("conv2", y, ConvSpec::square(channels, 3, stride));
    let y = b.norm("bn2", y, NormSpec::default());
    let y = b.activate(y, Activation::Relu);
    let y = b.conv("conv3", y, ConvSpec::square(channels * EXPANSION, 1, 1));
    let y = b.norm("bn3", y, NormSpec::default());
    join(b, x, y, stride)
}

/// Adds the shortcut, which is a convolution where the shape changes.
fn join(b: &mut Builder, x: NodeId, y: NodeId, stride: usize) -> NodeId {
    let channels = b.shape(y).channels();
    let shortcut = match stride > 1 || b.shape(x).channels() != channels {
        true => b.module("downsample", "Sequential", x, |b, x| {
            let x = b.conv("0", x, ConvSpec::square(channels, 1, stride));
            b.norm("1", x, NormSpec::default())
        }),
        false => x,
    };
    let sum = b.add(&[y, shortcut]);
    b.activate(sum, Activation::Relu)
}
