//! Layers with parameters as kernels take them, and the gradients that are wanted of them.

use super::{HostValues, Moments, Numbers};
use crate::engine::NormStatistics;
use crate::graph::{Shape, Window};

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

/// Parameters of one batch normalisation; an affine-free layer has no weight and bias.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    pub statistics: NormStatistics,
    pub weight: Option<Numbers<'a>>,
    pub bias: Option<Numbers<'a>>,
    pub running_mean: Numbers<'a>,
    pub running_var: Numbers<'a>,
    pub eps: f64,
}

impl Norm<'_> {
    /// The normalisation with these statistics as `y = x * scale + shift` per channel (`[C]` or `[N, C]`, as the moments are):
    /// `scale = weight / sqrt(variance + eps)` and `shift = bias - mean * scale`.
    pub fn scale_and_shift(&self, moments: &Moments) -> [Vec<f64>; 2] {
        let channels = self.running_mean.len().max(1);
        let of = |values: Option<Numbers<'_>>, absent: f64| {
            values.map_or_else(|| vec![absent; channels], |values| values.to_f64())
        };
        let (weight, bias) = (of(self.weight, 1.0), of(self.bias, 0.0));
        let scale = moments.variance.iter().enumerate();
        let scale: Vec<f64> = scale.map(|(k, v)| weight[k % channels] / (v + self.eps).sqrt()).collect();
        let shift = moments.mean.iter().zip(&scale).enumerate();
        let shift = shift.map(|(k, (mean, scale))| bias[k % channels] - mean * scale).collect();
        [scale, shift]
    }
}

/// Sizes of a sequence, `[N, features, tokens]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    pub n: usize,
    pub features: usize,
    pub tokens: usize,
}

impl Sizes {
    pub(in crate::engine) fn of(n: usize, shape: Shape) -> Self {
        Self { n, features: shape.channels(), tokens: shape.pixels() }
    }

    /// Elements of one image.
    pub(in crate::engine) fn image(&self) -> usize {
        self.features * self.tokens
    }

    pub(in crate::engine) fn shape(&self) -> Shape {
        Shape::sequence(self.features, self.tokens)
    }
}

/// A layer normalisation of each token over its features.
#[derive(Clone, Copy, Debug)]
pub struct TokenNorm<'a> {
    pub sizes: Sizes,
    /// `[features]`.
    pub weight: &'a [f32],
    /// `[features]`.
    pub bias: &'a [f32],
    pub eps: f64,
}

/// Attention of several heads.
#[derive(Clone, Copy, Debug)]
pub struct Heads<'a> {
    pub sizes: Sizes,
    pub heads: usize,
    /// Whether each token is attended to, `[N, tokens]`.
    pub attended: &'a [bool],
}

/// The form in which gradients of parameters are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum GradientForm {
    /// Not at all.
    #[default]
    None,
    /// Summed over the batch, in the parameter's own shape.
    Summed,
    /// [`GradientSums`](crate::engine::GradientSums) over the summed gradient. Only an engine that saves memory by it gives
    /// the sums; others give the gradient.
    SumsOnly,
    /// The share of each image: `[N, numel]`, row-major.
    PerImage,
}

/// Which gradients of a layer are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerWants {
    /// Whether the gradient of the input is wanted.
    pub input: bool,
    /// The form of the gradients of weight and, where the layer has one, bias.
    pub params: GradientForm,
}

/// Gradients of a layer; those not wanted (and the bias of a layer without one) are `None`.
#[derive(Clone, Debug)]
pub struct LayerGradients<V> {
    /// In the shape of the layer's input.
    pub input: Option<V>,
    pub weight: Option<HostValues>,
    pub bias: Option<HostValues>,
    /// In place of `weight`, with [`GradientForm::SumsOnly`]: [`GradientSums::total`](crate::engine::GradientSums::total).
    pub weight_sums: Option<[f64; 3]>,
}

impl<V> LayerGradients<V> {
    /// None of them.
    pub fn nothing() -> Self {
        Self { input: None, weight: None, bias: None, weight_sums: None }
    }
}
