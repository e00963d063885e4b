//! Batch normalisation, forward.

use super::kernels::{BurnKernels, Map};
use super::statistics::{self, batch_statistics, image_statistics};
use crate::engine::NormStatistics;
use crate::engine::kernels::{Kernels, Norm};

/// `y = x * scale + (bias - mean * scale)` with `scale = weight / sqrt(var + eps)`.
pub(super) fn batch_norm(kernels: &BurnKernels<'_>, x: Map, norm: &Norm<'_>) -> Map {
    if let Some(y) = on_host(kernels, &x, norm) {
        return y;
    }
    let (mean, variance) = match norm.statistics {
        NormStatistics::Batch => batch_statistics(&x),
        NormStatistics::PerImage => image_statistics(&x),
        NormStatistics::Running => (kernels.channels(norm.running_mean), kernels.channels(norm.running_var)),
        NormStatistics::Bypass => return x,
    };
    let scale = variance.add_scalar(norm.eps).sqrt().recip();
    let scale = match norm.weight {
        Some(weight) => scale * kernels.channels(weight),
        None => scale,
    };
    let shift = mean * scale.clone();
    let shift = match norm.bias {
        Some(bias) => kernels.channels(bias) - shift,
        None => shift.neg(),
    };
    x * scale + shift
}

/// `y = x * scale + shift`, both computed in f64 from the statistics of `x`; `None` where they are not taken on the host.
fn on_host(kernels: &BurnKernels<'_>, x: &Map, norm: &Norm<'_>) -> Option<Map> {
    let per_image = norm.statistics == NormStatistics::PerImage;
    if !kernels.on_host || !(per_image || norm.statistics == NormStatistics::Batch) {
        return None;
    }
    let moments = statistics::moments(&kernels.host(x).ok()?, x.dims(), per_image);
    let channels = x.dims()[1];
    let of = |values: Option<&[f32]>, k: usize, or: f64| values.map_or(or, |v| f64::from(v[k % channels]));
    let scale: Vec<f64> = (moments.variance.iter().enumerate())
        .map(|(k, v)| of(norm.weight, k, 1.0) / (v + norm.eps).sqrt())
        .collect();
    let shift = (0..scale.len()).map(|k| of(norm.bias, k, 0.0) - moments.mean[k] * scale[k]);
    Some(kernels.combine(&[(x, &scale)], &shift.collect::<Vec<_>>(), per_image))
}
