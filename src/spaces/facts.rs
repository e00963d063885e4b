//! Facts that some spaces know about an architecture and that its graph does not hold.

/// An architecture that a paper publishes under a name.
#[derive(Clone, Copy, Debug)]
pub struct NamedArch {
    /// The name, accepted wherever an architecture string is.
    pub name: &'static str,
    pub about: &'static str,
    pub source: &'static str,
    pub arch: &'static str,
}

/// The counts that the search of a space's authors limits, where they differ from those of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Model size, in parameters.
    pub size: u64,
    /// Operations on one image.
    pub flops: u64,
    /// Number of layers.
    pub layers: u64,
}

/// Families of super-blocks that proxies distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Convolutions without residual blocks (stems and heads).
    Plain,
    /// Residual blocks of two convolutions of one kernel size.
    TwoConvs,
    /// Bottlenecks.
    Bottleneck,
    /// Inverted bottlenecks.
    Inverted,
}

/// One super-block of a network that is a sequence of super-blocks, without its residual links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuperBlock {
    pub family: Family,
    /// `(C_in / groups) k^2` of each of its convolutions, in order.
    pub fan_ins: Vec<usize>,
    /// Output channels.
    pub channels: usize,
    pub stride: usize,
    /// Number of residual blocks.
    pub depth: usize,
}
