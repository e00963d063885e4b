//! Conversion between PyTorch's layout and blocks of channels.

use super::map::Map;
use super::memory::Buffer;
use crate::graph::Shape;
use crate::simd::{LANES, Lanes, Scalar};

/// A map from values in `[N, C, H, W]` order.
pub fn to_blocks<T: Scalar, S: Copy>(values: &[S], n: usize, shape: Shape, of: impl Fn(S) -> T) -> Map<T> {
    let (channels, pixels) = (shape.channels(), shape.pixels());
    let planes = channels.div_ceil(LANES);
    let mut out = Buffer::zeroed(n * planes * pixels);
    for image in 0..n {
        for c in 0..channels {
            let row = &values[(image * channels + c) * pixels..][..pixels];
            let plane = &mut out[(image * planes + c / LANES) * pixels..][..pixels];
            plane.iter_mut().zip(row).for_each(|(block, x)| block.0[c % LANES] = of(*x));
        }
    }
    Map::stored(n, shape, out, None)
}

/// The values of a map in `[N, C, H, W]` order.
pub fn to_rows<L: Lanes>(l: L, x: &Map<L::T>) -> Vec<L::T> {
    let (channels, pixels, planes) = (x.channels(), x.pixels(), x.planes());
    let mut out = vec![L::T::default(); x.n * channels * pixels];
    if x.is_zero() {
        return out;
    }
    x.settle(l);
    let (data, _) = x.data(l);
    for image in 0..x.n {
        for c in 0..channels {
            let plane = &data[(image * planes + c / LANES) * pixels..][..pixels];
            let row = &mut out[(image * channels + c) * pixels..][..pixels];
            row.iter_mut().zip(plane).for_each(|(x, block)| *x = block.0[c % LANES]);
        }
    }
    out
}

/// The same values in another shape of equally many elements.
pub fn reshape<L: Lanes>(l: L, x: &Map<L::T>, shape: Shape) -> Map<L::T> {
    if x.is_zero() {
        return Map::zeros(x.n, shape);
    }
    if x.pixels() == 1 && shape.pixels() == 1 {
        return x.clone().shaped(shape);
    }
    to_blocks(&to_rows(l, x), x.n, shape, |v| v)
}
