//! Kernels as burn tensor operations.

use ::burn::tensor::module::conv2d;
use ::burn::tensor::{DType, Device, Tensor, TensorData};

use super::statistics::{self, batch_statistics, image_statistics, pixel_mean};
use super::{activation, layer, nearest, norm, pool, tokens};
use crate::engine::kernels::{
    Conv, Dense, HostValues, Kernels, LayerGradients, LayerWants, Moments, Norm, Numbers,
};
use crate::engine::{Heads, Precision, TokenNorm};
use crate::graph::{Activation, PoolKind, Shape, Window};

/// A value: every tensor is kept in four dimensions, a vector as `[N, F, 1, 1]`.
pub(super) type Map = Tensor<4>;

/// burn's operations on one device in one precision.
pub struct BurnKernels<'a> {
    device: &'a Device,
    precision: Precision,
    /// Values are on the host already: sums are taken there, in f64.
    pub(super) on_host: bool,
}

impl<'a> BurnKernels<'a> {
    /// Kernels for `device`; `on_host` when that is the CPU.
    pub fn new(device: &'a Device, precision: Precision, on_host: bool) -> Self {
        Self { device, precision, on_host }
    }

    pub(super) fn tensor<const D: usize>(&self, values: Numbers<'_>, shape: [usize; D]) -> Tensor<D> {
        match self.precision {
            Precision::F32 => {
                Tensor::from_data(TensorData::new(values.to_f32(), shape), (self.device, DType::F32))
            }
            Precision::F64 => {
                Tensor::from_data(TensorData::new(values.to_f64(), shape), (self.device, DType::F64))
            }
        }
    }

    pub(super) fn channels(&self, values: &[f32]) -> Map {
        self.tensor(Numbers::F32(values), [1, values.len(), 1, 1])
    }

    /// Coefficients per channel of `x`, `[1, C, 1, 1]` or `[N, C, 1, 1]` by their number.
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

    /// Sums over the images where `rows` `[N, C]` are not wanted one by one.
    fn pooled(&self, rows: Vec<f64>, channels: usize, per_image: bool) -> Vec<f64> {
        if per_image { rows } else { statistics::over_images(&rows, channels) }
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
        let dtype = match self.precision {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        };
        Tensor::zeros(dims(n, shape), (self.device, dtype))
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

    fn batch_norm(&self, x: Map, norm: &Norm<'_>) -> Map {
        norm::batch_norm(self, x, norm)
    }

    fn channel_moments(&self, x: &Map, per_image: bool) -> Result<Moments, String> {
        if self.on_host {
            return Ok(statistics::moments(&self.host(x)?, x.dims(), per_image));
        }
        let (mean, variance) = if per_image { image_statistics(x) } else { batch_statistics(x) };
        Ok(Moments { mean: self.numbers(mean)?.to_f64(), variance: self.numbers(variance)?.to_f64() })
    }

    fn channel_sum(&self, x: &Map, per_image: bool) -> Result<Vec<f64>, String> {
        let [_, channels, h, w] = x.dims();
        let rows = match self.on_host {
            true => statistics::sums(&self.host(x)?, h * w, |_| |x, _| x),
            false => self.numbers(x.clone().sum_dim(3).sum_dim(2))?.to_f64(),
        };
        Ok(self.pooled(rows, channels, per_image))
    }

    fn channel_dot(&self, x: &Map, y: &Map, centre: &[f64], per_image: bool) -> Result<Vec<f64>, String> {
        let [_, channels, h, w] = x.dims();
        let rows = if self.on_host {
            let (x, y) = (self.host(x)?, self.host(y)?.to_f64());
            statistics::sums(&x, h * w, |k| {
                let (y, centre) = (&y, centre[k % centre.len()]);
                move |x, i| x * (y[i] - centre)
            })
        } else {
            let products = x.clone() * (y.clone() - self.coefficients(centre, y));
            self.numbers(products.sum_dim(3).sum_dim(2))?.to_f64()
        };
        Ok(self.pooled(rows, channels, per_image))
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

    fn activation_curvature(&self, x: &Map, dy: &Map, t: &Map, kind: Activation) -> Option<Map> {
        activation::curvature(x, kind).map(|second| second * dy.clone() * t.clone())
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
        pool::pad(x, before, after)
    }

    fn nearest(&self, x: &Map, size: [usize; 2]) -> Map {
        nearest::forward(x, size)
    }

    fn nearest_backward(&self, dy: &Map, size: [usize; 2]) -> Map {
        nearest::backward(dy, size)
    }

    fn zero(&self, x: Map) -> Map {
        x.mul_scalar(0.0)
    }

    fn layer_norm(&self, x: Map, norm: &TokenNorm<'_>) -> Result<Map, String> {
        Ok(tokens::layer_norm(self, x, norm))
    }

    fn attention(&self, qkv: [&Map; 3], heads: &Heads<'_>) -> Result<Map, String> {
        Ok(tokens::attention(self, qkv, heads))
    }
}

fn dims(n: usize, shape: Shape) -> [usize; 4] {
    match shape {
        Shape::Map { channels, height, width } => [n, channels, height, width],
        Shape::Vector { features } => [n, features, 1, 1],
    }
}
