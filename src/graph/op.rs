//! Node types and the shapes that flow between them.

use std::fmt;

use super::ParamId;

/// Shape of one image's value at a node; the batch dimension is always in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A feature map, `[channels, height, width]`.
    Map { channels: usize, height: usize, width: usize },
    /// A vector, `[features]`.
    Vector { features: usize },
}

impl Shape {
    /// A feature map.
    pub fn map(channels: usize, height: usize, width: usize) -> Self {
        Self::Map { channels, height, width }
    }

    /// A sequence of tokens: a map of one row, in which each token is a pixel and its features are the channels. A linear layer
    /// on every token is then a convolution of one pixel.
    pub fn sequence(features: usize, tokens: usize) -> Self {
        Self::map(features, 1, tokens)
    }

    /// Token ids, the input of networks for text: `[2, tokens, 1]`. The first channel holds the ids (which f32 holds exactly),
    /// the second is 1 for tokens that others attend to and 0 for padding.
    pub fn token_ids(tokens: usize) -> Self {
        Self::map(2, tokens, 1)
    }

    /// Number of elements for one image.
    pub fn elements(&self) -> usize {
        match *self {
            Self::Map { channels, height, width } => channels * height * width,
            Self::Vector { features } => features,
        }
    }

    /// Channels of a map, features of a vector.
    pub fn channels(&self) -> usize {
        match *self {
            Self::Map { channels, .. } => channels,
            Self::Vector { features } => features,
        }
    }

    /// A map of the same size, or a vector, with this many channels.
    pub fn with_channels(&self, channels: usize) -> Self {
        match *self {
            Self::Map { height, width, .. } => Self::Map { channels, height, width },
            Self::Vector { .. } => Self::Vector { features: channels },
        }
    }

    /// Height and width; a vector is one pixel.
    pub fn size(&self) -> [usize; 2] {
        match *self {
            Self::Map { height, width, .. } => [height, width],
            Self::Vector { .. } => [1, 1],
        }
    }

    /// Pixels of one channel (1 for a vector).
    pub fn pixels(&self) -> usize {
        match *self {
            Self::Map { height, width, .. } => height * width,
            Self::Vector { .. } => 1,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map { channels, height, width } => write!(f, "{channels}x{height}x{width}"),
            Self::Vector { features } => write!(f, "{features}"),
        }
    }
}

/// Geometry of a window that slides over a map: `[vertical, horizontal]` everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub dilation: [usize; 2],
}

impl Window {
    /// A square window without dilation.
    pub fn square(kernel: usize, stride: usize, padding: usize) -> Self {
        Self { kernel: [kernel; 2], stride: [stride; 2], padding: [padding; 2], dilation: [1; 2] }
    }

    /// Output size along one axis (0 vertical, 1 horizontal), `None` when the window does not fit.
    pub fn output(&self, axis: usize, input: usize) -> Option<usize> {
        let span = self.dilation[axis].checked_mul(self.kernel[axis].checked_sub(1)?)?.checked_add(1)?;
        let room = self.padding[axis].checked_mul(2)?.checked_add(input)?.checked_sub(span)?;
        Some(room / self.stride[axis].max(1) + 1)
    }
}

/// How a pooling window is reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolKind {
    /// Mean over the window's pixels inside the map (`count_include_pad = false`).
    Average,
    /// Maximum over the window's pixels inside the map.
    Max,
}

/// The activation functions of NAFBee, with PyTorch's default arguments, and one that other networks have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    Relu,
    /// Exact form, `x * Phi(x)` with the error function.
    Gelu,
    Silu,
    /// Slope 0.01.
    LeakyRelu,
    Relu6,
    Mish,
    Hardswish,
    /// alpha = 1, the same function as [`Activation::Elu`].
    Celu,
    /// alpha = 1.
    Elu,
    /// Clamped to [-1, 1].
    Hardtanh,
    Selu,
    /// BERT's pooler has it; NAFBee does not choose it.
    Tanh,
}

/// SELU's alpha (Klambauer et al. 2017, as rounded by PyTorch).
pub const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
/// SELU's scale.
pub const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

