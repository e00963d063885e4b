//! The operations that an engine supplies.
//!
//! Whatever is composed of them (the order of a pass, tangents, the derivatives of batch normalisation) is written once,
//! over this trait.

mod layers;
mod values;

pub use layers::{Conv, Dense, GradientForm, Heads, LayerGradients, LayerWants, Norm, Sizes, TokenNorm};
pub use values::{Codes, EngineRows, HostValues, Moments, Numbers, WithTangent};
pub(super) use values::{over_images, wide};

use super::Precision;
use crate::graph::{Activation, PoolKind, Shape, Window};

/// Kernels of an engine. Values carry the batch dimension in front; maps are `[N, C, H, W]`, vectors `[N, F]`.
///
/// `x` is a layer's input, `y` its output, `dy` the gradient that arrives at the output (the cotangent) and `t` a tangent
/// of the input. "Per channel" coefficients and sums are `[C]`, or `[N, C]` row-major with `per_image`; a vector has one
/// pixel and as many channels as features.
pub trait Kernels {
    /// A value on the device. A clone shares its memory.
    type Value: Clone;

    /// The arithmetic these kernels compute in.
    fn precision(&self) -> Precision;
    /// A map from the host: the network's input.
    fn map(&self, values: &[f32], shape: [usize; 4]) -> Self::Value;
    /// Values of `n` images in the given shape from the host, row-major: cotangents and tangents.
    fn upload(&self, values: &[f64], n: usize, shape: Shape) -> Self::Value;
    /// Zeros of `n` images.
    fn zeros(&self, n: usize, shape: Shape) -> Self::Value;
    /// Copies a value to the host, row-major whatever the layout on the device.
    ///
    /// # Errors
    /// The device's message.
    fn host(&self, x: &Self::Value) -> Result<HostValues, String>;

    /// Activation codes of a value, from engines that can compute them on the device. For others the value is copied to the
    /// host.
    fn codes(&self, _x: &Self::Value) -> Option<Codes> {
        None
    }

    /// Calls `f` with the values in the engine's own order, if they are on the host, and returns whether it did. Else the
    /// value is copied to the host.
    fn with_rows(&self, _x: &Self::Value, _f: &mut dyn FnMut(EngineRows<'_>)) -> bool {
        false
    }
    /// Mean and biased variance per channel over the batch, from engines that can sum in f64 on the device.
    fn exact_moments(&self, _x: &Self::Value) -> Option<Moments> {
        None
    }

    /// Convolution. `normalised` says that a batch normalisation will ask for statistics of the result, so that an engine may
    /// compute its moments at once.
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

    /// Batch normalisation with the statistics that `norm` names. Its derivatives are composed of the next five methods.
    ///
    /// # Errors
    /// The device's message.
    fn batch_norm(&self, x: Self::Value, norm: &Norm<'_>) -> Result<Self::Value, String>;
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
    /// `sum x * (y - centre)` per channel. `centre` is `[C]` or `[N, C]`, as its length says; `per_image` is about the result
    /// only.
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
    /// [`Kernels::channel_sum`] and [`Kernels::channel_dot`] of the same `x`, which an engine may compute in one loop.
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
    /// `dy * f'(x)`. At a kink `f'` is what PyTorch takes (0 at both bounds of a clamp, the left derivative at 0).
    fn activation_backward(&self, x: &Self::Value, dy: Self::Value, kind: Activation) -> Self::Value;
    /// `dy * t * f''(x)`, `None` where `f''` is 0 almost everywhere.
    fn activation_second_derivative(
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
    /// Two or more values of equal height and width, channel behind channel: `[N, sum C_k, H, W]`, or `[N, sum F_k]`.
    fn concat(&self, parts: Vec<Self::Value>) -> Self::Value;
    /// The inverse: parts of as many channels as `channels` says.
    fn split(&self, x: &Self::Value, channels: &[usize]) -> Vec<Self::Value>;
    /// Zeros around each channel, `[vertical, horizontal]`; a negative number takes pixels away. The gradient of the input is
    /// the same operation with the opposite signs.
    fn pad(&self, x: &Self::Value, before: [isize; 2], after: [isize; 2]) -> Self::Value;
    /// The map resized to `[height, width]`: pixel `i` of an axis is pixel `floor(i * input / output)` of `x`.
    fn nearest(&self, x: &Self::Value, size: [usize; 2]) -> Self::Value;
    /// Gradient of the input of [`Kernels::nearest`], which had `size` pixels: a sum over the pixels that are copies of each.
    fn nearest_backward(&self, dy: &Self::Value, size: [usize; 2]) -> Self::Value;
    /// `x * 0`.
    fn zero(&self, x: Self::Value) -> Self::Value;

    /// Layer normalisation of each token, from engines that have a kernel for it. Else it is computed on the host.
    fn layer_norm(&self, _x: &Self::Value, _norm: &TokenNorm<'_>) -> Option<Self::Value> {
        None
    }
    /// Attention of queries, keys and values, from engines that have a kernel for it. Else it is computed on the host.
    fn attention(&self, _qkv: [&Self::Value; 3], _heads: &Heads<'_>) -> Option<Self::Value> {
        None
    }
}
