//! The parameters of a pass, layer by layer, as kernels take them.

use super::kernels::{Conv, Dense, HostValues, Kernels, LayerGradients, LayerWants, Norm, Numbers};
use super::{EngineError, ForwardPass, NormStatistics, Precision};
use crate::graph::{BatchNorm, Node, NodeId, Op, ParamId};

/// Numbers of parameters other than the weights themselves (a direction in parameter space), by [`ParamId`]; `None` is
/// zero.
pub type ParamValues = [Option<HostValues>];

/// A parameter's numbers in a direction.
pub(super) fn along(direction: &ParamValues, id: Option<ParamId>) -> Option<&HostValues> {
    direction.get(id?.index())?.as_ref()
}

/// A layer that is linear in its input and in its weight.
#[derive(Clone, Copy)]
pub(super) enum LinearLayer<'a> {
    Conv(Conv<'a>),
    Dense(Dense<'a>),
}

impl<'a> LinearLayer<'a> {
    pub fn weight(&self) -> Numbers<'a> {
        match self {
            Self::Conv(conv) => conv.weight,
            Self::Dense(dense) => dense.weight,
        }
    }

    /// The layer with another weight.
    pub fn with_weight(self, weight: Numbers<'a>) -> Self {
        match self {
            Self::Conv(conv) => Self::Conv(Conv { weight, ..conv }),
            Self::Dense(dense) => Self::Dense(Dense { weight, ..dense }),
        }
    }

    /// The layer with another bias, or without one.
    pub fn with_bias(self, bias: Option<Numbers<'a>>) -> Self {
        match self {
            Self::Conv(conv) => Self::Conv(Conv { bias, ..conv }),
            Self::Dense(dense) => Self::Dense(Dense { bias, ..dense }),
        }
    }

    /// [`Kernels::conv2d`] or [`Kernels::linear`].
    pub fn forward<K: Kernels>(&self, kernels: &K, x: K::Value, normalised: bool) -> K::Value {
        match self {
            Self::Conv(conv) => kernels.conv2d(x, conv, normalised),
            Self::Dense(dense) => kernels.linear(x, dense),
        }
    }

    /// [`Kernels::conv2d_backward`] or [`Kernels::linear_backward`].
    pub fn backward<K: Kernels>(
        &self,
        kernels: &K,
        x: &K::Value,
        dy: &K::Value,
        wants: LayerWants,
    ) -> Result<LayerGradients<K::Value>, String> {
        match self {
            Self::Conv(conv) => kernels.conv2d_backward(x, dy, conv, wants),
            Self::Dense(dense) => kernels.linear_backward(x, dy, dense, wants),
        }
    }
}

