//! Kernels as burn tensor operations.

use ::burn::tensor::module::{avg_pool2d, conv2d, max_pool2d};
use ::burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use ::burn::tensor::{DType, Device, Tensor, TensorData, activation};

use crate::engine::kernels::{HostValues, Kernels, Norm};
use crate::engine::{NormStatistics, Precision};
use crate::graph::{Activation, PoolKind, SELU_ALPHA, SELU_SCALE, Window};

/// A value: every tensor is kept in four dimensions, a vector as `[N, F, 1, 1]`.
type Map = Tensor<4>;

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

    fn tensor<const D: usize>(&self, values: &[f32], shape: [usize; D]) -> Tensor<D> {
        match self.precision {
            Precision::F32 => {
                Tensor::from_data(TensorData::new(values.to_vec(), shape), (self.device, DType::F32))
            }
            Precision::F64 => {
                let wide: Vec<f64> = values.iter().map(|x| f64::from(*x)).collect();
                Tensor::from_data(TensorData::new(wide, shape), (self.device, DType::F64))
            }
        }
    }

    fn channels(&self, values: &[f32]) -> Map {
        self.tensor(values, [1, values.len(), 1, 1])
    }
}

impl Kernels for BurnKernels<'_> {
    type Value = Map;

    fn map(&self, values: &[f32], shape: [usize; 4]) -> Map {
        self.tensor(values, shape)
    }

    fn conv2d(
        &self,
        x: Map,
        (weight, shape): (&[f32], &[usize]),
        bias: Option<&[f32]>,
        window: &Window,
        groups: usize,
    ) -> Map {
        let weight = self.tensor(weight, [shape[0], shape[1], shape[2], shape[3]]);
        let bias = bias.map(|b| self.tensor(b, [b.len()]));
        conv2d(x, weight, bias, ConvOptions::new(window.stride, window.padding, window.dilation, groups))
    }

    fn linear(&self, x: Map, (weight, shape): (&[f32], &[usize]), bias: Option<&[f32]>) -> Map {
        let [n, features, ..] = x.dims();
        let weight: Tensor<2> = self.tensor(weight, [shape[0], shape[1]]);
        let y = x.reshape([n, features]).matmul(weight.transpose());
        let y = match bias {
            Some(bias) => y + self.tensor(bias, [1, bias.len()]),
            None => y,
        };
        y.reshape([n, shape[0], 1, 1])
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

    fn activation(&self, x: Map, kind: Activation) -> Map {
        match kind {
            Activation::Relu => activation::relu(x),
            Activation::Gelu => activation::gelu(x),
            Activation::Silu => activation::silu(x),
            Activation::LeakyRelu => activation::leaky_relu(x, 0.01),
            Activation::Relu6 => x.clamp(0.0, 6.0),
            Activation::Mish => activation::mish(x),
            Activation::Hardswish => (x.clone() * x.add_scalar(3.0).clamp(0.0, 6.0)).div_scalar(6.0),
            Activation::Celu | Activation::Elu => elu(x, 1.0, 1.0),
            Activation::Hardtanh => x.clamp(-1.0, 1.0),
            Activation::Selu => elu(x, SELU_ALPHA, SELU_SCALE),
        }
    }

    fn pool(&self, x: Map, kind: PoolKind, window: &Window) -> Map {
        match kind {
            PoolKind::Average => {
                let options = AvgPoolOptions::new(window.kernel)
                    .with_stride(window.stride)
                    .with_padding(window.padding)
                    .with_count_include_pad(false);
                avg_pool2d(x, options)
            }
            PoolKind::Max => {
                let options = MaxPoolOptions::new(window.kernel)
                    .with_stride(window.stride)
                    .with_padding(window.padding)
                    .with_dilation(window.dilation);
                max_pool2d(x, options)
            }
        }
    }

    fn global_average_pool(&self, x: Map) -> Map {
        pixel_mean(x)
    }

    fn flatten(&self, x: Map) -> Map {
        let [n, c, h, w] = x.dims();
        x.reshape([n, c * h * w, 1, 1])
    }

    fn add(&self, x: Map, y: Map) -> Map {
        x + y
    }

    fn zero(&self, x: Map) -> Map {
        x.mul_scalar(0.0)
    }

    fn host(&self, x: &Map) -> Result<HostValues, String> {
        let data = x.try_to_data().map_err(|e| e.to_string())?;
        match self.precision {
            Precision::F32 => data.try_into_vec::<f32>().map(HostValues::F32).map_err(|e| e.to_string()),
            Precision::F64 => data.try_into_vec::<f64>().map(HostValues::F64).map_err(|e| e.to_string()),
        }
    }

    fn precision(&self) -> Precision {
        self.precision
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

/// `scale * (x if x > 0 else alpha * (exp(x) - 1))`.
fn elu(x: Map, alpha: f64, scale: f64) -> Map {
    let positive = x.clone().clamp_min(0.0);
    let negative = x.clamp_max(0.0).exp().sub_scalar(1.0);
    (positive + negative.mul_scalar(alpha)).mul_scalar(scale)
}
