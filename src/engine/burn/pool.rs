//! Pooling, its gradient and its tangent.

use ::burn::tensor::module::{
    avg_pool2d, avg_pool2d_backward, max_pool2d, max_pool2d_with_indices, max_pool2d_with_indices_backward,
};
use ::burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};

use super::kernels::Map;
use crate::graph::{PoolKind, Window};

/// The pooled map.
pub fn value(x: Map, kind: PoolKind, window: &Window) -> Map {
    match kind {
        PoolKind::Average => {
            let options = AvgPoolOptions::new(window.kernel)
                .with_stride(window.stride)
                .with_padding(window.padding)
                .with_count_include_pad(false);
            avg_pool2d(x, options)
        }
        PoolKind::Max => max_pool2d(x, max_options(window)),
    }
}

/// Gradient of the input.
pub fn backward(x: &Map, dy: &Map, kind: PoolKind, window: &Window) -> Map {
    let (kernel, stride, padding) = (window.kernel, window.stride, window.padding);
    match kind {
        PoolKind::Average => {
            avg_pool2d_backward(x.clone(), dy.clone(), kernel, stride, padding, false, false)
        }
        PoolKind::Max => {
            let (_, at) = max_pool2d_with_indices(x.clone(), max_options(window));
            let (dilation, dy) = (window.dilation, dy.clone());
            max_pool2d_with_indices_backward(x.clone(), kernel, stride, padding, dilation, false, dy, at)
        }
    }
}

/// Tangent of the output.
pub fn tangent(x: &Map, t: &Map, kind: PoolKind, window: &Window) -> Map {
    if kind == PoolKind::Average {
        return value(t.clone(), kind, window);
    }
    let (y, at) = max_pool2d_with_indices(x.clone(), max_options(window));
    let ([n, c, h, w], [.., oh, ow]) = (x.dims(), y.dims());
    let picked = t.clone().reshape([n, c, h * w]).gather(2, at.reshape([n, c, oh * ow]));
    picked.reshape([n, c, oh, ow])
}

fn max_options(window: &Window) -> MaxPoolOptions<2> {
    MaxPoolOptions::new(window.kernel)
        .with_stride(window.stride)
        .with_padding(window.padding)
        .with_dilation(window.dilation)
}
