//! ResNets for CIFAR: He et al., "Deep residual learning for image recognition", 2015, section 4.2; names of the public code
//! `akamaster/pytorch_resnet_cifar10`.

use crate::graph::{Activation, Builder, ConvSpec, Graph, GraphError, NodeId, NormSpec};
use crate::spaces::NetworkInput;

/// Conv3x3 - three stages of 16, 32 and 64 channels - global average pooling - linear: `6 blocks + 2` layers.
pub fn build(blocks: usize, input: NetworkInput) -> Result<Graph, GraphError> {
    let mut b = Builder::new("ResNet", input.shape());
    let x = b.input();
    let x = b.conv("conv1", x, ConvSpec::square(16, 3, 1));
    let x = b.norm("bn1", x, NormSpec::default());
    let mut x = b.activate(x, Activation::Relu);
    b.stage(x);
    for (i, channels) in [16, 32, 64].into_iter().enumerate() {
        x = b.module(&format!("layer{}", i + 1), "Sequential", x, |b, x| {
            (0..blocks).fold(x, |x, k| {
                let stride = if i > 0 && k == 0 { 2 } else { 1 };
                b.next_child(|b, name| b.module(name, "BasicBlock", x, |b, x| block(b, x, channels, stride)))
            })
        });
        b.stage(x);
    }
    b.mark_features(x);
    let x = b.global_pool(None, x);
    let logits = b.linear("linear", x, input.classes);
    b.finish(logits)
}

/// Conv3x3 - BN - ReLU - conv3x3 - BN, plus the shortcut, then ReLU.
fn block(b: &mut Builder, x: NodeId, channels: usize, stride: usize) -> NodeId {
    let y = b.conv("conv1", x, ConvSpec::square(channels, 3, stride));
    let y = b.norm("bn1", y, NormSpec::default());
    let y = b.activate(y, Activation::Relu);
    let y = b.conv("conv2", y, ConvSpec::square(channels, 3, 1));
    let y = b.norm("bn2", y, NormSpec::default());
    let shortcut = option_a(b, x, channels, stride);
    let y = b.add(&[y, shortcut]);
    b.activate(y, Activation::Relu)
}

/// The shortcut without parameters (option A). It takes every second pixel and fills new channels with zeros, half of them before
/// the others.
fn option_a(b: &mut Builder, x: NodeId, channels: usize, stride: usize) -> NodeId {
    let new = channels.saturating_sub(b.shape(x).channels());
    let x = if stride > 1 { b.subsample(x, stride) } else { x };
    b.pad_channels(x, new / 2, new - new / 2)
}
