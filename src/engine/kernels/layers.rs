//! Layers with parameters as kernels take them, and the gradients that are wanted of them.

use super::{HostValues, Numbers};
use crate::engine::NormStatistics;
use crate::graph::Window;

/// A convolution: cross-correlation plus bias.
#[derive(Clone, Copy, Debug)]
pub struct Conv<'a> {
    pub weight: Numbers<'a>,
    /// `[out, in/groups, kh, kw]`; a linear layer on tokens has a window of one pixel.
    pub shape: [usize; 4],
    pub bias: Option<Numbers<'a>>,
    pub window: &'a Window,
    pub groups: usize,
}

/// A linear layer, `y = x W^T + b`.
#[derive(Clone, Copy, Debug)]
pub struct Dense<'a> {
    pub weight: Numbers<'a>,
    /// `[out, in]`.
    pub shape: [usize; 2],
    pub bias: Option<Numbers<'a>>,
}

/// Parameters of one batch normalisation, in f32; an affine-free layer has no weight and bias.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    pub statistics: NormStatistics,
    pub weight: Option<&'a [f32]>,
    pub bias: Option<&'a [f32]>,
    pub running_mean: &'a [f32],
    pub running_var: &'a [f32],
    pub eps: f64,
}

/// How the gradients of parameters are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum ParamRows {
    /// Not at all.
    #[default]
    None,
    /// Summed over the batch, in the parameter's own shape.
    Summed,
    /// The same, or, where the engine can do without it in memory, no more of a layer's weight gradient than its sums.
    Sums,
    /// The share of each image: `[N, numel]`, row-major.
    PerImage,
}

/// Which gradients of a layer are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerWants {
    /// The gradient of the input.
    pub input: bool,
    /// Those of weight and, where the layer has one, bias.
    pub params: ParamRows,
}

/// Gradients of a layer; those not wanted (and the bias of a layer without one) are `None`.
#[derive(Clone, Debug)]
pub struct LayerGradients<V> {
    /// In the shape of the layer's input.
    pub input: Option<V>,
    pub weight: Option<HostValues>,
    pub bias: Option<HostValues>,
    /// In place of `weight`, with [`ParamRows::Sums`]: [`GradientSums::total`](crate::engine::GradientSums::total).
    pub weight_sums: Option<[f64; 3]>,
}

impl<V> LayerGradients<V> {
    /// None of them.
    pub fn nothing() -> Self {
        Self { input: None, weight: None, bias: None, weight_sums: None }
    }
}
