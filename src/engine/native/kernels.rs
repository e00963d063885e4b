//! The native kernels as the interpreters call them.

use super::conv::Layer;
use super::map::Map;
use super::params::HostScalar;
use super::tiles::Tiles;
use super::{activation, channels, codes, concat, layout, moments, pool, resize};
use crate::engine::kernels::{
    Codes, Conv, Dense, EngineRows, HostValues, Kernels, LayerGradients, LayerWants, Moments, Norm,
};
use crate::engine::work::Work;
use crate::engine::{NormStatistics, Precision};
use crate::graph::{Activation, PoolKind, Shape, Window};
use crate::simd::{LANES, Scalar, flatten};

/// The native kernels on one instruction set.
pub struct NativeKernels<L> {
    l: L,
    /// The window of a linear layer, which is a convolution of one pixel.
    point: Window,
}

impl<L: Tiles> NativeKernels<L> {
    pub fn new(l: L) -> Self {
        Self { l, point: Window::square(1, 1, 0) }
    }

    fn dense<'a>(&'a self, dense: &Dense<'a>) -> Layer<'a, L::T> {
        let [outputs, inputs] = dense.shape;
        let shape = [outputs, inputs, 1, 1];
        Layer::new(&Conv { weight: dense.weight, shape, bias: dense.bias, window: &self.point, groups: 1 })
    }

    /// Moments of a map, which are computed now unless the kernel that made the map has done so.
    fn moments(&self, x: &Map<L::T>, per_image: bool) -> Moments {
        if x.is_zero() {
            let length = if per_image { x.n * x.channels() } else { x.channels() };
            return Moments { mean: vec![0.0; length], variance: vec![0.0; length] };
        }
        x.settle(self.l);
        let (data, known) = x.stored_data(self.l);
        let images = match known {
            Some(known) => known,
            None => std::sync::Arc::new(Work::Moments.of(|| moments::of_data(self.l, x, &data))),
        };
        if per_image { images.as_ref().clone() } else { moments::batch_moments(&images, x.channels()) }
    }
}

impl<L: Tiles> Kernels for NativeKernels<L> {
    type Value = Map<L::T>;

    fn precision(&self) -> Precision {
        if size_of::<L::T>() == 4 { Precision::F32 } else { Precision::F64 }
    }

    fn map(&self, values: &[f32], [n, c, h, w]: [usize; 4]) -> Map<L::T> {
        layout::to_blocks(values, n, Shape::map(c, h, w), |x| L::T::of(f64::from(x)))
    }

    fn upload(&self, values: &[f64], n: usize, shape: Shape) -> Map<L::T> {
        layout::to_blocks(values, n, shape, L::T::of)
    }

    fn zeros(&self, n: usize, shape: Shape) -> Map<L::T> {
        Map::zeros(n, shape)
    }

    fn host(&self, x: &Map<L::T>) -> Result<HostValues, String> {
        Ok(L::T::host(layout::to_rows(self.l, x)))
    }

    fn codes(&self, x: &Map<L::T>) -> Option<Codes> {
        Some(Codes { n: x.n, units: x.shape.elements(), words: codes::codes(self.l, x) })
    }

