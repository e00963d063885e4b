//! Kernels as burn tensor operations.

use ::burn::tensor::module::conv2d;
use ::burn::tensor::{DType, Device, Tensor, TensorData};

use super::{activation, layer, pool};
use crate::engine::kernels::{
    Conv, Dense, HostValues, Kernels, LayerGradients, LayerWants, Moments, Norm, Numbers,
};
use crate::engine::{NormStatistics, Precision};
use crate::graph::{Activation, PoolKind, Shape, Window};

/// A value: every tensor is kept in four dimensions, a vector as `[N, F, 1, 1]`.
pub(super) type Map = Tensor<4>;

/// burn's operations on one device in one precision.
pub struct BurnKernels<'a> {
    device: &'a Device,
    precision: Precision,
}

impl<'a> BurnKernels<'a> {
    /// Kernels for `device`.
    pub fn new(device: &'a Device, precision: Precision) -> Self {
        Self { device, precision }
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

    fn channels(&self, values: &[f32]) -> Map {
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

    /// Sums over the pixels on the device, over the images on the host in f64.
    fn sums(&self, x: Map, per_image: bool) -> Result<Vec<f64>, String> {
        let channels = x.dims()[1];
        let rows = self.numbers(x.sum_dim(3).sum_dim(2))?.to_f64();
        if per_image {
            return Ok(rows);
        }
        let mut sums = vec![0.0; channels];
        rows.chunks(channels.max(1)).for_each(|row| sums.iter_mut().zip(row).for_each(|(s, x)| *s += x));
        Ok(sums)
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

    /// `y = x * scale + (bias - mean * scale)` with `scale = weight / sqrt(var + eps)`.
    fn batch_norm(&self, x: Map, norm: &Norm<'_>) -> Map {
        let (mean, variance) = match norm.statistics {
            NormStatistics::Batch => batch_statistics(&x),
            NormStatistics::PerImage => image_statistics(&x),
            NormStatistics::Running => (self.channels(norm.running_mean), self.channels(norm.running_var)),
            NormStatistics::Bypass => return x,
        };
        let scale = variance.add_scalar(norm.eps).sqrt().recip();
        let scale = match norm.weight {
            Some(weight) => scale * self.channels(weight),
            None => scale,
        };
        let shift = mean * scale.clone();
        let shift = match norm.bias {
            Some(bias) => self.channels(bias) - shift,
            None => shift.neg(),
        };
        x * scale + shift
    }

    fn channel_moments(&self, x: &Map, per_image: bool) -> Result<Moments, String> {
        let (mean, variance) = if per_image { image_statistics(x) } else { batch_statistics(x) };
        Ok(Moments { mean: self.numbers(mean)?.to_f64(), variance: self.numbers(variance)?.to_f64() })
    }

    fn channel_sum(&self, x: &Map, per_image: bool) -> Result<Vec<f64>, String> {
        self.sums(x.clone(), per_image)
    }

    fn channel_dot(&self, x: &Map, y: &Map, centre: &[f64], per_image: bool) -> Result<Vec<f64>, String> {
        self.sums(x.clone() * (y.clone() - self.coefficients(centre, y)), per_image)
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

    fn zero(&self, x: Map) -> Map {
        x.mul_scalar(0.0)
    }
}

fn dims(n: usize, shape: Shape) -> [usize; 4] {
    match shape {
        Shape::Map { channels, height, width } => [n, channels, height, width],
        Shape::Vector { features } => [n, features, 1, 1],
    }
}

/// Mean and biased variance of each channel of each image, `[N, C, 1, 1]`: two passes, the second correcting the first
/// for the rounding of its sums (PyTorch sums in f64, which not every device can).
fn image_statistics(x: &Map) -> (Map, Map) {
    let mean = pixel_mean(x.clone());
    let centred = x.clone() - mean.clone();
    let left_over = pixel_mean(centred.clone());
    let variance = pixel_mean(centred.clone() * centred) - left_over.clone() * left_over.clone();
    (mean + left_over, variance)
}

/// Mean over the pixels, row by row first: rounding in f32 then grows with a side of the map, not with its area.
fn pixel_mean(x: Map) -> Map {
    x.mean_dim(3).mean_dim(2)
}

/// Mean and biased variance of each channel over the batch, `[1, C, 1, 1]`: image statistics are joined, so that both
/// modes share their passes over the map and no large value is squared before its mean is taken off.
fn batch_statistics(x: &Map) -> (Map, Map) {
    let (means, variances) = image_statistics(x);
    let mean = means.clone().mean_dim(0);
    let spread = means - mean.clone();
    let variance = (variances + spread.clone() * spread).mean_dim(0);
    (mean, variance)
}