impl<'a> ForwardPass<'a> {
    /// The layer of a convolution, or else of a linear node, with these parameters.
    pub(super) fn linear_layer(
        &self,
        op: &'a Op,
        (weight, bias): (ParamId, Option<ParamId>),
    ) -> LinearLayer<'a> {
        let shape = self.graph.param(weight).shape.as_slice();
        let (weight, bias) = (self.numbers(weight), bias.map(|id| self.numbers(id)));
        let Op::Conv2d { window, groups, .. } = op else {
            return LinearLayer::Dense(Dense { weight, shape: [shape[0], shape[1]], bias });
        };
        // The weight of a linear layer on tokens is `[out, in]`.
        let kernel = |axis: usize| shape.get(2 + axis).copied().unwrap_or(1);
        let shape = [shape[0], shape[1], kernel(0), kernel(1)];
        LinearLayer::Conv(Conv { weight, shape, bias, window, groups: *groups })
    }

    pub(super) fn batch_norm(&self, norm: &BatchNorm) -> Norm<'a> {
        Norm {
            statistics: self.norm,
            weight: norm.weight.map(|id| self.numbers(id)),
            bias: norm.bias.map(|id| self.numbers(id)),
            running_mean: self.numbers(norm.running_mean),
            running_var: self.numbers(norm.running_var),
            eps: norm.eps,
        }
    }

    /// The numbers of a parameter: those in f64 where there are some and the pass computes in f64.
    pub(super) fn numbers(&self, id: ParamId) -> Numbers<'a> {
        let exact = self.weights.exact(id).filter(|_| self.precision == Precision::F64);
        exact.map_or_else(|| Numbers::F32(self.weights.get(id)), Numbers::F64)
    }

    /// Number of images.
    pub(super) fn images(&self) -> usize {
        self.input.shape[0]
    }

    /// Makes an error of a device's message at a node.
    pub(super) fn failed(&self, id: NodeId) -> impl Fn(String) -> EngineError {
        let module = self.graph.node_name(id).to_string();
        move |message| EngineError::Device { module: module.clone(), message }
    }

    /// For each node, whether a batch normalisation computes statistics of it.
    pub(super) fn normalised(&self) -> Vec<bool> {
        let mut normalised = vec![false; self.graph.nodes().len()];
        if matches!(self.norm, NormStatistics::Batch | NormStatistics::PerImage) {
            let norms = self.graph.nodes().iter().filter(|n| matches!(n.op, Op::BatchNorm(_)));
            norms.flat_map(|n| &n.inputs).for_each(|id| normalised[id.index()] = true);
        }
        normalised
    }

    /// Refuses batch statistics over a single value per channel, as PyTorch does.
    pub(super) fn check_statistics(&self, node: &Node) -> Result<(), EngineError> {
        let values = match self.norm {
            NormStatistics::Batch => self.images() * node.shape.pixels(),
            NormStatistics::PerImage => node.shape.pixels(),
            NormStatistics::Running | NormStatistics::Bypass => return Ok(()),
        };
        if values > 1 {
            return Ok(());
        }
        let module = self.graph.modules()[node.module.index()].path.clone();
        Err(EngineError::DegenerateBatch { module })
    }

    /// Refuses values so large that no machine can address them, so that sizes computed of them do not overflow.
    pub(super) fn check_sizes(&self, needed: &[bool]) -> Result<(), EngineError> {
        let nodes = self.graph.nodes().iter().zip(0..).filter(|(_, i)| needed[*i]);
        match nodes.map(|(_, i)| NodeId(i)).find(|id| self.bytes(*id) > MOST_BYTES) {
            None => Ok(()),
            Some(id) => Err(EngineError::TooLarge {
                module: self.graph.node_name(id).to_string(),
                images: self.images(),
                shape: self.graph.node(id).shape.to_string(),
            }),
        }
    }

    /// An upper bound of the bytes of any buffer that kernels make for a node: its inputs and its output in f64, channels
    /// rounded up to sixteen, with the padding that a window reads around them. In floating point, which does not overflow.
    fn bytes(&self, id: NodeId) -> f64 {
        let node = self.graph.node(id);
        let margin = |axis: usize| match &node.op {
            Op::Conv2d { window, .. } | Op::Pool { window, .. } => {
                2.0 * (window.padding[axis] as f64
                    + window.dilation[axis] as f64 * window.kernel[axis] as f64)
            }
            _ => 0.0,
        };
        let inputs = node.inputs.iter().map(|id| self.graph.node(*id).shape);
        let bytes = inputs.chain([node.shape]).map(|shape| {
            let ([height, width], channels) = (shape.size(), shape.channels() as f64 + 16.0);
            // The scores of attention, too, are less than the square of a sequence.
            let scores = if matches!(node.op, Op::Attention { .. }) { width as f64 } else { 1.0 };
            channels * (height as f64 + margin(0)) * (width as f64 + margin(1)) * scores
        });
        8.0 * self.images() as f64 * bytes.fold(0.0, f64::max)
    }
}

/// 64 TiB: more than the address space of today's processors leaves to a program.
const MOST_BYTES: f64 = (1u64 << 46) as f64;
