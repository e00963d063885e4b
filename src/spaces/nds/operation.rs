//! Operations of the cell spaces.

use crate::graph::{Activation, Builder, ConvSpec, NodeId, NormSpec, PoolKind, Window};
use crate::spaces::blocks::{reduce_convs, reduce_inputs, reduce_pad, relu_conv_bn};

/// An operation on an input of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GenotypeOperation {
    None,
    SkipConnect,
    Pool(PoolKind, usize),
    /// ReLU, `k x k` convolution, batch norm.
    Conv(usize),
    /// ReLU, `1 x k`, `k x 1`, batch norm.
    TwoLines(usize),
    /// Twice: ReLU, depthwise `k x k`, pointwise, batch norm.
    Sep(usize),
    /// Like `Sep`, but once and with dilation 2.
    Dil(usize),
    /// Like `Sep`, with dilation 2.
    DilSep(usize),
}

use GenotypeOperation::{Conv, Dil, DilSep, Pool, Sep, SkipConnect, TwoLines};
use PoolKind::{Average, Max};

/// Operations of AmoebaNet.
pub const AMOEBA: &[GenotypeOperation] =
    &[SkipConnect, Sep(3), Sep(5), Sep(7), Pool(Average, 3), Pool(Max, 3), DilSep(3), TwoLines(7)];
/// Operations of DARTS.
pub const DARTS: &[GenotypeOperation] =
    &[GenotypeOperation::None, Pool(Max, 3), Pool(Average, 3), SkipConnect, Sep(3), Sep(5), Dil(3), Dil(5)];
/// Operations of ENAS.
pub const ENAS: &[GenotypeOperation] = &[SkipConnect, Sep(3), Sep(5), Pool(Average, 3), Pool(Max, 3)];
/// Operations of NASNet.
pub const NASNET: &[GenotypeOperation] = &[
    SkipConnect,
    TwoLines(3),
    TwoLines(7),
    Dil(3),
    Pool(Average, 3),
    Pool(Max, 3),
    Pool(Max, 5),
    Pool(Max, 7),
    Conv(1),
    Conv(3),
    Sep(3),
    Sep(5),
    Sep(7),
];
/// Operations of PNAS.
pub const PNAS: &[GenotypeOperation] =
    &[Sep(3), Sep(5), Sep(7), TwoLines(7), SkipConnect, Pool(Average, 3), Pool(Max, 3), Dil(3)];

impl GenotypeOperation {
    /// Those of DARTS but `none`, in the order of AutoDL's list.
    pub const SEARCHED: &'static [Self] = &[
        Self::SkipConnect,
        Self::Sep(3),
        Self::Sep(5),
        Self::Dil(3),
        Self::Dil(5),
        Self::Pool(Average, 3),
        Self::Pool(Max, 3),
    ];

    /// Name in genotypes.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SkipConnect => "skip_connect",
            Self::Pool(PoolKind::Average, _) => "avg_pool_3x3",
            Self::Pool(PoolKind::Max, 3) => "max_pool_3x3",
            Self::Pool(PoolKind::Max, 5) => "max_pool_5x5",
            Self::Pool(PoolKind::Max, _) => "max_pool_7x7",
            Self::Conv(1) => "conv_1x1",
            Self::Conv(_) => "conv_3x3",
            Self::TwoLines(3) => "conv_3x1_1x3",
            Self::TwoLines(_) => "conv_7x1_1x7",
            Self::Sep(3) => "sep_conv_3x3",
            Self::Sep(5) => "sep_conv_5x5",
            Self::Sep(_) => "sep_conv_7x7",
            Self::Dil(3) => "dil_conv_3x3",
            Self::Dil(_) => "dil_conv_5x5",
            Self::DilSep(_) => "dil_sep_conv_3x3",
        }
    }

    /// The operation on `x`, which has `channels` channels and keeps them.
    pub fn build(self, b: &mut Builder, name: &str, x: NodeId, stride: usize) -> NodeId {
        let channels = b.shape(x).channels();
        match self {
            Self::None => {
                let x = if stride > 1 { b.subsample(x, stride) } else { x };
                b.zero(name, "Zero", x)
            }
            Self::SkipConnect if stride == 1 => b.identity(name, "Identity", x),
            Self::SkipConnect => factorized_reduce(b, name, x, channels),
            Self::Pool(kind, size) => b.pool(name, x, kind, Window::square(size, stride, size / 2)),
            Self::Conv(size) => b.module(name, "Sequential", x, |b, x| {
                relu_conv_bn(b, ["0", "1", "2"], x, ConvSpec::square(channels, size, stride))
            }),
            Self::TwoLines(size) => two_lines(b, name, x, size, stride),
            Self::Sep(size) => depthwise(b, (name, "SepConv"), x, (size, 1), &[stride, 1]),
            Self::Dil(size) => depthwise(b, (name, "DilConv"), x, (size, 2), &[stride]),
            Self::DilSep(size) => depthwise(b, (name, "DilSepConv"), x, (size, 2), &[stride, 1]),
        }
    }
}

/// For each stride a ReLU, a depthwise convolution, a pointwise convolution and a batch norm. The padding keeps the size.
fn depthwise(
    b: &mut Builder,
    (name, class): (&str, &'static str),
    x: NodeId,
    (size, dilation): (usize, usize),
    strides: &[usize],
) -> NodeId {
    let channels = b.shape(x).channels();
    b.module(name, class, x, |b, x| {
        b.module("op", "Sequential", x, |b, x| {
            strides.iter().fold(x, |x, stride| {
                let window =
                    Window { dilation: [dilation; 2], ..Window::square(size, *stride, size / 2 * dilation) };
                let spec = ConvSpec { out_channels: channels, window, groups: channels, bias: false };
                let x = b.next_child(|b, name| b.activation(name, x, Activation::Relu));
                let x = b.next_child(|b, name| b.conv(name, x, spec));
                let x = b.next_child(|b, name| b.conv(name, x, ConvSpec::square(channels, 1, 1)));
                b.next_child(|b, name| b.norm(name, x, NormSpec::default()))
            })
        })
    })
}

/// ReLU, `1 x k` convolution, `k x 1` convolution, batch norm. Each convolution has the stride along its own axis only.
fn two_lines(b: &mut Builder, name: &str, x: NodeId, size: usize, stride: usize) -> NodeId {
    let channels = b.shape(x).channels();
    let line = |axis: usize| {
        let mut window = Window::square(1, 1, 0);
        (window.kernel[axis], window.stride[axis], window.padding[axis]) = (size, stride, size / 2);
        ConvSpec { out_channels: channels, window, groups: 1, bias: false }
    };
    b.module(name, "Sequential", x, |b, x| {
        let x = b.activation("0", x, Activation::Relu);
        let x = b.conv("1", x, line(1));
        let x = b.conv("2", x, line(0));
        b.norm("3", x, NormSpec::default())
    })
}

/// `FactorizedReduce`, the skip connection that halves a map, under the names of this reference code.
pub fn factorized_reduce(b: &mut Builder, name: &str, x: NodeId, channels: usize) -> NodeId {
    b.module(name, "FactorizedReduce", x, |b, x| {
        let [first, second] = reduce_convs(channels, 2);
        let (x, shifted) = reduce_inputs(b, x);
        let first = b.conv("conv_1", x, first);
        let second = b.conv("conv_2", shifted, second);
        let both = b.concat(&[first, second]);
        let y = b.norm("bn", both, NormSpec::default());
        reduce_pad(b, x);
        y
    })
}