    fn with_rows(&self, x: &Map<L::T>, f: &mut dyn FnMut(EngineRows<'_>)) -> bool {
        x.settle(self.l);
        let (data, _) = x.data(self.l);
        f(EngineRows {
            values: L::T::numbers(flatten(&data)),
            n: x.n,
            len: x.image_blocks() * LANES,
            units: x.shape.elements(),
        });
        true
    }

    fn exact_moments(&self, x: &Map<L::T>) -> Option<Moments> {
        Some(self.moments(x, false))
    }

    fn conv2d(&self, x: Map<L::T>, conv: &Conv<'_>, normalised: bool) -> Map<L::T> {
        Layer::new(conv).forward(self.l, &x, normalised)
    }

    fn conv2d_backward(
        &self,
        x: &Map<L::T>,
        dy: &Map<L::T>,
        conv: &Conv<'_>,
        wants: LayerWants,
    ) -> Result<LayerGradients<Map<L::T>>, String> {
        Ok(Layer::new(conv).backward(self.l, x, dy, wants))
    }

    fn linear(&self, x: Map<L::T>, dense: &Dense<'_>) -> Map<L::T> {
        let y = self.dense(dense).forward(self.l, &x, false);
        y.shaped(Shape::Vector { features: dense.shape[0] })
    }

    fn linear_backward(
        &self,
        x: &Map<L::T>,
        dy: &Map<L::T>,
        dense: &Dense<'_>,
        wants: LayerWants,
    ) -> Result<LayerGradients<Map<L::T>>, String> {
        Ok(self.dense(dense).backward(self.l, x, dy, wants))
    }

    /// An affine function per channel, which the reader evaluates.
    fn batch_norm(&self, x: Map<L::T>, norm: &Norm<'_>) -> Result<Map<L::T>, String> {
        let per_image = norm.statistics == NormStatistics::PerImage;
        let moments = match norm.statistics {
            NormStatistics::Bypass => return Ok(x),
            NormStatistics::Running => {
                Moments { mean: norm.running_mean.to_f64(), variance: norm.running_var.to_f64() }
            }
            NormStatistics::Batch | NormStatistics::PerImage => self.moments(&x, per_image),
        };
        let [scale, shift] = norm.scale_and_shift(&moments);
        if x.is_zero() && shift.iter().all(|s| *s == 0.0) {
            return Ok(x);
        }
        Ok(channels::combine(self.l, &[(&x, &scale)], &shift))
    }

    fn channel_moments(&self, x: &Map<L::T>, per_image: bool) -> Result<Moments, String> {
        Ok(self.moments(x, per_image))
    }

    fn channel_sum(&self, x: &Map<L::T>, per_image: bool) -> Result<Vec<f64>, String> {
        Ok(Work::Moments.of(|| channels::sum(self.l, x, per_image)))
    }

    fn channel_dot(
        &self,
        x: &Map<L::T>,
        y: &Map<L::T>,
        centre: &[f64],
        per_image: bool,
    ) -> Result<Vec<f64>, String> {
        let [_, dot] = Work::Moments.of(|| channels::sum_and_dot(self.l, x, y, centre, per_image));
        Ok(dot)
    }

    fn channel_sum_and_dot(
        &self,
        x: &Map<L::T>,
        y: &Map<L::T>,
        centre: &[f64],
        per_image: bool,
    ) -> Result<[Vec<f64>; 2], String> {
        Ok(Work::Moments.of(|| channels::sum_and_dot(self.l, x, y, centre, per_image)))
    }

    fn combine(&self, terms: &[(&Map<L::T>, &[f64])], shift: &[f64], _per_image: bool) -> Map<L::T> {
        Work::Elementwise.of(|| channels::combine(self.l, terms, shift))
    }

    fn activation(&self, x: Map<L::T>, kind: Activation) -> Map<L::T> {
        Work::Elementwise.of(|| activation::forward(self.l, &x, kind))
    }

    fn activation_backward(&self, x: &Map<L::T>, dy: Map<L::T>, kind: Activation) -> Map<L::T> {
        Work::Elementwise.of(|| activation::backward(self.l, x, &dy, kind))
    }

    fn activation_second_derivative(
        &self,
        x: &Map<L::T>,
        dy: &Map<L::T>,
        t: &Map<L::T>,
        kind: Activation,
    ) -> Option<Map<L::T>> {
        Work::Elementwise.of(|| activation::second_order(self.l, x, dy, t, kind))
    }

    fn pool(&self, x: Map<L::T>, kind: PoolKind, window: &Window) -> Map<L::T> {
        Work::Pooling.of(|| pool::forward(self.l, &x, kind, window))
    }

    fn pool_backward(&self, x: &Map<L::T>, dy: &Map<L::T>, kind: PoolKind, window: &Window) -> Map<L::T> {
        Work::Pooling.of(|| pool::backward(self.l, x, dy, kind, window))
    }

    fn pool_tangent(&self, x: &Map<L::T>, t: &Map<L::T>, kind: PoolKind, window: &Window) -> Map<L::T> {
        Work::Pooling.of(|| pool::tangent(self.l, x, t, kind, window))
    }

    fn global_average_pool(&self, x: Map<L::T>) -> Map<L::T> {
        Work::Pooling.of(|| pool::global_average(self.l, &x))
    }

    fn global_average_pool_backward(&self, dy: &Map<L::T>, shape: Shape) -> Map<L::T> {
        Work::Pooling.of(|| pool::global_average_backward(self.l, dy, shape))
    }

    fn flatten(&self, x: Map<L::T>) -> Map<L::T> {
        layout::reshape(self.l, &x, Shape::Vector { features: x.shape.elements() })
    }

    fn unflatten(&self, dy: Map<L::T>, shape: Shape) -> Map<L::T> {
        layout::reshape(self.l, &dy, shape)
    }

    fn add(&self, x: Map<L::T>, y: Map<L::T>) -> Map<L::T> {
        Work::Elementwise.of(|| channels::add(self.l, &x, &y))
    }

    fn concat(&self, parts: Vec<Map<L::T>>) -> Map<L::T> {
        Work::Elementwise.of(|| concat::concat(self.l, &parts))
    }

    fn split(&self, x: &Map<L::T>, channels: &[usize]) -> Vec<Map<L::T>> {
        Work::Elementwise.of(|| concat::split(self.l, x, channels))
    }

    fn pad(&self, x: &Map<L::T>, before: [isize; 2], after: [isize; 2]) -> Map<L::T> {
        resize::pad(self.l, x, before, after)
    }

    fn nearest(&self, x: &Map<L::T>, size: [usize; 2]) -> Map<L::T> {
        resize::nearest_forward(self.l, x, size)
    }

    fn nearest_backward(&self, dy: &Map<L::T>, size: [usize; 2]) -> Map<L::T> {
        resize::nearest_backward(self.l, dy, size)
    }

    fn zero(&self, x: Map<L::T>) -> Map<L::T> {
        Map::zeros(x.n, x.shape)
    }
}