impl Activation {
    /// The functions that NAFBee chooses from, in the order of RBFleX-NAS Table IV (by trained accuracy of VGG-19).
    pub const ALL: [Self; 11] = [
        Self::Relu,
        Self::Gelu,
        Self::Silu,
        Self::LeakyRelu,
        Self::Relu6,
        Self::Mish,
        Self::Hardswish,
        Self::Celu,
        Self::Elu,
        Self::Hardtanh,
        Self::Selu,
    ];

    /// PyTorch's class name, in which the hooks of the official codes search for substrings.
    pub fn class(self) -> &'static str {
        match self {
            Self::Relu => "ReLU",
            Self::Gelu => "GELU",
            Self::Silu => "SiLU",
            Self::LeakyRelu => "LeakyReLU",
            Self::Relu6 => "ReLU6",
            Self::Mish => "Mish",
            Self::Hardswish => "Hardswish",
            Self::Celu => "CELU",
            Self::Elu => "ELU",
            Self::Hardtanh => "Hardtanh",
            Self::Selu => "SELU",
            Self::Tanh => "Tanh",
        }
    }
}

/// What a node computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The network's input.
    Input,
    /// Cross-correlation, weight `[out, in/groups, kh, kw]`; `[out, in]` for a linear layer on every token.
    Conv2d {
        weight: ParamId,
        bias: Option<ParamId>,
        window: Window,
        groups: usize,
    },
    /// `y = x W^T + b`, weight `[out, in]`.
    Linear {
        weight: ParamId,
        bias: Option<ParamId>,
    },
    /// Normalisation per channel; which statistics are used is a property of the pass, not of the graph.
    BatchNorm(BatchNorm),
    Activation(Activation),
    Pool {
        kind: PoolKind,
        window: Window,
    },
    /// Mean over all pixels: map to vector.
    GlobalAveragePool,
    /// Map to vector in `[channel, row, column]` order.
    Flatten,
    /// Sum of the inputs, left to right.
    Add,
    /// The inputs' channels one behind the other.
    Concat,
    /// The input's channels between channels of zeros (the parameter-free shortcut of CIFAR ResNets, "option A"); a
    /// negative number takes channels away instead.
    PadChannels {
        before: isize,
        after: isize,
    },
    /// The input itself, as a node that can be observed and gated.
    Identity,
    /// Zeros around each channel, `[vertical, horizontal]`; a negative number takes pixels away instead (PyTorch's `pad`).
    Pad {
        before: [isize; 2],
        after: [isize; 2],
    },
    /// The map, resized to the node's shape: pixel `i` of an axis is pixel `floor(i * input / output)` of the input (PyTorch's
    /// `interpolate` with `nearest`).
    Nearest,
    /// `x * 0`: zeros that still depend on the input for autograd (NAS-Bench-201's `none`).
    Zero,
    /// The input times a constant.
    Scale(f64),
    /// Zeros that depend on nothing (`new_zeros`); no inputs.
    Zeros,
    /// Rows of a table `[rows, features]`, one for each token: token ids to a sequence.
    Embedding {
        table: ParamId,
        row: EmbeddingRow,
    },
    /// Normalisation of each token over its features.
    LayerNorm(LayerNorm),
    /// Scaled dot-product attention of each head: `softmax(q k^T / sqrt(d)) v`, where tokens that the mask of the network's
    /// input marks as padding have no weight. Inputs: queries, keys, values, sequences of `heads * d` features.
    Attention {
        heads: usize,
    },
}

/// Which row of a table a token takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmbeddingRow {
    /// The row of its id.
    Token,
    /// The row of its position in the sequence.
    Position,
    /// The first row: the type of every token of a single sentence.
    First,
}

/// Parameters and constants of one layer normalisation: `(x - mean) / sqrt(var + eps) * weight + bias`, with the biased
/// variance.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerNorm {
    /// `[features]`.
    pub weight: ParamId,
    /// `[features]`.
    pub bias: ParamId,
    pub eps: f64,
}

/// Parameters and constants of one batch normalisation.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm {
    pub weight: Option<ParamId>,
    pub bias: Option<ParamId>,
    pub running_mean: ParamId,
    pub running_var: ParamId,
    pub eps: f64,
    /// PyTorch's momentum: share of the new statistics in the running ones.
    pub momentum: f64,
}
