//! The operations an engine has to supply.
//!
//! Everything that is more than one of these (batch normalisation's derivatives, tangents, the order in which things
//! happen) is written once, over this trait.

mod layers;
mod values;

pub use layers::{Conv, Dense, LayerGradients, LayerWants, Norm, ParamRows};
pub use values::{Codes, EngineRows, HostValues, Moments, Numbers};

use super::{Heads, Precision, TokenNorm, tokens};
use crate::graph::{Activation, PoolKind, Shape, Window};

/// Kernels of an engine. Values carry the batch dimension in front; maps are `[N, C, H, W]`, vectors `[N, F]`.
///
/// `x` is a layer's input, `y` its output, `dy` the gradient that arrives at the output (the cotangent) and `t` a tangent
/// of the input. "Per channel" coefficients and sums are `[C]`, or `[N, C]` row-major with `per_image`; a vector has one
/// pixel and as many channels as features.
pub trait Kernels {
    /// A value on the device; cloning shares it.
    type Value: Clone;

    /// The arithmetic these kernels compute in.
    fn precision(&self) -> Precision;
    /// A map from the host: the network's input.
    fn map(&self, values: &[f32], shape: [usize; 4]) -> Self::Value;
    /// `n` rows of the given shape from the host, row-major: cotangents, seeds and tangents.
    fn upload(&self, values: &[f64], n: usize, shape: Shape) -> Self::Value;
    /// `n` rows of zeros.
    fn zeros(&self, n: usize, shape: Shape) -> Self::Value;
    /// Copies a value to the host, row-major whatever the layout on the device.
    ///
    /// # Errors
    /// The device's message.
    fn host(&self, x: &Self::Value) -> Result<HostValues, String>;

    /// Activation codes of a value, from engines that can take them where the value is; others copy it to the host.
    fn codes(&self, _x: &Self::Value) -> Option<Codes> {
        None
    }

