//! `FactorizedReduce`: a ReLU, then two strided pointwise convolutions with half of the channels each, the second one pixel
//! aside so that no pixel is lost; concatenation and batch norm. The reference codes name and register its parts
//! differently.

use crate::graph::{Activation, Builder, ConvSpec, NodeId};

/// The activated map, and the same one pixel aside.
pub fn sides(b: &mut Builder, x: NodeId) -> (NodeId, NodeId) {
    let x = b.activation("relu", x, Activation::Relu);
    (x, b.shift(x))
}

/// The two convolutions.
pub fn halves(channels: usize, stride: usize) -> [ConvSpec; 2] {
    [channels / 2, channels - channels / 2].map(|half| ConvSpec::square(half, 1, stride))
}

/// The module that pads before the reference cuts. [`sides`] has the cut map in one step, so this one is computed only where
/// someone looks at it.
pub fn pad(b: &mut Builder, x: NodeId) {
    b.pad("pad", x, [0, 0], [1, 1]);
}
