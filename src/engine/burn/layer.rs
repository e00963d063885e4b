//! Gradients of convolutions and linear layers.

use ::burn::tensor::module::{conv_transpose2d, conv2d_weight_backward};
use ::burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use ::burn::tensor::{Tensor, s};

use super::kernels::{BurnKernels, Map};
use crate::engine::kernels::{Conv, Dense, GradientForm, HostValues, LayerGradients, LayerWants, Numbers};

/// burn's options of a convolution.
pub fn options(conv: &Conv<'_>) -> ConvOptions<2> {
    let window = conv.window;
    ConvOptions::new(window.stride, window.padding, window.dilation, conv.groups)
}

/// Gradients of a convolution.
pub fn conv2d_backward(
    kernels: &BurnKernels<'_>,
    x: &Map,
    dy: &Map,
    conv: &Conv<'_>,
    wants: LayerWants,
) -> Result<LayerGradients<Map>, String> {
    let weight: Map = kernels.tensor(conv.weight, conv.shape);
    let input = wants.input.then(|| conv2d_input_gradient(x.dims(), dy, weight.clone(), conv));
    let of = |x: Map, dy: Map| conv2d_weight_backward(x, weight.clone(), dy, options(conv));
    let gradient = match wants.params {
        GradientForm::None => None,
        GradientForm::Summed | GradientForm::SumsOnly => Some(kernels.numbers(of(x.clone(), dy.clone()))?),
        GradientForm::PerImage => Some(join(x.dims()[0], |i| {
            let image = |t: &Map| t.clone().slice(s![i..i + 1, .., .., ..]);
            kernels.numbers(of(image(x), image(dy)))
        })?),
    };
    let bias = bias_gradient(kernels, conv.bias.is_some(), dy, wants.params)?;
    Ok(LayerGradients { input, weight: gradient, bias, weight_sums: None })
}

/// A transposed convolution. The padding of its output restores the pixels that the stride has left over.
fn conv2d_input_gradient(x: [usize; 4], dy: &Map, weight: Map, conv: &Conv<'_>) -> Map {
    let window = conv.window;
    let left_over = |axis: usize| {
        let span = window.dilation[axis] * (window.kernel[axis] - 1) + 1;
        let reached = (dy.dims()[2 + axis] - 1) * window.stride[axis] + span;
        (x[2 + axis] + 2 * window.padding[axis]).saturating_sub(reached)
    };
    let left_over = [left_over(0), left_over(1)];
    let options =
        ConvTransposeOptions::new(window.stride, window.padding, left_over, window.dilation, conv.groups);
    conv_transpose2d(dy.clone(), weight, None, options)
}

/// Gradients of a linear layer.
pub fn linear_backward(
    kernels: &BurnKernels<'_>,
    x: &Map,
    dy: &Map,
    dense: &Dense<'_>,
    wants: LayerWants,
) -> Result<LayerGradients<Map>, String> {
    let [n, features, height, width] = x.dims();
    let outputs = dense.shape[0];
    let gradient: Tensor<2> = dy.clone().reshape([n, outputs]);
    let rows: Tensor<2> = x.clone().reshape([n, dense.shape[1]]);
    let input = wants.input.then(|| {
        let weight: Tensor<2> = kernels.tensor(dense.weight, dense.shape);
        gradient.clone().matmul(weight).reshape([n, features, height, width])
    });
    let weight = match wants.params {
        GradientForm::None => None,
        GradientForm::Summed | GradientForm::SumsOnly => {
            Some(kernels.numbers(gradient.transpose().matmul(rows))?)
        }
        GradientForm::PerImage => {
            let outer: Tensor<3> = gradient.reshape([n, outputs, 1]) * rows.reshape([n, 1, dense.shape[1]]);
            Some(kernels.numbers(outer)?)
        }
    };
    let bias = bias_gradient(kernels, dense.bias.is_some(), dy, wants.params)?;
    Ok(LayerGradients { input, weight, bias, weight_sums: None })
}

/// The gradient of a layer's bias, if there is one.
fn bias_gradient(
    kernels: &BurnKernels<'_>,
    exists: bool,
    dy: &Map,
    form: GradientForm,
) -> Result<Option<HostValues>, String> {
    if !exists || form == GradientForm::None {
        return Ok(None);
    }
    let sums = dy.clone().sum_dim(3).sum_dim(2);
    kernels.numbers(if form == GradientForm::PerImage { sums } else { sums.sum_dim(0) }).map(Some)
}

/// Concatenates what `of` gives for each of `n` images.
fn join(n: usize, of: impl Fn(usize) -> Result<HostValues, String>) -> Result<HostValues, String> {
    let (mut narrow, mut wide) = (vec![], vec![]);
    for i in 0..n {
        match of(i)?.numbers() {
            Numbers::F32(v) => narrow.extend_from_slice(v),
            Numbers::F64(v) => wide.extend_from_slice(v),
        }
    }
    Ok(if wide.is_empty() { HostValues::F32(narrow) } else { HostValues::F64(wide) })
}