    /// Shows the values in the engine's own order, if they have one on the host, and says whether it did; others copy.
    fn with_rows(&self, _x: &Self::Value, _see: &mut dyn FnMut(EngineRows<'_>)) -> bool {
        false
    }
    /// Mean and biased variance per channel over the batch, in f64, from engines that can sum so where the value is.
    fn exact_moments(&self, _x: &Self::Value) -> Option<Moments> {
        None
    }

    /// Convolution. `normalised`: a batch normalisation that wants batch or per-image statistics reads the result, so an
    /// engine may take its moments on the way.
    fn conv2d(&self, x: Self::Value, conv: &Conv<'_>, normalised: bool) -> Self::Value;
    /// Gradients of a convolution.
    ///
    /// # Errors
    /// The device's message.
    fn conv2d_backward(
        &self,
        x: &Self::Value,
        dy: &Self::Value,
        conv: &Conv<'_>,
        wants: LayerWants,
    ) -> Result<LayerGradients<Self::Value>, String>;
    fn linear(&self, x: Self::Value, dense: &Dense<'_>) -> Self::Value;
    /// Gradients of a linear layer.
    ///
    /// # Errors
    /// The device's message.
    fn linear_backward(
        &self,
        x: &Self::Value,
        dy: &Self::Value,
        dense: &Dense<'_>,
        wants: LayerWants,
    ) -> Result<LayerGradients<Self::Value>, String>;

    /// Batch normalisation with the statistics that `norm` names. Its derivatives are made of the next four.
    fn batch_norm(&self, x: Self::Value, norm: &Norm<'_>) -> Self::Value;
    /// Mean and biased variance per channel.
    ///
    /// # Errors
    /// The device's message.
    fn channel_moments(&self, x: &Self::Value, per_image: bool) -> Result<Moments, String>;
    /// Sum per channel.
    ///
    /// # Errors
    /// The device's message.
    fn channel_sum(&self, x: &Self::Value, per_image: bool) -> Result<Vec<f64>, String>;
    /// `sum x * (y - centre)` per channel. `centre` is `[C]` or `[N, C]` by its own length, whatever `per_image` says of
    /// the result.
    ///
    /// # Errors
    /// The device's message.
    fn channel_dot(
        &self,
        x: &Self::Value,
        y: &Self::Value,
        centre: &[f64],
        per_image: bool,
    ) -> Result<Vec<f64>, String>;
    /// [`Kernels::channel_sum`] and [`Kernels::channel_dot`] of the same `x`, which an engine may take in one go.
    ///
    /// # Errors
    /// The device's message.
    fn channel_sum_and_dot(
        &self,
        x: &Self::Value,
        y: &Self::Value,
        centre: &[f64],
        per_image: bool,
    ) -> Result<[Vec<f64>; 2], String> {
        Ok([self.channel_sum(x, per_image)?, self.channel_dot(x, y, centre, per_image)?])
    }
    /// `sum_k a_k[c] x_k + shift[c]` with coefficients per channel, all `[C]` or all `[N, C]`; at least one term.
    fn combine(&self, terms: &[(&Self::Value, &[f64])], shift: &[f64], per_image: bool) -> Self::Value;

    fn activation(&self, x: Self::Value, kind: Activation) -> Self::Value;
    /// `dy * f'(x)`; at a kink what PyTorch takes (0 at both bounds of a clamp, the left slope at 0).
    fn activation_backward(&self, x: &Self::Value, dy: Self::Value, kind: Activation) -> Self::Value;
    /// `dy * t * f''(x)`, `None` where `f''` is 0 almost everywhere.
    fn activation_curvature(
        &self,
        x: &Self::Value,
        dy: &Self::Value,
        t: &Self::Value,
        kind: Activation,
    ) -> Option<Self::Value>;
    fn pool(&self, x: Self::Value, kind: PoolKind, window: &Window) -> Self::Value;
    /// Gradient of the input. A maximum that occurs twice is the first in the window's row-major order.
    fn pool_backward(
        &self,
        x: &Self::Value,
        dy: &Self::Value,
        kind: PoolKind,
        window: &Window,
    ) -> Self::Value;
    /// Tangent of the output: the pooled tangent, or the tangent where `x` has its maximum.
    fn pool_tangent(&self, x: &Self::Value, t: &Self::Value, kind: PoolKind, window: &Window) -> Self::Value;
    /// `[N, C, H, W]` to `[N, C]`.
    fn global_average_pool(&self, x: Self::Value) -> Self::Value;
    /// `[N, C]` to the `[N, C, H, W]` of `shape`, `dy / (H W)` everywhere.
    fn global_average_pool_backward(&self, dy: &Self::Value, shape: Shape) -> Self::Value;
    /// `[N, C, H, W]` to `[N, C H W]`.
    fn flatten(&self, x: Self::Value) -> Self::Value;
    /// The inverse: `[N, C H W]` to the `[N, C, H, W]` of `shape`.
    fn unflatten(&self, dy: Self::Value, shape: Shape) -> Self::Value;
    fn add(&self, x: Self::Value, y: Self::Value) -> Self::Value;
    /// Values of one size, channel behind channel: `[N, sum C_k, H, W]`, or `[N, sum F_k]`; two or more.
    fn concat(&self, parts: Vec<Self::Value>) -> Self::Value;
    /// The inverse: a value in parts of so many channels.
    fn split(&self, x: &Self::Value, channels: &[usize]) -> Vec<Self::Value>;
    /// Zeros around each channel, `[vertical, horizontal]`; a negative number takes pixels away. The gradient is the same
    /// with the signs turned.
    fn pad(&self, x: &Self::Value, before: [isize; 2], after: [isize; 2]) -> Self::Value;
    /// The map in `size` pixels, `[height, width]`: pixel `i` of an axis is pixel `floor(i * input / output)`.
    fn nearest(&self, x: &Self::Value, size: [usize; 2]) -> Self::Value;
    /// Gradient of the input, which had `size` pixels: each pixel gets the sum over those that show it.
    fn nearest_backward(&self, dy: &Self::Value, size: [usize; 2]) -> Self::Value;
    /// `x * 0`.
    fn zero(&self, x: Self::Value) -> Self::Value;

    /// Layer normalisation of each token; on the host, unless the engine has a kernel of its own (so are the next three).
    ///
    /// # Errors
    /// The device's message.
    fn layer_norm(&self, x: Self::Value, norm: &TokenNorm<'_>) -> Result<Self::Value, String>
    where
        Self: Sized,
    {
        tokens::layer_norm(self, &x, norm)
    }
    /// Gradients of a layer normalisation.
    ///
    /// # Errors
    /// The device's message.
    fn layer_norm_backward(
        &self,
        x: &Self::Value,
        dy: &Self::Value,
        norm: &TokenNorm<'_>,
        wants: LayerWants,
    ) -> Result<LayerGradients<Self::Value>, String>
    where
        Self: Sized,
    {
        tokens::layer_norm_backward(self, (x, dy), norm, wants)
    }
    /// Attention of queries, keys and values.
    ///
    /// # Errors
    /// The device's message.
    fn attention(&self, qkv: [&Self::Value; 3], heads: &Heads<'_>) -> Result<Self::Value, String>
    where
        Self: Sized,
    {
        tokens::attention(self, qkv, heads)
    }
    /// Gradients of queries, keys and values.
    ///
    /// # Errors
    /// The device's message.
    fn attention_backward(
        &self,
        qkv: [&Self::Value; 3],
        dy: &Self::Value,
        heads: &Heads<'_>,
    ) -> Result<[Self::Value; 3], String>
    where
        Self: Sized,
    {
        tokens::attention_backward(self, qkv, dy, heads)
    }
}
