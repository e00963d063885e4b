//! The kernels as tensor operations of burn.

use ::burn::tensor::module::conv2d;
use ::burn::tensor::{DType, Device, Tensor, TensorData};

use super::statistics::{self, batch_statistics, image_statistics, pixel_mean};
use super::{activation, layer, norm, pool, resize, tokens};
use crate::engine::Precision;
use crate::engine::kernels::{
    Conv, Dense, Heads, HostValues, Kernels, LayerGradients, LayerWants, Moments, Norm, Numbers, TokenNorm,
    over_images,
};
use crate::graph::{Activation, PoolKind, Shape, Window};

/// A value. Every tensor has four dimensions; a vector is `[N, F, 1, 1]`.
pub(super) type Map = Tensor<4>;

/// burn's operations on one device in one precision.
pub struct BurnKernels<'a> {
    device: &'a Device,
    precision: Precision,
    /// Whether sums per channel are computed on the host, in f64.
    pub(super) sums_on_host: bool,
}

impl<'a> BurnKernels<'a> {
    /// Kernels for `device`. `sums_on_host` suits the CPU, whose values are on the host already.
    pub fn new(device: &'a Device, precision: Precision, sums_on_host: bool) -> Self {
        Self { device, precision, sums_on_host }
    }

    pub(super) fn tensor<const D: usize>(&self, values: Numbers<'_>, shape: [usize; D]) -> Tensor<D> {
        let data = match self.precision {
            Precision::F32 => TensorData::new(values.to_f32(), shape),
            Precision::F64 => TensorData::new(values.to_f64(), shape),
        };
        Tensor::from_data(data, (self.device, dtype(self.precision)))
    }

    /// A parameter `[C]` as `[1, C, 1, 1]`.
    pub(super) fn channels(&self, values: Numbers<'_>) -> Map {
        self.tensor(values, [1, values.len(), 1, 1])
    }

    /// Coefficients per channel of `x`: `[1, C, 1, 1]`, or `[N, C, 1, 1]` where there are so many.
    fn coefficients(&self, values: &[f64], x: &Map) -> Map {
        let channels = x.dims()[1].max(1);
        self.tensor(Numbers::F64(values), [values.len() / channels, channels, 1, 1])
    }

    pub(super) fn numbers<const D: usize>(&self, x: Tensor<D>) -> Result<HostValues, String> {
        let data = x.try_into_data().map_err(|e| e.to_string())?;
        match self.precision {
            Precision::F32 => data.try_into_vec::<f32>().map(HostValues::F32).map_err(|e| e.to_string()),
            Precision::F64 => data.try_into_vec::<f64>().map(HostValues::F64).map_err(|e| e.to_string()),
        }
    }

    /// Sums of `[N, C]` over the images, unless they are wanted per image.
    fn pooled(&self, sums: Vec<f64>, channels: usize, per_image: bool) -> Vec<f64> {
        if per_image { sums } else { over_images(&sums, channels) }
    }
}

