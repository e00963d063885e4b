//! Batch normalisation, forward.

use super::kernels::{BurnKernels, Map};
use super::statistics::{batch_statistics, image_statistics};
use crate::engine::NormStatistics;
use crate::engine::kernels::{Kernels, Norm};

/// `y = x * scale + shift`. Where statistics are computed on the host, scale and shift are, too, in f64.
pub(super) fn batch_norm(kernels: &BurnKernels<'_>, x: Map, norm: &Norm<'_>) -> Result<Map, String> {
    let (mean, variance) = match norm.statistics {
        NormStatistics::Batch | NormStatistics::PerImage if kernels.sums_on_host => {
            let per_image = norm.statistics == NormStatistics::PerImage;
            let [scale, shift] = norm.scale_and_shift(&kernels.channel_moments(&x, per_image)?);
            return Ok(kernels.combine(&[(&x, &scale)], &shift, per_image));
        }
        NormStatistics::Batch => batch_statistics(&x),
        NormStatistics::PerImage => image_statistics(&x),
        NormStatistics::Running => (kernels.channels(norm.running_mean), kernels.channels(norm.running_var)),
        NormStatistics::Bypass => return Ok(x),
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
    Ok(x * scale + shift)
}