impl Kernels for BurnKernels<'_> {
    type Value = Map;

    fn precision(&self) -> Precision {
        self.precision
    }

    fn map(&self, values: &[f32], shape: [usize; 4]) -> Map {
        self.tensor(Numbers::F32(values), shape)
    }

    fn upload(&self, values: &[f64], n: usize, shape: Shape) -> Map {
        self.tensor(Numbers::F64(values), dims(n, shape))
    }

    fn zeros(&self, n: usize, shape: Shape) -> Map {
        Tensor::zeros(dims(n, shape), (self.device, dtype(self.precision)))
    }

    fn host(&self, x: &Map) -> Result<HostValues, String> {
        self.numbers(x.clone())
    }

    fn conv2d(&self, x: Map, conv: &Conv<'_>, _normalised: bool) -> Map {
        let bias = conv.bias.map(|b| self.tensor(b, [b.len()]));
        conv2d(x, self.tensor(conv.weight, conv.shape), bias, layer::options(conv))
    }

    fn conv2d_backward(
        &self,
        x: &Map,
        dy: &Map,
        conv: &Conv<'_>,
        wants: LayerWants,
    ) -> Result<LayerGradients<Map>, String> {
        layer::conv2d_backward(self, x, dy, conv, wants)
    }

    fn linear(&self, x: Map, dense: &Dense<'_>) -> Map {
        let [n, features, ..] = x.dims();
        let weight: Tensor<2> = self.tensor(dense.weight, dense.shape);
        let y = x.reshape([n, features]).matmul(weight.transpose());
        let y = match dense.bias {
            Some(bias) => y + self.tensor(bias, [1, bias.len()]),
            None => y,
        };
        y.reshape([n, dense.shape[0], 1, 1])
    }

    fn linear_backward(
        &self,
        x: &Map,
        dy: &Map,
        dense: &Dense<'_>,
        wants: LayerWants,
    ) -> Result<LayerGradients<Map>, String> {
        layer::linear_backward(self, x, dy, dense, wants)
    }

    fn batch_norm(&self, x: Map, norm: &Norm<'_>) -> Result<Map, String> {
        norm::batch_norm(self, x, norm)
    }

    fn channel_moments(&self, x: &Map, per_image: bool) -> Result<Moments, String> {
        if self.sums_on_host {
            return Ok(statistics::moments(&self.host(x)?, x.dims(), per_image));
        }
        let (mean, variance) = if per_image { image_statistics(x) } else { batch_statistics(x) };
        Ok(Moments { mean: self.numbers(mean)?.to_f64(), variance: self.numbers(variance)?.to_f64() })
    }

    fn channel_sum(&self, x: &Map, per_image: bool) -> Result<Vec<f64>, String> {
        let [_, channels, h, w] = x.dims();
        let sums = match self.sums_on_host {
            true => statistics::sums(&self.host(x)?, h * w, |_| |x, _| x),
            false => self.numbers(x.clone().sum_dim(3).sum_dim(2))?.to_f64(),
        };
        Ok(self.pooled(sums, channels, per_image))
    }

    fn channel_dot(&self, x: &Map, y: &Map, centre: &[f64], per_image: bool) -> Result<Vec<f64>, String> {
        let [_, channels, h, w] = x.dims();
        let sums = if self.sums_on_host {
            let (x, y) = (self.host(x)?, self.host(y)?.to_f64());
            statistics::sums(&x, h * w, |k| {
                let (y, centre) = (&y, centre[k % centre.len()]);
                move |x, i| x * (y[i] - centre)
            })
        } else {
            let products = x.clone() * (y.clone() - self.coefficients(centre, y));
            self.numbers(products.sum_dim(3).sum_dim(2))?.to_f64()
        };
        Ok(self.pooled(sums, channels, per_image))
    }

    fn combine(&self, terms: &[(&Map, &[f64])], shift: &[f64], _per_image: bool) -> Map {
        let scaled = terms.iter().map(|(x, a)| (*x).clone() * self.coefficients(a, x));
        let sum = scaled.reduce(|sum, x| sum + x);
        match (sum, terms.first()) {
            (Some(sum), Some((x, _))) => sum + self.coefficients(shift, x),
            _ => self.tensor(Numbers::F64(&[]), [0; 4]),
        }
    }

    fn activation(&self, x: Map, kind: Activation) -> Map {
        activation::value(x, kind)
    }

    fn activation_backward(&self, x: &Map, dy: Map, kind: Activation) -> Map {
        activation::backward(x, dy, kind)
    }

    fn activation_second_derivative(&self, x: &Map, dy: &Map, t: &Map, kind: Activation) -> Option<Map> {
        activation::second_derivative(x, kind).map(|second| second * dy.clone() * t.clone())
    }

    fn pool(&self, x: Map, kind: PoolKind, window: &Window) -> Map {
        pool::value(x, kind, window)
    }

    fn pool_backward(&self, x: &Map, dy: &Map, kind: PoolKind, window: &Window) -> Map {
        pool::backward(x, dy, kind, window)
    }

    fn pool_tangent(&self, x: &Map, t: &Map, kind: PoolKind, window: &Window) -> Map {
        pool::tangent(x, t, kind, window)
    }

    fn global_average_pool(&self, x: Map) -> Map {
        pixel_mean(x)
    }

    fn global_average_pool_backward(&self, dy: &Map, shape: Shape) -> Map {
        let dims = dims(dy.dims()[0], shape);
        dy.clone().div_scalar(shape.pixels() as f64).expand(dims)
    }

    fn flatten(&self, x: Map) -> Map {
        let [n, c, h, w] = x.dims();
        x.reshape([n, c * h * w, 1, 1])
    }

    fn unflatten(&self, dy: Map, shape: Shape) -> Map {
        let n = dy.dims()[0];
        dy.reshape(dims(n, shape))
    }

    fn add(&self, x: Map, y: Map) -> Map {
        x + y
    }

    fn concat(&self, parts: Vec<Map>) -> Map {
        Tensor::cat(parts, 1)
    }

    fn split(&self, x: &Map, channels: &[usize]) -> Vec<Map> {
        let mut start = 0;
        let part = |count: &usize| {
            let part = x.clone().narrow(1, start, *count);
            start += count;
            part
        };
        channels.iter().map(part).collect()
    }

    fn pad(&self, x: &Map, before: [isize; 2], after: [isize; 2]) -> Map {
        resize::pad(x, before, after)
    }

    fn nearest(&self, x: &Map, size: [usize; 2]) -> Map {
        resize::nearest(x, size)
    }

    fn nearest_backward(&self, dy: &Map, size: [usize; 2]) -> Map {
        resize::nearest_backward(dy, size)
    }

    fn zero(&self, x: Map) -> Map {
        x.mul_scalar(0.0)
    }

    fn layer_norm(&self, x: &Map, norm: &TokenNorm<'_>) -> Option<Map> {
        Some(tokens::layer_norm(self, x.clone(), norm))
    }

    fn attention(&self, qkv: [&Map; 3], heads: &Heads<'_>) -> Option<Map> {
        Some(tokens::attention(self, qkv, heads))
    }
}

/// burn's name of a precision.
pub(super) fn dtype(precision: Precision) -> DType {
    match precision {
        Precision::F32 => DType::F32,
        Precision::F64 => DType::F64,
    }
}

fn dims(n: usize, shape: Shape) -> [usize; 4] {
    match shape {
        Shape::Map { channels, height, width } => [n, channels, height, width],
        Shape::Vector { features } => [n, features, 1, 1],
    }
}
